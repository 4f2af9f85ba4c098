//! The state of a mutex: one owner. Who gets it next is the scheduler's choice among those that wait.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{Outcome, try_if, wait_unless};
use crate::rt::op::{Op, OpKind, ThreadId};

/// The value of a mutex that somebody has.
const HELD: u64 = 1;

/// A mutex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutexState {
    pub(crate) owner: Option<Holder>,
    pub(crate) poisoned: bool,
}

impl Primitive for MutexState {
    #[inline]
    fn permits(&self, _: &[Entry], _: &Op, _: ThreadId) -> bool {
        self.owner.is_none()
    }

    fn holders(&self, _: &[Entry]) -> Vec<Holder> {
        self.owner.into_iter().collect()
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        if self.owner.is_some() { HELD } else { 0 }
    }

    fn outcome(kind: OpKind, _: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::Lock => wait_unless(value != HELD, Outcome::Writes(HELD)),
            OpKind::TryLock => try_if(value != HELD, HELD),
            OpKind::Unlock => Outcome::Writes(0),
            _ => Outcome::Reads,
        }
    }
}
