//! One-time initialization: whoever enters first runs it, the others wait for the end.
//!
//! What was made is known here by its address, so that a `OnceLock` or `LazyLock` in a static is empty again
//! in the next execution, and several workers can each have their own value of it.

use std::panic::Location;
use std::ptr;

use crate::rt::access::{ONCE_COMPLETE, ONCE_INCOMPLETE, ONCE_POISONED, ONCE_SETS};
use crate::rt::object::ObjectKind;
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity, image};

/// A value that an execution has made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) address: *mut (),
    /// Drops it; to be called once.
    pub(crate) destroy: unsafe fn(*mut ()),
}

/// How far the initialization has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OncePhase {
    /// Nobody has entered.
    Incomplete,
    /// This thread runs it.
    Running(Holder),
    /// It is done, and this was made, unless there is no value or the face has it.
    Complete(Option<Made>),
    /// It panicked.
    Poisoned,
}

/// A one-time initialization.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnceModel {
    phase: OncePhase,
    /// Whether its face was made before this execution, and so outlives it: the end of the execution then
    /// destroys what was made. A face that was made in it does so itself.
    outlives: bool,
}

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

/// As the argument of `OnceWait`: wait on if an attempt panics.
const IGNORES_POISON: u32 = 1;

impl OnceModel {
    pub(crate) fn phase(&self) -> OncePhase {
        self.phase
    }

    /// The address of what was made, or null, if the initialization is done.
    fn address(&self) -> Option<*mut ()> {
        match self.phase {
            OncePhase::Complete(made) => Some(made.map_or(ptr::null_mut(), |made| made.address)),
            _ => None,
        }
    }

    pub(super) fn permits(&self, op: &Op) -> bool {
        match (op.kind, self.phase) {
            (OpKind::OnceWait, OncePhase::Complete(_)) => true,
            // A poisoned Once releases its waiters, and they panic.
            (OpKind::OnceWait, OncePhase::Poisoned) => op.argument != IGNORES_POISON,
            (OpKind::OnceWait, _) => false,
            (_, phase) => !matches!(phase, OncePhase::Running(_)),
        }
    }

    pub(super) fn holders(&self) -> Vec<Holder> {
        match self.phase {
            OncePhase::Running(holder) => vec![holder],
            _ => Vec::new(),
        }
    }
}

fn model(execution: &mut Execution, object: ObjectId) -> &mut OnceModel {
    match &mut execution.kernel.objects.get_mut(object).state {
        State::Once(model) => model,
        other => unreachable!("a once object holds {other:?}"),
    }
}

fn leave(execution: &mut Execution, thread: ThreadId, object: ObjectId, end: OncePhase) {
    execution.kernel.release(thread, object);
    let model = model(execution, object);
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
            State::Once(OnceModel { phase: first(), outlives })
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
        let argument = if ignore_poison { IGNORES_POISON } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::OnceEnter, object, location) };
        self.op(op, |execution, thread| {
            execution.kernel.acquire(thread, object);
            let model = model(execution, object);
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
            let empty = model(execution, object).address().is_none();
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
                None => model(execution, object).address(),
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
        model(self.execution(), object).address()
    }

    /// Waits until the initialization is done: the address of what was made, or null. `None` if it is poisoned, unless that is to be
    /// ignored.
    pub(crate) fn once_wait(
        self,
        object: ObjectId,
        ignore_poison: bool,
        location: &'static Location<'static>,
    ) -> Option<*mut ()> {
        let argument = if ignore_poison { IGNORES_POISON } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::OnceWait, object, location) };
        self.op(op, |execution, thread| {
            execution.kernel.acquire(thread, object);
            model(execution, object).address()
        })
    }

    /// Takes what was made, for whoever has the face alone, or after its end.
    pub(crate) fn once_take(mut self, object: ObjectId) -> Option<Made> {
        let model = model(self.execution(), object);
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
        model(self.execution(), object).phase = OncePhase::Incomplete;
    }
}
