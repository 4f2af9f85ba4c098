//! The words for threads that wait: for what, who has it, and what was done last that could have ended the wait.
//!
//! Whoever waits for a message, a notification or a token waits for anybody; so the report says who sent, notified or unparked
//! last, and when. A notification that came before its wait, and that nobody took, is a *lost wakeup*.

use super::names::object_name;
use super::{stacks, tasks};
use crate::explore::actors::{column_at_end, column_of_holder, is_idle_worker, label_of};
use crate::report::{Place, Wait};
use crate::rt::Execution;
use crate::rt::objects::State;
use crate::rt::op::outcome::Blocked;
use crate::rt::op::rule::BEHIND_WRITERS;
use crate::rt::op::{Event, Note, ObjectId, OpKind, ThreadId};

pub(super) fn waits(execution: &Execution) -> Vec<Wait> {
    let kernel = &execution.kernel;
    let wait = |blocked: Blocked| {
        let joins = match (&kernel.objects.get(blocked.op.object).state, blocked.op.kind) {
            (State::Thread(joined), OpKind::Join) => Some(joined.thread.index()),
            _ => None,
        };
        let holders = if waits_behind_writers(execution, &blocked) { &[][..] } else { &blocked.holders[..] };
        let holders = holders.iter();
        let stack = execution.evidence.waits.get(&blocked.thread).map(|stack| stacks::named(stack));
        let stack = stack.unwrap_or_default();
        Wait {
            thread: column_at_end(execution, blocked.thread),
            what: waits_what(blocked.op.kind),
            object: object_name(execution, blocked.op.object),
            joins,
            place: stacks::own_place(&stack, blocked.op.location),
            holders: holders
                .map(|holder| {
                    (column_of_holder(execution, blocked.op.object, holder), Place::from(holder.location))
                })
                .collect(),
            is_of_task: false,
            history: history(execution, &blocked),
            stack: stacks::shown_from_the_call(stack),
        }
    };
    let blocked = execution.blocked().into_iter().filter(|blocked| !is_idle_worker(execution, &blocked.op));
    blocked.map(wait).chain(tasks::waits(execution)).collect()
}

/// Whether a thread could have its lock but for a writer that waits for it.
fn waits_behind_writers(execution: &Execution, blocked: &Blocked) -> bool {
    let State::RwLock(lock) = execution.kernel.objects.get(blocked.op.object).state else { return false };
    blocked.op.kind == OpKind::ReadLock && blocked.op.argument == BEHIND_WRITERS && lock.writer.is_none()
}

/// Behind whom it waits then.
fn behind_writers(execution: &Execution, blocked: &Blocked) -> Option<String> {
    let others = execution.blocked();
    let waits = |other: &&Blocked| other.op.kind == OpKind::WriteLock && other.op.object == blocked.op.object;
    let writer = others.iter().find(waits)?;
    Some(format!(
        "behind {}, which waits to write it: std's RwLock may let writers that wait go first",
        execution.kernel.thread_label(writer.thread)
    ))
}

/// What a thread that is blocked in such an operation waits for, before the object's name.
fn waits_what(kind: OpKind) -> &'static str {
    match kind {
        OpKind::Join => "for a thread to end",
        OpKind::Park => "to be unparked",
        OpKind::Sleep => "for time to pass",
        OpKind::Lock => "to lock",
        OpKind::ReadLock => "to read",
        OpKind::WriteLock => "to write",
        OpKind::CondvarWait => "to be notified by",
        OpKind::Acquire => "to acquire",
        OpKind::BarrierLeave => "for the others at",
        OpKind::OnceEnter | OpKind::OnceWait => "for the initialization of",
        OpKind::Send => "for room in",
        OpKind::SendComplete => "for its message to be taken from",
        OpKind::Receive => "for a message in",
        OpKind::AwaitWake => "to be woken by",
        other => other.verb(),
    }
}

/// The last event of these kinds on an object.
fn last<'a>(execution: &'a Execution, object: ObjectId, kinds: &[OpKind]) -> Option<&'a Event> {
    let is_it = |event: &&Event| {
        event.op.object == object && kinds.contains(&event.op.kind) && !matches!(event.note, Note::Failed(_))
    };
    execution.trace.iter().rev().find(is_it)
}

/// `thread 1 at src/lib.rs:7:5 (step 12)`.
fn by(execution: &Execution, event: &Event) -> String {
    format!("{} at {} (step {})", label_of(execution, event), event.op.location, event.step)
}

/// What was done last that could have ended the wait.
fn history(execution: &Execution, blocked: &Blocked) -> Option<String> {
    let object = blocked.op.object;
    let told = |did: &str, nobody: &str, kinds: &[OpKind]| match last(execution, object, kinds) {
        Some(event) => {
            let waits = execution.blocked().iter().any(|blocked| blocked.thread == event.thread);
            let now =
                match (event.thread == blocked.thread, waits, execution.kernel.thread(event.thread).ended) {
                    (true, ..) => "",
                    (_, true, _) => ", which now waits as well,",
                    (_, _, true) => ", which has ended,",
                    _ => "",
                };
            let thread = label_of(execution, event);
            format!("{did} by {thread}{now} at {} (step {})", event.op.location, event.step)
        }
        None => nobody.to_owned(),
    };
    if waits_behind_writers(execution, blocked) {
        return behind_writers(execution, blocked);
    }
    Some(match blocked.op.kind {
        OpKind::Receive => {
            told("last message sent", "nobody has sent anything", &[OpKind::Send, OpKind::TrySend])
        }
        OpKind::Send | OpKind::SendComplete => told(
            "last message received",
            "nobody has received anything",
            &[OpKind::Receive, OpKind::TryReceive],
        ),
        OpKind::CondvarWait => {
            told("last notified", "nobody has notified it", &[OpKind::NotifyOne, OpKind::NotifyAll])
        }
        OpKind::Park => told("last unparked", "nobody has unparked it", &[OpKind::Unpark]),
        OpKind::AwaitWake => told("last woken", "nobody has called the waker", &[OpKind::Wake]),
        OpKind::BarrierLeave => {
            let State::Barrier(barrier) = execution.kernel.objects.get(object).state else { return None };
            let entries = &execution.kernel.objects.get(object).entries;
            // Others have been let go, and have not left yet.
            let arrived = entries.iter().filter(|entry| entry.flags == 0).count();
            format!("{arrived} of {} have arrived", barrier.size)
        }
        OpKind::Acquire => {
            let State::Semaphore(semaphore) = execution.kernel.objects.get(object).state else { return None };
            format!("wanted: {}, left: {}", blocked.op.argument, semaphore.permits)
        }
        _ => return None,
    })
}

/// For each thread that waits to be notified, unparked or woken: a signal that came before its wait, and did nothing.
pub(super) fn lost_wakeups(execution: &Execution) -> Vec<String> {
    let lost = |blocked: Blocked| match blocked.op.kind {
        OpKind::CondvarWait => lost_notification(execution, &blocked),
        OpKind::Park => lost_token(
            execution,
            &blocked,
            (OpKind::Unpark, "unpark"),
            "let the waiter check what it waits for before each park, in a loop",
        ),
        OpKind::AwaitWake => lost_token(
            execution,
            &blocked,
            (OpKind::Wake, "call of the waker"),
            "let the future register its waker before it checks what it waits for, and check again after it",
        ),
        _ => None,
    };
    execution.blocked().into_iter().filter_map(lost).collect()
}

fn lost_notification(execution: &Execution, blocked: &Blocked) -> Option<String> {
    let condvar = blocked.op.object;
    let begins = |event: &&Event| {
        event.thread == blocked.thread
            && event.op.kind == OpKind::CondvarEnqueue
            && event.op.object == condvar
    };
    let wait = execution.trace.iter().rev().find(begins)?;
    let notifies = |event: &&Event| {
        event.op.object == condvar
            && matches!(event.op.kind, OpKind::NotifyOne | OpKind::NotifyAll)
            && event.thread != blocked.thread
    };
    let last = execution.trace.iter().rev().find(notifies)?;
    (last.step < wait.step && !matches!(last.note, Note::Thread(_))).then(|| {
        format!(
            "lost wakeup: the last notification, by {} at step {} ({}), came before {} began to wait at step {} ({}), \
             when nobody waited. Let the notifier change what is waited for under the mutex, and wait only while it has \
             not changed: `while !ready {{ guard = condvar.wait(guard).unwrap(); }}`",
            label_of(execution, last),
            last.step,
            last.op.location,
            execution.kernel.thread_label(blocked.thread),
            wait.step,
            wait.op.location,
        )
    })
}

/// A token is kept until it is waited for; but there is one, however often it is given, and an earlier wait may take it.
fn lost_token(
    execution: &Execution,
    blocked: &Blocked,
    (signal, name): (OpKind, &str),
    advice: &str,
) -> Option<String> {
    let object = blocked.op.object;
    let signal = [signal];
    let signals: Vec<&Event> = of(execution, object, &signal).collect();
    let last = *signals.last()?;
    let waits = [OpKind::Park, OpKind::AwaitWake];
    let mut ended = of(execution, object, &waits).filter(|wait| wait.step > last.step);
    let taken = ended.next()?;
    let merged = signals.iter().rev().nth(1).filter(|&&earlier| {
        of(execution, object, &waits).all(|wait| !(earlier.step < wait.step && wait.step < last.step))
    });
    let waiter = execution.kernel.thread_label(blocked.thread);
    let fate = match merged {
        Some(earlier) => format!(
            "found that of {} still there, so that the two ended one wait, at step {} ({})",
            by(execution, earlier),
            taken.step,
            taken.op.location
        ),
        None => format!("ended the wait of {waiter} at step {} ({})", taken.step, taken.op.location),
    };
    Some(format!(
        "lost wakeup: the last {name}, by {}, {fate}; nothing is left for the wait at {}. Several signals before a wait count \
         as one: {advice}",
        by(execution, last),
        blocked.op.location,
    ))
}

/// The events of these kinds on an object, in order.
fn of<'a>(
    execution: &'a Execution,
    object: ObjectId,
    kinds: &'a [OpKind],
) -> impl Iterator<Item = &'a Event> + Clone {
    execution.trace.iter().filter(move |event| event.op.object == object && kinds.contains(&event.op.kind))
}

/// Threads that hold a lock and have ended, with where they took it.
pub(super) fn left_behind(execution: &Execution) -> Vec<String> {
    let ended = |id: ThreadId| execution.kernel.thread(id).ended;
    let mut notes = Vec::new();
    for blocked in execution.blocked() {
        for holder in blocked.holders.iter().filter(|holder| ended(holder.thread)) {
            notes.push(format!(
                "{} has ended without giving back what it took at {}: was the guard forgotten, or put where it is never \
                 dropped?",
                execution.kernel.thread_label(holder.thread),
                holder.location,
            ));
        }
    }
    notes
}
