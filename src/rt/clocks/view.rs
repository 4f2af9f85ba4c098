//! What a thread knows, and what it hands over: the clocks of threads, objects and stores.
//!
//! A thread learns by acquiring and teaches by releasing; the rules that say when are the memory model's and those of the
//! primitives. Most locks and atomics are used by the same thread several times in a row. What such an object knows is then
//! the thread's own clock but for the thread's own component, which `Message::of` tells without comparing clocks.

use super::clock::Clock;
use crate::rt::op::ThreadId;

/// The `of` of what is no thread's.
const NOBODY: (ThreadId, u32) = (ThreadId(u32::MAX), 0);

/// What is known to whoever acquires from an object or reads a store.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) clock: Clock,
    /// The thread whose knowledge `clock` is, and at which version; see `View::acquire`.
    of: (ThreadId, u32),
}

impl Default for Message {
    fn default() -> Message {
        Message { clock: Clock::default(), of: NOBODY }
    }
}

impl Message {
    pub(crate) fn clear(&mut self) {
        self.clock.clear();
        self.of = NOBODY;
    }

    /// From now on no thread's, whatever it is.
    #[inline]
    pub(crate) fn disown(&mut self) {
        self.of = NOBODY;
    }

    /// Becomes equal to `other` without giving up its memory.
    #[inline]
    pub(crate) fn copy_from(&mut self, other: &Message) {
        self.clock.copy_from(&other.clock);
        self.of = other.of;
    }
}

/// What one thread knows.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) clock: Clock,
    /// Changes whenever `clock` learns from another thread.
    version: u32,
    pub(crate) slot: u32,
    /// The own component of `clock`.
    pub(crate) epoch: u32,
    id: ThreadId,
    /// What an acquire fence would add to `clock` (C++20 [atomics.fence]).
    pub(crate) acquirable: Clock,
    /// `clock` at the last release fence.
    released: Clock,
}

impl View {
    pub(crate) fn new(id: ThreadId) -> View {
        View {
            clock: Clock::default(),
            version: 0,
            slot: 0,
            epoch: 0,
            id,
            acquirable: Clock::default(),
            released: Clock::default(),
        }
    }

    /// Begins with what `parent` knows; the slot and the first epoch follow.
    pub(crate) fn reset(&mut self, parent: Option<&View>) {
        match parent {
            Some(parent) => self.clock.copy_from(&parent.clock),
            None => self.clock.clear(),
        }
        self.version = 0;
        self.acquirable.clear();
        self.released.clear();
    }

    /// Takes a place in clocks.
    pub(crate) fn take_slot(&mut self, (slot, epoch): (u32, u32)) {
        self.slot = slot;
        self.epoch = epoch;
        self.clock.set(slot, epoch);
    }

    #[inline]
    pub(crate) fn advance_epoch(&mut self) {
        self.epoch += 1;
        self.clock.set(self.slot, self.epoch);
    }

    /// Learns what `from` knows.
    #[inline]
    pub(crate) fn acquire(&mut self, from: &Message) {
        if from.of == (self.id, self.version) || from.clock.is_empty() {
            return;
        }
        self.clock.join(&from.clock);
        self.version += 1;
    }

    /// `to` learns what this thread knows, in addition to what it knew.
    #[inline]
    pub(crate) fn release(&mut self, to: &mut Message) {
        to.clock.join(&self.clock);
        to.of = NOBODY;
        self.advance_epoch();
    }

    /// `to` learns what this thread knows, which is all that it is to know.
    #[inline]
    pub(crate) fn release_owned(&mut self, to: &mut Message) {
        if to.of == (self.id, self.version) {
            to.clock.set(self.slot, self.epoch);
        } else {
            to.clock.copy_from(&self.clock);
            to.of = (self.id, self.version);
        }
        self.advance_epoch();
    }

    /// Both: learns what `to` knows, and makes it know as much.
    #[inline]
    pub(crate) fn acquire_release(&mut self, to: &mut Message) {
        if to.of == (self.id, self.version) {
            to.clock.set(self.slot, self.epoch);
        } else {
            self.clock.merge(&mut to.clock);
            self.version += 1;
            to.of = (self.id, self.version);
        }
        self.advance_epoch();
    }

    /// A relaxed read: an acquire fence to come would learn what `from` knows.
    #[inline]
    pub(crate) fn acquire_later(&mut self, from: &Message) {
        if !from.clock.is_empty() {
            self.acquirable.join(&from.clock);
        }
    }

    /// A relaxed write: `to` learns what this thread knew at its last release fence, in addition to what
    /// it knew (`keep`) or instead.
    #[inline]
    pub(crate) fn release_fenced(&mut self, to: &mut Message, keep: bool) {
        if keep {
            to.clock.join(&self.released);
        } else {
            to.clock.copy_from(&self.released);
        }
        to.of = NOBODY;
    }

    /// An acquire fence.
    pub(crate) fn acquire_fence(&mut self) {
        self.clock.join(&self.acquirable);
        self.version += 1;
    }

    /// A release fence.
    pub(crate) fn release_fence(&mut self) {
        self.released.copy_from(&self.clock);
        self.advance_epoch();
    }
}
