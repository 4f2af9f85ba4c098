//! Who acts in an execution, as reports name it: threads, and tasks where threads do nothing but poll them.
//!
//! A report has a column for each. The threads come first, by their numbers, then the tasks that were spawned. What `block_on` polls
//! is named for its thread.

use crate::rt::Execution;
use crate::rt::op::outcome::Holder;
use crate::rt::op::verb::Verb;
use crate::rt::op::{Event, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::tasks::{Phase, Task};

/// The column of a thread that polls the task of this number, or none if it is 0.
pub(super) fn column_of(execution: &Execution, thread: ThreadId, task: u64) -> usize {
    let kernel = &execution.kernel;
    if task == 0 {
        return thread.index();
    }
    match kernel.tasks.told(task).main_of {
        Some(main) => main.index(),
        None => kernel.threads.count() + kernel.tasks.spawned_before(task),
    }
}

/// The column of a thread as it stands at the end: of the task, perhaps, that it polls.
pub(super) fn column_at_end(execution: &Execution, thread: ThreadId) -> usize {
    column_of(execution, thread, execution.kernel.tasks.running_number(thread))
}

/// The column of an event.
pub(super) fn column(execution: &Execution, event: &Event) -> usize {
    column_of(execution, event.thread, event.task)
}

/// What the columns are called.
pub(super) fn labels(execution: &Execution) -> Vec<String> {
    let kernel = &execution.kernel;
    let threads = kernel.threads.iter().map(|(id, _)| kernel.thread_label(id));
    let spawned = kernel.tasks.told.iter().filter(|task| task.main_of.is_none());
    threads.chain(spawned.map(|task| kernel.tasks.label(task.number))).collect()
}

/// What the thread or task of a column is called.
pub(super) fn label(execution: &Execution, column: usize) -> String {
    match column.checked_sub(execution.kernel.threads.count()) {
        None => execution.kernel.thread_label(ThreadId(column as u32)),
        Some(_) => labels(execution).swap_remove(column),
    }
}

/// What the actor of an event is called.
pub(super) fn label_of(execution: &Execution, event: &Event) -> String {
    label(execution, column(execution, event))
}

/// The column of the task whose end this object tells.
pub(super) fn column_of_task(execution: &Execution, object: ObjectId) -> Option<usize> {
    let told = execution.kernel.tasks.told.iter().find(|told| told.object == object)?;
    Some(column_of(execution, ThreadId::MAIN, told.number))
}

/// Who acts in the panic that a thread has noted at this step.
pub(super) fn column_of_panic(execution: &Execution, thread: ThreadId, step: u64) -> usize {
    let before = execution.trace.iter().rev().find(|event| event.step <= step && event.thread == thread);
    before.map_or(thread.index(), |event| column(execution, event))
}

/// Whether it is an operation of a runtime, which nobody has written in the test: polls, and calls of wakers.
pub(super) fn is_of_runtime(execution: &Execution, object: ObjectId) -> bool {
    execution.kernel.objects.is_task_queue(object)
}

/// Whether an event has no row, unless all are wanted.
pub(super) fn is_hidden(execution: &Execution, event: &Event) -> bool {
    let shows_spawn = match event.note {
        Note::Spawned(task) => execution.kernel.tasks.told(task).main_of.is_none(),
        _ => false,
    };
    // tokio looks again at what it has taken, and threads agree who polls the tasks of a runtime. Nobody has written that in the
    // test either.
    let unwritten = [Verb::LookAgain as u32, Verb::Manage as u32];
    let is_unwritten = event.op.kind == OpKind::Operate && unwritten.contains(&event.op.argument);
    is_of_runtime(execution, event.op.object) && !shows_spawn && !is_spurious_poll(event) || is_unwritten
}

/// Whether a task is polled that nobody has woken.
pub(super) fn is_spurious_poll(event: &Event) -> bool {
    event.op.kind == OpKind::PollNext && event.note == Note::Spurious
}

/// The column of a holder of an object that threads hold: of the task, perhaps, that its thread polled when it took it.
pub(super) fn column_of_holder(execution: &Execution, object: ObjectId, holder: &Holder) -> usize {
    let took = |event: &&Event| {
        event.op.object == object && event.thread == holder.thread && event.op.location == holder.location
    };
    execution.trace.iter().rev().find(took).map_or(holder.thread.index(), |event| column(execution, event))
}

/// Whether a thread waits for a task to poll.
pub(super) fn is_idle_worker(execution: &Execution, op: &Op) -> bool {
    op.kind == OpKind::PollNext && is_of_runtime(execution, op.object)
}

/// The tasks that wait to be woken, with their columns.
pub(super) fn waiting_tasks(execution: &Execution) -> Vec<(usize, &Task)> {
    let live = execution.kernel.tasks.live();
    let idle = live.filter(|(_, task)| task.phase == Phase::Idle);
    let mut waiting: Vec<_> =
        idle.map(|(_, task)| (column_of(execution, ThreadId::MAIN, task.number), task)).collect();
    waiting.sort_by_key(|&(column, _)| column);
    waiting
}

/// The tasks that could be polled, but are not: nobody is left who polls them.
pub(super) fn starved_tasks(execution: &Execution) -> Vec<usize> {
    let live = execution.kernel.tasks.live();
    let ready = live.filter(|(_, task)| matches!(task.phase, Phase::Ready | Phase::Deferred));
    ready.map(|(_, task)| column_of(execution, ThreadId::MAIN, task.number)).collect()
}

/// Who waits at the end: threads that are blocked, and tasks that were not woken.
pub(super) fn waiting_names(execution: &Execution) -> Vec<String> {
    let blocked = execution.blocked();
    let threads = blocked.iter().filter(|blocked| !is_idle_worker(execution, &blocked.op));
    let threads = threads.map(|blocked| column_at_end(execution, blocked.thread));
    let mut columns: Vec<usize> =
        threads.chain(waiting_tasks(execution).into_iter().map(|(of, _)| of)).collect();
    columns.sort_unstable();
    columns.dedup();
    columns.into_iter().map(|column| label(execution, column)).collect()
}
