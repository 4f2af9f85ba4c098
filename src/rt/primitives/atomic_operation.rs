//! An operation on an atomic, from being published to having taken effect: each is one step on the location's value in memory.

use std::panic::Location;
use std::sync::atomic::Ordering;

use super::atomic::{Exchange, InstrumentedAtomic};
use crate::rt::kernel::special::Special;
use crate::rt::objects::{AtomicState, Residence};
use crate::rt::op::basis::Basis;
use crate::rt::op::outcome::AccessKind;
use crate::rt::op::rule::Rule;
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::threads::timers::NEVER;
use crate::rt::{Current, Identity, current};

/// An operation on an atomic that was published, and takes effect when its thread is picked.
///
/// What surrounds the switch of threads is inlined into the program, since a function that is open there returns to where no
/// processor expects it. So is the rest in a release build. In other builds it is not: the program is not optimized then, but
/// drawloom may be (`[profile.dev.package."*"]`), and what is neither generic nor inlined is compiled with drawloom.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    current: Current,
    object: ObjectId,
    /// The thread that executes it, if others run first.
    switches: Option<ThreadId>,
}

impl Begun {
    /// Publishes an operation, if an exploration runs.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn new(
        kind: OpKind,
        (identity, atomic): (&Identity, &dyn InstrumentedAtomic),
        location: &'static Location<'static>,
    ) -> Option<Begun> {
        let mut current = current()?;
        let object = match identity.index_in(current.execution().stamp()) {
            Some(index) => ObjectId(index),
            None => current.atomic_at_first_use(atomic),
        };
        let switches = current.publish(Op::new(kind, object, location), NEVER);
        Some(Begun { current, object, switches })
    }

    /// Lets others run until the thread is picked to execute the operation.
    #[inline(always)]
    pub(crate) fn let_others_run(&self) {
        if let Some(thread) = self.switches {
            self.current.switch_out(thread);
        }
    }

    /// Whether the operation, whose thread was picked, may take one of the short ways: nobody wants to hear more of it than what
    /// it does.
    #[inline(always)]
    fn is_plain(&self, op: Op, atomic: &dyn InstrumentedAtomic) -> bool {
        let mut current = self.current;
        // Another thread may have freed it only if one has run.
        if self.switches.is_some() && !current.execution().is_intact(atomic.identity(), op.object) {
            current.finish(op, |_, _| ());
            current.execution().fail_used_after_end(atomic.kind().name);
        }
        let kernel = current.kernel();
        !kernel.special.has(Special::EFFECT)
            && kernel.objects.state_mut::<AtomicState>(op.object).residence == Residence::Model
    }

    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn load(
        &self,
        atomic: &dyn InstrumentedAtomic,
        order: Ordering,
        location: &'static Location<'static>,
    ) -> u64 {
        let op = Op::new(OpKind::Load, self.object, location);
        if self.is_plain(op, atomic)
            && let Some(value) = self.current.load_plainly(op, order)
        {
            return value;
        }
        self.current.finish_atomic(
            op,
            |_| AccessKind::AtomicRead,
            |execution, id| {
                let (location, _) = execution.atomic_location(op.object, atomic);
                let chosen =
                    execution.direct_atomic((op.object, location), id, &op, Rule::Load, (order, order));
                let (value, number) = if execution.kernel.limits.keeps_clocks {
                    let count = execution.kernel.load_sources(location, id, order);
                    let number = execution.choose_store(location, Choice::ReadsFrom, count, chosen);
                    (execution.kernel.read_source(location, id, order), number)
                } else {
                    execution.found_in_graph(location, chosen)
                };
                execution.kernel.note_read(value);
                if number != 0 {
                    execution.kernel.note_unsettled();
                    let last = execution.kernel.memory.last_value(location);
                    execution.kernel.note = Note::ReadStale { value, last };
                }
                value
            },
        )
    }

    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn store(
        &self,
        atomic: &dyn InstrumentedAtomic,
        value: u64,
        order: Ordering,
        location: &'static Location<'static>,
    ) {
        let op = Op::new(OpKind::Store, self.object, location);
        if self.is_plain(op, atomic) && self.current.store_plainly(op, atomic, value, order) {
            return;
        }
        self.current.finish_atomic(
            op,
            |()| AccessKind::AtomicWrite,
            |execution, id| {
                let (location, is_shown) = execution.atomic_location(op.object, atomic);
                let rule = Rule::Store(value);
                let chosen = execution.direct_atomic((op.object, location), id, &op, rule, (order, order));
                let (old, number) = if execution.kernel.limits.keeps_clocks {
                    let count = execution.kernel.write_sources(location, id, order);
                    let number = execution.choose_store(location, Choice::Placement, count, chosen);
                    let old = execution.kernel.memory.source_value(location);
                    execution.kernel.store_after(location, id, value, order);
                    (old, number)
                } else {
                    let (old, number) = execution.found_in_graph(location, chosen);
                    execution.kernel.memory.note_written(location, value, number);
                    (old, number)
                };
                if is_shown && number == 0 {
                    atomic.set_real(value);
                }
                execution.kernel.note = match number {
                    0 => Note::Wrote { old, new: value },
                    _ => {
                        Note::WroteEarlier { new: value, last: execution.kernel.memory.last_value(location) }
                    }
                };
            },
        );
    }

    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn modify(
        &self,
        atomic: &dyn InstrumentedAtomic,
        order: Ordering,
        location: &'static Location<'static>,
        (apply, operand): (fn(u64, u64) -> u64, u64),
    ) -> u64 {
        let op = Op::new(OpKind::ReadModifyWrite, self.object, location);
        if self.is_plain(op, atomic)
            && let Some(old) = self.current.modify_plainly(op, atomic, order, (apply, operand))
        {
            return old;
        }
        self.current.finish_atomic(
            op,
            |_| AccessKind::AtomicWrite,
            |execution, id| {
                let (location, is_shown) = execution.atomic_location(op.object, atomic);
                let rule = Rule::Modify { apply, operand };
                let chosen = execution.direct_atomic((op.object, location), id, &op, rule, (order, order));
                let (old, new, number) = if execution.kernel.limits.keeps_clocks {
                    let count = execution.kernel.write_sources(location, id, order);
                    let number = execution.choose_store(location, Choice::ReadsFrom, count, chosen);
                    let old = execution.kernel.memory.source_value(location);
                    let new = apply(old, operand);
                    execution.kernel.modify_source(location, id, new, order);
                    (old, new, number)
                } else {
                    let (old, number) = execution.found_in_graph(location, chosen);
                    let new = apply(old, operand);
                    execution.kernel.memory.note_written(location, new, number);
                    (old, new, number)
                };
                if is_shown && number == 0 {
                    atomic.set_real(new);
                }
                execution.kernel.note = execution.note_of_modification(location, number, (old, new));
                if old == new && number == 0 {
                    execution.kernel.found(old);
                }
                old
            },
        )
    }

    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn compare_exchange(
        &self,
        atomic: &dyn InstrumentedAtomic,
        exchange: Exchange,
        location: &'static Location<'static>,
    ) -> Result<u64, u64> {
        let Exchange { expected, new, success, failure, weak } = exchange;
        let op = Op::new(OpKind::CompareExchange, self.object, location);
        let access = |result: &Result<u64, u64>| match result {
            Ok(_) => AccessKind::AtomicWrite,
            Err(_) => AccessKind::AtomicRead,
        };
        if self.is_plain(op, atomic)
            && let Some(old) = self.current.exchange_plainly(op, atomic, &exchange)
        {
            return old;
        }
        self.current.finish_atomic(op, access, |execution, id| {
            let (location, is_shown) = execution.atomic_location(op.object, atomic);
            let orders = (success, failure);
            let weak = weak
                && execution.kernel.limits.fails_weakly
                && execution.kernel.allows(Basis::SPURIOUS_FAILURE);
            let rule = Rule::Exchange { expected, new, weak };
            let chosen = execution.direct_atomic((op.object, location), id, &op, rule, orders);
            let keeps_clocks = execution.kernel.limits.keeps_clocks;
            let (old, number) = if keeps_clocks {
                let count = execution.kernel.exchange_sources(location, id, expected, orders);
                let number = execution.choose_store(location, Choice::ReadsFrom, count, chosen);
                (execution.kernel.memory.source_value(location), number)
            } else {
                execution.found_in_graph(location, chosen)
            };
            let may_fail = execution.kernel.limits.directed || execution.kernel.spurious_left > 0;
            let fails_weakly =
                old == expected && weak && may_fail && execution.choose(Choice::WeakFailure, 2) == 1;
            if old != expected || fails_weakly {
                if keeps_clocks {
                    execution.kernel.read_source(location, id, failure);
                }
                execution.kernel.note_failed(old);
                if fails_weakly {
                    execution.kernel.note = Note::FailedSpuriously;
                    execution.kernel.liberties += 1;
                    execution.kernel.spurious_left = execution.kernel.spurious_left.saturating_sub(1);
                } else if number != 0 {
                    let last = execution.kernel.memory.last_value(location);
                    execution.kernel.note = Note::FailedStale { value: old, last };
                }
                if fails_weakly || number != 0 {
                    execution.kernel.note_unsettled();
                }
                return Err(old);
            }
            if keeps_clocks {
                execution.kernel.modify_source(location, id, new, success);
            } else {
                execution.kernel.memory.note_written(location, new, number);
            }
            if is_shown && number == 0 {
                atomic.set_real(new);
            }
            execution.kernel.note = execution.note_of_modification(location, number, (old, new));
            Ok(old)
        })
    }
}
