//! The state of a thread as others see it: whether it has ended, and the token of `park` and `unpark`.
//!
//! The token is one a thread, and nothing else uses it: in loom a condition variable shared it (#422).

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::{ENDED, Outcome, wait_unless};
use crate::rt::op::{Op, OpKind, ThreadId};

/// A thread, as its joiners and unparkers see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadState {
    pub(crate) thread: ThreadId,
    pub(crate) ended: bool,
    /// Whether the next `park` returns at once.
    pub(crate) token: bool,
    /// Whether it does because of the thread itself alone.
    pub(crate) is_own_token: bool,
}

impl Primitive for ThreadState {
    fn permits(&self, _: &[Entry], op: &Op, _: ThreadId) -> bool {
        match op.kind {
            OpKind::Join => self.ended,
            OpKind::Park | OpKind::LoseToken => self.token,
            // Sleepers wait for time alone.
            _ => false,
        }
    }

    fn value(&self, _: &[Entry], part: u32, _: Strict) -> u64 {
        u64::from(if part == ENDED { self.ended } else { self.token })
    }

    fn outcome(kind: OpKind, _: u64, value: u64, _: u32) -> Outcome {
        match kind {
            OpKind::Park | OpKind::LoseToken => wait_unless(value != 0, Outcome::Writes(0)),
            OpKind::Unpark | OpKind::End => Outcome::Writes(1),
            _ => Outcome::Reads,
        }
    }
}
