//! Which locks a thread holds, and what it waited for while it held others: what lock-order detection is fed with.
//!
//! An acquisition by a thread that holds nothing is a push; one while others are held is logged with them, and with a
//! clock that knows what comes before what by spawning and joining alone. The order that locks themselves make is left
//! out of it: in another execution it may be another. The clock of a thread changes rarely, and is kept once until it
//! does; nor is an acquisition logged again that is like the thread's last one, as in a loop. Whoever waits to write is logged also if it holds nothing: readers may come to wait behind it.

use std::panic::Location;

use super::clock::Clock;
use super::kernel::Kernel;
use super::op::{ObjectId, ThreadId};
use super::thread::Thread;

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LockMode {
    /// By readers, several at once.
    Shared,
    /// By one thread alone.
    Exclusive,
}

impl LockMode {
    /// Whether one that is held keeps the other waiting.
    pub(crate) fn conflicts_with(self, other: LockMode) -> bool {
        self == LockMode::Exclusive || other == LockMode::Exclusive
    }
}

/// A lock that a thread has, or wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) object: ObjectId,
    pub(crate) mode: LockMode,
    /// Where it was taken.
    pub(crate) location: &'static Location<'static>,
}

/// A thread has waited for a lock, perhaps for no time, while it held others or to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NestedAcquisition {
    pub(crate) thread: ThreadId,
    pub(crate) wanted: Held,
    /// How many locks the thread had taken before.
    pub(crate) number: u32,
    /// Which part of `LockLog::held` it had.
    held: (u32, u32),
    /// The acquisition as an epoch of its thread, and which of `LockLog::orders` came before it.
    slot: u32,
    epoch: u32,
    order: u32,
}

/// The data under a lock was used for the first time since the lock was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataUse {
    pub(crate) thread: ThreadId,
    pub(crate) object: ObjectId,
    /// How many events of the trace came before.
    pub(crate) after: u32,
    pub(crate) may_write: bool,
}

/// The nested acquisitions of one execution, in order.
#[derive(Default, Debug)]
pub(crate) struct LockLog {
    pub(crate) nested: Vec<NestedAcquisition>,
    held: Vec<Held>,
    /// What came before acquisitions by spawning and joining; the first `order_count` are this execution's.
    orders: Vec<Clock>,
    order_count: u32,
    /// Uses of data under locks, if the execution is traced.
    pub(crate) uses: Vec<DataUse>,
    /// Whether an acquisition is logged that is like the one before it. Only their places in a trace differ.
    pub(super) keeps_all: bool,
    /// Where the program said that the order of its locks has no cycle.
    pub(crate) asserted: Option<&'static Location<'static>>,
}

/// The `last_logged` of a thread of which nothing was logged.
pub(super) const NOTHING: u32 = u32::MAX;

/// How many are kept of one execution: one that goes on and on shows nothing new after so many.
const KEPT: usize = 10_000;

/// The `order_kept` of a thread whose clock has changed since it was kept.
pub(super) const NOT_KEPT: u32 = u32::MAX;

impl LockLog {
    pub(super) fn clear(&mut self) {
        self.nested.clear();
        self.held.clear();
        self.order_count = 0;
        self.uses.clear();
        self.asserted = None;
    }

    /// What a thread held at an acquisition.
    pub(crate) fn held(&self, acquisition: &NestedAcquisition) -> &[Held] {
        let (from, to) = acquisition.held;
        &self.held[from as usize..to as usize]
    }

    /// Whether neither has to come before the other.
    pub(crate) fn are_concurrent(&self, one: &NestedAcquisition, other: &NestedAcquisition) -> bool {
        let knows = |later: &NestedAcquisition, earlier: &NestedAcquisition| {
            let known = match later.slot == earlier.slot {
                true => later.epoch,
                false => self.orders[later.order as usize].get(earlier.slot),
            };
            known >= earlier.epoch
        };
        !knows(one, other) && !knows(other, one)
    }

    /// Whether the last acquisition that was logged of the thread was like the one that it makes now.
    #[inline]
    fn is_again(&self, thread: &Thread, wanted: Held) -> bool {
        let alike = |one: &Held, other: &Held| one.object == other.object && one.mode == other.mode;
        self.nested.get(thread.last_logged as usize).is_some_and(|last| {
            let held = self.held(last);
            alike(&last.wanted, &wanted)
                && std::ptr::eq(last.wanted.location, wanted.location)
                && held.len() == thread.held.len()
                && held.iter().zip(&thread.held).all(|(one, other)| alike(one, other))
        })
    }

    /// Keeps a clock; its number.
    fn keep_order(&mut self, order: &Clock) -> u32 {
        let number = self.order_count;
        match self.orders.get_mut(number as usize) {
            Some(kept) => kept.copy_from(order),
            None => self.orders.push(order.clone()),
        }
        self.order_count += 1;
        number
    }
}

impl Kernel {
    /// `id` has taken a lock; `waits`, if it would have waited for it.
    #[inline]
    pub(crate) fn note_taken(
        &mut self,
        id: ThreadId,
        object: ObjectId,
        mode: LockMode,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        let taken = Held { object, mode, location };
        if waits && !self.threads[id.index()].held.is_empty() {
            self.log_acquisition(id, taken);
        }
        let thread = &mut self.threads[id.index()];
        thread.locks_taken += 1;
        thread.held.push(taken);
    }

    /// `id` has taken a reader-writer lock for writing; `waits`, if it would have waited for it.
    pub(crate) fn note_taken_to_write(
        &mut self,
        id: ThreadId,
        object: ObjectId,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        if waits && self.threads[id.index()].held.is_empty() {
            self.log_acquisition(id, Held { object, mode: LockMode::Exclusive, location });
        }
        self.note_taken(id, object, LockMode::Exclusive, location, waits);
    }

    fn log_acquisition(&mut self, id: ThreadId, wanted: Held) {
        let log = &mut self.locks;
        let thread = &mut self.threads[id.index()];
        if log.nested.len() >= KEPT || !log.keeps_all && log.is_again(thread, wanted) {
            return;
        }
        if thread.order_kept == NOT_KEPT {
            thread.order_kept = log.keep_order(&thread.order);
        }
        let from = log.held.len() as u32;
        log.held.extend_from_slice(&thread.held);
        thread.last_logged = log.nested.len() as u32;
        log.nested.push(NestedAcquisition {
            thread: id,
            wanted,
            number: thread.locks_taken,
            held: (from, log.held.len() as u32),
            slot: thread.slot,
            epoch: thread.epoch,
            order: thread.order_kept,
        });
    }

    /// `id` has waited for `ended` to end.
    pub(crate) fn follow_joined(&mut self, id: ThreadId, ended: ThreadId) {
        let (slot, epoch) = (self.thread(ended).slot, self.thread(ended).epoch);
        let order = std::mem::take(&mut self.thread_mut(ended).order);
        let waited = self.thread_mut(id);
        waited.order_kept = NOT_KEPT;
        let own = &mut waited.order;
        own.join(&order);
        own.set(slot, own.get(slot).max(epoch));
        self.thread_mut(ended).order = order;
    }

    /// `id` has given a lock up, or somebody for it.
    #[inline]
    pub(crate) fn note_given(&mut self, id: ThreadId, object: ObjectId) {
        let held = &mut self.threads[id.index()].held;
        if let Some(at) = held.iter().rposition(|held| held.object == object) {
            held.swap_remove(at);
        }
    }
}
