//! What an execution that is run for its report keeps of each step; see `record::evidence`.

use std::backtrace::Backtrace;
use std::rc::Rc;

use super::execution::Execution;
use crate::rt::op::{Op, ThreadId};
use crate::rt::record::evidence::{KNOWN, Known, STACKS};

impl Execution {
    /// An event was added to the trace.
    pub(in crate::rt) fn keep_knowledge(&mut self, thread: ThreadId) {
        if self.mode.stacks_from.is_some() && self.evidence.known.len() < KNOWN {
            let view = self.kernel.view(thread);
            self.evidence.known.push(Known { slot: view.slot, clock: view.clock.clone() });
        }
    }

    /// The running thread is about to do what it may have to wait for.
    #[cold]
    pub(in crate::rt) fn keep_wait(&mut self, thread: ThreadId) {
        self.evidence.since.insert(thread, self.kernel.time_of(thread));
        if let Some(stack) = self.stack() {
            self.evidence.waits.insert(thread, stack);
        }
    }

    /// It has done so.
    pub(in crate::rt) fn end_wait(&mut self, thread: ThreadId, op: &Op) {
        if op.kind.may_block()
            && let Some(since) = self.evidence.since.remove(&thread)
        {
            self.evidence.effort.waited += self.kernel.time_of(thread) - since;
        }
    }

    /// Another thread than `current` goes on.
    #[cold]
    pub(in crate::rt) fn count_switch(&mut self, current: ThreadId) {
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
    pub(in crate::rt) fn stack(&mut self) -> Option<Rc<Backtrace>> {
        let wanted = self.mode.stacks_from.is_some_and(|from| self.kernel.steps >= from);
        if !wanted || self.evidence.captured == STACKS {
            return None;
        }
        self.evidence.captured += 1;
        Some(Rc::new(Backtrace::force_capture()))
    }
}
