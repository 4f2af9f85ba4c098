//! One model thread: what it is about to do, what it waits for, and what it knows.
//!
//! What a thread learns from objects and teaches them is here; the rules that say when are the memory
//! model's and the state machines'.

use std::panic::Location;
use std::sync::Arc;

use super::clock::Clock;
use super::local::Locals;
use super::locks::{Held, NOT_KEPT, NOTHING};
use super::op::{ObjectId, Op, ThreadId};
use super::outcome::PanicRecord;
use super::rounds::{Rounds, Settled};
use super::timer::{Instant, NEVER};

/// The `of` of knowledge that is no thread's.
const NOBODY: (ThreadId, u32) = (ThreadId(u32::MAX), 0);

/// What is known to whoever acquires from an object or reads a store.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    pub(crate) clock: Clock,
    /// The thread whose knowledge `clock` is, and at which version; see `Thread::acquire`.
    of: (ThreadId, u32),
}

impl Default for Knowledge {
    fn default() -> Knowledge {
        Knowledge { clock: Clock::default(), of: NOBODY }
    }
}

impl Knowledge {
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
    pub(crate) fn copy_from(&mut self, other: &Knowledge) {
        self.clock.copy_from(&other.clock);
        self.of = other.of;
    }
}

/// One thread. Its memory is kept for the thread of the same number in the next execution.
pub(crate) struct Thread {
    pub(crate) pending: Op,
    pub(crate) lane: u32,
    pub(crate) deadline: Instant,
    pub(super) wait_number: u64,
    /// Whether its wait does not block any more, as its time is over: it is an attempt.
    pub(crate) is_due: bool,
    pub(crate) ended: bool,
    /// Whether the execution may end without the thread.
    pub(crate) daemon: bool,
    pub(crate) object: ObjectId,
    pub(crate) parent: ThreadId,
    /// Position among the children of its parent.
    pub(crate) ordinal: u32,
    pub(crate) children: u32,
    /// The name of its next event; see `behaviour`.
    pub(super) next_event: u64,
    /// A hash of the spawn path, which names this thread in other executions.
    pub(crate) lineage: u64,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
    /// What the thread knows.
    pub(crate) clock: Clock,
    /// Changes whenever `clock` learns from another thread.
    pub(super) clock_version: u32,
    pub(crate) slot: u32,
    /// The own component of `clock`.
    pub(super) epoch: u32,
    /// What an acquire fence would add to `clock` (C++20 [atomics.fence]).
    pub(super) acquirable: Clock,
    /// `clock` at the last release fence.
    pub(super) released: Clock,
    /// What comes before by spawning and joining alone.
    pub(super) order: Clock,
    /// The loop that it may be in.
    pub(super) rounds: Rounds,
    /// Which of the lock log's clocks `order` is; see `locks`.
    pub(super) order_kept: u32,
    /// The last of its acquisitions in the lock log.
    pub(super) last_logged: u32,
    /// The locks that the thread has.
    pub(crate) held: Vec<Held>,
    /// How many it has taken.
    pub(crate) locks_taken: u32,
    pub(crate) locals: Locals,
    pub(crate) panic: Option<Box<PanicRecord>>,
    /// Whether the thread is unwinding, as of its last switch or panic.
    pub(crate) unwinding: bool,
    pub(crate) joined: bool,
    /// The condition variable that has notified the thread, until it locks its mutex again.
    pub(crate) notified: ObjectId,
    /// When it began to wait for what it waits for now, or ended.
    pub(crate) since: Settled,
    /// What is known to a `park` that finds the token.
    pub(super) token: Knowledge,
    /// Whether it has parked, was unparked, has waited as std does by parking: bits.
    pub(super) parking: u8,
}

impl Thread {
    pub(super) fn new(pending: Op) -> Thread {
        Thread {
            pending,
            lane: 0,
            deadline: NEVER,
            wait_number: 0,
            is_due: false,
            ended: false,
            daemon: false,
            object: ObjectId::NONE,
            parent: ThreadId::MAIN,
            ordinal: 0,
            children: 0,
            next_event: 0,
            lineage: 0,
            name: None,
            spawned_at: pending.location,
            clock: Clock::default(),
            clock_version: 0,
            slot: 0,
            epoch: 0,
            acquirable: Clock::default(),
            released: Clock::default(),
            order: Clock::default(),
            rounds: Rounds::default(),
            order_kept: NOT_KEPT,
            last_logged: NOTHING,
            held: Vec::new(),
            locks_taken: 0,
            locals: Locals::default(),
            panic: None,
            unwinding: false,
            joined: false,
            notified: ObjectId::NONE,
            since: Settled::default(),
            token: Knowledge::default(),
            parking: 0,
        }
    }

    pub(super) fn reset(&mut self, pending: Op, lane: u32) {
        self.pending = pending;
        self.lane = lane;
        self.deadline = NEVER;
        self.is_due = false;
        self.ended = false;
        self.daemon = false;
        self.children = 0;
        self.clock.clear();
        self.clock_version = 0;
        self.acquirable.clear();
        self.released.clear();
        self.order.clear();
        self.rounds = Rounds::default();
        self.order_kept = NOT_KEPT;
        self.last_logged = NOTHING;
        self.held.clear();
        self.locks_taken = 0;
        self.locals.clear();
        self.panic = None;
        self.unwinding = false;
        self.joined = false;
        self.notified = ObjectId::NONE;
        self.since = Settled::default();
        self.token.clear();
        self.parking = 0;
    }

    #[inline]
    pub(super) fn advance_epoch(&mut self) {
        self.epoch += 1;
        self.clock.set(self.slot, self.epoch);
    }

    /// Learns what `from` knows.
    #[inline]
    pub(crate) fn acquire(&mut self, id: ThreadId, from: &Knowledge) {
        if from.of == (id, self.clock_version) || from.clock.is_empty() {
            return;
        }
        self.clock.join(&from.clock);
        self.clock_version += 1;
    }

    /// `to` learns what this thread knows, in addition to what it knew.
    #[inline]
    pub(crate) fn release(&mut self, to: &mut Knowledge) {
        to.clock.join(&self.clock);
        to.of = NOBODY;
        self.advance_epoch();
    }

    /// `to` learns what this thread knows, which is all that it is to know.
    #[inline]
    pub(crate) fn release_owned(&mut self, id: ThreadId, to: &mut Knowledge) {
        if to.of == (id, self.clock_version) {
            to.clock.set(self.slot, self.epoch);
        } else {
            to.clock.copy_from(&self.clock);
            to.of = (id, self.clock_version);
        }
        self.advance_epoch();
    }

    /// Both: learns what `to` knows, and makes it know as much.
    #[inline]
    pub(crate) fn acquire_release(&mut self, id: ThreadId, to: &mut Knowledge) {
        if to.of == (id, self.clock_version) {
            to.clock.set(self.slot, self.epoch);
        } else {
            self.clock.merge(&mut to.clock);
            self.clock_version += 1;
            to.of = (id, self.clock_version);
        }
        self.advance_epoch();
    }

    /// A relaxed read: an acquire fence to come would learn what `from` knows.
    #[inline]
    pub(crate) fn acquire_later(&mut self, from: &Knowledge) {
        if !from.clock.is_empty() {
            self.acquirable.join(&from.clock);
        }
    }

    /// A relaxed write: `to` learns what this thread knew at its last release fence, in addition to what
    /// it knew (`keep`) or instead.
    #[inline]
    pub(crate) fn release_fenced(&mut self, to: &mut Knowledge, keep: bool) {
        if keep {
            to.clock.join(&self.released);
        } else {
            to.clock.copy_from(&self.released);
        }
        to.of = NOBODY;
    }
}
