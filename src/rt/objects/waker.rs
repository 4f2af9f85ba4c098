//! The state of what a task waits for: a flag that its waker sets. Several calls before the next wait count as one.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::{Outcome, wait_unless};
use crate::rt::op::{Op, OpKind, ThreadId};

/// Whether the waker was called since the last wait.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct WakerState {
    pub(crate) woken: bool,
    /// Who has waited last.
    pub(crate) waiter: Option<ThreadId>,
    /// Whether it was the thread that has waited last who called the waker, and nobody else.
    pub(crate) is_own: bool,
}

impl Primitive for WakerState {
    fn permits(&self, _: &[Entry], _: &Op, _: ThreadId) -> bool {
        self.woken
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        u64::from(self.woken)
    }

    fn outcome(kind: OpKind, _: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::AwaitWake => wait_unless(value != 0, Outcome::Writes(0)),
            OpKind::Wake => Outcome::Writes(1),
            _ => Outcome::Reads,
        }
    }
}
