//! Reader-writer lock: one writer or any number of readers; the scheduler chooses who goes first.

use std::panic::Location;

use crate::rt::basis::Basis;
use crate::rt::kernel::Kernel;
use crate::rt::locks::LockMode;
use crate::rt::object::{Entry, ObjectKind};
use crate::rt::op::{Choice, ObjectId, Op, OpKind, ThreadId};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity};

/// A reader-writer lock; the readers are the object's entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RwLockState {
    pub(crate) writer: Option<Holder>,
    pub(crate) poisoned: bool,
    /// How many writers have come and wait, as far as that is asked.
    pub(crate) waiting: u32,
    /// Whether there was a reader, and whether a writer.
    used: (bool, bool),
}

/// As the argument of `ReadLock`: also waits for writers that wait.
pub(crate) const BEHIND_WRITERS: u32 = 1;

/// As the argument of `WriteLock`: the writer is among those that wait.
pub(crate) const ANNOUNCED: u32 = 1;

impl RwLockState {
    pub(super) fn permits(&self, readers: &[Entry], op: &Op) -> bool {
        let is_free = self.writer.is_none();
        match op.kind {
            OpKind::ReadLock => is_free && (op.argument != BEHIND_WRITERS || self.waiting == 0),
            OpKind::ArriveToRead => is_free && self.waiting > 0,
            _ => is_free && readers.is_empty(),
        }
    }

    pub(super) fn holders(&self, readers: &[Entry]) -> Vec<Holder> {
        self.writer.into_iter().chain(readers.iter().map(Holder::from)).collect()
    }
}

impl Kernel {
    pub(crate) fn rwlock(&mut self, object: ObjectId) -> &mut RwLockState {
        match &mut self.objects.get_mut(object).state {
            State::RwLock(state) => state,
            other => unreachable!("a reader-writer lock object holds {other:?}"),
        }
    }

    /// Somebody comes to read or to write. Whether readers may have to wait behind writers that wait.
    fn allows_waiting_writer(&mut self, object: ObjectId, writes: bool) -> bool {
        let used = &mut self.rwlock(object).used;
        *used = (used.0 || !writes, used.1 || writes);
        if *used == (true, true) {
            self.basis.add(Basis::WAITING_WRITER);
        }
        self.limits.spurious > 0
    }

    fn add_reader(
        &mut self,
        object: ObjectId,
        thread: ThreadId,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        self.note_taken(thread, object, LockMode::Shared, location, waits);
        self.entries_mut(object).push(Entry { thread, location, flags: 0 });
        self.announce_writers(object);
        self.acquire(thread, object);
        self.recheck(object);
    }

    /// Somebody has taken the lock. Writers that have come while it was free wait from now on, too.
    fn announce_writers(&mut self, object: ObjectId) {
        let is_asked = !self.limits.directed && self.limits.spurious > 0;
        if !is_asked || self.objects.get(object).waiting.is_empty() {
            return;
        }
        let mut come = 0;
        for lane in self.objects.get(object).waiting.iter() {
            let thread = self.lanes[lane as usize];
            let pending = &mut self.threads[thread.index()].pending;
            if pending.kind == OpKind::WriteLock && pending.argument != ANNOUNCED {
                pending.argument = ANNOUNCED;
                come += 1;
            }
        }
        self.rwlock(object).waiting += come;
    }

    fn set_writer(
        &mut self,
        object: ObjectId,
        thread: ThreadId,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        self.note_taken_to_write(thread, object, location, waits);
        self.rwlock(object).writer = Some(Holder { thread, location });
        self.announce_writers(object);
        self.acquire(thread, object);
        self.recheck(object);
    }
}

/// Whether the running attempt of a reader that could have the lock fails because of writers that wait, if there are any: a
/// choice. A director has made it before.
fn fails_behind_writers(execution: &mut Execution, object: ObjectId) -> bool {
    let RwLockState { writer, waiting, .. } = *execution.kernel.rwlock(object);
    let has_occasion = writer.is_none() && waiting > 0 && !execution.kernel.limits.directed;
    let fails = has_occasion && Current::of(execution).takes_liberty(Choice::WaitingWriter);
    if fails {
        execution.kernel.note_failed(0);
    }
    fails
}

impl Current {
    /// The object of a reader-writer lock, registered at its first use.
    pub(crate) fn rwlock_object(self, lock: &Identity, poisoned: impl FnOnce() -> bool) -> ObjectId {
        self.object(lock, ObjectKind::RwLock, || {
            State::RwLock(RwLockState {
                writer: None,
                poisoned: poisoned(),
                waiting: 0,
                used: (false, false),
            })
        })
    }

    /// Waits until there is no writer and becomes a reader. Returns whether the lock is poisoned.
    ///
    /// std allows that the reader waits behind writers that wait, where those only wait for other readers. If a director decides,
    /// it says so beforehand, and the reader comes in an operation of its own, at a moment at which a writer waits: what
    /// the reader finds at others makes no difference, and does not have to be told apart. Otherwise a reader that could have
    /// had the lock waits once more.
    pub(crate) fn rwlock_read(mut self, object: ObjectId, location: &'static Location<'static>) -> bool {
        let is_directed = self.kernel().limits.directed;
        let may_wait = self.kernel().allows_waiting_writer(object, false);
        let behind = Op { argument: BEHIND_WRITERS, ..Op::new(OpKind::ReadLock, object, location) };
        let take = |execution: &mut Execution, thread| {
            execution.kernel.add_reader(object, thread, location, true);
            execution.kernel.rwlock(object).poisoned
        };
        if may_wait && is_directed {
            if !self.takes_liberty(Choice::WaitingWriter) {
                return self.op(Op::new(OpKind::ReadLock, object, location), take);
            }
            self.op(Op::new(OpKind::ArriveToRead, object, location), |execution, _| {
                let waiting = execution.kernel.rwlock(object).waiting;
                execution.kernel.found(u64::from(waiting));
            });
            return self.op(behind, take);
        }
        let taken = self.op(Op::new(OpKind::ReadLock, object, location), |execution, thread| {
            if fails_behind_writers(execution, object) {
                return None;
            }
            Some(take(execution, thread))
        });
        taken.unwrap_or_else(|| self.op(behind, take))
    }

    /// Counts a writer that has just come among those that wait, if that may matter to readers. Whether it is.
    fn announces_write(mut self, object: ObjectId, location: &'static Location<'static>) -> bool {
        if !self.kernel().allows_waiting_writer(object, true) {
            return false;
        }
        if self.kernel().limits.directed {
            self.op(Op::new(OpKind::AnnounceWrite, object, location), |execution, _| {
                execution.kernel.rwlock(object).waiting += 1;
                // Readers that wait behind writers may have to wait again.
                execution.kernel.recheck(object);
            });
            return true;
        }
        let is_free =
            self.kernel().rwlock(object).writer.is_none() && self.kernel().entries_mut(object).is_empty();
        if !is_free {
            self.kernel().rwlock(object).waiting += 1;
            self.kernel().recheck(object);
        }
        !is_free
    }

    /// Becomes a reader if there is no writer: `Some(poisoned)`. std allows that it does not if a writer waits, either.
    pub(crate) fn rwlock_try_read(
        mut self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        let may_fail = self.kernel().allows_waiting_writer(object, false);
        if may_fail && self.kernel().limits.directed && self.takes_liberty(Choice::WaitingWriter) {
            return self.op(Op::new(OpKind::ArriveToRead, object, location), |execution, _| {
                execution.kernel.note_failed(0);
                None
            });
        }
        self.op(Op::new(OpKind::TryReadLock, object, location), |execution, thread| {
            if fails_behind_writers(execution, object) {
                return None;
            }
            let state = *execution.kernel.rwlock(object);
            if execution.kernel.shown.take().is_some() || state.writer.is_some() {
                execution.kernel.note_failed(0);
                return None;
            }
            execution.kernel.add_reader(object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// Waits until nobody has the lock and becomes the writer. Returns whether the lock is poisoned.
    pub(crate) fn rwlock_write(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        let argument = if self.announces_write(object, location) { ANNOUNCED } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::WriteLock, object, location) };
        self.op(op, |execution, thread| {
            // It may have been announced since.
            let argument = execution.kernel.thread(thread).pending.argument;
            execution.kernel.rwlock(object).waiting -= argument;
            execution.kernel.set_writer(object, thread, location, true);
            execution.kernel.rwlock(object).poisoned
        })
    }

    /// Becomes the writer if nobody has the lock: `Some(poisoned)`.
    pub(crate) fn rwlock_try_write(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        self.op(Op::new(OpKind::TryWriteLock, object, location), |execution, thread| {
            let state = *execution.kernel.rwlock(object);
            let is_held = state.writer.is_some() || !execution.kernel.entries_mut(object).is_empty();
            if execution.kernel.shown.take().is_some() || is_held {
                execution.kernel.note_failed(0);
                return None;
            }
            execution.kernel.set_writer(object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// A reader leaves, and with it the real one; `location` is where it became one.
    pub(crate) fn rwlock_read_unlock(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        self.op(Op::new(OpKind::ReadUnlock, object, location), |execution, thread| {
            release_real();
            let readers = execution.kernel.entries_mut(object);
            // A guard may be dropped by another thread than the one that took it.
            let own = readers.iter().rposition(|r| r.thread == thread && r.location == location);
            if let Some(index) = own.or_else(|| readers.iter().rposition(|r| r.location == location)) {
                readers.remove(index);
            }
            execution.kernel.note_given(thread, object);
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The writer leaves, and with it the real one; `poison` if it panicked while it held the lock, `changed` if the data may
    /// be other than before.
    pub(crate) fn rwlock_write_unlock(
        self,
        object: ObjectId,
        poison: bool,
        changed: bool,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        let argument = u32::from(poison | changed);
        let op = Op { argument, ..Op::new(OpKind::WriteUnlock, object, location) };
        self.op(op, |execution, thread| {
            release_real();
            let state = execution.kernel.rwlock(object);
            state.writer = None;
            state.poisoned |= poison;
            execution.kernel.note_given(thread, object);
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The writer becomes a reader, with no other writer in between.
    pub(crate) fn rwlock_downgrade(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Downgrade, object, location), |execution, thread| {
            execution.kernel.rwlock(object).writer = None;
            execution.kernel.release(thread, object);
            execution.kernel.note_given(thread, object);
            execution.kernel.add_reader(object, thread, location, false);
        });
    }
}
