//! POS: partial order sampling (Yuan, Yang, Gu, CAV 2018).
//!
//! Every pending operation has a random priority, and the highest goes first. When an operation is executed,
//! its thread's next one draws anew, and so do the pending operations that conflict with it: so each
//! partial order is sampled more evenly than by a random walk.
//!
//! A task that is ready has a priority as well, which is drawn anew when it is polled. What it will do is not known, so no conflict draws
//! it anew: that is the paper's basic priority sampling (section 3.1).

use super::tasks::{Priorities, candidates};
use crate::rt::decide::strategy::{Op, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// Partial order sampling.
#[derive(Debug, Default)]
pub(crate) struct Pos {
    threads: Priorities,
    /// By number.
    tasks: Priorities,
}

impl Strategy for Pos {
    fn name(&self) -> &str {
        "pos"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Start<'_>, _: &mut Rng) {
        self.threads.clear();
        self.tasks.clear();
    }

    fn draws_tasks(&self) -> bool {
        false
    }

    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        let tasks = match candidates(point, alternatives, rng) {
            Ok(tasks) => tasks,
            Err(drawn) => return drawn,
        };
        let (at, task) = self.tasks.highest(tasks, || rng.bits());
        self.tasks.set(task, rng.bits());
        at
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let mut best = (0, point.nth_enabled(0));
        for thread in point.enabled() {
            best = best.max((self.threads.get(thread.index(), || rng.bits()), thread));
        }
        best.1
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, rng: &mut Rng) {
        self.threads.get(thread.index(), || rng.bits());
        self.threads.set(thread.index(), rng.bits());
        for other in point.enabled() {
            if other != thread && point.pending(other).conflicts_with(op) {
                self.threads.get(other.index(), || rng.bits());
                self.threads.set(other.index(), rng.bits());
            }
        }
    }
}
