//! POS: partial order sampling (Yuan, Yang, Gu, CAV 2018).
//!
//! Every pending operation has a random priority, and the highest goes first. When an operation is executed,
//! its thread's next one draws anew, and so do the pending operations that conflict with it: so each
//! partial order is sampled more evenly than by a random walk.

use crate::rt::decide::strategy::{Op, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// Partial order sampling.
#[derive(Debug, Default)]
pub(crate) struct Pos {
    priorities: Vec<u64>,
}

impl Pos {
    #[inline]
    fn priority(&mut self, thread: ThreadId, rng: &mut Rng) -> u64 {
        while self.priorities.len() <= thread.index() {
            self.priorities.push(rng.bits());
        }
        self.priorities[thread.index()]
    }
}

impl Strategy for Pos {
    fn name(&self) -> &str {
        "pos"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, _: &Start<'_>, _: &mut Rng) {
        self.priorities.clear();
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let mut best = (0, point.nth_enabled(0));
        for thread in point.enabled() {
            best = best.max((self.priority(thread, rng), thread));
        }
        best.1
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, rng: &mut Rng) {
        self.priority(thread, rng);
        self.priorities[thread.index()] = rng.bits();
        for other in point.enabled() {
            if other != thread && point.pending(other).conflicts_with(op) {
                self.priority(other, rng);
                self.priorities[other.index()] = rng.bits();
            }
        }
    }
}
