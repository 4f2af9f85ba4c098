//! Sampling: executions by their numbers, on any number of workers, until one fails or the budget is used up.
//!
//! The reported failure is the lowest execution's, whatever the timing: workers take executions in order, and after a failure only
//! lower ones are finished. The first few are run one after the other, for strategies to learn from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::confirm::{Explored, Told};
use super::finding::{Finding, Outcome};
use super::judge::nondeterminism;
use super::profile::{PROFILED, Profile};
use super::progress::{Progress, Total};
use super::record::Record;
use super::runner::{Exploration, PROFILING, QUIET};
use crate::config::ConfigError;
use crate::detect::lock_order::LockOrder;
use crate::report::{Coverage, FailureKind};
use crate::rt::Execution;
use crate::rt::behaviour::Behaviours;

impl Exploration<'_> {
    /// Samples executions until one fails or the budget is used up.
    pub(super) fn sample(&self) -> Result<Outcome, ConfigError> {
        let deadline = self.config.time.and_then(|time| Instant::now().checked_add(time));
        let mut outcome = Outcome::of(0, 0);
        let profiled = PROFILED.min(self.config.executions);
        let (profile, first) = self.on_worker(|execution| {
            execution.kernel.behaviour.is_wanted = true;
            self.profile(execution, profiled)
        })?;
        let Profiled { outcome: first, mut behaviours, mut lock_order } = first;
        outcome.executions = first.executions;
        outcome.steps = first.steps;
        outcome.finding = first.finding;
        let mut told = Told::new();
        self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
        if outcome.finding.is_some() || outcome.verdict.is_some() {
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        if profiled == self.config.executions {
            outcome.coverage = Some(sampled(behaviours));
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        let progress = Progress::new(&self.config.name);
        let next = AtomicU64::new(profiled);
        let lowest = AtomicU64::new(self.config.executions);
        let finding: Mutex<Option<Finding>> = Mutex::new(None);
        let out_of_time = AtomicU64::new(0);
        let counts = self.on_workers(self.config.workers, |execution| {
            let (mut executions, mut steps) = (0, 0);
            let mut behaviours = Behaviours::default();
            let mut lock_order = LockOrder::default();
            execution.kernel.behaviour.is_wanted = true;
            loop {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    out_of_time.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= lowest.load(Ordering::Relaxed) {
                    break;
                }
                if index.is_multiple_of(64) {
                    progress.show(index, Total::Exactly(self.config.executions));
                }
                let verdict = self.run_index(execution, index, &profile, QUIET);
                executions += 1;
                steps += execution.kernel.steps;
                behaviours.add(execution.kernel.behaviour.sum());
                lock_order.add(execution, index);
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
            (executions, steps, behaviours, lock_order)
        })?;
        progress.finish();
        for (executions, steps, seen, locks) in counts {
            behaviours.append(seen);
            lock_order.merge(locks);
            outcome.executions += executions;
            outcome.steps += steps;
        }
        outcome.finding = finding.into_inner().unwrap_or_else(PoisonError::into_inner);
        match &outcome.finding {
            // Higher ones may have run as well, or not: that depends on the timing.
            Some(finding) => outcome.executions = finding.index + 1,
            None => {
                outcome.stopped_by_time = out_of_time.into_inner() > 0;
                outcome.coverage = Some(sampled(behaviours));
                self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
            }
        }
        self.keep_lock_order(&lock_order, &mut outcome);
        Ok(outcome)
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
            let mut verdict = self.run_index(execution, index, &profile, mode);
            outcome.executions += 1;
            outcome.steps += execution.kernel.steps;
            if verdict.is_none() && index == 0 {
                let first = Record::of(execution);
                verdict = self.run_index(execution, index, &profile, PROFILING);
                let difference = first.difference(&Record::of(execution), execution);
                verdict = match (difference, verdict) {
                    // It says why the two differ.
                    (_, Some(second)) if second.kind == FailureKind::Misuse => Some(second),
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
                };
            }
            if let Some(verdict) = verdict {
                outcome.finding = Some(Finding::new(index, verdict, execution));
                break;
            }
            behaviours.add(execution.kernel.behaviour.sum());
            lock_order.add(execution, index);
            profile.add(execution);
        }
        (profile, Profiled { outcome, behaviours, lock_order })
    }
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
