//! Sampling: executions by their numbers, on any number of workers, until one fails or the budget is used up.
//!
//! The reported failure is the lowest execution's, whatever the timing: workers take executions in order, and after a failure only
//! lower ones are finished. The first few are run one after the other, for strategies to learn from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::exploration::{Exploration, PROFILING, QUIET};
use super::finding::{Finding, Outcome};
use super::judge::{Verdict, nondeterminism};
use super::progress::Progress;
use crate::config::ConfigError;
use crate::detect::lock_order::LockOrder;
use crate::explore::predict::confirm::{Explored, Told};
use crate::explore::progress::terminal::Total;
use crate::explore::replay::record::Record;
use crate::report::{Coverage, FailureKind, Limit};
use crate::rt::Execution;
use crate::rt::decide::profile::{PROFILED, Profile};
use crate::rt::record::equivalence::Behaviours;

/// How many of the first executions are run twice at most, and of how many later ones one is.
const COMPARED: u64 = 64;

/// How many steps of the first executions are run twice at most: more would not be cheap.
const CHEAP_STEPS: u64 = 10_000;

/// How often an execution that differed is run again until what differs is known.
const ATTEMPTS: u32 = 20;

impl Exploration<'_> {
    /// Samples executions, at most so many, until one fails or the budget is used up.
    pub(super) fn sample(&self, executions: u64) -> Result<Outcome, ConfigError> {
        let deadline = self.deadline;
        let mut outcome = Outcome::of(0, 0);
        let profiled = PROFILED.min(executions);
        let (profile, first) = self.on_worker(|execution| {
            execution.kernel.equivalence.is_wanted = true;
            execution.deadline = deadline;
            self.profile(execution, profiled)
        })?;
        let Profiled { outcome: first, mut behaviours, mut lock_order } = first;
        outcome.executions = first.executions;
        outcome.steps = first.steps;
        outcome.finding = first.finding;
        let mut told = Told::new();
        self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
        if outcome.has_failed() {
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        if profiled == executions || first.stopped_by.is_some() {
            outcome.stopped_by = first.stopped_by;
            outcome.coverage = Some(sampled(behaviours));
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        let all_until = CHEAP_STEPS / (first.steps / first.executions.max(1)).max(1);
        let is_compared = |index: u64| index < all_until.min(COMPARED) || index.is_multiple_of(COMPARED);
        let progress = Progress::new(&self.long);
        let next = AtomicU64::new(profiled);
        // No execution from this one on matters: another one has failed, or the steps are used up.
        let lowest = AtomicU64::new(executions);
        let total_steps = AtomicU64::new(outcome.steps);
        let finding: Mutex<Option<Finding>> = Mutex::new(None);
        let out_of_time = AtomicU64::new(0);
        let of_workers = self.on_workers(self.config.workers, |execution| {
            let mut samples = Vec::new();
            let mut first = Vec::new();
            let mut lock_order = LockOrder::default();
            execution.kernel.equivalence.is_wanted = true;
            execution.deadline = deadline;
            loop {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    out_of_time.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= lowest.load(Ordering::Relaxed)
                    || total_steps.load(Ordering::Relaxed) >= self.config.steps
                {
                    break;
                }
                if index.is_multiple_of(64) {
                    progress.show(index, Total::Exactly(executions));
                }
                let mut verdict = self.run_index(execution, index, &profile, QUIET);
                if execution.is_late {
                    out_of_time.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let steps = execution.kernel.steps;
                total_steps.fetch_add(steps, Ordering::Relaxed);
                lock_order.add(execution, index);
                samples.push(Sample { index, steps, behaviour: execution.kernel.equivalence.sum() });
                if verdict.is_none() && is_compared(index) {
                    std::mem::swap(&mut first, &mut execution.fingerprints);
                    verdict = self.compare(execution, index, &profile, &first);
                }
                if let Some(verdict) = verdict {
                    if lowest.fetch_min(index, Ordering::Relaxed) > index {
                        let mut finding = finding.lock().unwrap_or_else(PoisonError::into_inner);
                        if finding.as_ref().is_none_or(|known| known.index > index) {
                            *finding = Some(Finding::new(index, verdict, execution));
                        }
                    }
                    break;
                }
            }
            (samples, lock_order)
        })?;
        progress.finish();
        let mut samples: Vec<Sample> = Vec::new();
        for (of_worker, locks) in of_workers {
            samples.extend(of_worker);
            lock_order.merge(locks);
        }
        samples.sort_unstable_by_key(|sample| sample.index);
        outcome.finding = finding.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Those after the failing one, or the one that has used up the steps, may have been run as well, or not: that depends
        // on the timing.
        let last = outcome.finding.as_ref().map_or(u64::MAX, |finding| finding.index);
        let mut is_used_up = false;
        for sample in samples {
            if sample.index > last || is_used_up {
                break;
            }
            outcome.executions += 1;
            outcome.steps += sample.steps;
            behaviours.add(sample.behaviour);
            is_used_up = outcome.steps >= self.config.steps && outcome.executions < executions;
        }
        lock_order.forget_from(outcome.executions);
        if is_used_up && outcome.finding.as_ref().is_some_and(|finding| finding.index >= outcome.executions) {
            outcome.finding = None;
        }
        if outcome.finding.is_none() {
            outcome.stopped_by = match out_of_time.into_inner() {
                0 => is_used_up.then_some(Limit::Steps(self.config.steps)),
                _ => Some(Limit::Time),
            };
            outcome.coverage = Some(sampled(behaviours));
            self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
        }
        self.keep_lock_order(&lock_order, &mut outcome);
        Ok(outcome)
    }

    /// Runs an execution that has passed a second time: if it differs from the first, of which the fingerprints are given,
    /// something that is not controlled decides.
    fn compare(
        &self,
        execution: &mut Execution,
        index: u64,
        profile: &Profile,
        first: &[u8],
    ) -> Option<Verdict> {
        let second = self.run_index(execution, index, profile, QUIET);
        if execution.is_late {
            return None;
        }
        let Some(difference) = Record::difference_of_fingerprints(first, execution) else {
            return differs(None, second);
        };
        // Only a traced run can tell what it did there.
        for _ in 0..ATTEMPTS {
            let traced = self.run_index(execution, index, profile, PROFILING);
            if execution.is_late {
                break;
            }
            if let Some(difference) = Record::difference_of_fingerprints(first, execution) {
                return differs(Some(difference), traced);
            }
        }
        differs(Some(difference), second)
    }

    /// Runs the first executions, one after the other, and gathers what they look like. The very first is
    /// run twice: if the two differ, something that is not controlled decides.
    pub(super) fn profile(&self, execution: &mut Execution, count: u64) -> (Profile, Profiled) {
        let mut profile = Profile::default();
        let mut behaviours = Behaviours::default();
        let mut lock_order = LockOrder::default();
        let mut outcome = Outcome::of(0, 0);
        let counting = if execution.wants_counts() { PROFILING } else { QUIET };
        for index in 0..count {
            let mode = if index == 0 { PROFILING } else { counting };
            if index > 0 && outcome.steps >= self.config.steps {
                outcome.stopped_by = Some(Limit::Steps(self.config.steps));
                break;
            }
            let mut verdict = self.run_index(execution, index, &profile, mode);
            if execution.is_late {
                outcome.stopped_by = Some(Limit::Time);
                break;
            }
            outcome.executions += 1;
            outcome.steps += execution.kernel.steps;
            if verdict.is_none() && index == 0 {
                let first = Record::of(execution);
                verdict = self.run_index(execution, index, &profile, PROFILING);
                if execution.is_late {
                    outcome.stopped_by = Some(Limit::Time);
                    break;
                }
                let difference = first.difference(&Record::of(execution), execution);
                verdict = differs(difference, verdict);
            }
            if let Some(verdict) = verdict {
                outcome.finding = Some(Finding::new(index, verdict, execution));
                break;
            }
            behaviours.add(execution.kernel.equivalence.sum());
            lock_order.add(execution, index);
            profile.add(&execution.kernel, execution.contended_steps, &execution.trace);
        }
        (profile, Profiled { outcome, behaviours, lock_order })
    }
}

/// What is wrong if an execution has passed and then does something else, which `difference` tells, or fails.
fn differs(difference: Option<String>, second: Option<Verdict>) -> Option<Verdict> {
    match (difference, second) {
        // It says why the two differ.
        (_, Some(second)) if matches!(second.kind, FailureKind::Misuse | FailureKind::Hang) => Some(second),
        (Some(difference), Some(second)) => Some(nondeterminism(&format!(
            "{difference}; the second failed with {}: {}",
            second.kind, second.message
        ))),
        (Some(difference), None) => Some(nondeterminism(&difference)),
        (None, Some(second)) => Some(nondeterminism(&format!(
            "no operation differs, but the first passed and the second failed with {}: {}",
            second.kind, second.message
        ))),
        (None, None) => None,
    }
}

/// What is kept of an execution that was sampled.
struct Sample {
    index: u64,
    steps: u64,
    behaviour: u64,
}

/// What came of the first executions.
pub(super) struct Profiled {
    outcome: Outcome,
    behaviours: Behaviours,
    lock_order: LockOrder,
}

fn sampled(behaviours: Behaviours) -> Coverage {
    let (distinct, unseen) = behaviours.estimate();
    Coverage::Sampled { distinct, unseen }
}
