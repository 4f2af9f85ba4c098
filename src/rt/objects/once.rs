//! The state of a one-time initialization: whoever enters first runs it, the others wait for the end.
//!
//! What was made is known here by its address, so that a `OnceLock` or `LazyLock` in a static is empty again
//! in the next execution, and several workers can each have their own value of it.

use std::ptr;

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{
    ONCE_COMPLETE, ONCE_IGNORES_POISON, ONCE_INCOMPLETE, ONCE_POISONED, ONCE_RUNNING, ONCE_SETS, Outcome,
    wait_unless,
};
use crate::rt::op::{Op, OpKind, ThreadId};

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
pub(crate) struct OnceState {
    pub(crate) phase: OncePhase,
    /// Whether its face was made before this execution, and so outlives it: the end of the execution then
    /// destroys what was made. A face that was made in it does so itself.
    pub(crate) outlives: bool,
}

impl OnceState {
    /// The address of what was made, or null, if the initialization is done.
    pub(crate) fn address(&self) -> Option<*mut ()> {
        match self.phase {
            OncePhase::Complete(made) => Some(made.map_or(ptr::null_mut(), |made| made.address)),
            _ => None,
        }
    }
}

impl Primitive for OnceState {
    fn permits(&self, _: &[Entry], op: &Op, _: ThreadId) -> bool {
        match (op.kind, self.phase) {
            (OpKind::OnceWait, OncePhase::Complete(_)) => true,
            // A poisoned Once releases its waiters, and they panic.
            (OpKind::OnceWait, OncePhase::Poisoned) => u64::from(op.argument) != ONCE_IGNORES_POISON,
            (OpKind::OnceWait, _) => false,
            (_, phase) => !matches!(phase, OncePhase::Running(_)),
        }
    }

    fn holders(&self, _: &[Entry]) -> Vec<Holder> {
        match self.phase {
            OncePhase::Running(holder) => vec![holder],
            _ => Vec::new(),
        }
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        match self.phase {
            OncePhase::Incomplete => ONCE_INCOMPLETE,
            OncePhase::Running(_) => ONCE_RUNNING,
            OncePhase::Complete(_) => ONCE_COMPLETE,
            OncePhase::Poisoned => ONCE_POISONED,
        }
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::OnceEnter => match value {
                ONCE_RUNNING => Outcome::Blocks,
                ONCE_COMPLETE => Outcome::Reads,
                ONCE_POISONED if argument & (ONCE_IGNORES_POISON | ONCE_SETS) == 0 => Outcome::Reads,
                _ if argument & ONCE_SETS != 0 => Outcome::Writes(ONCE_COMPLETE),
                _ => Outcome::Writes(ONCE_RUNNING),
            },
            // The argument is how far it has come.
            OpKind::OnceLeave => Outcome::Writes(argument),
            OpKind::OnceWait => {
                let poisoned = value == ONCE_POISONED && argument & ONCE_IGNORES_POISON == 0;
                wait_unless(value == ONCE_COMPLETE || poisoned, Outcome::Reads)
            }
            _ => Outcome::Reads,
        }
    }
}
