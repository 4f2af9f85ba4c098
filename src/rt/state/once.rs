//! One-time initialization: whoever enters first runs it, the others wait for the end.
//!
//! What was made is known here by its address, so that a `OnceLock` or `LazyLock` in a static is empty again
//! in the next execution, and several workers can each have their own value of it.

use std::panic::Location;

use crate::rt::object::ObjectKind;
use crate::rt::op::{Note, ObjectId, Op, OpKind};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity, outside};

/// How far the initialization has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OncePhase {
    /// Nobody has entered.
    Incomplete,
    /// This thread runs it.
    Running(Holder),
    /// It is done, and this was made; null if there is no value, or the face has it.
    Complete(*mut ()),
    /// It panicked.
    Poisoned,
}

/// A one-time initialization.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnceModel {
    phase: OncePhase,
    /// Whether its face was made before this execution, and so outlives it.
    outlives: bool,
}

/// What a thread finds when it enters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnceEntry {
    /// Done already; with what was made.
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
            let outlives = older || kind != ObjectKind::Once && outside::is_static(once.address());
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
        if self.once_peek(object).is_some()
            && let Some(value) = self.once_get(object, location)
        {
            return OnceEntry::Complete(value);
        }
        self.op(Op::new(OpKind::OnceEnter, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            let model = model(execution, object);
            let poisoned = match model.phase {
                OncePhase::Complete(value) => return OnceEntry::Complete(value),
                OncePhase::Poisoned if !ignore_poison => return OnceEntry::Poisoned,
                phase => matches!(phase, OncePhase::Poisoned),
            };
            model.phase = OncePhase::Running(Holder { thread, location });
            execution.kernel.recheck(object);
            OnceEntry::Run { poisoned }
        })
    }

    /// Ends the initialization that this thread runs, in the phase `end`.
    pub(crate) fn once_leave(self, object: ObjectId, end: OncePhase, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::OnceLeave, object, location), |execution, thread| {
            execution.kernel.release(thread, object);
            model(execution, object).phase = end;
            execution.kernel.recheck(object);
        });
    }

    /// Enters and leaves in one step, with `value`. Whether there was nothing before.
    pub(crate) fn once_set(
        self,
        object: ObjectId,
        value: *mut (),
        location: &'static Location<'static>,
    ) -> bool {
        self.op(Op::new(OpKind::OnceEnter, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            if let OncePhase::Complete(_) = model(execution, object).phase {
                execution.kernel.note = Note::Failed(0);
                return false;
            }
            execution.kernel.release(thread, object);
            model(execution, object).phase = OncePhase::Complete(value);
            execution.kernel.recheck(object);
            true
        })
    }

    /// What was made, if the initialization is done.
    #[inline]
    pub(crate) fn once_get(self, object: ObjectId, location: &'static Location<'static>) -> Option<*mut ()> {
        self.op(Op::new(OpKind::OnceGet, object, location), |execution, thread| {
            let phase = model(execution, object).phase;
            let complete = matches!(phase, OncePhase::Complete(_));
            execution.kernel.note = Note::Read(u64::from(complete));
            let OncePhase::Complete(value) = phase else { return None };
            execution.kernel.acquire(thread, object);
            Some(value)
        })
    }

    /// As `once_get`, for whoever has the value alone, and for printing: no operation.
    pub(crate) fn once_peek(mut self, object: ObjectId) -> Option<*mut ()> {
        match model(self.execution(), object).phase {
            OncePhase::Complete(value) => Some(value),
            _ => None,
        }
    }

    /// Waits until the initialization is done: what was made. `None` if it is poisoned, unless that is to be
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
            match model(execution, object).phase {
                OncePhase::Complete(value) => Some(value),
                _ => None,
            }
        })
    }

    /// Forgets what was made, for whoever has the face alone.
    pub(crate) fn once_reset(mut self, object: ObjectId) {
        model(self.execution(), object).phase = OncePhase::Incomplete;
    }

    /// Whether the face outlives this execution, and leaves it to destroy what was made.
    pub(crate) fn once_outlives(mut self, object: ObjectId) -> bool {
        model(self.execution(), object).outlives
    }
}
