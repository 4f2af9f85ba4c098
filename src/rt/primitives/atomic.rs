//! Atomics: their objects, and which store an operation finds. The operations are in `atomic_operation`, their short ways in
//! `plain_atomic`, what is done by references in `atomic_memory`.
//!
//! During an execution the value lives in the model, and the newest one is mirrored at the atomic's own address: code that reads
//! it there through a pointer sees what it would see with std. What it held before is kept beside it: an atomic that the test
//! body has captured starts every execution from that, and has it back at its first use afterwards. Not mirrored, since others
//! may use it at the same time: an atomic in a `static`, and one that several workers explore at once, but for the first.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::rt::decide::director::Chosen;
use crate::rt::objects::{AtomicState, Residence, State};
use crate::rt::op::key::{AtomicKind, ObjectKind};
use crate::rt::op::limits::MemoryModel;
use crate::rt::op::outcome::AccessKind;
use crate::rt::op::rule::{Access, Gate, Ordered, Place, Refusal, Rule, STATE};
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::registry::image;
use crate::rt::{Current, Execution, Identity};

/// An instrumented atomic, as the model has to do with it. Values are bits.
pub(crate) trait InstrumentedAtomic {
    fn kind(&self) -> AtomicKind;
    fn identity(&self) -> &Identity;
    /// The value at the atomic's address.
    fn real(&self) -> u64;
    fn set_real(&self, bits: u64);
    /// What it held before executions, as long as one has it.
    fn kept(&self) -> u64;
    fn keep(&self, bits: u64);
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

impl Execution {
    /// The location, with its value in the model, and whether the newest value is to be shown at the atomic's address.
    #[inline]
    pub(super) fn atomic_location(
        &mut self,
        object: ObjectId,
        atomic: &dyn InstrumentedAtomic,
    ) -> (u32, bool) {
        let &mut AtomicState { location, residence, is_mirrored, .. } =
            self.kernel.objects.state_mut::<AtomicState>(object);
        if residence != Residence::Model {
            self.atomic_fetch(object, location, atomic);
        }
        (location, is_mirrored || residence == Residence::Real)
    }

    /// Brings the value into the model before an operation.
    #[cold]
    fn atomic_fetch(&mut self, object: ObjectId, location: u32, atomic: &dyn InstrumentedAtomic) {
        self.kernel.memory.overwrite(location, atomic.real());
        self.direct_forget(Place { object, part: STATE });
        let state = self.kernel.objects.state_mut::<AtomicState>(object);
        if state.residence == Residence::Moved {
            state.residence = Residence::Model;
        }
    }

    /// Tells the director, if there is one, what the operation on `location` is about to do.
    #[inline]
    pub(super) fn direct_atomic(
        &mut self,
        (object, location): (ObjectId, u32),
        thread: ThreadId,
        op: &Op,
        rule: Rule,
        (success, failure): (Ordering, Ordering),
    ) -> Option<Chosen> {
        self.director.as_ref()?;
        if self.kernel.objects.state_mut::<AtomicState>(object).residence == Residence::Real {
            self.refuse_to_direct(Refusal::Unsupported("a raw pointer to an atomic (`as_ptr`)"));
        }
        let access = Access {
            kind: op.kind,
            site: op.location,
            place: Some(Place { object, part: STATE }),
            initial: self.kernel.memory.last_value(location),
            rule,
            success: Ordered::from(success),
            failure: Ordered::from(failure),
            gate: Gate::Open,
            is_object: false,
        };
        self.direct_access(thread, &access)
    }

    /// A choice of the memory model, if it is not the director's; 0 is what sequential consistency does.
    #[inline]
    pub(super) fn choose_store(
        &mut self,
        location: u32,
        choice: Choice,
        count: usize,
        chosen: Option<Chosen>,
    ) -> usize {
        if count == 1 || self.is_winding_up() {
            return 0;
        }
        let number = if self.director.is_some() {
            self.note_chosen(chosen)
        } else if self.kernel.limits.memory == MemoryModel::SequentiallyConsistent {
            // Older stores are kept for a director only.
            0
        } else {
            self.choose(choice, count)
        };
        self.kernel.memory.choose_source(location, number);
        number
    }

    /// What an operation finds that the director has chosen: the value, and its number; for an execution of which nobody but
    /// the director's graph knows what memory holds. Without a director any more it is the last.
    pub(super) fn found_in_graph(&mut self, location: u32, chosen: Option<Chosen>) -> (u64, usize) {
        let number = match self.director.is_some() && self.kernel.memory.has_been_written(location) {
            true => self.note_chosen(chosen),
            false => 0,
        };
        match chosen {
            Some(chosen) => (chosen.value, number),
            None => (self.kernel.memory.last_value(location), number),
        }
    }

    /// What a modification did that has read the store of this number; 0 is the last.
    #[inline]
    pub(super) fn note_of_modification(&self, location: u32, number: usize, (old, new): (u64, u64)) -> Note {
        match number {
            0 => Note::Wrote { old, new },
            _ => Note::WroteStale { old, new, last: self.kernel.memory.last_value(location) },
        }
    }

    /// The number of the store that the director has chosen among several.
    fn note_chosen(&mut self, chosen: Option<Chosen>) -> usize {
        let number = chosen.map_or(0, |chosen| chosen.number);
        // Without a director there is no choice if memory is sequentially consistent.
        if self.kernel.limits.memory != MemoryModel::SequentiallyConsistent {
            self.schedule.push_choice(u64::from(number));
        }
        number as usize
    }
}

impl Execution {
    #[cold]
    fn direct_fence(&mut self, thread: ThreadId, op: &Op, order: Ordering) {
        let ordered = Ordered::from(order);
        let access = Access {
            kind: op.kind,
            site: op.location,
            place: None,
            initial: 0,
            rule: Rule::Load,
            success: ordered,
            failure: ordered,
            gate: Gate::Open,
            is_object: false,
        };
        self.direct_access(thread, &access);
    }
}

impl Current {
    /// The object of an atomic, registered at its first use with the real atomic's value.
    #[inline]
    pub(super) fn atomic_object(mut self, atomic: &dyn InstrumentedAtomic) -> ObjectId {
        match atomic.identity().index_in(self.execution().stamp) {
            Some(index) => ObjectId(index),
            None => self.atomic_at_first_use(atomic),
        }
    }

    #[cold]
    pub(super) fn atomic_at_first_use(mut self, atomic: &dyn InstrumentedAtomic) -> ObjectId {
        if self.kernel().limits.keeps_addresses && atomic.kind().bits == u32::BITS {
            self.execution().short_atomics.insert(atomic.identity().address());
        }
        let can_mirror = image::TELLS_STATICS && !image::is_in_program(atomic.identity().address());
        let take_over = |was_taken: bool| match was_taken && can_mirror {
            true => atomic.set_real(atomic.kept()),
            false => atomic.keep(atomic.real()),
        };
        self.object_at_first_use(
            atomic.identity(),
            ObjectKind::Atomic(atomic.kind()),
            take_over,
            |is_shared| {
                let is_mirrored = can_mirror && !is_shared;
                let value = if can_mirror { atomic.kept() } else { atomic.real() };
                let location = self.kernel().memory.add(value);
                State::Atomic(AtomicState {
                    location,
                    is_mirrored,
                    residence: Residence::Model,
                    history: None,
                })
            },
        )
    }

    /// Whether the identity of an atomic of 32 bits that this execution has used is at this address.
    pub(crate) fn has_word(mut self, identity: usize) -> bool {
        self.execution().short_atomics.contains(&identity)
    }

    /// Executes the operation, and if accesses of atomics are watched, tells of what its result says that it
    /// was: with the time before it, since whoever acquires what it releases comes after the operation itself, too.
    #[inline(always)]
    pub(super) fn finish_atomic<R>(
        self,
        op: Op,
        access: impl FnOnce(&R) -> AccessKind,
        effect: impl FnOnce(&mut Execution, ThreadId) -> R,
    ) -> R {
        let before = self.checks_exclusive().then(|| self.epoch());
        let result = self.take_effect(op, effect);
        if before.is_some() {
            self.access_atomic(op.object, access(&result), op.location, before);
        }
        result
    }

    /// An atomic fence.
    pub(crate) fn fence(self, order: Ordering, location: &'static Location<'static>) {
        let op = Op::new(OpKind::Fence, ObjectId::NONE, location);
        self.op(op, |execution, thread| {
            if execution.director.is_some() {
                execution.direct_fence(thread, &op, order);
            }
            if execution.kernel.limits.keeps_clocks {
                execution.kernel.fence(thread, order);
            }
            execution.kernel.found(0);
        });
    }
}
