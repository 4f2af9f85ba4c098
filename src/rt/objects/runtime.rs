//! The state of a runtime's queue of tasks: whether a worker has something to do, and the number that stands for all of it.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::ready::{CLOSED, CLOSES, DUE, IS_LAST, IS_SHARED, Numbers, TASK};
use crate::rt::op::rule::Outcome;
use crate::rt::op::{Op, OpKind, ThreadId};

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
        outcome(kind, argument, value, choice)
    }
}

/// What an operation makes of the number.
pub(crate) fn outcome(kind: OpKind, argument: u64, value: u64, choice: u32) -> Outcome {
    let (number, task) = (Numbers(value), (argument & TASK) as u32);
    let after = match kind {
        OpKind::PollNext => {
            let number = number.ended(argument);
            return match value {
                _ if value & CLOSED != 0 => Outcome::Writes(number.0),
                _ if value & DUE != 0 => Outcome::Writes(number.0 & !DUE),
                _ if number.candidates() == 0 => Outcome::Blocks,
                _ => Outcome::Writes(number.taken(choice, argument & IS_SHARED != 0).0),
            };
        }
        OpKind::Wake if argument & IS_SHARED != 0 => number,
        OpKind::Wake if argument & IS_LAST != 0 => number.yielded(task),
        OpKind::Wake => number.woken(task),
        OpKind::EndPoll if argument & CLOSES != 0 => Numbers(value | CLOSED),
        OpKind::EndPoll if argument & IS_LAST != 0 => number.ended(1 << task),
        OpKind::EndPoll => number.polled(task),
        _ => return Outcome::Reads,
    };
    Outcome::Writes(after.0)
}
