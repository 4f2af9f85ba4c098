//! What a task waits for: a flag that its waker sets. Several calls before the next wait count as one.

use std::panic::Location;

use crate::rt::object::ObjectKind;
use crate::rt::op::{ObjectId, Op, OpKind};
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity};

/// Whether the waker was called since the last wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WakerState {
    pub(crate) woken: bool,
}

impl WakerState {
    pub(super) fn permits(&self) -> bool {
        self.woken
    }
}

fn set(execution: &mut Execution, object: ObjectId, woken: bool) {
    match &mut execution.kernel.objects.get_mut(object).state {
        State::Waker(state) => state.woken = woken,
        other => unreachable!("a waker object holds {other:?}"),
    }
}

impl Current {
    /// The object of a waker, registered at its first use.
    pub(crate) fn waker_object(self, waker: &Identity) -> ObjectId {
        self.object(waker, ObjectKind::Waker, || State::Waker(WakerState { woken: false }))
    }

    /// Waits until the waker is called.
    pub(crate) fn await_wake(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::AwaitWake, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            set(execution, object, false);
        });
    }

    /// Calls the waker.
    pub(crate) fn wake(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Wake, object, location), |execution, thread| {
            execution.kernel.release(thread, object);
            set(execution, object, true);
            execution.kernel.recheck(object);
        });
    }
}
