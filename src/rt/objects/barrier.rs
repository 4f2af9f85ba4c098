//! The state of a barrier: the last of `size` arrivals lets all of them go, and one of them, any, is the leader.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::Outcome;
use crate::rt::op::{Op, OpKind, ThreadId};

/// The flags of an entry: that its thread waits, was let go, or was let go as the leader.
pub(crate) const WAITING: u32 = 0;
pub(crate) const RELEASED: u32 = 1;
pub(crate) const LEADER: u32 = 2;

/// A barrier; the entries are the threads that have arrived, with their release as flags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarrierState {
    pub(crate) size: usize,
    /// How many threads have arrived so far.
    pub(crate) arrivals: u32,
}

impl Primitive for BarrierState {
    fn permits(&self, entries: &[Entry], _: &Op, thread: ThreadId) -> bool {
        entries.iter().any(|entry| entry.thread == thread && entry.flags != WAITING)
    }

    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        u64::from(self.arrivals)
    }

    fn outcome(kind: OpKind, _: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::BarrierArrive => Outcome::Writes(value + 1),
            _ => Outcome::Reads,
        }
    }
}
