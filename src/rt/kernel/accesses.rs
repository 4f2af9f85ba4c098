//! Atomics and locks: what concerns memory, the lock log and clocks together.

use std::sync::atomic::Ordering;

use super::Kernel;
use crate::rt::memory::stores::{Source, Writer};
use crate::rt::op::lock::Held;
use crate::rt::op::{AtomicAccess, ThreadId};

impl Kernel {
    /// The stores that a load may read: how many.
    #[inline]
    pub(crate) fn load_sources(&mut self, location: u32, id: ThreadId, order: Ordering) -> usize {
        self.memory.load_sources(location, &self.views[id.index()], order)
    }

    /// The stores that a read-modify-write may read, and directly after which a store may stand: how many.
    #[inline]
    pub(crate) fn write_sources(&mut self, location: u32, id: ThreadId, order: Ordering) -> usize {
        self.memory.write_sources(location, &self.views[id.index()], order)
    }

    /// The stores that a compare-exchange may read: how many.
    #[inline]
    pub(crate) fn exchange_sources(
        &mut self,
        location: u32,
        id: ThreadId,
        expected: u64,
        orders: (Ordering, Ordering),
    ) -> usize {
        self.memory.exchange_sources(location, &self.views[id.index()], expected, orders)
    }

    /// Reads the chosen store.
    #[inline]
    pub(crate) fn read_source(&mut self, location: u32, id: ThreadId, order: Ordering) -> u64 {
        let (value, source) = self.memory.read_source(location, &mut self.views[id.index()], order);
        self.note_source(source, order);
        value
    }

    /// Stores directly after the chosen store.
    #[inline]
    pub(crate) fn store_after(&mut self, location: u32, id: ThreadId, value: u64, order: Ordering) {
        let event = if self.equivalence.is_wanted { self.equivalence.event_name(id) } else { 0 };
        let writer = Writer { threads: &self.threads, views: &mut self.views, id, step: self.steps, event };
        let source = self.memory.store_after(location, writer, value, order);
        self.note_source(source, order);
    }

    /// Reads the chosen store and stores directly after it, in one step.
    #[inline]
    pub(crate) fn modify_source(&mut self, location: u32, id: ThreadId, value: u64, order: Ordering) {
        let event = if self.equivalence.is_wanted { self.equivalence.event_name(id) } else { 0 };
        let writer = Writer { threads: &self.threads, views: &mut self.views, id, step: self.steps, event };
        let source = self.memory.modify_source(location, writer, value, order);
        self.note_source(source, order);
    }

    #[inline]
    fn note_source(&mut self, source: Source, order: Ordering) {
        self.atomic = AtomicAccess { source: source.step, order };
        self.store_event = source.event;
    }

    /// What a fence does to what the thread knows.
    pub(crate) fn fence(&mut self, id: ThreadId, order: Ordering) {
        self.note_source(Source::default(), order);
        self.memory.fence(&mut self.views[id.index()], order);
    }

    /// `id` has taken a lock; `waits`, if it would have waited for it.
    #[inline]
    pub(crate) fn note_taken(&mut self, id: ThreadId, taken: Held, waits: bool) {
        self.locks.taken(id, taken, waits);
    }

    /// As `note_taken`, of a reader-writer lock that was taken for writing.
    pub(crate) fn note_taken_to_write(&mut self, id: ThreadId, taken: Held, waits: bool) {
        self.locks.taken_to_write(id, taken, waits);
    }
}
