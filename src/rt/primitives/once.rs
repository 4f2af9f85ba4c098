//! One-time initialization: whoever enters first runs it, the others wait for the end.
//!
//! What was made is known here by its address, so that a `OnceLock` or `LazyLock` in a static is empty again
//! in the next execution, and several workers can each have their own value of it.

use std::panic::Location;

use crate::rt::objects::{Made, OncePhase, OnceState, State};
use crate::rt::op::key::ObjectKind;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{ONCE_COMPLETE, ONCE_IGNORES_POISON, ONCE_INCOMPLETE, ONCE_POISONED, ONCE_SETS};
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::registry::image;
use crate::rt::{Current, Execution, Identity};

/// What a thread finds when it enters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnceEntry {
    /// Done already; with the address of what was made, or null.
    Complete(*mut ()),
    /// This thread runs the initialization, and then leaves.
    Run {
        /// Whether an earlier attempt panicked.
        poisoned: bool,
    },
    /// An earlier attempt panicked, and the thread does not ignore it.
    Poisoned,
}

fn leave(execution: &mut Execution, thread: ThreadId, object: ObjectId, end: OncePhase) {
    execution.kernel.release(thread, object);
    let model = execution.kernel.objects.state_mut::<OnceState>(object);
    model.phase = end;
    if model.outlives && matches!(end, OncePhase::Complete(Some(_))) {
        execution.keep(object);
    }
    execution.kernel.recheck(object);
}

impl Current {
    /// The object of a one-time initialization, registered at its first use in the phase `first`.
    #[inline]
    pub(crate) fn once_object(
        mut self,
        once: &Identity,
        kind: ObjectKind,
        first: impl FnOnce() -> OncePhase,
    ) -> ObjectId {
        let stamp = self.execution().stamp();
        // Registering makes this execution the owner: who was it before?
        let owner = once.owner();
        self.object(once, kind, || {
            let older = owner.is_some_and(|owner| owner != stamp);
            let outlives = older || kind != ObjectKind::Once && image::is_static(once.address());
            State::Once(OnceState { phase: first(), outlives })
        })
    }

    /// Waits until nobody runs the initialization, and begins it if it is not done.
    pub(crate) fn once_enter(
        self,
        object: ObjectId,
        ignore_poison: bool,
        location: &'static Location<'static>,
    ) -> OnceEntry {
        // Once done it stays so: a read, which commutes with others, says as much.
        // A director wants to know what the answer depends on.
        let mut this = self;
        if !this.kernel().limits.directed
            && self.once_peek(object).is_some()
            && let Some(value) = self.once_get(object, location)
        {
            return OnceEntry::Complete(value);
        }
        let argument = if ignore_poison { ONCE_IGNORES_POISON as u32 } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::OnceEnter, object, location) };
        self.op(op, |execution, thread| {
            execution.kernel.acquire(thread, object);
            let model = execution.kernel.objects.state_mut::<OnceState>(object);
            if let Some(address) = model.address() {
                return OnceEntry::Complete(address);
            }
            let poisoned = matches!(model.phase, OncePhase::Poisoned);
            if poisoned && !ignore_poison {
                return OnceEntry::Poisoned;
            }
            model.phase = OncePhase::Running(Holder { thread, location });
            execution.kernel.recheck(object);
            OnceEntry::Run { poisoned }
        })
    }

    /// Ends the initialization that this thread runs, in the phase `end`.
    pub(crate) fn once_leave(self, object: ObjectId, end: OncePhase, location: &'static Location<'static>) {
        let argument = match end {
            OncePhase::Incomplete | OncePhase::Running(_) => ONCE_INCOMPLETE,
            OncePhase::Complete(_) => ONCE_COMPLETE,
            OncePhase::Poisoned => ONCE_POISONED,
        };
        let op = Op { argument: argument as u32, ..Op::new(OpKind::OnceLeave, object, location) };
        self.op(op, |execution, thread| {
            leave(execution, thread, object, end);
        });
    }

    /// Enters and leaves in one step, with `made`. Whether there was nothing before.
    pub(crate) fn once_set(self, object: ObjectId, made: Made, location: &'static Location<'static>) -> bool {
        let op = Op { argument: ONCE_SETS as u32, ..Op::new(OpKind::OnceEnter, object, location) };
        self.op(op, |execution, thread| {
            execution.kernel.acquire(thread, object);
            let empty = execution.kernel.objects.state_mut::<OnceState>(object).address().is_none();
            if empty {
                leave(execution, thread, object, OncePhase::Complete(Some(made)));
            } else {
                execution.kernel.note_failed(0);
            }
            empty
        })
    }

    /// The address of what was made, or null, if the initialization is done.
    #[inline]
    pub(crate) fn once_get(self, object: ObjectId, location: &'static Location<'static>) -> Option<*mut ()> {
        self.op(Op::new(OpKind::OnceGet, object, location), |execution, thread| {
            let address = match execution.kernel.shown.take() {
                Some(_) => None,
                None => execution.kernel.objects.state_mut::<OnceState>(object).address(),
            };
            execution.kernel.note_read(u64::from(address.is_some()));
            if address.is_some() {
                execution.kernel.acquire(thread, object);
            }
            address
        })
    }

    /// As `once_get`, for whoever has the value alone, and for printing: no operation.
    pub(crate) fn once_peek(mut self, object: ObjectId) -> Option<*mut ()> {
        self.kernel().objects.state_mut::<OnceState>(object).address()
    }

    /// Waits until the initialization is done: the address of what was made, or null. `None` if it is poisoned, unless that is to be
    /// ignored.
    pub(crate) fn once_wait(
        self,
        object: ObjectId,
        ignore_poison: bool,
        location: &'static Location<'static>,
    ) -> Option<*mut ()> {
        let argument = if ignore_poison { ONCE_IGNORES_POISON as u32 } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::OnceWait, object, location) };
        self.op(op, |execution, thread| {
            execution.kernel.acquire(thread, object);
            execution.kernel.objects.state_mut::<OnceState>(object).address()
        })
    }

    /// Takes what was made, for whoever has the face alone, or after its end.
    pub(crate) fn once_take(mut self, object: ObjectId) -> Option<Made> {
        let model = self.kernel().objects.state_mut::<OnceState>(object);
        match model.phase {
            OncePhase::Complete(Some(made)) => {
                model.phase = OncePhase::Incomplete;
                Some(made)
            }
            _ => None,
        }
    }

    /// The face has given away the value that it had itself.
    pub(crate) fn once_reset(mut self, object: ObjectId) {
        self.kernel().objects.state_mut::<OnceState>(object).phase = OncePhase::Incomplete;
    }
}
