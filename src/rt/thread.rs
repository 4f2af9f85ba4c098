//! One model thread: what it is about to do, what it waits for, and what it knows.
//!
//! What a thread learns from objects and teaches them is here; the rules that say when are the memory
//! model's and the state machines'.

use std::panic::Location;
use std::sync::Arc;

use super::clock::Clock;
use super::local::Locals;
use super::object::{NOBODY, Object};
use super::op::{ObjectId, Op, ThreadId};
use super::outcome::PanicRecord;
use super::timer::{Instant, NEVER};

/// One thread. Its memory is kept for the thread of the same number in the next execution.
pub(crate) struct Thread {
    pub(crate) pending: Op,
    pub(crate) lane: u32,
    pub(crate) deadline: Instant,
    pub(super) wait_number: u64,
    pub(super) timed_out: bool,
    pub(crate) ended: bool,
    pub(crate) object: ObjectId,
    pub(crate) parent: ThreadId,
    /// Position among the children of its parent.
    pub(crate) ordinal: u32,
    pub(crate) children: u32,
    /// A hash of the spawn path, which names this thread in other executions.
    pub(crate) lineage: u64,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
    /// What the thread knows.
    pub(crate) clock: Clock,
    /// Changes whenever `clock` learns from another thread.
    pub(super) clock_version: u32,
    pub(super) slot: u32,
    /// The own component of `clock`.
    pub(super) epoch: u32,
    /// What an acquire fence would add to `clock` (C++20 [atomics.fence]).
    pub(super) acquirable: Clock,
    /// `clock` at the last release fence.
    pub(super) released: Clock,
    pub(crate) locals: Locals,
    pub(crate) panic: Option<Box<PanicRecord>>,
    /// Whether the thread is unwinding, as of its last switch or panic.
    pub(crate) unwinding: bool,
    pub(crate) joined: bool,
}

impl Thread {
    pub(super) fn new(pending: Op) -> Thread {
        Thread {
            pending,
            lane: 0,
            deadline: NEVER,
            wait_number: 0,
            timed_out: false,
            ended: false,
            object: ObjectId::NONE,
            parent: ThreadId::MAIN,
            ordinal: 0,
            children: 0,
            lineage: 0,
            name: None,
            spawned_at: pending.location,
            clock: Clock::default(),
            clock_version: 0,
            slot: 0,
            epoch: 0,
            acquirable: Clock::default(),
            released: Clock::default(),
            locals: Locals::default(),
            panic: None,
            unwinding: false,
            joined: false,
        }
    }

    pub(super) fn reset(&mut self, pending: Op, lane: u32) {
        self.pending = pending;
        self.lane = lane;
        self.deadline = NEVER;
        self.timed_out = false;
        self.ended = false;
        self.children = 0;
        self.clock.clear();
        self.clock_version = 0;
        self.acquirable.clear();
        self.released.clear();
        self.locals.clear();
        self.panic = None;
        self.unwinding = false;
        self.joined = false;
    }

    #[inline]
    pub(super) fn advance_epoch(&mut self) {
        self.epoch += 1;
        self.clock.set(self.slot, self.epoch);
    }

    /// Learns what `object` knows.
    #[inline]
    pub(crate) fn acquire(&mut self, id: ThreadId, object: &Object) {
        if object.clock_of == (id, self.clock_version) || object.clock.is_empty() {
            return;
        }
        self.clock.join(&object.clock);
        self.clock_version += 1;
    }

    /// `object` learns what this thread knows, in addition to what it knew.
    #[inline]
    pub(crate) fn release(&mut self, object: &mut Object) {
        object.clock.join(&self.clock);
        object.clock_of = NOBODY;
        self.advance_epoch();
    }

    /// `object` learns what this thread knows, which is all that it is to know.
    #[inline]
    pub(crate) fn release_owned(&mut self, id: ThreadId, object: &mut Object) {
        if object.clock_of == (id, self.clock_version) {
            object.clock.set(self.slot, self.epoch);
        } else {
            object.clock.copy_from(&self.clock);
            object.clock_of = (id, self.clock_version);
        }
        self.advance_epoch();
    }

    /// Both: learns what `object` knows, and makes it know as much.
    #[inline]
    pub(crate) fn acquire_release(&mut self, id: ThreadId, object: &mut Object) {
        if object.clock_of == (id, self.clock_version) {
            object.clock.set(self.slot, self.epoch);
        } else {
            self.clock.merge(&mut object.clock);
            self.clock_version += 1;
            object.clock_of = (id, self.clock_version);
        }
        self.advance_epoch();
    }

    /// A relaxed read: an acquire fence to come would learn what `object` knows.
    #[inline]
    pub(crate) fn acquire_later(&mut self, object: &Object) {
        if !object.clock.is_empty() {
            self.acquirable.join(&object.clock);
        }
    }

    /// A relaxed write: `object` learns what this thread knew at its last release fence, in addition to what
    /// it knew (`keep`) or instead.
    #[inline]
    pub(crate) fn release_fenced(&mut self, object: &mut Object, keep: bool) {
        if keep {
            object.clock.join(&self.released);
        } else {
            object.clock.copy_from(&self.released);
        }
        object.clock_of = NOBODY;
    }
}
