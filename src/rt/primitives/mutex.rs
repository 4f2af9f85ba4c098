//! Mutex: one owner. Who gets it next is the scheduler's choice among those that wait.

use std::panic::Location;

use super::poison::poison_and_change;
use crate::rt::kernel::Kernel;
use crate::rt::objects::{MutexState, State};
use crate::rt::op::key::ObjectKind;
use crate::rt::op::lock::{Held, LockMode};
use crate::rt::op::outcome::Holder;
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::{Current, Identity};

/// `thread` becomes the owner; `waits`, if it would have waited for that. Whether the mutex is poisoned.
#[inline]
pub(super) fn take_mutex(
    kernel: &mut Kernel,
    object: ObjectId,
    thread: ThreadId,
    location: &'static Location<'static>,
    waits: bool,
) -> bool {
    let state: &mut MutexState = kernel.objects.state_mut(object);
    state.owner = Some(Holder { thread, location });
    let poisoned = state.poisoned;
    kernel.note_taken(thread, Held { object, mode: LockMode::Exclusive, location }, waits);
    kernel.acquire(thread, object);
    kernel.recheck(object);
    poisoned
}

/// `thread` gives the mutex up.
#[inline]
pub(super) fn give_mutex(kernel: &mut Kernel, object: ObjectId, thread: ThreadId) {
    kernel.objects.state_mut::<MutexState>(object).owner = None;
    kernel.locks.given(thread, object);
    kernel.release_owned(thread, object);
    kernel.recheck(object);
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
            take_mutex(&mut execution.kernel, object, thread, location, true)
        })
    }

    /// Takes the mutex if it is free: `Some(poisoned)`.
    pub(crate) fn mutex_try_lock(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        self.op(Op::new(OpKind::TryLock, object, location), |execution, thread| {
            let state: MutexState = *execution.kernel.objects.state_mut(object);
            if execution.kernel.shown.take().is_some() || state.owner.is_some() {
                execution.kernel.note_failed(0);
                return None;
            }
            Some(take_mutex(&mut execution.kernel, object, thread, location, false))
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
        let op =
            Op { argument: poison_and_change(poison, changed), ..Op::new(OpKind::Unlock, object, location) };
        self.op(op, |execution, thread| {
            release_real();
            execution.kernel.objects.state_mut::<MutexState>(object).poisoned |= poison;
            give_mutex(&mut execution.kernel, object, thread);
        });
    }
}
