//! Atomics: each operation is one step on the location's value in `memory`.
//!
//! During an execution the value lives in the model, and the real atomic keeps what it held before. So an
//! atomic in a `static` starts every execution from its initial value, and several workers can explore
//! programs that share it. `get_mut` and `as_ptr` move the value out to the real atomic first.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::rt::memory::{self, Cell};
use crate::rt::object::{AtomicKind, ObjectKind};
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

fn state(execution: &mut Execution, object: ObjectId) -> &mut AtomicState {
    match &mut execution.kernel.objects.get_mut(object).state {
        State::Atomic(state) => state,
        other => unreachable!("an atomic object holds {other:?}"),
    }
}

/// Runs `access` on the value, wherever it is.
#[inline]
fn with_cell<R>(
    execution: &mut Execution,
    object: ObjectId,
    real: &impl RealCell,
    access: impl FnOnce(&mut Execution) -> R,
) -> R {
    let current = state(execution, object);
    if current.residence == Residence::Model {
        return access(execution);
    }
    current.cell.value = real.get();
    let stays = current.residence == Residence::Real;
    if !stays {
        current.residence = Residence::Model;
    }
    let result = access(execution);
    if stays {
        real.set(state(execution, object).cell.value);
    }
    result
}

impl Current {
    /// The object of an atomic, registered at its first use with the real atomic's value.
    #[inline]
    fn atomic_object(self, atomic: &Identity, kind: AtomicKind, real: &impl RealCell) -> ObjectId {
        self.object(atomic, ObjectKind::Atomic(kind), || {
            State::Atomic(AtomicState { cell: Cell { value: real.get() }, residence: Residence::Model })
        })
    }

    #[inline]
    pub(crate) fn atomic_load(
        self,
        atomic: &Identity,
        kind: AtomicKind,
        real: &impl RealCell,
        order: Ordering,
        location: &'static Location<'static>,
    ) -> u64 {
        let object = self.atomic_object(atomic, kind, real);
        self.op(Op::new(OpKind::Load, object, location), |execution, thread| {
            with_cell(execution, object, real, |execution| {
                let value = memory::load(execution, object, thread, order);
                execution.kernel.note = Note::Read(value);
                value
            })
        })
    }

    #[inline]
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
        self.op(Op::new(OpKind::Store, object, location), |execution, thread| {
            with_cell(execution, object, real, |execution| {
                let old = memory::store(execution, object, thread, value, order);
                execution.kernel.note = Note::Wrote { old, new: value };
            });
        });
    }

    #[inline]
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
        self.op(Op::new(OpKind::ReadModifyWrite, object, location), |execution, thread| {
            with_cell(execution, object, real, |execution| {
                let old = memory::source(execution, object, thread);
                let new = modify(old);
                memory::modify(execution, object, thread, new, order);
                execution.kernel.note = Note::Wrote { old, new };
                old
            })
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
        self.op(Op::new(OpKind::CompareExchange, object, location), |execution, thread| {
            with_cell(execution, object, real, |execution| {
                let old = memory::source(execution, object, thread);
                let fails_weakly = old == expected && weak && execution.choose(Choice::WeakFailure, 2) == 1;
                if old != expected || fails_weakly {
                    memory::read_source(execution, object, thread, failure);
                    execution.kernel.note =
                        if fails_weakly { Note::FailedSpuriously } else { Note::Failed(old) };
                    return Err(old);
                }
                memory::modify(execution, object, thread, new, success);
                execution.kernel.note = Note::Wrote { old, new };
                Ok(old)
            })
        })
    }

    /// The value, for printing: no operation.
    pub(crate) fn atomic_peek(mut self, atomic: &Identity, kind: AtomicKind, real: &impl RealCell) -> u64 {
        let object = self.atomic_object(atomic, kind, real);
        match *state(self.execution(), object) {
            AtomicState { cell, residence: Residence::Model } => cell.value,
            _ => real.get(),
        }
    }

    /// An atomic fence.
    pub(crate) fn fence(self, order: Ordering, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Fence, ObjectId::NONE, location), |execution, thread| {
            memory::fence(execution, thread, order);
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
        let state = state(self.execution(), object);
        if state.residence == Residence::Model {
            real.set(state.cell.value);
            state.residence = if for_good { Residence::Real } else { Residence::Moved };
        }
    }
}
