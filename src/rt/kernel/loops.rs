//! What the running op has found, and what follows from loops that find the same again and again.

use super::Kernel;
use super::special::Special;
use crate::rt::op::thread_set::LaneSet;
use crate::rt::op::{Note, Op, ThreadId};

impl Kernel {
    /// The running op changes nothing; `value` is what it has found.
    #[inline]
    pub(crate) fn found(&mut self, value: u64) {
        self.found = Some(value);
    }

    /// The running op reads, and nothing else.
    #[inline]
    pub(crate) fn note_read(&mut self, value: u64) {
        self.note = Note::Read(value);
        self.found(value);
    }

    /// The running op is an attempt that fails because of `value`.
    #[inline]
    pub(crate) fn note_failed(&mut self, value: u64) {
        self.note = Note::Failed(value);
        self.found(value);
    }

    /// The running op ends a wait that its own thread has seen to, which nobody else can tell: it waits for others.
    #[inline]
    pub(crate) fn note_own_wake(&mut self) {
        self.woke_itself = true;
        self.found(0);
    }

    /// The running thread finds what may be otherwise the next time although nothing has changed.
    #[inline]
    pub(crate) fn note_unsettled(&mut self) {
        self.spinloops.note_unsettled(self.steps);
    }

    /// The op of `id` was a look that found `value`; `choices` is how long the list of choices is.
    #[inline]
    pub(in crate::rt) fn note_look(&mut self, id: ThreadId, op: &Op, value: u64, choices: usize) {
        let is_hint = op.kind.is_yield() || std::mem::take(&mut self.woke_itself);
        if let Some(ends_round) = self.spinloops.look(id, op, value, is_hint) {
            self.follow_look(id, is_hint, ends_round, choices);
        }
    }

    #[inline(never)]
    fn follow_look(&mut self, id: ThreadId, is_hint: bool, ends_round: bool, choices: usize) {
        let now = (self.steps, choices);
        let follows = self.spinloops.follow(now, id, (is_hint, ends_round), &self.threads);
        if follows.yields {
            self.fairness.note_yield();
            self.special.set(Special::FAIR, true);
        }
        let has_time = !self.timers.is_empty() || self.timers.is_polled();
        if follows.waits
            && has_time
            && self.spinloops.note_idle(id, self.steps, &self.threads)
            && (self.pass_time() || self.timers.is_polled() && self.timers.step())
        {
            self.spinloops.note_turn();
        }
    }

    /// Whether `id` is about to say that it waits for others, or goes round in a loop.
    #[inline]
    pub(crate) fn yields(&self, id: ThreadId) -> bool {
        self.thread(id).pending.kind.is_yield() || self.spinloops.is_spinning(id)
    }

    /// Whether `id` seems to wait for others, so that nobody would say that it is interrupted where another goes on. That is so
    /// earlier than it counts as yielding.
    #[inline]
    pub(crate) fn seems_to_wait(&self, id: ThreadId) -> bool {
        self.thread(id).pending.kind.is_yield() || self.spinloops.has_gone_round(id)
    }

    /// Whether another of `choosable` than the running thread would preempt it: it could go on and does not yield.
    pub(crate) fn would_preempt(&self, choosable: &LaneSet) -> bool {
        let current = self.threads.current;
        self.threads.is_among(choosable, current) && !self.yields(current)
    }

    /// Whether `id` has to give way to others.
    pub(crate) fn gives_way(&self, id: ThreadId) -> bool {
        self.fairness.is_active() && !self.threads.is_among(self.fairness.choosable(), id)
    }

    /// Works out who may be chosen at the next step.
    pub(in crate::rt) fn update_fairness(&mut self) {
        let lane = self.thread(self.threads.current).lane;
        self.fairness.step(lane, &self.threads.enabled);
    }
}
