//! Operations on atomics in the short way: what a step costs where nobody wants to know more of it than what it does.
//!
//! Each does what the operation of the same name in `atomic` does, where that has no choice: only the last store can be read, and
//! a new one goes to the end. Otherwise it does nothing, and the long way is taken.

use std::sync::atomic::Ordering;

use super::atomic::{Exchange, InstrumentedAtomic};
use crate::rt::memory::short::Moment;
use crate::rt::objects::AtomicState;
use crate::rt::op::{Op, ThreadId};
use crate::rt::{Current, Execution};

impl Execution {
    /// The location of an atomic, whether its newest value is at its address, who runs, and when that is.
    #[inline(always)]
    fn plain_atomic(&mut self, op: Op) -> (u32, bool, ThreadId, Moment) {
        let kernel = &mut self.kernel;
        let &mut AtomicState { location, is_mirrored, .. } = kernel.objects.state_mut(op.object);
        let id = kernel.threads.current;
        let event = kernel.equivalence.event_name(id);
        let moment = Moment { live: kernel.threads.live, step: kernel.steps, event };
        (location, is_mirrored, id, moment)
    }

    /// A load that may read one of several stores, where which one is left to chance: mostly the last, and then nobody has to know
    /// how many there are.
    fn load_drawn(&mut self, op: Op, location: u32, id: ThreadId, order: Ordering) -> Option<u64> {
        let kernel = &mut self.kernel;
        let view = &kernel.views[id.index()];
        let is_drawn = self.draws_choices && !kernel.is_long() && !kernel.restraint.is_paused();
        if !is_drawn || !kernel.memory.choose_last_of_several(location, view, order) {
            return None;
        }
        let mut number = 0;
        if self.rng.is_stale() {
            number = self.rng.below(kernel.memory.load_sources(location, view, order));
            kernel.memory.choose_source(location, number);
        }
        self.schedule.push_choice(number as u64);
        let value = kernel.read_source(location, id, order);
        if number != 0 {
            kernel.note_unsettled();
        }
        let source = kernel.store_event;
        self.end_plainly(id, op, source, Some(value));
        Some(value)
    }

    /// The end of such an operation, which has read or stored after the store of the event `source`.
    #[inline(always)]
    fn end_plainly(&mut self, id: ThreadId, op: Op, source: u64, found: Option<u64>) {
        if self.kernel.equivalence.is_wanted {
            self.kernel.equivalence.add(id, &op, Some(source));
        }
        self.end_step(id, op, found);
    }
}

impl Current {
    #[inline(always)]
    pub(super) fn load_plainly(mut self, op: Op, order: Ordering) -> Option<u64> {
        let execution = self.execution();
        let (location, _, id, Moment { live, .. }) = execution.plain_atomic(op);
        let kernel = &mut execution.kernel;
        let Some((value, source)) =
            kernel.memory.load_last(location, &mut kernel.views[id.index()], order, live)
        else {
            return execution.load_drawn(op, location, id, order);
        };
        execution.end_plainly(id, op, source, Some(value));
        Some(value)
    }

    #[inline(always)]
    pub(super) fn store_plainly(
        mut self,
        op: Op,
        atomic: &dyn InstrumentedAtomic,
        value: u64,
        order: Ordering,
    ) -> bool {
        let execution = self.execution();
        let (location, is_mirrored, id, moment) = execution.plain_atomic(op);
        let kernel = &mut execution.kernel;
        let view = &mut kernel.views[id.index()];
        let Some(source) = kernel.memory.replace_last(location, view, (value, order), moment) else {
            return false;
        };
        if is_mirrored {
            atomic.set_real(value);
        }
        execution.end_plainly(id, op, source, None);
        true
    }

    #[inline(always)]
    pub(super) fn modify_plainly(
        mut self,
        op: Op,
        atomic: &dyn InstrumentedAtomic,
        order: Ordering,
        (apply, operand): (fn(u64, u64) -> u64, u64),
    ) -> Option<u64> {
        let execution = self.execution();
        let (location, is_mirrored, id, moment) = execution.plain_atomic(op);
        let kernel = &mut execution.kernel;
        let view = &mut kernel.views[id.index()];
        let (old, new, source) =
            kernel.memory.modify_last(location, view, order, moment, |old| apply(old, operand))?;
        if is_mirrored {
            atomic.set_real(new);
        }
        execution.end_plainly(id, op, source, (old == new).then_some(old));
        Some(old)
    }

    /// A weak one may fail without a reason, which is a choice: it takes the long way.
    #[inline(always)]
    pub(super) fn exchange_plainly(
        mut self,
        op: Op,
        atomic: &dyn InstrumentedAtomic,
        exchange: &Exchange,
    ) -> Option<Result<u64, u64>> {
        let &Exchange { expected, new, success, failure, weak } = exchange;
        let execution = self.execution();
        let (location, is_mirrored, id, moment) = execution.plain_atomic(op);
        let kernel = &mut execution.kernel;
        let view = &mut kernel.views[id.index()];
        if weak {
            return None;
        }
        if kernel.memory.last_value(location) != expected {
            let (old, source) = kernel.memory.load_last(location, view, failure, moment.live)?;
            execution.end_plainly(id, op, source, Some(old));
            return Some(Err(old));
        }
        let may_modify = kernel.memory.reads_last(location, view, moment.live);
        let (old, _, source) =
            may_modify.then(|| kernel.memory.modify_last(location, view, success, moment, |_| new))??;
        if is_mirrored {
            atomic.set_real(new);
        }
        execution.end_plainly(id, op, source, None);
        Some(Ok(old))
    }
}
