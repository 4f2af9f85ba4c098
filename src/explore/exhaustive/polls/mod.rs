//! Every execution of a test whose tasks one thread polls: what differs is in which order they go on, and that is explored by
//! itself (*dynamic partial-order reduction*, Abdulla, Aronis, Jonsson, Sagonas, POPL 2014), without an execution graph. One thread
//! reads what it has written, so there is no memory model to ask.
//!
//! A task goes on until it is pending, or gives way at a leaf operation, as often as it likes: between two such places its steps
//! are one piece. Where tasks are held back because they have yielded, every order is tried.
//!
//! What tasks do to plain data that they share is no operation, and two orders that differ in it alone count as one. So every order
//! is tried after that, whatever the tasks have touched, if there are few; otherwise the verdict says what it rests on.
//!
//! A task that has given way is polled again from its outermost future, where this takes it for going on in the same place. That
//! differs for a future that polls several, or does something else although it is pending: others of the same poll see then that it
//! has given way, and which of them is polled first when it goes on may be another. So there, giving way is a choice of its own,
//! and bounded. tokio's macros and timeouts say where that is. Elsewhere it is tried, once for each await of each task: if anything
//! follows in the same poll, all is explored again, and taken to be so everywhere. Every order is tried then, as whether a task is
//! asked to give way depends on whether another one is ready.

mod may_touch;
mod search;
mod segments;
mod strategy;
mod touched;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use super::common::{Budget, End, Exhausted, Polled};
use crate::config::ConfigError;
use crate::explore::exploration::{Exploration, QUIET};
use crate::explore::finding::Finding;
use crate::explore::judge::{Verdict, nondeterminism};
use crate::explore::replay::record::Record;
use crate::rt::Execution;
use crate::rt::decide::profile::Profile;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::{Limits, Strict, Timeouts};
use search::Search;
use strategy::Polls;

/// How many of the first executions are run twice.
const COMPARED: u64 = 16;

/// How many runs that led to nothing new there may be for each execution.
const REDUNDANT: u64 = 10;

/// How often all is explored again, as more became known of what segments may touch, until every order is tried.
const PASSES: u32 = 4;

/// How many executions there may be at most if every order is tried: so many, and so many for each of those that differ in what is
/// seen, but never more than the third number.
const EVERY_ORDER: (u64, u64, u64) = (100, 10, 1_000);

impl Exploration<'_> {
    /// Explores every order in which the test's tasks are polled.
    pub(super) fn explore_polls(&self, budget: &Budget, limits: &Limits) -> Result<Polled, ConfigError> {
        let is_fit = limits.spurious == 0 || limits.polls_spuriously;
        if limits.timeouts == Timeouts::Any || !is_fit {
            return Ok(Polled::Unfit(limits.strict));
        }
        let limits = Limits {
            directed: false,
            orders_polls: true,
            keeps_clocks: true,
            max_preemptions: None,
            ..limits.clone()
        };
        self.on_worker(|execution| {
            execution.deadline = budget.time.and_then(|time| Instant::now().checked_add(time));
            let mut strict = limits.strict;
            loop {
                let limits = Limits { strict, ..limits.clone() };
                let polled = match self.explore_polls_on(execution, budget, limits.clone(), false) {
                    // Every order was tried already, or they are too many.
                    polled @ Polled::Explored(_) if limits.fifo || strict.composes => polled,
                    Polled::Explored(explored) if is_whole(&explored.end) => {
                        self.try_every_order(execution, budget, limits, explored)
                    }
                    polled => polled,
                };
                match polled {
                    Polled::Unfit(more) if more != strict => strict = more,
                    polled => return polled,
                }
            }
        })
    }

    /// Tries every order, if there are few, after all that differ in what is seen were `explored`.
    fn try_every_order(
        &self,
        execution: &mut Execution,
        budget: &Budget,
        limits: Limits,
        mut explored: Exhausted,
    ) -> Polled {
        let strict = limits.strict;
        let (some, for_each, most) = EVERY_ORDER;
        let executions = some.saturating_add(for_each.saturating_mul(explored.executions)).min(most);
        let budget = Budget { executions: executions.min(budget.executions), ..*budget };
        match self.explore_polls_on(execution, &budget, limits, true) {
            Polled::Unfit(more) if more != strict => return Polled::Unfit(more),
            Polled::Explored(Exhausted { end: End::Failed(mut finding), .. }) => {
                finding.index += explored.executions;
                explored.end = End::Failed(finding);
            }
            Polled::Explored(exhausted) if is_whole(&exhausted.end) => {}
            _ => explored.basis.add(Basis::UNSEEN_DATA),
        }
        Polled::Explored(explored)
    }

    fn explore_polls_on(
        &self,
        execution: &mut Execution,
        budget: &Budget,
        limits: Limits,
        every_order: bool,
    ) -> Polled {
        let strict = limits.strict;
        let every_order = every_order || strict.composes || limits.fifo;
        let shared = Rc::new(RefCell::new(Search::new(every_order)));
        let mut passes = 1;
        execution.kernel.limits = limits;
        execution.set_strategy(Box::new(Polls(Rc::clone(&shared))));
        let mut exhausted = Exhausted::default();
        let mut first = Vec::new();
        loop {
            let index = exhausted.executions;
            let verdict = self.run_index(execution, index, &Profile::default(), QUIET);
            if execution.is_late {
                exhausted.end = End::Time;
                return Polled::Explored(exhausted);
            }
            let mut search = shared.borrow_mut();
            let tasks = &execution.kernel.tasks;
            if !strict.composes && (tasks.composes || search.composes) {
                return Polled::Unfit(Strict { composes: true, ..strict });
            }
            if search.unfit.is_some() || tasks.has_advanced {
                return Polled::Unfit(strict);
            }
            exhausted.basis.add(execution.kernel.basis);
            let mut verdict = verdict.filter(|_| !search.is_trial);
            if verdict.is_none() && search.is_redundant {
                exhausted.blocked += 1;
            } else {
                if verdict.is_none() && index < COMPARED && !every_order {
                    drop(search);
                    verdict = self.compared(execution, index, &mut first);
                    search = shared.borrow_mut();
                }
                exhausted.steps += execution.kernel.steps;
                if let Some(verdict) = verdict {
                    exhausted.end = End::Failed(Box::new(Finding::new(index, verdict, execution)));
                    return Polled::Explored(exhausted);
                }
                exhausted.executions += 1;
                exhausted.lock_order.add(execution, 0);
            }
            let mains = execution.kernel.tasks.told.iter().filter(|task| task.main_of.is_some());
            search.end_run(&mains.map(|task| task.number).collect::<Vec<_>>());
            let is_over = !search.advance();
            if is_over && search.is_to_be_repeated() {
                passes += 1;
                search.begin_again(passes >= PASSES);
                exhausted = Exhausted::default();
                continue;
            }
            if is_over {
                exhausted.end = if search.draws { End::Bounded } else { End::Complete };
                if search.draws {
                    exhausted.basis.add(Basis::DRAWN_VALUE);
                }
                exhausted.share = 1.0;
                return Polled::Explored(exhausted);
            }
            let is_used_up = exhausted.executions >= budget.executions
                || budget.gives_up_early && exhausted.steps >= budget.steps
                || exhausted.blocked > REDUNDANT * budget.executions.min(u64::MAX / REDUNDANT);
            if is_used_up {
                exhausted.end = End::Budget;
                return Polled::Explored(exhausted);
            }
            if execution.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                exhausted.end = End::Time;
                return Polled::Explored(exhausted);
            }
        }
    }

    /// Runs the execution once more: what it fails with then, or that it differs.
    fn compared(&self, execution: &mut Execution, index: u64, first: &mut Vec<u8>) -> Option<Verdict> {
        std::mem::swap(first, &mut execution.fingerprints);
        let again = self.run_index(execution, index, &Profile::default(), QUIET);
        let differs = Record::difference_of_fingerprints(first, execution);
        again.or_else(|| differs.map(|difference| nondeterminism(&difference)))
    }
}

/// Whether there is no other execution.
fn is_whole(end: &End) -> bool {
    matches!(end, End::Complete | End::Bounded)
}
