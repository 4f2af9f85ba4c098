//! The stores that a run has made, as the kernel numbers them.
//!
//! A probed thread may make stores that no graph has: it puts back what it has read (`fetch_or(0)`). Such a store belongs to the
//! one whose value it repeats, and what the graph puts after that one comes after both.

use crate::explore::exhaustive::graph::event::{EventId, NONE};

/// The stores that a run has made to one atomic, in modification order; `NONE` stands for one that no graph has.
#[derive(Default, Debug)]
pub(super) struct Made(Vec<EventId>);

impl Made {
    /// Nothing was stored yet.
    pub(super) fn begin(&mut self, initial: EventId) {
        self.0.clear();
        self.0.push(initial);
    }

    /// Where a store is; of one that is not there, as those to objects, where the last one is.
    #[inline]
    pub(super) fn position(&self, store: EventId) -> usize {
        self.0.iter().rposition(|&made| made == store).unwrap_or(self.0.len() - 1)
    }

    /// How many stores come after the one at `position`.
    #[inline]
    pub(super) fn after(&self, position: usize) -> u32 {
        (self.0.len() - 1 - position) as u32
    }

    /// Where `source` is, or the last store that repeats it: a new one comes after that.
    #[inline]
    pub(super) fn last_like(&self, source: EventId) -> usize {
        let position = self.position(source);
        position + self.0[position + 1..].iter().take_while(|&&made| made == NONE).count()
    }

    /// A store, or one that no graph has, comes directly after the one at `position`.
    #[inline]
    pub(super) fn put_after(&mut self, position: usize, store: EventId) {
        self.0.insert(position + 1, store);
    }
}
