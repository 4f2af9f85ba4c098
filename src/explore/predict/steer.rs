//! Steers an execution into a predicted deadlock, after DeadlockFuzzer (Joshi, Park, Sen and Naik, PLDI 2009).
//!
//! A thread of the cycle that is about to take its inner lock is held back, and any other goes on. If all of the cycle
//! are there, each has what another wants, and they never come further. If nobody else can go on, one of those that were
//! held back does. So it does if the others have spun for long, who would have to give way to it at once under another
//! strategy: they may do more after a while, and come to their places. An acquisition is known by its place, and in most executions also by how many locks the thread has
//! taken before: that is exact where what a thread does is the same in each execution, and in vain elsewhere.
//!
//! A task of the cycle gives way once it has its outer lock, which tokio's budget allows at each await, and is polled again only
//! where all that are ready have theirs. With several workers it is held back at its inner lock as a thread is.
//!
//! Who goes on is drawn at each step in some executions, and once for all in others, where threads have random
//! priorities: one that has a long way to its place in the cycle must often have come there before others, who
//! would be in its way, begin theirs.

use std::sync::Arc;

use crate::detect::lock_order::{Cycle, Request};
use crate::rt::decide::strategy::{
    Choice, Holding, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId,
};
use crate::rt::op::lock::LockMode;
use crate::rt::op::verb::Verb;

/// For how many steps of threads that spin others are held back.
const PATIENCE: u32 = 1_000;

/// A strategy that looks for one deadlock.
#[derive(Debug)]
pub(crate) struct Steer {
    cycle: Arc<Cycle>,
    /// Whether acquisitions are counted.
    counts: bool,
    /// The priorities of the threads, if they have some.
    priorities: Option<Vec<usize>>,
    /// Steps that threads may still take that have to give way to those that are held back.
    patience: u32,
}

impl Steer {
    pub(crate) fn new(cycle: Arc<Cycle>) -> Steer {
        Steer { cycle, counts: true, priorities: None, patience: PATIENCE }
    }

    /// Whether the thread is where the cycle wants it.
    fn is_there(&self, point: &SchedulingPoint<'_>, thread: ThreadId) -> bool {
        let &Op { kind, location, argument, .. } = point.pending(thread);
        if kind == OpKind::Operate {
            let takes = Verb::of_argument(argument).and_then(LockMode::taken_by).is_some();
            let wants = |request: &Request| request.wanted.location == location;
            return takes && self.has_outer(&point.awaits(thread), wants);
        }
        if !matches!(kind, OpKind::Lock | OpKind::ReadLock | OpKind::WriteLock) {
            return false;
        }
        let holds = |location| point.held_at(thread).any(|held| held == location);
        let lineage = point.lineage(thread);
        self.cycle.requests.iter().any(|request| {
            request.lineage == lineage
                && !request.is_awaited
                && request.wanted.location == location
                && request.held.is_some_and(|held| holds(held.location))
                && (!self.counts || point.locks_taken(thread) == request.number)
        })
    }

    /// Whether somebody has all that it holds of tokio's locks when it makes its request in the cycle, such a one.
    fn has_outer(&self, holding: &Holding<'_>, such: impl Fn(&Request) -> bool) -> bool {
        let holds = |location| holding.held.iter().any(|held| held.location == location);
        self.cycle.requests.iter().any(|request| {
            request.lineage == holding.lineage
                && request.is_awaited
                && request.held.is_some_and(|held| holds(held.location))
                && (!self.counts || holding.taken == request.number)
                && such(request)
        })
    }
}

impl Strategy for Steer {
    fn name(&self) -> &str {
        "steer"
    }

    fn begin(&mut self, start: &Start<'_>, _: &mut Rng) {
        self.patience = PATIENCE;
        self.counts = !start.execution.is_multiple_of(4);
        self.priorities = start.execution.is_multiple_of(2).then(Vec::new);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        if let Some(priorities) = &mut self.priorities {
            while priorities.len() < point.thread_count() {
                priorities.push(rng.below(1 << 30));
            }
        }
        let others = || point.enabled().filter(|&thread| !self.is_there(point, thread));
        let free = || others().filter(|&thread| !point.gives_way(thread));
        match (free().count(), &self.priorities) {
            (0, _) => {
                let spinning = others().count();
                if spinning > 0 && self.patience > 0 {
                    let next = others().nth(rng.below(spinning)).expect("counted just now");
                    self.patience -= 1;
                    return next;
                }
                let held = || point.enabled().filter(|&thread| !point.gives_way(thread));
                let next = held().nth(rng.below(held().count())).expect("somebody gives way to nobody");
                self.patience = PATIENCE;
                next
            }
            (_, Some(priorities)) => {
                free().max_by_key(|thread| priorities[thread.index()]).expect("counted just now")
            }
            (count, None) => free().nth(rng.below(count)).expect("counted just now"),
        }
    }

    /// One that has not come to its place, if there is one.
    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        let queue = point.pending(point.current()).object;
        let ready = point.ready_tasks(queue);
        let is_free = |&at: &usize| {
            let holding = ready.get(at).and_then(|&task| point.task_awaits(task));
            holding.is_none_or(|holding| !self.has_outer(&holding, |_| true))
        };
        let free = (0..alternatives).filter(is_free).collect::<Vec<_>>();
        if free.is_empty() { rng.below(alternatives) } else { free[rng.below(free.len())] }
    }

    fn choose_at(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        rng: &mut Rng,
    ) -> usize {
        match choice {
            Choice::NextTask => self.next_task(point, alternatives, rng),
            Choice::GivesWay | Choice::GivesWayWithin
                if self.has_outer(&point.awaits(point.current()), |_| true) =>
            {
                1
            }
            _ => self.choose(choice, alternatives, rng),
        }
    }

    fn chooses_freely(&self) -> bool {
        true
    }
}
