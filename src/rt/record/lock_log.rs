//! Which locks a thread holds, and what it waited for while it held others: what lock-order detection is fed with.
//!
//! An acquisition by a thread that holds nothing is a push; one while others are held is logged with them, and with a
//! clock that knows what comes before what by spawning and joining alone. The order that locks themselves make is left
//! out of it: in another execution it may be another. The clock of a thread changes rarely, and is kept once until it
//! does; nor is an acquisition logged again that is like the thread's last one, as in a loop. Whoever waits to write is logged also if it holds nothing: readers may come to wait behind it.

use std::panic::Location;

use crate::rt::clocks::clock::Clock;
use crate::rt::op::lock::Held;
use crate::rt::op::{ObjectId, ThreadId};

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

/// The locks of one thread.
#[derive(Debug)]
struct Locks {
    held: Vec<Held>,
    /// How many it has taken.
    taken: u32,
    /// What comes before by spawning and joining alone.
    order: Clock,
    /// Which of the log's clocks `order` is.
    order_kept: u32,
    /// The last of its acquisitions in the log.
    last_logged: u32,
}

/// The nested acquisitions of one execution, in order.
#[derive(Default, Debug)]
pub(crate) struct LockLog {
    /// By thread; their memory is kept for the next execution.
    of: Vec<Locks>,
    pub(crate) nested: Vec<NestedAcquisition>,
    held: Vec<Held>,
    /// What came before acquisitions by spawning and joining; the first `order_count` are this execution's.
    orders: Vec<Clock>,
    order_count: u32,
    /// Uses of data under locks, if the execution is traced.
    pub(crate) uses: Vec<DataUse>,
    /// Whether an acquisition is logged that is like the one before it. Only their places in a trace differ.
    pub(in crate::rt) keeps_all: bool,
    /// Where the program said that the order of its locks has no cycle.
    pub(crate) asserted: Option<&'static Location<'static>>,
}

/// The `last_logged` of a thread of which nothing was logged.
pub(in crate::rt) const NOTHING: u32 = u32::MAX;

/// How many are kept of one execution: one that goes on and on shows nothing new after so many.
const KEPT: usize = 10_000;

/// The `order_kept` of a thread whose clock has changed since it was kept.
pub(in crate::rt) const NOT_KEPT: u32 = u32::MAX;

impl LockLog {
    pub(in crate::rt) fn clear(&mut self) {
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
    fn is_again(&self, thread: &Locks, wanted: Held) -> bool {
        let alike = |one: &Held, other: &Held| one.object == other.object && one.mode == other.mode;
        self.nested.get(thread.last_logged as usize).is_some_and(|last| {
            let held = self.held(last);
            alike(&last.wanted, &wanted)
                && std::ptr::eq(last.wanted.location, wanted.location)
                && held.len() == thread.held.len()
                && held.iter().zip(&thread.held).all(|(one, other)| alike(one, other))
        })
    }

    /// A thread begins, and the one that spawns it, if there is one, is at this epoch.
    pub(in crate::rt) fn spawned(&mut self, id: ThreadId, parent: Option<(ThreadId, (u32, u32))>) {
        if self.of.len() == id.index() {
            let (held, order) = (Vec::new(), Clock::default());
            self.of.push(Locks { held, taken: 0, order, order_kept: NOT_KEPT, last_logged: NOTHING });
        }
        let (earlier, later) = self.of.split_at_mut(id.index());
        let locks = &mut later[0];
        locks.held.clear();
        locks.taken = 0;
        locks.order_kept = NOT_KEPT;
        locks.last_logged = NOTHING;
        match parent {
            Some((parent, (slot, epoch))) => {
                locks.order.copy_from(&earlier[parent.index()].order);
                locks.order.set(slot, epoch);
            }
            None => locks.order.clear(),
        }
    }

    /// The locks that a thread has.
    pub(crate) fn held_by(&self, id: ThreadId) -> &[Held] {
        &self.of[id.index()].held
    }

    /// How many locks a thread has taken.
    pub(crate) fn taken_by(&self, id: ThreadId) -> u32 {
        self.of[id.index()].taken
    }

    /// `id`, which is at `epoch`, has taken a lock; `waits`, if it would have waited for it.
    #[inline]
    pub(in crate::rt) fn taken(&mut self, id: ThreadId, taken: Held, waits: bool, epoch: (u32, u32)) {
        if waits && !self.of[id.index()].held.is_empty() {
            self.log(id, taken, epoch);
        }
        let locks = &mut self.of[id.index()];
        locks.taken += 1;
        locks.held.push(taken);
    }

    /// As `taken`, of a reader-writer lock that was taken for writing.
    pub(in crate::rt) fn taken_to_write(
        &mut self,
        id: ThreadId,
        taken: Held,
        waits: bool,
        epoch: (u32, u32),
    ) {
        if waits && self.of[id.index()].held.is_empty() {
            self.log(id, taken, epoch);
        }
        self.taken(id, taken, waits, epoch);
    }

    fn log(&mut self, id: ThreadId, wanted: Held, (slot, epoch): (u32, u32)) {
        let locks = &self.of[id.index()];
        if self.nested.len() >= KEPT || !self.keeps_all && self.is_again(locks, wanted) {
            return;
        }
        let mut order = locks.order_kept;
        if order == NOT_KEPT {
            let number = self.order_count;
            match self.orders.get_mut(number as usize) {
                Some(kept) => kept.copy_from(&locks.order),
                None => self.orders.push(locks.order.clone()),
            }
            self.order_count += 1;
            order = number;
        }
        let locks = &mut self.of[id.index()];
        locks.order_kept = order;
        locks.last_logged = self.nested.len() as u32;
        let from = self.held.len() as u32;
        self.held.extend_from_slice(&locks.held);
        let held = (from, self.held.len() as u32);
        self.nested.push(NestedAcquisition {
            thread: id,
            wanted,
            number: locks.taken,
            held,
            slot,
            epoch,
            order,
        });
    }

    /// `id` has waited for `ended` to end, whose last epoch this is.
    pub(in crate::rt) fn joined(&mut self, id: ThreadId, ended: ThreadId, (slot, epoch): (u32, u32)) {
        let order = std::mem::take(&mut self.of[ended.index()].order);
        let waited = &mut self.of[id.index()];
        waited.order_kept = NOT_KEPT;
        waited.order.join(&order);
        waited.order.set(slot, waited.order.get(slot).max(epoch));
        self.of[ended.index()].order = order;
    }

    /// `id` has given a lock up, or somebody for it.
    #[inline]
    pub(in crate::rt) fn given(&mut self, id: ThreadId, object: ObjectId) {
        let held = &mut self.of[id.index()].held;
        if let Some(at) = held.iter().rposition(|held| held.object == object) {
            held.swap_remove(at);
        }
    }
}
