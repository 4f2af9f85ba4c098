//! The strategy that docs/writing-tests.md shows.

use drawloom::strategy::{Rng, SchedulingPoint, Strategy, ThreadId};

/// The thread spawned last goes first; once in `one_in` scheduling points any thread may.
pub(crate) struct NewestFirst {
    pub(crate) one_in: u32,
}

impl Strategy for NewestFirst {
    fn name(&self) -> &str {
        "newest-first"
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        if rng.one_in(self.one_in) {
            return point.nth_enabled(rng.below(point.enabled_count()));
        }
        point.enabled().max().expect("somebody can go on")
    }
}
