//! What time it is, and when it passes.

use std::time::Duration;

use super::Kernel;
use crate::rt::clocks::view::View;
use crate::rt::objects::RuntimeState;
use crate::rt::op::ThreadId;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Timeouts;
use crate::rt::op::ready::DUE;
use crate::rt::tasks::timer::{TaskTimer, TaskTimers};
use crate::rt::threads::timers::{Instant, NEVER, Timers};

impl Kernel {
    /// When a wait of the running thread ends that begins now.
    pub(crate) fn deadline(&self, length: Option<Duration>) -> Instant {
        length.map_or(NEVER, |length| Timers::deadline(self.time_of(self.threads.current), length))
    }

    /// Whether a wait that begins now does not block, as its time is over.
    #[inline]
    pub(crate) fn is_due_at_once(&self, deadline: Instant) -> bool {
        deadline != NEVER && (self.limits.timeouts == Timeouts::Any || deadline <= self.timers.now())
    }

    /// Nothing can run, or only threads that spin: time passes until the earliest deadline, and all waits that end then
    /// are due. False if there is none.
    pub(crate) fn pass_time(&mut self) -> bool {
        self.tasks.forget_rung();
        let Kernel { timers, threads, tasks, .. } = self;
        let has_passed = timers.tick(|id, number| {
            if let Some(timer) = TaskTimers::of_waiter(id) {
                return tasks.ring(timer, number);
            }
            let thread = threads.get_mut(id);
            let waits = !thread.ended && thread.deadline != NEVER && thread.wait_number == number;
            if waits {
                thread.is_due = true;
                let lane = thread.lane;
                threads.enabled.insert(lane);
            }
            waits
        });
        self.enable_workers();
        has_passed
    }

    /// Whether a timer of a task may ring at any moment.
    pub(in crate::rt) fn rings_any_time(&self) -> bool {
        self.limits.timeouts == Timeouts::Any
    }

    /// A worker chooses that a timer of its queue rings now.
    pub(in crate::rt) fn ring_early(&mut self, worker: ThreadId, queue: u32, which: usize) {
        let Some(timer) = self.tasks.timers.pending(queue).nth(which) else { return };
        let TaskTimer { wait, deadline, .. } = *self.tasks.timers.get(timer);
        self.tasks.ring(timer, wait);
        let time = deadline.max(self.time_of(worker));
        let &View { slot, epoch, .. } = self.view(worker);
        self.timers.raise(slot, epoch, time);
    }

    /// Timers of tasks are due: their workers have something to do.
    fn enable_workers(&mut self) {
        for at in 0..self.tasks.rung().len() {
            let queue = self.tasks.rung()[at];
            let state = self.objects.state_mut::<RuntimeState>(queue);
            state.is_busy = true;
            state.number |= DUE;
            self.recheck(queue);
        }
    }

    /// What time it is for a thread.
    pub(crate) fn time_of(&self, id: ThreadId) -> Instant {
        let view = self.view(id);
        let is_any = self.limits.timeouts == Timeouts::Any;
        let later = if is_any { self.timers.known(&view.acquirable) } else { 0 };
        later.max(self.timers.known(&view.clock))
    }

    /// Reads the clock, for the running thread. The second value says that it was read again and again while threads did
    /// other things as well.
    pub(crate) fn read_clock(&mut self) -> (Instant, bool) {
        self.basis.add(Basis::CLOCK);
        let is_worn = self.timers.note_read();
        if is_worn {
            self.timers.step();
        }
        self.note_unsettled();
        (self.time_of(self.threads.current), is_worn)
    }
}
