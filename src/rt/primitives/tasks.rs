//! Tasks: waking them, taking the next one to poll it, and what becomes of it after its poll.
//!
//! A runtime's queue is one object. The workers of a runtime wait at it (`PollNext`) until a task is ready, a timer is due or the
//! runtime is shut down. What a worker learns when it takes a task is what those who woke it knew, and what the task itself did
//! when it was polled last. A runtime with one worker ends a poll without an operation: nobody can tell.

use std::panic::Location;
use std::sync::Arc;

use crate::rt::kernel::Kernel;
use crate::rt::kernel::special::Special;
use crate::rt::objects::{OperatedState, RuntimeState, State, outcome_of_runtime};
use crate::rt::op::basis::Basis;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::ready::{CLOSED, CLOSES, DUE, IS_LAST, IS_SHARED, TASK, TOLD_APART};
use crate::rt::op::rule::{Outcome, Refusal};
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::tasks::{Phase, Queue, StaleWake, Task, TaskId, TaskName, ToldTask, Woken};
use crate::rt::{Current, Execution};

/// How often a task may give way in an execution that a director decides, although it could go on; in others, as often as it is
/// chosen to. And how often it may be polled before others although it has yielded.
const GIVES_WAY: u32 = 2;
const OVERTAKES: u32 = 2;

/// What a worker has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// This task is to be polled; `begin_poll` was called for it.
    Task(TaskName),
    /// Timers are due: their wakers are to be called.
    Timers,
    /// The runtime is shut down.
    Closed,
}

/// Who is woken: a task, in its runtime's queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sleeper {
    pub(crate) queue: ObjectId,
    pub(crate) ordinal: u32,
    pub(crate) name: TaskName,
    /// The task's number among all tasks of the execution.
    pub(crate) number: u64,
}

/// The part of an operation's argument that says which task is meant.
fn argument_of(ordinal: u32) -> u32 {
    ordinal.min(TASK as u32)
}

fn change_number(kernel: &mut Kernel, queue: ObjectId, kind: OpKind, argument: u32, choice: u32) {
    let state = kernel.objects.state_mut::<RuntimeState>(queue);
    if let Outcome::Writes(number) = outcome_of_runtime(kind, u64::from(argument), state.number, choice) {
        state.number = number;
    }
}

/// The queue that an object stands for.
pub(super) fn queue_of(kernel: &mut Kernel, object: ObjectId) -> &mut Queue {
    let RuntimeState { queue, .. } = *kernel.objects.state_mut::<RuntimeState>(object);
    kernel.tasks.queue_mut(queue)
}

/// Whether a worker has something to do may be another than before.
#[inline]
pub(super) fn refresh(kernel: &mut Kernel, queue: ObjectId) {
    let RuntimeState { queue: number, is_busy, is_closed, .. } =
        *kernel.objects.state_mut::<RuntimeState>(queue);
    let ready = kernel.tasks.queue_mut(number);
    let is_ready = is_closed || ready.available() > 0 || !ready.due.is_empty();
    let now = is_ready || kernel.rings_any_time() && kernel.tasks.timers.pending(number).next().is_some();
    if now != is_busy {
        kernel.objects.state_mut::<RuntimeState>(queue).is_busy = now;
        kernel.recheck(queue);
    }
}

impl Current {
    /// A new queue of tasks, for a runtime that was made here.
    pub(crate) fn new_task_queue(mut self, location: &'static Location<'static>) -> ObjectId {
        let kernel = self.kernel();
        let queue = kernel.tasks.add_queue(kernel.limits.fifo);
        let state = RuntimeState { queue, is_busy: false, is_closed: false, number: 0 };
        let user = kernel.threads.current;
        kernel.objects.register(ObjectKind::Runtime, location, user, State::Runtime(state))
    }

    /// A new task, which nobody has woken yet. `is_main`: it is the future of a `block_on`.
    pub(crate) fn add_task(
        mut self,
        queue: ObjectId,
        (name, is_main): (Option<Arc<str>>, bool),
        location: &'static Location<'static>,
    ) -> Sleeper {
        let kernel = self.kernel();
        let number = kernel.tasks.next_number();
        let main_of = is_main.then_some(kernel.threads.current);
        let (lineage, parent) = if is_main { (0, None) } else { kernel.spawn_path(number) };
        if !is_main && kernel.limits.directed {
            kernel.basis.add(Basis::UNSEEN_DATA);
        }
        let sleeper = self.place_task(queue, number, location);
        let object = self.task_object(sleeper.name);
        let kernel = self.kernel();
        kernel.tasks.get_mut(sleeper.name.id).is_spawned = !is_main;
        if is_main {
            queue_of(kernel, queue).set_main(Some(sleeper.name.id));
        }
        let told = ToldTask { number, object, name, main_of, lineage, parent, spawned_tasks: 0, polls: 0 };
        self.kernel().tasks.told.push(told);
        sleeper
    }

    /// A place in a queue for the task of this number.
    pub(crate) fn place_task(
        mut self,
        queue: ObjectId,
        number: u64,
        location: &'static Location<'static>,
    ) -> Sleeper {
        let kernel = self.kernel();
        let queue_number = kernel.objects.state_mut::<RuntimeState>(queue).queue;
        let (place, object) = match kernel.tasks.take_free() {
            Some((id, object)) => (Some(id), object),
            None => {
                let state = State::Operated(OperatedState::default());
                let user = kernel.threads.current;
                (None, kernel.objects.register(ObjectKind::Task, location, user, state))
            }
        };
        let name = kernel.tasks.add(place, (queue, queue_number), (object, number), location);
        kernel.locks.made(name.id);
        let task = kernel.tasks.get_mut(name.id);
        (task.gives_way, task.gives_way_within, task.overtakes) = (GIVES_WAY, GIVES_WAY, OVERTAKES);
        task.is_spawned = true;
        Sleeper { queue, ordinal: task.ordinal, name, number }
    }

    /// The object that tells of a task's end.
    pub(crate) fn task_object(mut self, task: TaskName) -> ObjectId {
        self.kernel().tasks.get(task.id).object
    }

    /// Wakes a task. One that has ended, or is awake, stays as it is.
    pub(crate) fn wake_task(mut self, sleeper: Sleeper, location: &'static Location<'static>) {
        let kernel = self.kernel();
        let runs = kernel.tasks.running(kernel.threads.current) == Some(sleeper.name);
        if runs {
            let task = kernel.tasks.get_mut(sleeper.name.id);
            task.is_awake |= !std::mem::take(&mut task.wakes_to_yield) && !task.is_rung;
        }
        let itself = runs && !kernel.tasks.get(sleeper.name.id).is_rung && !self.overtakes(sleeper.name);
        let kernel = self.kernel();
        if itself && kernel.threads.count() == 1 && !kernel.limits.orders_polls && !kernel.limits.directed {
            // Nobody else can do anything meanwhile, nor learn of it.
            let task = kernel.tasks.get_mut(sleeper.name.id);
            if let Phase::Running(woken) = task.phase {
                task.phase = Phase::Running(woken.max(Woken::ByItself));
            }
            kernel.tasks.woken = Some((task.number, false));
            return;
        }
        self.wake_in_a_step(sleeper, itself, location);
    }

    /// `itself`: the task that is polled wakes itself.
    fn wake_in_a_step(mut self, sleeper: Sleeper, itself: bool, location: &'static Location<'static>) {
        let Sleeper { queue, ordinal, name, number } = sleeper;
        let kernel = self.kernel();
        kernel.tasks.woken = None;
        let is_gone = !kernel.limits.directed && kernel.tasks.alive(name).is_none();
        let argument = argument_of(ordinal)
            | if itself { IS_LAST as u32 } else { 0 }
            | if is_gone { IS_SHARED as u32 } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::Wake, queue, location) };
        self.op(op, |execution, thread| {
            let kernel = &mut execution.kernel;
            if kernel.limits.directed {
                change_number(kernel, queue, OpKind::Wake, argument, 0);
            }
            // A worker that has woken the task it polls has others to poll: it does not wait, as a thread that does so.
            let Some(task) = kernel.tasks.alive(name) else { return note_stale(kernel, thread, number) };
            let (object, phase) = (task.object, task.phase);
            if task.polled_since == 0 && phase == Phase::Idle {
                kernel.note = Note::Spawned(task.number);
            }
            match phase {
                Phase::Running(woken) => {
                    task.phase =
                        Phase::Running(woken.max(if itself { Woken::ByItself } else { Woken::ByOthers }));
                }
                Phase::Idle | Phase::Deferred => task.phase = Phase::Ready,
                Phase::Ready | Phase::Ended => {}
            }
            kernel.tasks.woken = Some((number, phase == Phase::Idle));
            kernel.release(thread, queue);
            kernel.release(thread, object);
            match phase {
                Phase::Idle => queue_of(kernel, queue).push(ordinal, name.id),
                Phase::Deferred => queue_of(kernel, queue).undefer(ordinal, name.id),
                Phase::Running(_) | Phase::Ready | Phase::Ended => return,
            }
            refresh(kernel, queue);
        });
    }

    /// Waits until there is something to do for a worker of this queue. `is_shared`: whether it has several.
    pub(crate) fn poll_next(
        mut self,
        queue: ObjectId,
        is_shared: bool,
        location: &'static Location<'static>,
    ) -> Next {
        if !is_shared && let Some(name) = self.poll_next_alone(queue, location) {
            return Next::Task(name);
        }
        let kernel = self.kernel();
        let number = kernel.objects.state_mut::<RuntimeState>(queue).queue;
        let ended = std::mem::take(&mut queue_of(kernel, queue).ended);
        let argument = ended | if is_shared { IS_SHARED as u32 } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::PollNext, queue, location) };
        self.op(op, |execution, thread| take_next(execution, thread, (queue, number), argument))
    }

    /// As `poll_next`, for a thread that is alone, if a task is ready and nothing else can be there to do.
    #[inline(always)]
    fn poll_next_alone(mut self, queue: ObjectId, location: &'static Location<'static>) -> Option<TaskName> {
        let execution = self.execution();
        if !execution.is_plainly_alone() || execution.kernel.special.has(Special::POLLS) {
            return None;
        }
        let RuntimeState { queue: number, is_closed, .. } = *execution.kernel.objects.state_mut(queue);
        let ready = execution.kernel.tasks.queue_mut(number);
        ready.be_fair();
        let choices = ready.choices();
        if is_closed || choices == 0 || !ready.due.is_empty() {
            return None;
        }
        ready.ended = 0;
        let thread = execution.step_alone(Op::new(OpKind::PollNext, queue, location));
        let chosen = if choices == 1 { 0 } else { execution.choose_task_alone(choices) };
        let kernel = &mut execution.kernel;
        let id = kernel.tasks.queue_mut(number).take(chosen);
        Some(begin_poll(kernel, thread, id))
    }

    /// The running thread has polled the task to its end, or to an await.
    pub(crate) fn end_poll(
        mut self,
        name: TaskName,
        (is_shared, has_ended): (bool, bool),
        location: &'static Location<'static>,
    ) {
        let kernel = self.kernel();
        let Task { queue, ordinal, .. } = *kernel.tasks.get(name.id);
        if !is_shared {
            let thread = kernel.threads.current;
            leave(kernel, thread, name, has_ended);
            if has_ended && ordinal < TOLD_APART {
                queue_of(kernel, queue).ended |= 1 << ordinal;
            }
            return;
        }
        let argument = argument_of(ordinal) | if has_ended { IS_LAST as u32 } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::EndPoll, queue, location) };
        self.op(op, |execution, thread| {
            change_number(&mut execution.kernel, queue, OpKind::EndPoll, argument, 0);
            leave(&mut execution.kernel, thread, name, has_ended);
        });
    }

    /// Whether the queue is closed.
    pub(crate) fn is_closed(mut self, queue: ObjectId) -> bool {
        self.kernel().objects.state_mut::<RuntimeState>(queue).is_closed
    }

    /// The queue is closed: its workers are to end. Where there is one thread only, nobody sees when.
    pub(crate) fn close_tasks(mut self, queue: ObjectId, location: &'static Location<'static>) {
        if self.is_alone() || !self.on_fiber() {
            self.kernel().objects.state_mut::<RuntimeState>(queue).is_closed = true;
            return;
        }
        let argument = CLOSES as u32;
        let op = Op { argument, ..Op::new(OpKind::EndPoll, queue, location) };
        self.op(op, |execution, thread| {
            change_number(&mut execution.kernel, queue, OpKind::EndPoll, argument, 0);
            execution.kernel.release(thread, queue);
            execution.kernel.objects.state_mut::<RuntimeState>(queue).is_closed = true;
            refresh(&mut execution.kernel, queue);
        });
    }

    /// A task that is not polled is dropped: it is not to be polled again.
    pub(crate) fn discard_task(mut self, sleeper: Sleeper) {
        let Sleeper { queue, ordinal, name, .. } = sleeper;
        let kernel = self.kernel();
        if kernel.tasks.alive(name).is_none() {
            return;
        }
        let ready = queue_of(kernel, queue);
        ready.remove(name.id);
        if ordinal < TOLD_APART {
            ready.ended |= 1 << ordinal;
        }
        let reuses = kernel.limits.reuses_tasks();
        kernel.tasks.end(name.id, reuses);
        refresh(kernel, queue);
    }

    /// The running thread blocks in the middle of a poll, and polls nothing meanwhile. `resume_poll` must follow.
    pub(crate) fn pause_poll(mut self) -> Option<TaskName> {
        let kernel = self.kernel();
        kernel.tasks.pause_poll(kernel.threads.current)
    }

    /// The running thread polls this task again.
    pub(crate) fn resume_poll(mut self, task: TaskName) {
        let kernel = self.kernel();
        kernel.tasks.resume_poll(kernel.threads.current, task);
    }

    /// The task that the running thread polls.
    pub(crate) fn running_task(mut self) -> Option<TaskName> {
        let kernel = self.kernel();
        kernel.tasks.running(kernel.threads.current)
    }

    /// That task, and at which step its poll has begun.
    pub(crate) fn running_poll(mut self) -> Option<(TaskName, u64)> {
        let name = self.running_task()?;
        Some((name, self.kernel().tasks.get(name.id).polled_since))
    }

    /// At which step the last poll of a task has begun, unless the task has ended.
    pub(crate) fn poll_of(mut self, task: TaskName) -> Option<u64> {
        self.kernel().tasks.alive(task).map(|task| task.polled_since)
    }

    /// Whether there is one thread only.
    pub(crate) fn is_alone(mut self) -> bool {
        self.kernel().threads.count() == 1
    }

    /// The number of a task among all of the execution.
    pub(crate) fn task_number(mut self, task: TaskName) -> u64 {
        self.kernel().tasks.get(task.id).number
    }

    /// The number of the task that code runs for on the running thread, unless that is the future of a `block_on`: one that the thread
    /// polls, whose future it drops, or whose work it does where it may block.
    pub(crate) fn spawned_task_number(mut self) -> Option<u64> {
        let kernel = self.kernel();
        let thread = kernel.threads.current;
        let running = kernel.tasks.running(thread).map(|name| kernel.tasks.get(name.id));
        let polled = running.filter(|task| task.is_spawned).map_or(0, |task| task.number);
        let thread = kernel.thread(thread);
        [thread.drops, polled, thread.works_for].into_iter().find(|&number| number != 0)
    }

    /// The running thread drops the future of this task, or of none if it is 0; of which one it did so far.
    pub(crate) fn set_drops(mut self, number: u64) -> u64 {
        let kernel = self.kernel();
        let thread = kernel.threads.current;
        std::mem::replace(&mut kernel.thread_mut(thread).drops, number)
    }

    /// The running thread.
    pub(crate) fn thread(mut self) -> ThreadId {
        self.kernel().threads.current
    }

    /// The queue of the task that the running thread polls.
    pub(crate) fn running_queue(mut self) -> Option<ObjectId> {
        let task = self.running_task()?;
        Some(self.kernel().tasks.get(task.id).queue)
    }

    /// What tells the end of a task that is in no queue, and its number.
    pub(crate) fn new_task_object(mut self, location: &'static Location<'static>) -> (ObjectId, u64) {
        let kernel = self.kernel();
        let state = State::Operated(OperatedState::default());
        let user = kernel.threads.current;
        let object = kernel.objects.register(ObjectKind::Task, location, user, state);
        let number = kernel.tasks.next_number();
        let (lineage, parent) = kernel.spawn_path(number);
        let told = ToldTask {
            number,
            object,
            name: None,
            main_of: None,
            lineage,
            parent,
            spawned_tasks: 0,
            polls: 0,
        };
        kernel.tasks.told.push(told);
        (object, number)
    }
}

/// Takes what a worker is to do.
fn take_next(
    execution: &mut Execution,
    thread: ThreadId,
    (queue, number): (ObjectId, u32),
    argument: u32,
) -> Next {
    let kernel = &mut execution.kernel;
    kernel.acquire(thread, queue);
    let state = kernel.objects.state_mut::<RuntimeState>(queue);
    let is_told = state.number & (CLOSED | DUE) != 0;
    if is_told {
        change_number(kernel, queue, OpKind::PollNext, argument, 0);
    }
    if kernel.objects.state_mut::<RuntimeState>(queue).is_closed {
        return Next::Closed;
    }
    if !kernel.tasks.queue_mut(number).due.is_empty() {
        return Next::Timers;
    }
    if let Some(name) = poll_spuriously(execution, thread, queue) {
        return Next::Task(name);
    }
    let kernel = &mut execution.kernel;
    if kernel.limits.fifo && kernel.limits.directed && kernel.tasks.queue(number).available() > 1 {
        execution.refuse_to_direct(Refusal::Unsupported(
            "tasks that are polled in the order in which they became ready",
        ));
    }
    let kernel = &mut execution.kernel;
    if !kernel.limits.directed && !kernel.limits.orders_polls {
        kernel.tasks.queue_mut(number).be_fair();
    }
    let available = kernel.tasks.queue_mut(number).choices();
    let rings = if kernel.rings_any_time() { kernel.tasks.timers.pending(number).count() } else { 0 };
    let chosen =
        if available + rings == 1 { 0 } else { execution.choose(Choice::NextTask, available + rings) };
    let kernel = &mut execution.kernel;
    if chosen >= available {
        kernel.ring_early(thread, number, chosen - available);
        return Next::Timers;
    }
    let id = kernel.tasks.queue_mut(number).take(chosen);
    if kernel.limits.directed {
        change_number(kernel, queue, OpKind::PollNext, argument, chosen as u32);
    }
    let name = begin_poll(kernel, thread, id);
    // One thread alone asks only when it has polled the task, which is seen to then.
    if argument & IS_SHARED as u32 != 0 {
        refresh(kernel, queue);
    }
    Next::Task(name)
}

/// Takes a task that nobody has woken, if that is chosen.
#[inline]
fn poll_spuriously(execution: &mut Execution, thread: ThreadId, queue: ObjectId) -> Option<TaskName> {
    let kernel = &execution.kernel;
    if !kernel.limits.polls_spuriously || kernel.spurious_left == 0 {
        return None;
    }
    let idle = kernel.tasks.idle(queue).collect::<Vec<_>>();
    if idle.is_empty() {
        return None;
    }
    execution.refuse_to_direct(Refusal::Unsupported("tasks that are polled although nobody has woken them"));
    execution.kernel.basis.add(Basis::SPURIOUS_POLL);
    let chosen = execution.choose(Choice::SpuriousPoll, 1 + idle.len());
    let id = *idle.get(chosen.checked_sub(1)?)?;
    let kernel = &mut execution.kernel;
    kernel.spurious_left -= 1;
    kernel.note = Note::Spurious;
    Some(begin_poll(kernel, thread, id))
}

/// The thread polls this task from now on, and learns what it did when it was polled last.
#[inline(always)]
fn begin_poll(kernel: &mut Kernel, thread: ThreadId, id: TaskId) -> TaskName {
    let task = kernel.tasks.get(id);
    let (name, object) = (TaskName { id, generation: task.generation }, task.object);
    kernel.tasks.begin_poll(thread, name, kernel.steps);
    kernel.acquire(thread, object);
    name
}

/// The thread has called a waker of a task that has ended; for reports.
fn note_stale(kernel: &mut Kernel, thread: ThreadId, number: u64) {
    if kernel.special.has(Special::TRACED) {
        let by = (thread, kernel.tasks.running_number(thread));
        kernel.tasks.stale_wakes.push(StaleWake { number, step: kernel.steps, by });
    }
}

/// The thread has polled a task.
#[inline(always)]
fn leave(kernel: &mut Kernel, thread: ThreadId, name: TaskName, has_ended: bool) {
    kernel.tasks.end_poll(thread);
    let Task { queue, ordinal, object, .. } = *kernel.tasks.get(name.id);
    kernel.release(thread, object);
    if has_ended {
        if !kernel.tasks.get(name.id).is_spawned {
            queue_of(kernel, queue).set_main(None);
        }
        let reuses = kernel.limits.reuses_tasks();
        kernel.tasks.end(name.id, reuses);
        return refresh(kernel, queue);
    }
    let task = kernel.tasks.get_mut(name.id);
    let Phase::Running(woken) = task.phase else { return };
    // Chosen to give way, it may be polled again before others; only those that were deferred would wait on, behind it.
    let is_free = kernel.limits.orders_polls && task.has_given_way && !task.is_worn;
    let yields = task.yields && !task.is_awake;
    let ready = queue_of(kernel, queue);
    let waits = if ready.is_fifo() { yields } else { !(is_free && ready.has_ready()) };
    let phase = match woken {
        Woken::No => Phase::Idle,
        Woken::ByItself if waits => {
            ready.defer(ordinal, name.id);
            Phase::Deferred
        }
        Woken::ByItself | Woken::ByOthers => {
            ready.push(ordinal, name.id);
            Phase::Ready
        }
    };
    kernel.tasks.get_mut(name.id).phase = phase;
    refresh(kernel, queue);
}
