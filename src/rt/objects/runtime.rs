//! The state of a runtime's queue of tasks: whether a worker has something to do, and the number that stands for all of it.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::Outcome;
use crate::rt::op::{Op, OpKind, ThreadId, ready};

/// The queue of a runtime; see `rt::tasks`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimeState {
    /// Which of the queues it is.
    pub(crate) queue: u32,
    /// Whether a worker has something to do.
    pub(crate) is_busy: bool,
    /// Whether it is shut down.
    pub(crate) is_closed: bool,
    /// See `op::ready`; true as long as its tasks are few.
    pub(crate) number: u64,
}

impl Primitive for RuntimeState {
    fn permits(&self, _: &[Entry], _: &Op, _: ThreadId) -> bool {
        self.is_busy
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        self.number
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, choice: u32) -> Outcome {
        ready::outcome(kind, argument, value, choice)
    }
}
