//! Which locks a thread or a task holds, and what it waited for while it held others: what lock-order detection is fed with.
//!
//! std's locks are held by threads, tokio's by the task that has taken them; the future of a `block_on` is its thread's. An
//! acquisition by a holder that has nothing is a push; one while others are held is logged with them. What comes before what
//! by spawning and joining is a list of these events. The order that locks themselves make is left out of it: in another
//! execution it may be another. An acquisition is not logged again that is like the holder's last one, as in a loop.
//! A holder that waits to write is logged also if it has nothing: readers may come to wait behind it.

use std::panic::Location;

use crate::rt::op::lock::{Held, LockMode};
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::tasks::TaskId;

/// Who holds locks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Holder {
    Thread(ThreadId),
    /// The number of a task.
    Task(u64),
}

/// Where locks are held: std's by a thread; tokio's by a task, which has this place and number, or by a thread outside of all that
/// were spawned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Thread(ThreadId),
    Future(ThreadId),
    Task(TaskId, u64),
}

impl Place {
    pub(crate) fn holder(self) -> Holder {
        match self {
            Place::Thread(thread) | Place::Future(thread) => Holder::Thread(thread),
            Place::Task(_, number) => Holder::Task(number),
        }
    }
}

/// Has waited for a lock, perhaps for no time, while it held others or to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NestedAcquisition {
    pub(crate) holder: Holder,
    pub(crate) wanted: Held,
    /// How many locks the holder had taken before.
    pub(crate) number: u32,
    /// Which part of `LockLog::held` it had.
    held: (u32, u32),
    /// How many of `LockLog::orders` came before.
    pub(crate) after: u32,
    /// Whether it is one of tokio's.
    pub(crate) is_awaited: bool,
}

/// From here on all of `later` comes after what `earlier` has done so far: it was spawned by it, or has joined it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) earlier: Holder,
    pub(crate) later: Holder,
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

/// The locks of one holder.
#[derive(Default, Debug)]
struct Locks {
    held: Vec<Held>,
    /// How many it has taken.
    taken: u32,
    /// One more than which in the log is its last acquisition there; 0 if it has none.
    last_logged: u32,
}

impl Locks {
    fn clear(&mut self) {
        self.held.clear();
        (self.taken, self.last_logged) = (0, 0);
    }

    /// The lock, if it had it.
    #[inline(always)]
    fn give(&mut self, object: ObjectId) -> Option<Held> {
        let at = self.held.iter().rposition(|held| held.object == object)?;
        Some(self.held.swap_remove(at))
    }
}

/// The nested acquisitions of one execution, in order.
#[derive(Default, Debug)]
pub(crate) struct LockLog {
    /// std's locks by thread; tokio's by thread, for futures of `block_on`, and by the place of a task. Their memory is kept for the
    /// next execution.
    of_threads: Vec<Locks>,
    of_futures: Vec<Locks>,
    of_tasks: Vec<Locks>,
    /// How many threads, and how many places of tasks, this execution has had so far. What stands behind is of earlier ones.
    threads: usize,
    places: usize,
    pub(crate) nested: Vec<NestedAcquisition>,
    held: Vec<Held>,
    /// What comes before what by spawning and joining, in order.
    pub(crate) orders: Vec<Order>,
    /// Uses of data under locks, if the execution is traced.
    pub(crate) uses: Vec<DataUse>,
    /// Whether an acquisition is logged that is like the one before it. Only their places in a trace differ.
    pub(in crate::rt) keeps_all: bool,
    /// Where the program said that the order of its locks has no cycle.
    pub(crate) asserted: Option<&'static Location<'static>>,
}

/// How many acquisitions are kept of one execution, and how many spawns and joins: one that goes on and on shows nothing new
/// after so many.
const KEPT: usize = 10_000;
const ORDERS_KEPT: usize = 50_000;

impl LockLog {
    pub(in crate::rt) fn clear(&mut self) {
        (self.threads, self.places) = (0, 0);
        self.nested.clear();
        self.held.clear();
        self.orders.clear();
        self.uses.clear();
        self.asserted = None;
    }

    /// What a holder had at an acquisition.
    pub(crate) fn held(&self, acquisition: &NestedAcquisition) -> &[Held] {
        let (from, to) = acquisition.held;
        &self.held[from as usize..to as usize]
    }

    /// Whether the last acquisition that was logged of the holder was like the one that it makes now.
    #[inline]
    fn is_again(&self, locks: &Locks, wanted: Held) -> bool {
        let alike = |one: &Held, other: &Held| one.object == other.object && one.mode == other.mode;
        let last = (locks.last_logged as usize).checked_sub(1).and_then(|last| self.nested.get(last));
        last.is_some_and(|last| {
            let held = self.held(last);
            alike(&last.wanted, &wanted)
                && std::ptr::eq(last.wanted.location, wanted.location)
                && held.len() == locks.held.len()
                && held.iter().zip(&locks.held).all(|(one, other)| alike(one, other))
        })
    }

    /// A thread begins.
    pub(in crate::rt) fn begun(&mut self, thread: ThreadId) {
        self.threads = self.threads.max(thread.index() + 1);
        begin(&mut self.of_threads, thread.index());
        begin(&mut self.of_futures, thread.index());
    }

    /// A task is made, in this place.
    pub(in crate::rt) fn made(&mut self, place: TaskId) {
        self.places = self.places.max(place.index() + 1);
        begin(&mut self.of_tasks, place.index());
    }

    /// What `earlier` has done so far comes before all that `later` does from now on.
    #[inline]
    pub(in crate::rt) fn ordered(&mut self, earlier: Holder, later: Holder) {
        if self.orders.len() < ORDERS_KEPT {
            self.orders.push(Order { earlier, later });
        }
    }

    /// std's locks that a thread has.
    pub(crate) fn held_by(&self, thread: ThreadId) -> &[Held] {
        &self.of_threads[thread.index()].held
    }

    /// How many of std's locks a thread has taken.
    pub(crate) fn taken_by(&self, thread: ThreadId) -> u32 {
        self.of_threads[thread.index()].taken
    }

    /// The locks that are held there, and how many were taken.
    pub(crate) fn held_at(&self, place: Place) -> (&[Held], u32) {
        let locks = match place {
            Place::Thread(thread) => &self.of_threads[thread.index()],
            Place::Future(thread) => &self.of_futures[thread.index()],
            Place::Task(task, _) => &self.of_tasks[task.index()],
        };
        (&locks.held, locks.taken)
    }

    /// A thread has taken one of std's locks; `waits`, if it would have waited for it.
    #[inline]
    pub(in crate::rt) fn taken(&mut self, thread: ThreadId, taken: Held, waits: bool) {
        let locks = &mut self.of_threads[thread.index()];
        if !waits || locks.held.is_empty() {
            return push(locks, taken);
        }
        self.log(Place::Thread(thread), taken);
        push(&mut self.of_threads[thread.index()], taken);
    }

    /// As `taken`, of a reader-writer lock that was taken for writing.
    pub(in crate::rt) fn taken_to_write(&mut self, thread: ThreadId, taken: Held, waits: bool) {
        if waits {
            self.log(Place::Thread(thread), taken);
        }
        push(&mut self.of_threads[thread.index()], taken);
    }

    /// One of tokio's locks was taken. `may_block_readers`: readers wait behind those that wait to take it so.
    pub(in crate::rt) fn awaited(&mut self, place: Place, taken: Held, waits: bool, may_block_readers: bool) {
        if waits && (may_block_readers || !self.held_at(place).0.is_empty()) {
            self.log(place, taken);
        }
        push(self.at(place), taken);
    }

    fn at(&mut self, place: Place) -> &mut Locks {
        match place {
            Place::Thread(thread) => &mut self.of_threads[thread.index()],
            Place::Future(thread) => &mut self.of_futures[thread.index()],
            Place::Task(task, _) => &mut self.of_tasks[task.index()],
        }
    }

    #[inline(never)]
    fn log(&mut self, place: Place, wanted: Held) {
        let mut locks = std::mem::take(self.at(place));
        let is_full = self.nested.len() >= KEPT || self.orders.len() >= ORDERS_KEPT;
        if !is_full && (self.keeps_all || !self.is_again(&locks, wanted)) {
            let from = self.held.len() as u32;
            self.held.extend_from_slice(&locks.held);
            self.nested.push(NestedAcquisition {
                holder: place.holder(),
                wanted,
                number: locks.taken,
                held: (from, self.held.len() as u32),
                after: self.orders.len() as u32,
                is_awaited: !matches!(place, Place::Thread(_)),
            });
            locks.last_logged = self.nested.len() as u32;
        }
        *self.at(place) = locks;
    }

    /// A thread has given one of std's locks up, or somebody for it.
    #[inline]
    pub(in crate::rt) fn given(&mut self, thread: ThreadId, object: ObjectId) {
        self.of_threads[thread.index()].give(object);
    }

    /// One of tokio's locks was given up, there or for another that has it: of several that read, the first. `becomes`: it is held
    /// in that way from now on.
    pub(in crate::rt) fn given_up(&mut self, place: Place, object: ObjectId, becomes: Option<LockMode>) {
        let has = |locks: &Locks| locks.held.iter().any(|held| held.object == object);
        let mut locks = self.at(place);
        if !has(locks) {
            let (tasks, futures) = (&mut self.of_tasks[..self.places], &mut self.of_futures[..self.threads]);
            let Some(other) = tasks.iter_mut().chain(futures).find(|locks| has(locks)) else { return };
            locks = other;
        }
        let given = locks.give(object);
        if let (Some(held), Some(mode)) = (given, becomes) {
            locks.held.push(Held { mode, ..held });
        }
    }
}

fn begin(all: &mut Vec<Locks>, index: usize) {
    while all.len() <= index {
        all.push(Locks::default());
    }
    all[index].clear();
}

#[inline]
fn push(locks: &mut Locks, taken: Held) {
    locks.taken += 1;
    locks.held.push(taken);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guard may be dropped elsewhere than it was taken: who holds it is looked for among those of this execution.
    #[test]
    fn what_an_earlier_execution_has_left_is_not_given_up() {
        let held = Held { object: ObjectId(7), mode: LockMode::Exclusive, location: Location::caller() };
        let (task, future) = (Place::Task(TaskId(0), 1), Place::Future(ThreadId(0)));
        let mut log = LockLog::default();
        log.begun(ThreadId(0));
        log.made(TaskId(0));
        log.awaited(task, held, true, false);
        log.clear();
        log.begun(ThreadId(0));
        log.begun(ThreadId(1));
        log.awaited(future, held, true, false);
        log.given_up(Place::Future(ThreadId(1)), held.object, None);
        assert!(log.held_at(future).0.is_empty());
    }
}
