//! The steps of a thread that is alone, in an execution of which nobody wants to hear more than how it ends.
//!
//! Async code on one thread is mostly that: a thread that polls one task after the other. Nobody else can go on, so a step that does
//! not wait is counted, and what its effect may choose is drawn at once.

use super::execution::Execution;
use crate::rt::kernel::special::Special;
use crate::rt::op::{Choice, Op, ThreadId};

impl Execution {
    /// Whether the running thread makes its next step in the short way, if it does not have to wait for that.
    #[inline(always)]
    pub(in crate::rt) fn is_plainly_alone(&self) -> bool {
        let kernel = &self.kernel;
        kernel.threads.count() == 1 && !kernel.special.has(Special::STEP) && kernel.steps < kernel.looks_at
    }

    /// Such a step, on something that is no atomic. Its effect, which must follow, changes something.
    #[inline(always)]
    pub(in crate::rt) fn step_alone(&mut self, op: Op) -> ThreadId {
        let thread = self.kernel.threads.current;
        self.kernel.thread_mut(thread).pending = op;
        self.go_on_with(thread);
        if self.kernel.equivalence.is_wanted {
            self.kernel.equivalence.add(thread, &op, None);
        }
        self.end_step(thread, op, None);
        thread
    }

    /// As `choose`, which of several ready tasks is polled next, in the short way.
    #[inline(always)]
    pub(in crate::rt) fn choose_task_alone(&mut self, tasks: usize) -> usize {
        if !self.draws_tasks {
            return self.choose(Choice::NextTask, tasks);
        }
        self.contended_steps += 1;
        let task = self.rng.below(tasks);
        self.schedule.push_choice(task as u64);
        task
    }
}
