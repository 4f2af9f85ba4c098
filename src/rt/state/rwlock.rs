//! Reader-writer lock: one writer or any number of readers; the scheduler chooses who goes first.

use std::panic::Location;

use crate::rt::kernel::Kernel;
use crate::rt::locks::LockMode;
use crate::rt::object::{Entry, ObjectKind};
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Identity};

/// A reader-writer lock; the readers are the object's entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RwLockState {
    pub(crate) writer: Option<Holder>,
    pub(crate) poisoned: bool,
}

impl RwLockState {
    pub(super) fn permits(&self, readers: &[Entry], op: &Op) -> bool {
        self.writer.is_none() && (op.kind == OpKind::ReadLock || readers.is_empty())
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

    fn add_reader(
        &mut self,
        object: ObjectId,
        thread: ThreadId,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        self.note_taken(thread, object, LockMode::Shared, location, waits);
        self.entries_mut(object).push(Entry { thread, location, flags: 0 });
        self.acquire(thread, object);
        self.recheck(object);
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
        self.acquire(thread, object);
        self.recheck(object);
    }
}

impl Current {
    /// The object of a reader-writer lock, registered at its first use.
    pub(crate) fn rwlock_object(self, lock: &Identity, poisoned: impl FnOnce() -> bool) -> ObjectId {
        self.object(lock, ObjectKind::RwLock, || {
            State::RwLock(RwLockState { writer: None, poisoned: poisoned() })
        })
    }

    /// Waits until there is no writer and becomes a reader. Returns whether the lock is poisoned.
    pub(crate) fn rwlock_read(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::ReadLock, object, location), |execution, thread| {
            execution.kernel.add_reader(object, thread, location, true);
            execution.kernel.rwlock(object).poisoned
        })
    }

    /// Becomes a reader if there is no writer: `Some(poisoned)`.
    pub(crate) fn rwlock_try_read(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        self.op(Op::new(OpKind::TryReadLock, object, location), |execution, thread| {
            let state = *execution.kernel.rwlock(object);
            if state.writer.is_some() {
                execution.kernel.note_failed(0);
                return None;
            }
            execution.kernel.add_reader(object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// Waits until nobody has the lock and becomes the writer. Returns whether the lock is poisoned.
    pub(crate) fn rwlock_write(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::WriteLock, object, location), |execution, thread| {
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
            if state.writer.is_some() || !execution.kernel.entries_mut(object).is_empty() {
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

    /// The writer leaves, and with it the real one; `poison` if it panicked while it held the lock.
    pub(crate) fn rwlock_write_unlock(
        self,
        object: ObjectId,
        poison: bool,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        self.op(Op::new(OpKind::WriteUnlock, object, location), |execution, thread| {
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
