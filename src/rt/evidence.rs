//! What an execution that is run for its report keeps besides its trace: what threads knew, and where they stood.
//!
//! Nothing of this is gathered while exploring. Stacks are captured without being resolved; whoever reports resolves the few
//! that are shown. They are kept for what happens near the end only, since each costs as much as some thousand steps.

use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::clock::Clock;
use super::execution::Execution;
use super::op::ThreadId;

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

/// The evidence of one execution.
#[derive(Default, Debug)]
pub(crate) struct Evidence {
    /// One for each event of the trace, unless there are too many.
    pub(crate) known: Vec<Known>,
    /// Where each thread began to wait last.
    pub(crate) waits: BTreeMap<ThreadId, Rc<Backtrace>>,
    captured: usize,
}

impl Evidence {
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.waits.clear();
        self.captured = 0;
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

    /// The running thread has to wait.
    #[cold]
    pub(super) fn keep_wait(&mut self, thread: ThreadId) {
        if let Some(stack) = self.stack() {
            self.evidence.waits.insert(thread, stack);
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
