//! Exhaustive exploration: every execution of the test, each once.
//!
//! Two schedules that every thread sees alike are one *execution graph*; what is enumerated is graphs, by TruSt
//! (see `revisit`), under RC11 or sequential consistency (`consistency`). A graph is taken from the frontier,
//! built, checked, and run from the start (`director`); the run goes on to the end of the program, and what it
//! might have done otherwise goes to the frontier. Each worker does so with a part of it (`worker`); what is left
//! when they are stopped can be kept (`checkpoint`).

mod checkpoint;
mod common;
mod compare;
mod frontier;
mod graph;
mod polls;
mod run;
mod worker;

use std::sync::PoisonError;
use std::time::Instant;

use super::exploration::Exploration;
use crate::config::ConfigError;
use crate::detect::lock_order::LockOrder;
use crate::report::grouped;
use crate::rt::Execution;
use crate::rt::op::limits::{Limits, MemoryModel, Timeouts};
use checkpoint::Checkpoint;
pub(super) use common::{Budget, End, Exhausted};
use common::{Common, Polled, SHARE_UNIT, WorkerEnd};
use worker::Worker;

impl Exploration<'_> {
    /// Runs every execution of the test once, as far as `budget` allows.
    /// `limits` say what they may do.
    pub(super) fn exhaust(&self, budget: &Budget, limits: &Limits) -> Result<Exhausted, ConfigError> {
        let start = Instant::now();
        let exhausted = self.exhaust_with(budget, limits, self.config.workers)?;
        if matches!(exhausted.end, End::OneThread) {
            return match self.explore_polls(budget, limits)? {
                Polled::Explored(exhausted) => Ok(exhausted),
                Polled::Unfit(strict) => {
                    let limits = Limits { strict, ..limits.clone() };
                    self.exhaust(&Budget { follows_graphs: true, ..*budget }, &limits)
                }
            };
        }
        let depends_on_timing = match exhausted.end {
            End::Complete | End::Bounded | End::Time | End::OneThread => false,
            // Which executions several workers have run by then, and which failure they find first.
            End::Budget | End::Unsupported(_) | End::Failed(_) => self.config.workers > 1,
        };
        if !depends_on_timing || self.config.checkpoint.is_some() {
            return Ok(exhausted);
        }
        let time = budget.time.map(|time| time.saturating_sub(start.elapsed()));
        let again = self.exhaust_with(&Budget { time, ..*budget }, limits, 1)?;
        // Within a time limit one worker may not get there.
        let is_lost = matches!((&exhausted.end, &again.end), (_, End::Time));
        Ok(if is_lost { exhausted } else { again })
    }

    fn exhaust_with(
        &self,
        budget: &Budget,
        limits: &Limits,
        workers: usize,
    ) -> Result<Exhausted, ConfigError> {
        let deadline = budget.time.and_then(|time| Instant::now().checked_add(time));
        // What is left of a second stage is not kept: it is told how far it came.
        let checkpoint = self.checkpoint().filter(|_| !budget.is_second_stage);
        let mut saved = match &checkpoint {
            Some(checkpoint) => checkpoint.read().map_err(ConfigError::new)?,
            None => None,
        };
        let mut notes = Vec::new();
        if let (Some(saved), Some(checkpoint)) = (&saved, &checkpoint) {
            notes.push(format!(
                "went on from {}, after {} executions",
                checkpoint.path.display(),
                grouped(saved.executions)
            ));
        }
        // Time that passes wherever it may is known by clocks, and so is what was done with a reference.
        let needs_clocks = limits.timeouts == Timeouts::Any || limits.check_exclusive;
        let mut strict = saved.as_ref().map_or(limits.strict, |saved| saved.strict);
        loop {
            let common = Common::new(
                budget,
                Limits { strict, keeps_clocks: strict.clocks || needs_clocks, ..limits.clone() },
                workers,
                deadline,
                saved.take(),
                checkpoint.as_ref(),
                &self.long,
            );
            let work = |execution: &mut Execution| Worker::new(self, execution, &common).work();
            let mut lock_order = LockOrder::default();
            let mut left = Vec::new();
            for (of_worker, locks) in self.on_workers(workers, work)? {
                left.extend(of_worker);
                lock_order.merge(locks);
            }
            common.progress.finish();
            let end = common.end.lock().unwrap_or_else(PoisonError::into_inner).take();
            let end = match end {
                Some(WorkerEnd::Strict(more)) => {
                    strict = strict.and(more);
                    continue;
                }
                Some(WorkerEnd::Misfit(message)) => return Err(ConfigError::new(message)),
                Some(WorkerEnd::End(end)) => end,
                None if common.basis().is_bounded() => End::Bounded,
                None => End::Complete,
            };
            if let Some(checkpoint) = &checkpoint {
                let is_unfinished = matches!(end, End::Budget | End::Time);
                let saved = is_unfinished.then(|| {
                    let mut saved = common.to_save();
                    let shared = common.exchange.origins();
                    saved.add(left.iter().chain(&shared));
                    saved
                });
                match saved {
                    Some(saved) => {
                        checkpoint.write(&saved).map_err(ConfigError::new)?;
                        let path = checkpoint.path.display();
                        notes.push(format!("run the same again to go on: what is left is in {path}"));
                    }
                    None => checkpoint.remove(),
                }
            }
            return Ok(Exhausted {
                basis: common.basis(),
                executions: common.executions.into_inner(),
                liberal: common.liberal.into_inner(),
                blocked: common.blocked.into_inner(),
                steps: common.passed_steps.into_inner(),
                share: common.share.into_inner() as f64 / SHARE_UNIT,
                end,
                lock_order,
                notes,
            });
        }
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        let config = &self.config;
        let memory = match config.memory {
            MemoryModel::Rc11 => "rc11",
            MemoryModel::SequentiallyConsistent => "sc",
        };
        let preemptions = config.max_preemptions.map_or("any".to_owned(), |bound| bound.to_string());
        let Limits {
            spurious,
            cancellations,
            capacity,
            max_queued,
            fifo,
            max_steps,
            max_threads,
            timeouts,
            daemons,
            check_exclusive,
            ..
        } = config.exhaustive_limits();
        let max_threads = if max_threads == usize::MAX { "any".to_owned() } else { max_threads.to_string() };
        // Whatever decides what executions there are, and what is wrong with one.
        let settings = format!(
            "memory={memory} max_preemptions={preemptions} spurious={spurious} cancellations={cancellations} capacity={capacity} max_queued={max_queued} fifo={fifo} max_steps={max_steps} \
             max_threads={max_threads} timeouts={timeouts:?} daemons={daemons} check_exclusive={check_exclusive} \
             leaks={:?} allow_leaked_threads={}",
            config.leaks, config.allow_leaked_threads,
        );
        config.checkpoint.as_ref().map(|path| Checkpoint::new(path, &config.name, &settings))
    }
}
