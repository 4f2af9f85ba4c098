//! What an execution that is run for its report keeps besides its trace: what threads knew, and where they stood.
//!
//! Nothing of this is gathered while exploring. Stacks are captured without being resolved; whoever reports resolves the few
//! that are shown. They are kept for what happens near the end only, since each costs as much as some thousand steps.

use std::backtrace::Backtrace;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::clock::Clock;
use super::execution::Execution;
use super::op::{Op, ThreadId};
use super::timer::Instant;

/// How many events' clocks are kept: more would take more memory than the trace itself.
const KNOWN: usize = 200_000;

/// How many stacks are captured at most.
const STACKS: usize = 10_000;

/// How long before its end an execution's stacks are captured.
pub(crate) const STACKED_STEPS: u64 = 5_000;

/// What the thread of an event knew when the event was over.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The thread's own component of the clock.
    pub(crate) slot: u32,
    pub(crate) clock: Clock,
}

/// What an execution took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Effort {
    /// How often another thread went on.
    pub(crate) switches: u64,
    /// How often one that could have gone on did not.
    pub(crate) preemptions: u64,
    /// The virtual time that threads have waited, together.
    pub(crate) waited: Instant,
}

/// The evidence of one execution.
#[derive(Default, Debug)]
pub(crate) struct Evidence {
    /// One for each event of the trace, unless there are too many.
    pub(crate) known: Vec<Known>,
    /// Where each thread was when it last came to something that it may have to wait for.
    pub(crate) waits: BTreeMap<ThreadId, Rc<Backtrace>>,
    captured: usize,
    pub(crate) effort: Effort,
    /// Which threads were notified, and by which step.
    pub(crate) woken: Vec<(u64, ThreadId)>,
    /// The steps after which a thread could have gone on, and another did.
    pub(crate) preempted: BTreeSet<u64>,
    /// Since when each thread has waited.
    since: BTreeMap<ThreadId, Instant>,
}

impl Evidence {
    /// Whom step `step` has notified.
    pub(crate) fn woken_by(&self, step: u64) -> impl Iterator<Item = ThreadId> {
        let from = self.woken.partition_point(|&(by, _)| by < step);
        self.woken[from..].iter().take_while(move |&&(by, _)| by == step).map(|&(_, thread)| thread)
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.waits.clear();
        self.captured = 0;
        self.effort = Effort::default();
        self.preempted.clear();
        self.woken.clear();
        self.since.clear();
    }
}

impl Execution {
    /// An event was added to the trace.
    pub(super) fn keep_knowledge(&mut self, thread: ThreadId) {
        if self.mode.stacks_from.is_some() && self.evidence.known.len() < KNOWN {
            let thread = self.kernel.thread(thread);
            self.evidence.known.push(Known { slot: thread.slot, clock: thread.clock.clone() });
        }
    }

    /// The running thread is about to do what it may have to wait for.
    #[cold]
    pub(super) fn keep_wait(&mut self, thread: ThreadId) {
        self.evidence.since.insert(thread, self.kernel.time_of(thread));
        if let Some(stack) = self.stack() {
            self.evidence.waits.insert(thread, stack);
        }
    }

    /// It has done so.
    pub(super) fn end_wait(&mut self, thread: ThreadId, op: &Op) {
        if op.kind.may_block()
            && let Some(since) = self.evidence.since.remove(&thread)
        {
            self.evidence.effort.waited += self.kernel.time_of(thread) - since;
        }
    }

    /// Another thread than `current` goes on.
    #[cold]
    pub(super) fn count_switch(&mut self, current: ThreadId) {
        let effort = &mut self.evidence.effort;
        effort.switches += 1;
        let waits_for_others = self.kernel.seems_to_wait(current) || self.kernel.gives_way(current);
        let is_free = self.kernel.is_enabled(current) && !waits_for_others;
        if is_free {
            effort.preemptions += 1;
            self.evidence.preempted.insert(self.kernel.steps - 1);
        }
    }

    /// Where the running thread stands, if that is wanted.
    pub(super) fn stack(&mut self) -> Option<Rc<Backtrace>> {
        let wanted = self.mode.stacks_from.is_some_and(|from| self.kernel.steps >= from);
        if !wanted || self.evidence.captured == STACKS {
            return None;
        }
        self.evidence.captured += 1;
        Some(Rc::new(Backtrace::force_capture()))
    }
}
