//! One-time initialization: whoever enters first runs it, the others wait for the end.

use std::panic::Location;

use crate::rt::object::ObjectKind;
use crate::rt::op::{Note, ObjectId, Op, OpKind};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::rt::{Current, Identity};

/// How far the initialization has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OnceModel {
    /// Nobody has entered.
    Incomplete,
    /// This thread runs it.
    Running(Holder),
    /// It is done.
    Complete,
    /// It panicked.
    Poisoned,
}

/// What a thread finds when it enters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnceEntry {
    /// Done already.
    Complete,
    /// This thread runs the initialization, and then leaves.
    Run {
        /// Whether an earlier attempt panicked.
        poisoned: bool,
    },
    /// An earlier attempt panicked, and the thread does not ignore it.
    Poisoned,
}

impl OnceModel {
    pub(super) fn permits(&self, op: &Op) -> bool {
        match op.kind {
            // A poisoned Once releases its waiters, and they panic.
            OpKind::OnceWait => matches!(self, OnceModel::Complete | OnceModel::Poisoned),
            _ => !matches!(self, OnceModel::Running(_)),
        }
    }

    pub(super) fn holders(&self) -> Vec<Holder> {
        match self {
            OnceModel::Running(holder) => vec![*holder],
            _ => Vec::new(),
        }
    }
}

impl Current {
    /// The object of a one-time initialization, registered at its first use.
    pub(crate) fn once_object(
        self,
        once: &Identity,
        kind: ObjectKind,
        state: impl FnOnce() -> OnceModel,
    ) -> ObjectId {
        self.object(once, kind, || State::Once(state()))
    }

    fn once_state(&mut self, object: ObjectId) -> &mut OnceModel {
        match &mut self.kernel().objects.get_mut(object).state {
            State::Once(state) => state,
            other => unreachable!("a once object holds {other:?}"),
        }
    }

    /// Waits until nobody runs the initialization, and runs it if it is not done.
    pub(crate) fn once_enter(
        self,
        object: ObjectId,
        ignore_poison: bool,
        location: &'static Location<'static>,
    ) -> OnceEntry {
        self.op(Op::new(OpKind::OnceEnter, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            let mut current = Current::of(execution);
            let state = current.once_state(object);
            let poisoned = matches!(state, OnceModel::Poisoned);
            match state {
                OnceModel::Complete => OnceEntry::Complete,
                OnceModel::Poisoned if !ignore_poison => OnceEntry::Poisoned,
                _ => {
                    *state = OnceModel::Running(Holder { thread, location });
                    execution.kernel.recheck(object);
                    OnceEntry::Run { poisoned }
                }
            }
        })
    }

    /// Ends the initialization that this thread runs, in the state `end`.
    pub(crate) fn once_leave(self, object: ObjectId, end: OnceModel, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::OnceLeave, object, location), |execution, thread| {
            execution.kernel.release(thread, object);
            *Current::of(execution).once_state(object) = end;
            execution.kernel.recheck(object);
        });
    }

    /// Whether the initialization is done.
    pub(crate) fn once_is_complete(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::OnceGet, object, location), |execution, thread| {
            let complete = matches!(Current::of(execution).once_state(object), OnceModel::Complete);
            if complete {
                execution.kernel.acquire(thread, object);
            }
            execution.kernel.note = Note::Read(u64::from(complete));
            complete
        })
    }

    /// Waits until the initialization is done. Returns whether it was poisoned instead.
    pub(crate) fn once_wait(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::OnceWait, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            matches!(Current::of(execution).once_state(object), OnceModel::Poisoned)
        })
    }

    /// Sets the state of an initialization that no other thread can see.
    pub(crate) fn once_set_exclusive(mut self, object: ObjectId, state: OnceModel) {
        *self.once_state(object) = state;
    }
}
