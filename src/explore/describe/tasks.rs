//! The words for tasks that wait at the end: at which await, for what, and who has it.
//!
//! Who has a lock or permits of tokio's is read off the trace: who has taken them and not given them back.

use super::names::object_name;
use crate::explore::actors::{
    column, column_at_end, column_of, column_of_holder, column_of_task, is_hidden, label, starved_tasks,
    waiting_tasks,
};
use crate::explore::judge::join_names;
use crate::report::{CALL_OF_WAKER, Place, Wait};
use crate::rt::Execution;
use crate::rt::op::verb::Verb;
use crate::rt::op::{Event, Note, ObjectId, ThreadId};
use crate::rt::tasks::{Await, Cancellation, Kept, StaleWake, Task, TaskPanic};

/// What the tasks wait for that were not woken.
pub(super) fn waits(execution: &Execution) -> Vec<Wait> {
    waiting_tasks(execution)
        .into_iter()
        .flat_map(|(column, task)| waits_of(execution, column, task))
        .collect()
}

fn waits_of(execution: &Execution, column: usize, task: &Task) -> Vec<Wait> {
    if task.awaits.is_empty() {
        let of_task = |event: &&Event| event.task == task.number && !is_hidden(execution, event);
        let last = execution.trace.iter().rev().find(of_task);
        return vec![Wait {
            thread: column,
            what: CALL_OF_WAKER,
            object: None,
            joins: None,
            place: Place::from(last.map_or(task.spawned_at, |event| event.op.location)),
            holders: Vec::new(),
            is_of_task: true,
            history: Some(format!("task spawned at {}", task.spawned_at)),
            stack: Vec::new(),
        }];
    }
    task.awaits.iter().map(|awaited| wait(execution, column, awaited)).collect()
}

fn wait(execution: &Execution, column: usize, awaited: &Await) -> Wait {
    let &Await { object, verb, location, since } = awaited;
    let joins = column_of_task(execution, object);
    let waited = execution.kernel.timers.now().saturating_sub(since);
    let long =
        (waited > 0).then(|| format!("for {:?} of virtual time", std::time::Duration::from_nanos(waited)));
    Wait {
        thread: column,
        what: verb.wanted(),
        object: object_name(execution, object).filter(|_| joins.is_none()),
        joins,
        place: Place::from(location),
        holders: holders(execution, object),
        is_of_task: true,
        history: match (history(execution, object, verb), long) {
            (Some(history), Some(long)) => Some(format!("{history}; {long}")),
            (history, long) => history.or(long),
        },
        stack: Vec::new(),
    }
}

fn verb_of(event: &Event) -> Option<Verb> {
    Verb::of_argument(event.op.argument)
}

/// Who has taken a lock or permits and not given them back, and where. A guard may have gone to another task.
fn holders(execution: &Execution, object: ObjectId) -> Vec<(usize, Place)> {
    let mut held: Vec<(usize, &Event)> = Vec::new();
    let of_object = execution.trace.iter().filter(|event| event.op.object == object);
    for event in of_object.filter(|event| !matches!(event.note, Note::Waits | Note::Failed(_))) {
        use Verb::{
            Acquire, GiveBack, Lock, Read, Release, TryAcquire, TryLock, TryRead, TryWrite, Unlock, Write,
        };
        match verb_of(event) {
            Some(Lock | TryLock | Read | TryRead | Write | TryWrite | Acquire | TryAcquire) => {
                held.push((column(execution, event), event));
            }
            Some(Unlock | Release | GiveBack) => {
                // A guard gives back what was taken where it was made.
                let same = held.iter().rposition(|(_, taken)| taken.op.location == event.op.location);
                if let Some(at) = same {
                    held.remove(at);
                }
            }
            _ => {}
        }
    }
    // What a future keeps that its task does not poll any more is held by nobody who could let go of it.
    let is_kept = |event: &Event| {
        let of_event = |kept: &Kept| (kept.object, kept.location) == (object, event.op.location);
        execution.kernel.tasks.kept.iter().any(|kept| of_event(kept) && !is_polled(execution, kept))
    };
    held.retain(|(_, event)| !is_kept(event));
    held.into_iter().map(|(column, event)| (column, Place::from(event.op.location))).collect()
}

/// Whether the task was at this await in its last poll.
fn is_polled(execution: &Execution, kept: &Kept) -> bool {
    let owner = execution.kernel.tasks.live().find(|(_, task)| task.number == kept.number);
    owner.is_some_and(|(_, task)| {
        task.awaits.iter().any(|awaited| (awaited.object, awaited.location) == (kept.object, kept.location))
    })
}

/// What was done last that could have ended the wait.
fn history(execution: &Execution, object: ObjectId, verb: Verb) -> Option<String> {
    let (did, nobody, verbs): (&str, &str, &[Verb]) = match verb {
        Verb::Receive => ("last message sent", "nobody has sent anything", &[Verb::Send, Verb::TrySend]),
        Verb::Reserve => {
            ("last message received", "nobody has received anything", &[Verb::Receive, Verb::TryReceive])
        }
        Verb::Notified => ("last notified", "nobody has notified it", &[Verb::NotifyOne, Verb::NotifyAll]),
        Verb::Changed => ("last changed", "nobody has changed it", &[Verb::Send]),
        _ => return None,
    };
    let done = |event: &&Event| {
        event.op.object == object
            && verb_of(event).is_some_and(|verb| verbs.contains(&verb))
            && !matches!(event.note, Note::Waits | Note::Failed(_))
    };
    Some(match execution.trace.iter().rev().find(done) {
        Some(event) => {
            let who = label(execution, column(execution, event));
            format!("{did} by {who} at {} (step {})", event.op.location, event.step)
        }
        None => nobody.to_owned(),
    })
}

/// Tasks that could go on, but that nobody polls any more.
pub(super) fn starved(execution: &Execution) -> Option<String> {
    let starved = starved_tasks(execution);
    if starved.is_empty() {
        return None;
    }
    let blocked = execution.blocked();
    let kernel = &execution.kernel;
    let blocks = blocked.iter().find(|blocked| kernel.tasks.running_number(blocked.thread) != 0)?;
    let names: Vec<String> = starved.iter().map(|&column| label(execution, column)).collect();
    Some(format!(
        "{} could go on, but {} blocks the thread that polls {}, at {}: a call that blocks keeps every task of the thread \
         from running. Await instead, or move the call to `spawn_blocking`",
        join_names(&names),
        label(execution, column_at_end(execution, blocks.thread)),
        if names.len() == 1 { "it" } else { "them" },
        blocks.op.location,
    ))
}

/// Guards of locks that block, held over an await, while another task of the same thread waits for the lock.
pub(super) fn guards_over_awaits(execution: &Execution) -> Vec<String> {
    let mut told = Vec::new();
    for blocked in execution.blocked() {
        let waiter = column_at_end(execution, blocked.thread);
        for holder in blocked.holders.iter().filter(|holder| holder.thread == blocked.thread) {
            let owner = column_of_holder(execution, blocked.op.object, holder);
            let live = execution.kernel.tasks.live();
            let task = live
                .map(|(_, task)| task)
                .find(|task| column_of(execution, blocked.thread, task.number) == owner);
            if let Some(awaited) = task.filter(|_| owner != waiter).and_then(|task| task.awaits.last()) {
                told.push(format!(
                    "{} holds the guard that it took at {} over the await at {} ({}): end it before, or use an async lock",
                    label(execution, owner),
                    holder.location,
                    awaited.location,
                    awaited.verb.text(),
                ));
            }
        }
    }
    told
}

/// The futures that were dropped at an await although the test drops none: who would do it in production, and what that did.
pub(super) fn cancellations(execution: &Execution) -> Vec<String> {
    let cancellations = &execution.kernel.tasks.cancellations;
    cancellations.iter().map(|cancellation| told_cancellation(execution, cancellation)).collect()
}

fn told_cancellation(execution: &Execution, cancellation: &Cancellation) -> String {
    let &Cancellation { verb, number, awaited, place, step } = cancellation;
    let task = label(execution, column_of(execution, ThreadId::MAIN, number));
    let at = match awaited {
        _ if verb == Verb::Discard => format!("before its first poll (it was spawned at {place})"),
        Some(Await { verb, location, .. }) => format!("at its await at {location} ({})", verb.text()),
        None => "while it was pending".to_owned(),
    };
    match verb {
        Verb::Elapse => format!(
            "`cancel`: time passes until the timeout at {place} is over in {task}, and it drops its future {at}; in production \
             this happens if what that waits for takes longer"
        ),
        Verb::Ring => format!(
            "`cancel`: time passes until the timer of `select!` at {place} is over in {task}, and the other branches are \
             dropped; in production this happens if what they wait for takes longer"
        ),
        _ => {
            let dropped = dropped_with(execution, number, step);
            let dropped = match dropped.is_empty() {
                true => "Dropping it did nothing that drawloom sees".to_owned(),
                false => format!("What its drop did: {}", dropped.join(", ")),
            };
            format!(
                "`cancel`: the future of {task} is dropped {at}; in production an `abort` or the end of its runtime does that. \
                 {dropped}"
            )
        }
    }
}

/// The operations of a task from the moment when its future is dropped until it has ended.
fn dropped_with(execution: &Execution, number: u64, step: u64) -> Vec<String> {
    let of_task = execution.trace.iter().filter(|event| event.task == number && event.step > step + 1);
    let drops = of_task.take_while(|event| verb_of(event) != Some(Verb::Finish));
    let shown = drops.filter(|event| !is_hidden(execution, event));
    shown.map(|event| format!("{} (step {})", event.op.verb(), event.step)).collect()
}

/// Tasks that have panicked, of which nobody has learnt.
pub(super) fn unheard_panics(execution: &Execution) -> Vec<String> {
    let unheard = execution.kernel.tasks.panics.iter().filter(|panic| !panic.is_told);
    let tell = |panic: &TaskPanic| {
        let task = label(execution, column_of(execution, panic.panic.thread, panic.number));
        format!(
            "{task} (spawned at {}) panicked, and nobody learns of it: its JoinHandle was dropped, or never awaited. Await it, \
             and handle the JoinError",
            panic.spawned_at
        )
    };
    unheard.map(tell).collect()
}

/// A task that runs in drawloom's runtime, and is told that it is in none: by tokio itself.
pub(super) fn real_tokio(execution: &Execution) -> Option<String> {
    let of_tasks = execution.kernel.tasks.panics.iter().map(|panic| &panic.panic);
    let in_none = |message: &str| message.contains("there is no reactor running");
    let mut all = execution.panics.iter().chain(of_tasks);
    let panic = all.find(|panic| in_none(&panic.message))?;
    let before = execution.trace.iter().rev();
    let last = before.filter(|event| event.thread == panic.thread).find(|event| event.step <= panic.step)?;
    (last.task != 0).then(|| {
        "the task is in a runtime of drawloom's, so what says this is tokio itself: take `drawloom::tokio` in its place, \
         or for a crate that depends on tokio `shims/tokio` (docs/tokio.md)"
            .to_owned()
    })
}

/// Tasks that nobody can wake.
pub(super) fn without_wakers(execution: &Execution) -> Vec<String> {
    let tell = |(column, task): (usize, &Task)| {
        let (step, thread, by) = task.has_no_waker?;
        let name = label(execution, column);
        Some(if by == task.number {
            format!(
                "nobody can wake {name}: when it was polled last (step {step}) it returned `Pending`, and no waker was kept. Keep \
                 `Context::waker` before you return `Pending`"
            )
        } else {
            let who = label(execution, column_of(execution, thread, by));
            format!("nobody can wake {name}: the last waker of it was dropped by {who} at step {step}")
        })
    };
    waiting_tasks(execution).into_iter().filter_map(tell).collect()
}

/// Wakers that were called in vain, since their tasks had ended, while a task waits for nothing but a call of its waker.
pub(super) fn stale_wakes(execution: &Execution) -> Vec<String> {
    let kernel = &execution.kernel;
    let waits = waiting_tasks(execution);
    let by_hand = waits.iter().filter(|(_, task)| task.awaits.is_empty());
    let Some((since, waiter)) = by_hand.map(|&(column, task)| (task.polled_since, column)).max() else {
        return Vec::new();
    };
    let waiter = label(execution, waiter);
    let later = kernel.tasks.stale_wakes.iter().filter(|stale| stale.step > since).take(3);
    let tell = |stale: &StaleWake| {
        let (thread, by) = stale.by;
        let who = label(execution, column_of(execution, thread, by));
        let task = label(execution, column_of(execution, ThreadId::MAIN, stale.number));
        format!(
            "{who} called a waker of {task} at step {}, when {task} had ended: that wakes nobody. If {waiter} polls the same \
             future now, it has to keep the waker of its last poll (`Waker::will_wake`, `clone_from`), not of its first",
            stale.step
        )
    };
    later.map(tell).collect()
}

/// A lock or permits that were given to a future which its task does not poll any more (a futurelock).
pub(super) fn futurelocks(execution: &Execution) -> Vec<String> {
    let mut told = Vec::new();
    for (column, task) in waiting_tasks(execution) {
        for awaited in &task.awaits {
            let takes = matches!(awaited.verb, Verb::Lock | Verb::Read | Verb::Write | Verb::Acquire);
            if !takes || !holders(execution, awaited.object).is_empty() {
                continue;
            }
            let kept = execution.kernel.tasks.kept.iter().find(|kept| kept.object == awaited.object);
            if let Some(kept) = kept {
                let owner = label(execution, column_of(execution, ThreadId::MAIN, kept.number));
                told.push(format!(
                    "futurelock: nobody holds what {} waits for at {}; it was given at {} to a future of {owner} that {owner} does \
                     not poll any more: it gave way before it could go on. Drop that future, or let it be a task of its own",
                    label(execution, column),
                    awaited.location,
                    kept.location,
                ));
                continue;
            }
            // Another place at which the task waited for the same, and where it has neither got it nor given up.
            let waited = |event: &&Event| {
                event.op.object == awaited.object
                    && event.op.location != awaited.location
                    && matches!(event.note, Note::Waits)
            };
            let Some(first) = execution.trace.iter().find(waited) else { continue };
            let ended = execution.trace.iter().any(|event| {
                event.step > first.step
                    && event.op.object == first.op.object
                    && event.op.location == first.op.location
                    && !matches!(event.note, Note::Waits)
            });
            if ended {
                continue;
            }
            let last = execution
                .trace
                .iter()
                .rev()
                .find(|event| waited(event) && event.op.location == first.op.location);
            let last = last.unwrap_or(first);
            let owner = label(execution, self::column(execution, last));
            told.push(format!(
                "futurelock: nobody holds what {} waits for at {}; it was granted to a future of {owner} that {owner} does not \
                 poll any more (it waits since {}, last polled at step {}). Drop that future, or let it be a task of its own",
                label(execution, column),
                awaited.location,
                first.op.location,
                last.step,
            ));
        }
    }
    told.dedup();
    told
}
