//! Atomics: each operation is one step on the location's value in `memory`.
//!
//! During an execution the value lives in the model, and the real atomic keeps what it held before. So an
//! atomic in a `static` starts every execution from its initial value, and several workers can explore
//! programs that share it. `get_mut` and `as_ptr` move the value out to the real atomic first.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::rt::memory::{self, Cell};
use crate::rt::object::{AtomicKind, Object, ObjectKind};
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind};
use crate::rt::state::State;
use crate::rt::{Current, Execution, Identity};

/// Where the value of an atomic is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Residence {
    /// In the model.
    Model,
    /// In the real atomic, until the next operation takes it back: after `get_mut`.
    Moved,
    /// In the real atomic for good: a raw pointer to it is about.
    Real,
}

/// An atomic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtomicState {
    pub(crate) cell: Cell,
    residence: Residence,
}

/// Access to the real atomic's bits.
pub(crate) trait RealCell {
    fn get(&self) -> u64;
    fn set(&self, bits: u64);
}

/// How a compare-exchange went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) expected: u64,
    pub(crate) new: u64,
    pub(crate) success: Ordering,
    pub(crate) failure: Ordering,
    pub(crate) weak: bool,
}

impl AtomicState {
    /// Brings the value into the model before an operation.
    #[inline]
    fn fetch(&mut self, real: &impl RealCell) {
        if self.residence != Residence::Model {
            self.cell.write(real.get());
            if self.residence == Residence::Moved {
                self.residence = Residence::Model;
            }
        }
    }

    /// Writes a value in an operation.
    #[inline]
    fn write(&mut self, value: u64, real: &impl RealCell) {
        self.cell.write(value);
        if self.residence == Residence::Real {
            real.set(value);
        }
    }
}

#[inline]
fn state(object: &mut Object) -> &mut AtomicState {
    match &mut object.state {
        State::Atomic(state) => state,
        other => unreachable!("an atomic object holds {other:?}"),
    }
}

impl Execution {
    /// The store that an operation reads from: a choice, if there are several.
    #[inline]
    fn atomic_source(&mut self, object: ObjectId, real: &impl RealCell) -> u64 {
        let state = state(self.kernel.objects.get_mut(object));
        state.fetch(real);
        let (count, source) = state.cell.readable();
        debug_assert_eq!(count, 1, "under sequential consistency a read has one source");
        source(0).value
    }
}

impl Current {
    /// The object of an atomic, registered at its first use with the real atomic's value.
    #[inline]
    fn atomic_object(self, atomic: &Identity, kind: AtomicKind, real: &impl RealCell) -> ObjectId {
        self.object(atomic, ObjectKind::Atomic(kind), || {
            State::Atomic(AtomicState { cell: Cell::new(real.get()), residence: Residence::Model })
        })
    }

    #[inline(always)]
    pub(crate) fn atomic_load(
        self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        order: Ordering,
        location: &'static Location<'static>,
    ) -> u64 {
        let object = self.atomic_object(atomic, kind, real);
        self.op(Op::new(OpKind::Load, object, location), |execution, id| {
            let value = execution.atomic_source(object, real);
            let (object, thread) = execution.kernel.pair(object, id);
            memory::synchronize_read(object, id, thread, order);
            execution.kernel.note = Note::Read(value);
            value
        })
    }

    #[inline(always)]
    pub(crate) fn atomic_store(
        self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        value: u64,
        order: Ordering,
        location: &'static Location<'static>,
    ) {
        let object = self.atomic_object(atomic, kind, real);
        self.op(Op::new(OpKind::Store, object, location), |execution, id| {
            let (object, thread) = execution.kernel.pair(object, id);
            memory::synchronize_write(object, id, thread, order);
            let state = state(object);
            state.fetch(real);
            let old = state.cell.last();
            state.write(value, real);
            execution.kernel.note = Note::Wrote { old, new: value };
        });
    }

    #[inline(always)]
    pub(crate) fn atomic_modify(
        self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        order: Ordering,
        location: &'static Location<'static>,
        modify: impl FnOnce(u64) -> u64,
    ) -> u64 {
        let object = self.atomic_object(atomic, kind, real);
        self.op(Op::new(OpKind::ReadModifyWrite, object, location), |execution, id| {
            let old = execution.atomic_source(object, real);
            let new = modify(old);
            let (object, thread) = execution.kernel.pair(object, id);
            memory::synchronize_modify(object, id, thread, order);
            state(object).write(new, real);
            execution.kernel.note = Note::Wrote { old, new };
            old
        })
    }

    pub(crate) fn atomic_compare_exchange(
        self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        exchange: Exchange,
        location: &'static Location<'static>,
    ) -> Result<u64, u64> {
        let Exchange { expected, new, success, failure, weak } = exchange;
        let object = self.atomic_object(atomic, kind, real);
        self.op(Op::new(OpKind::CompareExchange, object, location), |execution, id| {
            let old = execution.atomic_source(object, real);
            let fails_weakly = old == expected && weak && execution.choose(Choice::WeakFailure, 2) == 1;
            let (object, thread) = execution.kernel.pair(object, id);
            if old != expected || fails_weakly {
                memory::synchronize_read(object, id, thread, failure);
                execution.kernel.note = if fails_weakly { Note::FailedSpuriously } else { Note::Failed(old) };
                return Err(old);
            }
            memory::synchronize_modify(object, id, thread, success);
            state(object).write(new, real);
            execution.kernel.note = Note::Wrote { old, new };
            Ok(old)
        })
    }

    /// The value, for printing: no operation.
    pub(crate) fn atomic_peek(mut self, atomic: &Identity, kind: AtomicKind, real: &impl RealCell) -> u64 {
        let object = self.atomic_object(atomic, kind, real);
        match *state(self.kernel().objects.get_mut(object)) {
            AtomicState { cell, residence: Residence::Model } => cell.last(),
            _ => real.get(),
        }
    }

    /// An atomic fence.
    pub(crate) fn fence(self, order: Ordering, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Fence, ObjectId::NONE, location), |execution, thread| {
            memory::fence(&mut execution.kernel, thread, order);
        });
    }

    /// Moves the value to the real atomic, until the next operation or, if a raw pointer to it is handed
    /// out, for the rest of the execution. No operation: the caller has it alone, or takes the blame.
    pub(crate) fn atomic_move_out(
        mut self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        for_good: bool,
    ) {
        let object = self.atomic_object(atomic, kind, real);
        let state = state(self.kernel().objects.get_mut(object));
        if state.residence == Residence::Model {
            real.set(state.cell.last());
            state.residence = if for_good { Residence::Real } else { Residence::Moved };
        }
    }
}
