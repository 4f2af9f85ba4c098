//! Every execution of a test whose tasks one thread polls: what differs is in which order they go on, and that is explored by
//! itself (*dynamic partial-order reduction*, Abdulla, Aronis, Jonsson, Sagonas, POPL 2014), without an execution graph. One thread
//! reads what it has written, so there is no memory model to ask.
//!
//! A task goes on until it is pending, or gives way at a leaf operation, as often as it likes: between two such places its steps
//! are one piece. Where tasks are held back because they have yielded, every order is tried.
//!
//! A task that has given way is polled again from its outermost future, where this takes it for going on in the same place. That
//! differs for a future whose polls do something although they are pending.

mod search;
mod segments;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use super::Exhausted;
use super::common::{Budget, End};
use crate::config::ConfigError;
use crate::detect::lock_order::LockOrder;
use crate::explore::exploration::{Exploration, QUIET};
use crate::explore::finding::Finding;
use crate::explore::judge::nondeterminism;
use crate::explore::replay::record::Record;
use crate::rt::Execution;
use crate::rt::decide::profile::Profile;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::{Limits, Timeouts};
use search::{Polls, Search};

/// How many of the first executions are run twice.
const COMPARED: u64 = 16;

/// How many runs that led to nothing new there may be for each execution.
const REDUNDANT: u64 = 10;

impl Exploration<'_> {
    /// Explores every order in which the test's tasks are polled. `None` if there is more to it than that.
    pub(super) fn explore_polls(
        &self,
        budget: &Budget,
        limits: &Limits,
    ) -> Result<Option<Exhausted>, ConfigError> {
        if limits.timeouts == Timeouts::Any || limits.spurious > 0 {
            return Ok(None);
        }
        let limits = Limits {
            directed: false,
            orders_polls: true,
            keeps_clocks: true,
            max_preemptions: None,
            ..limits.clone()
        };
        self.on_worker(|execution| self.explore_polls_on(execution, budget, limits))
    }

    fn explore_polls_on(
        &self,
        execution: &mut Execution,
        budget: &Budget,
        limits: Limits,
    ) -> Option<Exhausted> {
        let deadline = budget.time.and_then(|time| Instant::now().checked_add(time));
        let search = Rc::new(RefCell::new(Search::default()));
        execution.kernel.limits = limits;
        execution.deadline = deadline;
        execution.set_strategy(Box::new(Polls(Rc::clone(&search))));
        let mut exhausted = Exhausted::default();
        let mut first = Vec::new();
        loop {
            let index = exhausted.executions;
            let verdict = self.run_index(execution, index, &Profile::default(), QUIET);
            if execution.is_late {
                exhausted.end = End::Time;
                return Some(exhausted);
            }
            let tasks = &execution.kernel.tasks;
            if search.borrow().unfit.is_some() || tasks.has_advanced || tasks.has_branched {
                return None;
            }
            exhausted.basis.add(execution.kernel.basis);
            let is_redundant = search.borrow().is_redundant;
            if verdict.is_none() && is_redundant {
                exhausted.blocked += 1;
            } else {
                let verdict = match verdict {
                    None if index < COMPARED => {
                        std::mem::swap(&mut first, &mut execution.fingerprints);
                        let again = self.run_index(execution, index, &Profile::default(), QUIET);
                        let differs = Record::difference_of_fingerprints(&first, execution);
                        again.or_else(|| differs.map(|difference| nondeterminism(&difference)))
                    }
                    verdict => verdict,
                };
                exhausted.steps += execution.kernel.steps;
                if let Some(verdict) = verdict {
                    exhausted.end = End::Failed(Box::new(Finding::new(index, verdict, execution)));
                    return Some(exhausted);
                }
                exhausted.executions += 1;
                exhausted.lock_order.add(execution, 0);
            }
            let mut search = search.borrow_mut();
            let mains = execution.kernel.tasks.told.iter().filter(|task| task.main_of.is_some());
            search.end_run(&mains.map(|task| task.number).collect::<Vec<_>>());
            if !search.advance() {
                exhausted.end = if search.draws { End::Bounded } else { End::Complete };
                if search.draws {
                    exhausted.basis.add(Basis::DRAWN_VALUE);
                }
                exhausted.share = 1.0;
                return Some(exhausted);
            }
            let is_used_up = exhausted.executions >= budget.executions
                || budget.gives_up_early && exhausted.steps >= budget.steps
                || exhausted.blocked > REDUNDANT * budget.executions.min(u64::MAX / REDUNDANT);
            if is_used_up {
                exhausted.end = End::Budget;
                return Some(exhausted);
            }
        }
    }
}

impl Default for Exhausted {
    fn default() -> Exhausted {
        Exhausted {
            executions: 0,
            liberal: 0,
            blocked: 0,
            steps: 0,
            share: 0.0,
            end: End::Complete,
            basis: Basis::default(),
            lock_order: LockOrder::default(),
            notes: Vec::new(),
        }
    }
}
