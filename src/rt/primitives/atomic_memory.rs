//! Atomics as memory: what is done with a mutable reference to one, or by looking at it, and no operation.

use std::panic::Location;

use super::atomic::InstrumentedAtomic;
use crate::rt::Current;
use crate::rt::objects::{AtomicState, Residence};
use crate::rt::op::ObjectId;
use crate::rt::op::outcome::AccessKind;

impl Current {
    #[cold]
    pub(super) fn access_atomic(
        mut self,
        object: ObjectId,
        kind: AccessKind,
        location: &'static Location<'static>,
        epoch: Option<u32>,
    ) {
        if !self.on_fiber() {
            return;
        }
        let execution = self.execution();
        let history = match execution.kernel.objects.state_mut::<AtomicState>(object).history {
            Some(history) => history,
            None => {
                let history = execution.kernel.histories.add();
                execution.kernel.objects.state_mut::<AtomicState>(object).history = Some(history);
                history
            }
        };
        if let Some(open) = self.access_history((object, history), kind, location, epoch) {
            self.end_access(open, true);
        }
    }

    /// The value, for printing: no operation.
    pub(crate) fn atomic_peek(mut self, atomic: &dyn InstrumentedAtomic) -> u64 {
        let object = self.atomic_object(atomic);
        match *self.kernel().objects.state_mut::<AtomicState>(object) {
            AtomicState { location, residence: Residence::Model, .. } => {
                self.kernel().memory.last_value(location)
            }
            _ => atomic.real(),
        }
    }

    /// Whoever calls this has a mutable reference to the atomic. Moves the value to the real one, as `atomic_move_out`.
    pub(crate) fn atomic_exclusive(
        self,
        atomic: &dyn InstrumentedAtomic,
        location: &'static Location<'static>,
    ) {
        if self.checks_exclusive() {
            let object = self.atomic_object(atomic);
            self.access_atomic(object, AccessKind::Write, location, None);
        }
        self.atomic_move_out(atomic, false);
    }

    /// Moves the value to the real atomic, until the next operation or, if a raw pointer to it is handed
    /// out, for the rest of the execution. No operation: the caller has it alone, or takes the blame.
    pub(crate) fn atomic_move_out(mut self, atomic: &dyn InstrumentedAtomic, for_good: bool) {
        let object = self.atomic_object(atomic);
        let &mut AtomicState { location, residence, .. } =
            self.kernel().objects.state_mut::<AtomicState>(object);
        if residence == Residence::Model {
            atomic.set_real(self.kernel().memory.last_value(location));
            self.kernel().objects.state_mut::<AtomicState>(object).residence =
                if for_good { Residence::Real } else { Residence::Moved };
        }
    }
}
