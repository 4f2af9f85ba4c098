//! Mutex: one owner. Who gets it next is the scheduler's choice among those that wait.

use std::panic::Location;

use crate::rt::kernel::Kernel;
use crate::rt::locks::LockMode;
use crate::rt::object::ObjectKind;
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Identity};

/// A mutex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexState {
    pub(crate) owner: Option<Holder>,
    pub(crate) poisoned: bool,
}

impl MutexState {
    #[inline]
    pub(super) fn permits(&self) -> bool {
        self.owner.is_none()
    }
}

impl Kernel {
    #[inline]
    pub(crate) fn mutex(&mut self, object: ObjectId) -> &mut MutexState {
        match &mut self.objects.get_mut(object).state {
            State::Mutex(state) => state,
            other => unreachable!("a mutex object holds {other:?}"),
        }
    }

    /// `thread` becomes the owner; `waits`, if it would have waited for that.
    #[inline]
    pub(crate) fn take_mutex(
        &mut self,
        object: ObjectId,
        thread: ThreadId,
        location: &'static Location<'static>,
        waits: bool,
    ) {
        self.mutex(object).owner = Some(Holder { thread, location });
        self.note_taken(thread, object, LockMode::Exclusive, location, waits);
        self.acquire(thread, object);
        self.recheck(object);
    }

    /// `thread` gives the mutex up.
    #[inline]
    pub(crate) fn give_mutex(&mut self, object: ObjectId, thread: ThreadId) {
        self.mutex(object).owner = None;
        self.note_given(thread, object);
        self.release_owned(thread, object);
        self.recheck(object);
    }
}

impl Current {
    /// The object of a mutex, registered at its first use.
    #[inline]
    pub(crate) fn mutex_object(self, mutex: &Identity, poisoned: impl FnOnce() -> bool) -> ObjectId {
        self.object(mutex, ObjectKind::Mutex, || {
            State::Mutex(MutexState { owner: None, poisoned: poisoned() })
        })
    }

    /// Waits until the mutex is free and takes it. Returns whether it is poisoned.
    #[inline(always)]
    pub(crate) fn mutex_lock(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::Lock, object, location), |execution, thread| {
            execution.kernel.take_mutex(object, thread, location, true);
            execution.kernel.mutex(object).poisoned
        })
    }

    /// Takes the mutex if it is free: `Some(poisoned)`.
    pub(crate) fn mutex_try_lock(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        self.op(Op::new(OpKind::TryLock, object, location), |execution, thread| {
            let state = *execution.kernel.mutex(object);
            if execution.kernel.shown.take().is_some() || state.owner.is_some() {
                execution.kernel.note_failed(0);
                return None;
            }
            execution.kernel.take_mutex(object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// Releases the mutex, and with it the real one; `poison` if its owner panicked while it held it, `changed` if the data
    /// may be other than before.
    #[inline(always)]
    pub(crate) fn mutex_unlock(
        self,
        object: ObjectId,
        poison: bool,
        changed: bool,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        let op = Op { argument: u32::from(poison | changed), ..Op::new(OpKind::Unlock, object, location) };
        self.op(op, |execution, thread| {
            release_real();
            execution.kernel.mutex(object).poisoned |= poison;
            execution.kernel.give_mutex(object, thread);
        });
    }
}
