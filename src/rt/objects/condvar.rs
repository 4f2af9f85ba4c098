//! The state of a condition variable: the waiters are its entries, and a notification wakes any of them.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::{Outcome, nth_bit, try_if};
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId};

/// A condition variable; the entries are the waiters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CondvarState {
    /// The mutex it was first used with: std allows no second one.
    pub(crate) mutex: Option<ObjectId>,
}

impl CondvarState {
    /// The mutex that it is used with, if it was used.
    pub(crate) fn mutex(&self) -> Option<ObjectId> {
        self.mutex
    }
}

impl Primitive for CondvarState {
    fn permits(&self, _: &[Entry], _: &Op, _: ThreadId) -> bool {
        false
    }

    /// The waiters as bits, by the kernel's numbers; a graph has numbers of its own for them.
    fn value(&self, waiters: &[Entry], _: u32, _: Strict) -> u64 {
        waiters.iter().fold(0, |bits, waiter| bits | 1 << (waiter.thread.index() & 63))
    }

    /// The waiters are bits; the argument is one of them.
    fn outcome(kind: OpKind, argument: u64, value: u64, choice: u32) -> Outcome {
        match kind {
            OpKind::CondvarEnqueue => Outcome::Writes(value | 1 << argument),
            OpKind::CondvarWait => Outcome::Writes(value & !(1 << argument)),
            OpKind::NotifyOne => try_if(value != 0, value & !(1 << nth_bit(value, choice))),
            OpKind::NotifyAll => try_if(value != 0, 0),
            _ => Outcome::Reads,
        }
    }
}
