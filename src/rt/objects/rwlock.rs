//! The state of a reader-writer lock: one writer or any number of readers; the scheduler chooses who goes first.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{
    ANNOUNCED, BEHIND_WRITERS, Outcome, POISONED, POISONS, READERS, WAITING_WRITER, WRITER, try_if,
    wait_unless,
};
use crate::rt::op::{Op, OpKind, ThreadId};

/// A reader-writer lock; the readers are the object's entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RwLockState {
    pub(crate) writer: Option<Holder>,
    pub(crate) poisoned: bool,
    /// How many writers have come and wait, as far as that is asked.
    pub(crate) waiting: u32,
    /// Whether there was a reader, and whether a writer.
    pub(crate) used: (bool, bool),
}

impl Primitive for RwLockState {
    fn permits(&self, readers: &[Entry], op: &Op, _: ThreadId) -> bool {
        let is_free = self.writer.is_none();
        match op.kind {
            OpKind::ReadLock => is_free && (op.argument != BEHIND_WRITERS || self.waiting == 0),
            OpKind::ArriveToRead => is_free && self.waiting > 0,
            _ => is_free && readers.is_empty(),
        }
    }

    fn holders(&self, readers: &[Entry]) -> Vec<Holder> {
        self.writer.into_iter().chain(readers.iter().map(Holder::from)).collect()
    }

    fn value(&self, readers: &[Entry], _: u32, _: Strict) -> u64 {
        let writer = if self.writer.is_some() { WRITER } else { 0 };
        let poisoned = if self.poisoned { POISONED } else { 0 };
        writer | poisoned | (u64::from(self.waiting) * WAITING_WRITER) | readers.len() as u64
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, _: u32) -> Outcome {
        use Outcome::{Blocks, Reads, Writes};
        let (poisoned, value) = (value & POISONED, value & !POISONED);
        let outcome = match kind {
            OpKind::ClearPoison => return Writes(value),
            OpKind::WriteUnlock if argument & POISONS != 0 => return Writes(value & !WRITER | POISONED),
            OpKind::WriteUnlock => Writes(value & !WRITER),
            OpKind::ReadLock if argument == u64::from(BEHIND_WRITERS) => {
                wait_unless(value <= READERS, Writes(value.wrapping_add(1)))
            }
            OpKind::ReadLock => wait_unless(value & WRITER == 0, Writes(value.wrapping_add(1))),
            OpKind::TryReadLock => try_if(value & WRITER == 0, value.wrapping_add(1)),
            OpKind::ArriveToRead => wait_unless(value & WRITER == 0 && value > READERS, Reads),
            OpKind::AnnounceWrite => Writes(value.wrapping_add(WAITING_WRITER)),
            OpKind::WriteLock => {
                let waiting = if argument == u64::from(ANNOUNCED) { WAITING_WRITER } else { 0 };
                wait_unless(value & (WRITER | READERS) == 0, Writes(value.wrapping_sub(waiting) | WRITER))
            }
            OpKind::TryWriteLock => try_if(value & (WRITER | READERS) == 0, value | WRITER),
            OpKind::ReadUnlock => Writes(value.wrapping_sub(1)),
            OpKind::Downgrade => Writes((value & !WRITER).wrapping_add(1)),
            _ => Reads,
        };
        match outcome {
            Writes(new) => Writes(new | poisoned),
            Reads | Blocks => outcome,
        }
    }
}
