//! What a task waits for: a flag that its waker sets. Several calls before the next wait count as one.

use std::panic::Location;

use crate::rt::object::ObjectKind;
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity};

/// Whether the waker was called since the last wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WakerState {
    pub(crate) woken: bool,
    /// Who has waited last.
    waiter: Option<ThreadId>,
    /// Whether it was the thread that has waited last who called the waker, and nobody else.
    is_own: bool,
}

impl WakerState {
    pub(super) fn permits(&self) -> bool {
        self.woken
    }
}

fn state(execution: &mut Execution, object: ObjectId) -> &mut WakerState {
    match &mut execution.kernel.objects.get_mut(object).state {
        State::Waker(state) => state,
        other => unreachable!("a waker object holds {other:?}"),
    }
}

impl Current {
    /// The object of a waker, registered at its first use.
    pub(crate) fn waker_object(self, waker: &Identity) -> ObjectId {
        self.object(waker, ObjectKind::Waker, || {
            State::Waker(WakerState { woken: false, waiter: None, is_own: false })
        })
    }

    /// Waits until the waker is called.
    pub(crate) fn await_wake(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::AwaitWake, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            let waker = state(execution, object);
            (waker.woken, waker.waiter) = (false, Some(thread));
            if waker.is_own {
                execution.kernel.note_own_wake();
            }
        });
    }

    /// Calls the waker.
    pub(crate) fn wake(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Wake, object, location), |execution, thread| {
            execution.kernel.release(thread, object);
            let waker = state(execution, object);
            let is_own = waker.waiter == Some(thread);
            waker.is_own = is_own && (waker.is_own || !waker.woken);
            waker.woken = true;
            execution.kernel.recheck(object);
            if is_own {
                execution.kernel.found(0);
            }
        });
    }
}
