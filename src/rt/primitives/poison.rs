//! Poison: a lock remembers that a thread has panicked while it held it alone. The same for a mutex and a reader-writer lock.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::op::rule::{CHANGED, POISONED, POISONS};
use crate::rt::op::{ObjectId, Op, OpKind};

/// The argument of an operation that gives back a lock held alone.
pub(super) fn poison_and_change(poison: bool, changed: bool) -> u32 {
    let bits = if poison { POISONS } else { 0 } | if changed { CHANGED } else { 0 };
    bits as u32
}

impl Current {
    /// Whether a thread has panicked while it held the lock. std asks without any ordering.
    pub(crate) fn is_poisoned(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        self.op(Op::new(OpKind::IsPoisoned, object, location), |execution, _| {
            let kernel = &mut execution.kernel;
            let poisoned = match kernel.shown.take() {
                Some(shown) => shown & POISONED != 0,
                None => *kernel.objects.get_mut(object).state.poisoned(),
            };
            kernel.note_read(u64::from(poisoned));
            poisoned
        })
    }

    /// Forgets that.
    pub(crate) fn clear_poison(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::ClearPoison, object, location), |execution, _| {
            *execution.kernel.objects.get_mut(object).state.poisoned() = false;
        });
    }

    /// The same as `is_poisoned`, for printing and where the caller has the lock alone: no operation.
    pub(crate) fn peek_poisoned(mut self, object: ObjectId) -> bool {
        *self.kernel().objects.get_mut(object).state.poisoned()
    }
}
