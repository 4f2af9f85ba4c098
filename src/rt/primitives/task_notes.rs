//! What is noted of tasks: for those who tell of an execution afterwards, and where a task is pending also for who explores the order of
//! polls.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::kernel::special::Special;
use crate::rt::op::basis::Basis;
use crate::rt::op::verb::Verb;
use crate::rt::op::{Note, ObjectId};
use crate::rt::tasks::{Await, Kept, LeftTask, Task, TaskName, TaskPanic, TimerOver, Unreceived};

impl Current {
    /// A task has panicked, which the running thread has caught.
    pub(crate) fn note_task_panic(
        mut self,
        number: u64,
        spawned_at: &'static Location<'static>,
        payload: &(dyn std::any::Any + Send),
    ) {
        let thread = self.kernel().threads.current;
        let panic = self.panic_of(thread, payload);
        self.kernel().thread_mut(thread).unwinding = false;
        self.kernel().tasks.panics.push(TaskPanic { number, spawned_at, panic, is_told: false });
    }

    /// A task is dropped because its runtime ends.
    pub(crate) fn note_left(mut self, name: TaskName, is_awaited: bool) {
        let kernel = self.kernel();
        if let Some(&mut Task { spawned_at, pending_at: awaited, .. }) = kernel.tasks.alive(name) {
            kernel.tasks.left.push(LeftTask { spawned_at, awaited, is_awaited });
        }
    }

    /// How many steps were executed so far.
    pub(crate) fn steps(mut self) -> u64 {
        self.kernel().steps
    }

    /// Tasks whose destructors do something were dropped in one order of several.
    pub(crate) fn note_one_order(mut self) {
        self.kernel().basis.add(Basis::DROP_ORDER);
    }

    /// A runtime has ended while work waited to begin that tokio may drop then.
    pub(crate) fn note_late_work(mut self) {
        self.kernel().basis.add(Basis::LATE_WORK);
    }

    /// A count was asked for that changes without a step.
    pub(crate) fn note_count(mut self) {
        self.kernel().basis.add(Basis::END_COUNTS);
    }

    /// Somebody has learnt how the task has ended.
    pub(crate) fn note_task_joined(mut self, number: u64) {
        self.note_order_of_join(number);
        for panic in &mut self.kernel().tasks.panics {
            panic.is_told |= panic.number == number;
        }
    }

    /// A future of the running task keeps what it has taken while it gives way; for reports.
    pub(crate) fn note_kept(mut self, object: ObjectId, location: &'static Location<'static>) {
        let kernel = self.kernel();
        if kernel.special.has(Special::TRACED) {
            let number = kernel.tasks.running_number(kernel.threads.current);
            kernel.tasks.kept.push(Kept { number, object, location });
        }
    }

    /// It keeps it no more. Another task may have dropped it.
    pub(crate) fn note_not_kept(mut self, object: ObjectId, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let number = kernel.tasks.running_number(kernel.threads.current);
        let kept = &mut kernel.tasks.kept;
        let of_any = |kept: &Kept| (kept.object, kept.location) == (object, location);
        let of_running = kept.iter().position(|kept| of_any(kept) && kept.number == number);
        if let Some(at) = of_running.or_else(|| kept.iter().position(of_any)) {
            kept.swap_remove(at);
        }
    }

    /// Whether it is run for a report.
    pub(crate) fn is_traced(mut self) -> bool {
        self.kernel().special.has(Special::TRACED)
    }

    /// The last waker of a task is dropped, or it gets one; for reports.
    pub(crate) fn note_last_waker(mut self, name: TaskName, is_dropped: bool) {
        if self.execution().is_winding_up() {
            return;
        }
        let kernel = self.kernel();
        let (thread, step) = (kernel.threads.current, kernel.steps);
        let dropped_by = (step, thread, kernel.tasks.running_number(thread));
        if let Some(task) = kernel.tasks.alive(name) {
            task.has_no_waker = is_dropped.then_some(dropped_by);
        }
    }

    /// The running task waits here.
    #[inline]
    pub(crate) fn note_await(mut self, object: ObjectId, verb: Verb, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let task = kernel.tasks.get_mut(name.id);
        task.pending_at = Some(location);
        task.was_composed = task.composed > 0;
        self.note_stop(object, verb, location);
    }

    /// The running task gives way here, before a leaf operation that says nothing of where the task goes on.
    #[inline]
    pub(crate) fn note_stop(mut self, object: ObjectId, verb: Verb, location: &'static Location<'static>) {
        let kernel = self.kernel();
        if kernel.special.has(Special::TRACED) || kernel.limits.cancellations > 0 {
            self.keep_await(object, verb, location);
        }
    }

    #[cold]
    fn keep_await(mut self, object: ObjectId, verb: Verb, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let since = kernel.timers.now();
        kernel.tasks.get_mut(name.id).awaits.push(Await { object, verb, location, since });
    }

    /// What the running task has waited for here is dropped, and it waits for something else.
    pub(crate) fn note_no_await(mut self, verb: Verb, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let awaits = &mut kernel.tasks.get_mut(name.id).awaits;
        let is_it = |awaited: &Await| awaited.verb == verb && std::ptr::eq(awaited.location, location);
        if let Some(at) = awaits.iter().rposition(is_it) {
            awaits.remove(at);
        }
    }

    /// Messages were in a channel when nobody could receive them any more.
    pub(crate) fn note_unreceived(
        mut self,
        kind: &'static str,
        made_at: &'static Location<'static>,
        count: usize,
    ) {
        let kernel = self.kernel();
        kernel.note = Note::Unreceived(count as u64);
        kernel.tasks.unreceived.push(Unreceived { kind, made_at, count });
    }

    /// A timer has ended, and its task goes on; for reports.
    pub(crate) fn note_timer(mut self, what: &'static str, location: &'static Location<'static>) {
        let kernel = self.kernel();
        if kernel.special.has(Special::TRACED) {
            let thread = kernel.threads.current;
            let (task, step) = (kernel.tasks.running_number(thread), kernel.steps);
            let now = kernel.timers.now();
            kernel.tasks.timers_over.push(TimerOver { step, thread, task, what, location, now });
        }
    }

    /// The running task yields.
    pub(crate) fn note_yield(mut self, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return };
        let task = kernel.tasks.get_mut(name.id);
        (task.yields, task.wakes_to_yield) = (true, true);
        self.note_await_alone(Verb::Yield, location);
    }

    /// The same, where it waits for nothing in particular.
    pub(crate) fn note_await_alone(self, verb: Verb, location: &'static Location<'static>) {
        self.note_await(ObjectId::NONE, verb, location);
    }
}
