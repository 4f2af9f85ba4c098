//! The state of a primitive whose state machine is not the kernel's: how often it was operated on. All its operations are in
//! one order, and each may have changed it.

use super::Primitive;
use crate::rt::op::OpKind;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::Outcome;

/// How often the object was operated on.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct OperatedState {
    pub(crate) count: u64,
}

impl Primitive for OperatedState {
    fn value(&self, _: &[Entry], _: u32, _: Strict) -> u64 {
        self.count
    }

    fn outcome(kind: OpKind, _: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::Operate => Outcome::Writes(value + 1),
            _ => Outcome::Reads,
        }
    }
}
