//! The state of a mutex: one owner. Who gets it next is the scheduler's choice among those that wait.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{Outcome, POISONED, POISONS, try_if, wait_unless};
use crate::rt::op::{Op, OpKind, ThreadId};

/// The part of the value of a mutex that says that somebody has it; `POISONED` is the other.
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
        let held = if self.owner.is_some() { HELD } else { 0 };
        let poisoned = if self.poisoned { POISONED } else { 0 };
        held | poisoned
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, _: u32) -> Outcome {
        let is_free = value & HELD == 0;
        match kind {
            OpKind::Lock => wait_unless(is_free, Outcome::Writes(value | HELD)),
            OpKind::TryLock => try_if(is_free, value | HELD),
            OpKind::Unlock if argument & POISONS != 0 => Outcome::Writes(POISONED),
            OpKind::Unlock => Outcome::Writes(value & !HELD),
            OpKind::ClearPoison => Outcome::Writes(value & !POISONED),
            _ => Outcome::Reads,
        }
    }
}
