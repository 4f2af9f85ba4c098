//! The state of a counting semaphore. Waiters are not served in order: any that finds enough permits may go.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{Outcome, try_if, wait_unless};
use crate::rt::op::{Op, OpKind, ThreadId};

/// A semaphore; the entries are the threads that hold permits, for reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SemaphoreState {
    pub(crate) permits: usize,
}

impl Primitive for SemaphoreState {
    fn permits(&self, _: &[Entry], op: &Op, _: ThreadId) -> bool {
        self.permits >= op.argument as usize
    }

    fn holders(&self, entries: &[Entry]) -> Vec<Holder> {
        entries.iter().map(Holder::from).collect()
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        self.permits as u64
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::Acquire => wait_unless(value >= argument, Outcome::Writes(value.wrapping_sub(argument))),
            OpKind::TryAcquire => try_if(value >= argument, value.wrapping_sub(argument)),
            // Permits that do not fit are not added.
            OpKind::Release => value.checked_add(argument).map_or(Outcome::Reads, Outcome::Writes),
            _ => Outcome::Reads,
        }
    }
}
