//! A step: how an op is published, and what follows when it has taken effect.
//!
//! A primitive publishes its op as the running thread's pending op. Then the strategy picks the next thread
//! among the enabled ones, on the running fiber's own stack: if that is the same thread, nothing switches.
//! A switch goes through the hub, which resumes the chosen fiber. When a thread is picked, the
//! effect of its op runs atomically.

use std::panic::Location;

use super::current::Current;
use super::execution::Execution;
use crate::rt::Identity;
use crate::rt::decide::strategy::SchedulingPoint;
use crate::rt::kernel::special::Special;
use crate::rt::op::outcome::{Settled, Stop, Stuck};
use crate::rt::op::{Choice, Event, Note, ObjectId, Op, OpKind, ThreadId, TracedChoice};
use crate::rt::record::lock_log::DataUse;
use crate::rt::threads::timers::Instant;

impl Execution {
    /// Publishes the running thread's next op and picks who goes on. Whether another thread does.
    ///
    /// Not inlined, while everything on the way to the switch itself is: a processor predicts returns by the
    /// calls it has seen, and after a switch each return that was open predicts wrongly.
    ///
    /// The parts of the op come one by one, in registers: what is put together in memory and taken from there as a whole
    /// has to wait until it has arrived.
    #[inline(never)]
    pub(in crate::rt) fn publish(
        &mut self,
        kind: OpKind,
        (object, argument): (ObjectId, u32),
        location: &'static Location<'static>,
        deadline: Instant,
    ) -> bool {
        let current = self.kernel.threads.current;
        let op = Op { kind, object, argument, location };
        if !kind.may_block() || self.kernel.goes_on_alone(op, deadline) {
            self.kernel.thread_mut(current).pending = op;
        } else if self.begin_wait(current, op, deadline) {
            return true;
        }
        let next = self.pick_next();
        if next == Some(current) {
            return false;
        }
        if self.kernel.special.has(Special::STACKS) && next.is_some() {
            self.count_switch(current);
        }
        true
    }

    /// The running thread comes to an op that may block. Whether the execution ends here.
    #[inline(always)]
    fn begin_wait(&mut self, current: ThreadId, op: Op, deadline: Instant) -> bool {
        self.kernel.wait_on(current, op, deadline);
        if self.kernel.special.has(Special::STACKS) {
            // One that can go on now may have to wait when it comes to it.
            self.keep_wait(current);
        }
        if self.kernel.is_enabled(current) {
            return false;
        }
        self.note_wait(current);
        self.kernel.note_blocking_poll(current, &op);
        if self.kernel.thread(current).unwinding {
            Current::of(self).note_if_caught();
        }
        self.is_stuck(current)
    }

    /// `thread` waits from now on, for something else than before, or has ended.
    #[inline]
    pub(in crate::rt) fn note_wait(&mut self, thread: ThreadId) {
        let since = Settled { step: self.kernel.steps, choices: self.schedule.choices_length() };
        self.kernel.thread_mut(thread).since = since;
    }

    /// Whether `current`, which waits, waits for ever; the execution ends then. If nobody else can go on, that is seen
    /// anyway, and if a director decides, it goes on to the end.
    #[inline]
    fn is_stuck(&mut self, current: ThreadId) -> bool {
        !self.kernel.limits.directed && self.stop_if(self.kernel.wait_for().stuck(current))
    }

    /// A thread has ended: so does the execution, if daemons are all that is left, or if another waits for a lock that it
    /// has not given back.
    #[inline]
    pub(in crate::rt) fn note_end(&mut self, ended: ThreadId) {
        self.note_wait(ended);
        if self.kernel.threads.only_daemons() && !self.kernel.limits.directed {
            self.stop = Some(Stop::Daemons);
        } else if !self.kernel.locks.held_by(ended).is_empty() && !self.kernel.limits.directed {
            self.stop_if(self.kernel.wait_for().waits_for_ended(ended));
        }
    }

    fn stop_if(&mut self, stuck: Option<Stuck>) -> bool {
        let stuck = stuck.filter(|_| self.kernel.wait_for().can_go_on().next().is_some());
        let stops = stuck.is_some();
        if let Some(stuck) = stuck {
            self.stop = Some(Stop::Stuck(stuck));
        }
        stops
    }

    /// The picked thread's op has taken effect.
    #[inline(always)]
    pub(in crate::rt) fn executed(&mut self, thread: ThreadId, op: Op) {
        if self.kernel.equivalence.is_wanted {
            let store = self.is_of_atomic(&op).then_some(self.kernel.store_event);
            self.kernel.equivalence.add(thread, &op, store);
        }
        if op.kind.is_use() {
            self.kernel.objects.get_mut(op.object).users.add(thread);
        }
        let found = self.kernel.found.take();
        self.end_step(thread, op, found);
    }

    /// The end of a step, which has found `found` if it has changed nothing.
    #[inline(always)]
    pub(in crate::rt) fn end_step(&mut self, thread: ThreadId, op: Op, found: Option<u64>) {
        let print =
            (op.kind as u8) ^ (op.object.0 as u8).wrapping_mul(37) ^ (thread.0 as u8).wrapping_mul(101);
        self.fingerprints.push(print);
        self.worker.beat(self.kernel.steps);
        match found {
            None => self.kernel.spinloops.note_change(self.kernel.steps, thread),
            Some(value) => {
                if !self.kernel.special.has(Special::DIRECTED) {
                    self.kernel.note_look(thread, &op, value, self.schedule.choices_length());
                }
            }
        }
        if self.kernel.is_due_as_long() {
            self.note_long(thread);
        }
        if self.kernel.special.has(Special::EVENT) {
            self.tell_observers(thread, op);
        }
    }

    #[cold]
    fn note_long(&mut self, thread: ThreadId) {
        if self.kernel.thread(thread).unwinding {
            Current::of(self).note_if_caught();
        }
        self.kernel.note_long();
    }

    /// Whether a value that was there when an operation on it began is still there: otherwise another thread has freed it
    /// meanwhile, and the memory is something else's.
    #[inline]
    pub(crate) fn is_intact(&self, identity: &Identity, object: ObjectId) -> bool {
        identity.index_in(self.stamp) == Some(object.0) || self.is_shared(identity, object)
    }

    #[cold]
    fn is_shared(&self, identity: &Identity, object: ObjectId) -> bool {
        let is_shared = || self.shared.get(&identity.address()) == Some(&object);
        self.is_winding_up() || identity.is_intact() && is_shared()
    }

    /// A value of this type is used after its end.
    #[cold]
    pub(crate) fn fail_used_after_end(&mut self, what: &'static str) -> ! {
        Current::of(self).fail(Stop::UseAfterFree(Some(what)))
    }

    fn tell_observers(&mut self, thread: ThreadId, op: Op) {
        if self.kernel.special.has(Special::TOLD) {
            let point = SchedulingPoint::new(&self.kernel);
            self.strategy.executed(thread, &op, &point, &mut self.rng);
        }
        if self.kernel.special.has(Special::TRACED) {
            self.trace_event(thread, op);
        }
    }

    #[cold]
    fn trace_event(&mut self, thread: ThreadId, op: Op) {
        let note = std::mem::replace(&mut self.kernel.note, Note::None);
        if self.is_traced() {
            let atomic = self.is_of_atomic(&op).then_some(self.kernel.atomic);
            let task = self.kernel.tasks.running_number(thread);
            self.trace.push(Event { step: self.kernel.steps, thread, task, op, note, atomic });
            self.keep_knowledge(thread);
            self.end_wait(thread, &op);
        }
        if self.stops_after == Some(self.kernel.steps) && op.kind != OpKind::End {
            Current::of(self).fail(Stop::Hang);
        }
    }

    /// Whether what happens now is traced.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.len() < self.mode.trace_limit
    }

    /// The data under a lock are used, for the first time since the lock was taken.
    #[cold]
    pub(crate) fn note_data_use(&mut self, object: ObjectId, may_write: bool) {
        let (thread, after) = (self.kernel.threads.current, self.trace.len() as u32);
        self.kernel.locks.uses.push(DataUse { thread, object, after, may_write });
    }

    /// Makes a choice among `alternatives`, at least one.
    pub(crate) fn choose(&mut self, choice: Choice, alternatives: usize) -> usize {
        if self.kernel.restraint.is_paused() && choice != Choice::Program {
            // Not recorded either: a replay pauses at the same place.
            return 0;
        }
        let value = match &mut self.director {
            Some(director) => director.choose(&mut self.kernel, choice, alternatives),
            // In the end every store is seen.
            None if choice == Choice::ReadsFrom
                && self.kernel.is_long()
                && !self.strategy.chooses_freely() =>
            {
                0
            }
            None => {
                let point = SchedulingPoint::new(&self.kernel);
                self.strategy.choose_at(&point, choice, alternatives, &mut self.rng)
            }
        };
        assert!(
            value < alternatives,
            "drawloom: the strategy `{}` chose alternative {value} of {alternatives}",
            self.strategy.name(),
        );
        self.schedule.push_choice(value as u64);
        self.contended_steps += u64::from(choice == Choice::NextTask);
        if matches!(choice, Choice::Program | Choice::SpuriousWakeup) {
            self.kernel.note_unsettled();
        }
        if self.is_traced() {
            self.traced_choices.push(TracedChoice { after: self.trace.len(), choice, value });
        }
        if choice == Choice::Program && self.kernel.equivalence.is_wanted {
            self.kernel.equivalence.add_choice(self.kernel.threads.current, value as u64);
        }
        value
    }
}
