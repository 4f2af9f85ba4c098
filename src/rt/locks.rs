//! Which locks a thread holds, and what it waited for while it held others: what lock-order detection is fed with.
//!
//! An acquisition by a thread that holds nothing is a push; one while others are held is logged with them, and with a
//! clock that knows what comes before what by spawning and joining alone. The order that locks themselves make is left
//! out of it: in another execution it may be another.

use std::panic::Location;

use super::clock::Clock;
use super::kernel::Kernel;
use super::op::{ObjectId, ThreadId};

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

/// A thread has waited for a lock, perhaps for no time, while it held others.
#[derive(Clone, Debug)]
pub(crate) struct NestedAcquisition {
    pub(crate) thread: ThreadId,
    pub(crate) wanted: Held,
    /// How many locks the thread had taken before.
    pub(crate) number: u32,
    /// Which part of `LockLog::held` it had.
    held: (u32, u32),
    /// The acquisition as an epoch of its thread, and what came before it.
    slot: u32,
    epoch: u32,
    order: Clock,
}

impl NestedAcquisition {
    /// Whether neither has to come before the other.
    pub(crate) fn is_concurrent_with(&self, other: &NestedAcquisition) -> bool {
        let knows = |later: &NestedAcquisition, earlier: &NestedAcquisition| {
            later.order.get(earlier.slot) >= earlier.epoch
        };
        !knows(self, other) && !knows(other, self)
    }
}

/// The nested acquisitions of one execution, in order.
#[derive(Default, Debug)]
pub(crate) struct LockLog {
    pub(crate) nested: Vec<NestedAcquisition>,
    held: Vec<Held>,
}

/// How many are kept of one execution: one that goes on and on shows nothing new after so many.
const KEPT: usize = 10_000;

impl LockLog {
    pub(super) fn clear(&mut self) {
        self.nested.clear();
        self.held.clear();
    }

    /// What a thread held at an acquisition.
    pub(crate) fn held(&self, acquisition: &NestedAcquisition) -> &[Held] {
        let (from, to) = acquisition.held;
        &self.held[from as usize..to as usize]
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
        let thread = &mut self.threads[id.index()];
        if waits && !thread.held.is_empty() && self.locks.nested.len() < KEPT {
            let log = &mut self.locks;
            let from = log.held.len() as u32;
            log.held.extend_from_slice(&thread.held);
            let (slot, epoch) = (thread.slot, thread.epoch);
            let mut order = thread.order.clone();
            order.set(slot, epoch);
            let held = (from, log.held.len() as u32);
            let number = thread.locks_taken;
            log.nested.push(NestedAcquisition {
                thread: id,
                wanted: taken,
                number,
                held,
                slot,
                epoch,
                order,
            });
        }
        thread.locks_taken += 1;
        thread.held.push(taken);
    }

    /// `id` has waited for `ended` to end.
    pub(crate) fn follow_joined(&mut self, id: ThreadId, ended: ThreadId) {
        let (slot, epoch) = (self.thread(ended).slot, self.thread(ended).epoch);
        let order = std::mem::take(&mut self.thread_mut(ended).order);
        let own = &mut self.thread_mut(id).order;
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
