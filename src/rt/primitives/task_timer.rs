//! Timers of tasks: started and stopped without an operation, since only time ends them. See `rt::tasks::timer`.

use std::time::Duration;

use super::tasks::{queue_of, refresh};
use crate::rt::Current;
use crate::rt::objects::RuntimeState;
use crate::rt::op::ObjectId;
use crate::rt::op::basis::Basis;
use crate::rt::op::rule::Refusal;
use crate::rt::tasks::timer::{TaskTimer, TaskTimers};
use crate::rt::threads::timers::{Instant, NEVER, Timers};

/// tokio's timers ring at whole milliseconds, later rather than earlier, in nanoseconds here.
const GRANULARITY: u64 = 1_000_000;

impl Current {
    /// Starts a timer that rings after so long. `None` if that never comes.
    pub(crate) fn start_task_timer(mut self, queue: ObjectId, after: Duration) -> Option<u32> {
        let execution = self.execution();
        if execution.kernel.rings_any_time() {
            // Heard only where there is a director.
            execution.refuse_to_direct(Refusal::Unsupported("timers of tasks that may ring at any moment"));
        }
        let kernel = &mut execution.kernel;
        let deadline = kernel.deadline(Some(after));
        if deadline == NEVER {
            return None;
        }
        let deadline = deadline.div_ceil(GRANULARITY).saturating_mul(GRANULARITY);
        let number = kernel.objects.state_mut::<RuntimeState>(queue).queue;
        let timer = TaskTimer { wait: 0, deadline, queue: number, object: queue, is_over: false };
        let timer = kernel.tasks.timers.add(timer);
        let is_any = kernel.rings_any_time();
        let wait = if is_any { u64::MAX } else { kernel.timers.start(TaskTimers::waiter(timer), deadline) };
        kernel.basis.add(Basis::DEADLINES);
        kernel.tasks.timers.get_mut(timer).wait = wait;
        if is_any {
            refresh(kernel, queue);
        }
        Some(timer)
    }

    /// Time passes, by so much, and what is due until then becomes due.
    pub(crate) fn advance_time(mut self, by: Duration) {
        let execution = self.execution();
        execution.refuse_to_direct(Refusal::Unsupported("time that the test advances"));
        let kernel = &mut execution.kernel;
        kernel.tasks.has_advanced = true;
        let until = Timers::deadline(kernel.timers.now(), by);
        self.pass_time_until(until);
    }

    /// What is due until then becomes due, in that order.
    pub(super) fn pass_time_until(mut self, until: Instant) {
        let kernel = self.kernel();
        while kernel.timers.next_deadline().is_some_and(|deadline| deadline <= until) && kernel.pass_time() {}
        kernel.timers.move_to(until);
    }

    /// Whether the timer has rung.
    pub(crate) fn is_task_timer_over(mut self, timer: u32) -> bool {
        self.kernel().tasks.timers.get(timer).is_over
    }

    /// Nobody waits for the timer any more.
    pub(crate) fn stop_task_timer(mut self, timer: u32) {
        let kernel = self.kernel();
        let queue = kernel.tasks.timers.get(timer).object;
        kernel.tasks.timers.remove(timer);
        let due = &mut queue_of(kernel, queue).due;
        let was_due = due.contains(&timer);
        due.retain(|&other| other != timer);
        if was_due || kernel.rings_any_time() {
            refresh(kernel, queue);
        }
    }

    /// The timers of this queue that are due, whose wakers are to be called, with their deadlines.
    pub(crate) fn take_due_timers(mut self, queue: ObjectId) -> Vec<(u32, Instant)> {
        let kernel = self.kernel();
        let due = std::mem::take(&mut queue_of(kernel, queue).due);
        refresh(kernel, queue);
        due.into_iter().map(|timer| (timer, kernel.tasks.timers.get(timer).deadline)).collect()
    }
}
