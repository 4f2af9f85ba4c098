//! The judgement of one execution: did it fail, and how.

use std::time::Duration;

use super::actors::{column_of, label, waiting_names};
use crate::config::{Config, Policy};
use crate::detect::leak;
use crate::explore::describe::hang::standing;
use crate::report::{FailureKind, grouped};
use crate::rt::Execution;
use crate::rt::op::ThreadId;
use crate::rt::op::outcome::{PanicRecord, Race, Settled, Stop, Stuck};
use crate::rt::op::schedule::Run;
use crate::rt::process::census;

/// What was wrong with an execution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl Verdict {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Verdict {
        Verdict { kind, message: message.into() }
    }
}

/// Judges the execution that has just ended with `stop`; `None` if nothing is wrong.
pub(crate) fn judge(execution: &Execution, stop: &Stop, config: &Config) -> Option<Verdict> {
    let kernel = &execution.kernel;
    let thread = |id: ThreadId| execution.kernel.thread_label(id);
    match stop {
        Stop::Diverged(message) => return Some(nondeterminism(message)),
        Stop::Misuse(message) => return Some(Verdict::new(FailureKind::Misuse, message.clone())),
        Stop::StackOverflow => {
            return Some(Verdict::new(
                FailureKind::StackOverflow,
                format!(
                    "{} has used up its stack of {} bytes; raise `stack_size`, or give this thread more with \
                     thread::Builder::stack_size",
                    thread(kernel.threads.current),
                    kernel.limits.stack_size,
                ),
            ));
        }
        Stop::UseAfterFree(what) => {
            let what = what.map_or("watched memory".to_owned(), |name| format!("a value of type {name}"));
            let message = format!(
                "{} uses {what} after its end: it has been overwritten",
                thread(kernel.threads.current)
            );
            return Some(Verdict::new(FailureKind::Crash, message));
        }
        Stop::Crash(signal) => {
            return Some(Verdict::new(
                FailureKind::Crash,
                format!(
                    "{} crashed ({signal}) after its last operation: it used memory that is not its own, freed already \
                     perhaps, or executed what is no instruction; a debugger that runs the replay stops there",
                    thread(kernel.threads.current),
                ),
            ));
        }
        Stop::Abort => {
            let name = thread(kernel.threads.current);
            let message = match execution.fatal_panic() {
                Some(panic) => format!(
                    "{name} panicked where it cannot unwind, which aborts the process: {}",
                    panic.message
                ),
                None => format!("{name} aborts the process: by `abort`, or because an allocation has failed"),
            };
            return Some(Verdict::new(FailureKind::Crash, message));
        }
        Stop::Hang => {
            let message = match &execution.hang {
                Some(hang) => standing(hang).message(config.hang_after),
                None => format!("{} has not come to an operation", thread(kernel.threads.current)),
            };
            return Some(Verdict::new(FailureKind::Hang, message));
        }
        Stop::DoublePanic => {
            let mut own = execution.panics.iter().filter(|panic| panic.thread == kernel.threads.current);
            let mut message =
                format!("a destructor panicked while {} was unwinding", thread(kernel.threads.current));
            if let (Some(first), Some(second)) = (own.next(), own.next()) {
                message += &format!(": first \"{}\", then \"{}\"", first.message, second.message);
            }
            return Some(Verdict::new(FailureKind::DoublePanic, message));
        }
        _ => {}
    }
    // A join that comes later may still handle the panic of a thread. A data race is one in any case.
    let is_handled_perhaps =
        |panic: &&PanicRecord| matches!(stop, Stop::DataRace) && panic.thread != ThreadId::MAIN;
    if let Some(panic) = first_unhandled_panic(execution).filter(|panic| !is_handled_perhaps(panic)) {
        return Some(Verdict::new(FailureKind::Panic, panic.message.clone()));
    }
    let waiting = || {
        let names = waiting_names(execution);
        (join_names(&names), if names.len() == 1 { "waits" } else { "wait" })
    };
    match stop {
        Stop::Deadlock => {
            let (names, verb) = waiting();
            let what = if kernel.tasks.told.is_empty() { "thread" } else { "task" };
            let message = format!("no {what} can go on: {names} {verb} for ever");
            Some(match census::has_started_threads() {
                false => Verdict::new(FailureKind::Deadlock, message),
                // It may be what they wait for.
                true => Verdict::new(
                    FailureKind::Misuse,
                    format!(
                        "{message}, but the test has started a thread of the operating system, of which no schedule says \
                         what it does: start threads with drawloom's `thread::spawn`"
                    ),
                ),
            })
        }
        Stop::Stuck(stuck) => {
            let what = match stuck {
                Stuck::Abandoned { waiter, owner } => format!(
                    "{} waits for ever for a lock that {}, which has ended, has not given back",
                    thread(*waiter),
                    thread(*owner)
                ),
                Stuck::Circle(circle) => {
                    let mut circle = circle.clone();
                    circle.sort_unstable();
                    let names: Vec<String> = circle.iter().map(|&id| thread(id)).collect();
                    match &names[..] {
                        [one] => format!("{one} waits for itself for ever"),
                        _ => format!("{} wait for each other for ever", join_names(&names)),
                    }
                }
            };
            Some(Verdict::new(
                FailureKind::Deadlock,
                format!("{what}, while {} can go on", going(execution).0),
            ))
        }
        Stop::Knot => {
            let (names, verb) = waiting();
            let (going, goes) = going(execution);
            let uses = if goes == "goes" { "uses" } else { "use" };
            let they = if verb == "waits" { "it waits" } else { "they wait" };
            let message = format!(
                "{names} {verb} for ever, as it seems: {going} {goes} on until the limit `max_steps`, and {uses} nothing \
                 of what {they} for",
            );
            Some(Verdict::new(FailureKind::Deadlock, message))
        }
        Stop::Leaked if !config.allow_leaked_threads => Some(Verdict::new(
            FailureKind::LeakedThread,
            format!("the test body has returned, but {} can never end", waiting().0),
        )),
        Stop::DataRace => {
            let Race { object, first, second, overlap } = execution.race?;
            let object = kernel.objects.get(object);
            let what = format!("the {} made at {}", object.kind.name(), object.location);
            let [first_access, second_access] = [first, second].map(|side| side.access.verb());
            let [first_thread, second_thread] = [first, second].map(|side| thread(side.thread));
            let message = if overlap {
                format!(
                    "{second_thread} begins to {second_access} {what} before the {first_access} of it by \
                     {first_thread} has ended"
                )
            } else {
                format!(
                    "the {first_access} of {what} by {first_thread} and the {second_access} of it by {second_thread} \
                     are not ordered"
                )
            };
            Some(Verdict::new(FailureKind::DataRace, message))
        }
        // Nobody asks for the end of threads that may be left over; exhaustive exploration has its own rules.
        Stop::Livelock
            if config.allow_leaked_threads
                && !kernel.limits.directed
                && kernel.thread(ThreadId::MAIN).ended =>
        {
            None
        }
        Stop::Livelock => {
            let spinning =
                kernel.threads.iter().filter(|&(id, thread)| !thread.ended && kernel.is_enabled(id));
            let names: Vec<String> = spinning.map(|(id, _)| thread(id)).collect();
            let verb = if names.len() == 1 { "goes" } else { "go" };
            let (waiting, waits) = waiting();
            let waiting = if waiting.is_empty() { waiting } else { format!(", while {waiting} {waits}") };
            let message = format!(
                "{} {verb} on waiting in a loop for ever{waiting}: no thread is left that could change what is read there",
                join_names(&names),
            );
            Some(Verdict::new(FailureKind::Livelock, message))
        }
        Stop::Finished => tracked(execution).or_else(|| left(execution, config.leaks)),
        Stop::StepLimit if !config.allow_leaked_threads && runs_on(execution).is_some() => {
            Some(running_on(execution))
        }
        Stop::StepLimit => Some(step_limit(execution)),
        Stop::ThreadLimit(location) => Some(Verdict::new(
            FailureKind::ThreadLimit,
            format!(
                "the spawn at {location} would make more than {} threads alive at once, the limit `max_threads`",
                kernel.limits.max_threads,
            ),
        )),
        Stop::QueueLimit { location, made_at } => Some(Verdict::new(
            FailureKind::QueueLimit,
            format!(
                "the send at {location} makes the channel without bound that was made at {made_at} hold more than {} messages, the limit \
                 `max_queued`; give it a bound, so that who sends waits",
                kernel.limits.max_queued,
            ),
        )),
        _ => None,
    }
}

/// What is wrong if two runs of one schedule differ.
pub(super) fn nondeterminism(difference: &str) -> Verdict {
    Verdict::new(
        FailureKind::Nondeterminism,
        format!(
            "two runs of one schedule differ: {difference}; something that drawloom does not control decides: real \
             time, I/O, std's HashMap, data kept in statics, an address, or a thread that it does not know"
        ),
    )
}

/// How much virtual time passes in an execution only if something waits for time again and again.
const LONG: Duration = Duration::from_secs(1_000);

/// What to say of an execution that was not followed to its end.
fn step_limit(execution: &Execution) -> Verdict {
    let kernel = &execution.kernel;
    let start = format!("the execution has not ended after {} steps", grouped(kernel.steps));
    if let Some(Lone { thread, steps }) = lone(execution) {
        let others: Vec<String> = kept_from_running(execution, thread, steps)
            .map(|other| execution.kernel.thread_label(other))
            .collect();
        let message = format!(
            "{start}: {} has run the last {} of them alone, while {} could go on; if it waits for another thread, let \
             its loop say so with `hint::spin_loop()` or `thread::yield_now()`, and if not, raise the limit `max_steps`",
            execution.kernel.thread_label(thread),
            grouped(u64::from(steps)),
            join_names(&others),
        );
        return Verdict::new(FailureKind::GoodSamaritan, message);
    }
    let now = Duration::from_nanos(kernel.timers.now());
    if now > LONG && kernel.tasks.timers.is_any() {
        let message = format!(
            "{start}, in which {now:?} of virtual time have passed: something waits for time again and again, as a loop around \
             `tick` or `sleep` does, and what ends it never comes. Let the test end it (`abort` its task, or tell it to stop)",
        );
        return Verdict::new(FailureKind::StepLimit, message);
    }
    if let Some((task, steps)) = lone_task(execution) {
        let message = format!(
            "{start}: {task} has taken the last {} of them, and always finds something ready. If it waits for something else \
             in a `select!`: with `biased;` a branch that is always ready keeps those behind it from being polled. Let it \
             await what ends it first, or raise the limit `max_steps`",
            grouped(steps),
        );
        return Verdict::new(FailureKind::StepLimit, message);
    }
    let message = format!(
        "{start}, the last of them by {}, and what comes after is not known: threads may wait in loops for what never \
         comes, or get in each other's way again and again (a livelock), or the limit `max_steps` is too low",
        execution.kernel.thread_label(kernel.threads.current),
    );
    Verdict::new(FailureKind::StepLimit, message)
}

/// The task that has run alone for most of the execution, and for how many steps.
fn lone_task(execution: &Execution) -> Option<(String, u64)> {
    let kernel = &execution.kernel;
    let (number, since) = kernel.tasks.streak;
    let steps = kernel.steps - since;
    let is_lone = number != 0 && kernel.threads.count() == 1 && steps > kernel.steps / 2;
    is_lone.then(|| (label(execution, column_of(execution, ThreadId::MAIN, number)), steps))
}

/// What to say of threads that have not ended long after the test body has returned.
fn running_on(execution: &Execution) -> Verdict {
    let (going, goes) = going(execution);
    let message = format!("the test body has returned, but {going} {goes} on until the limit `max_steps`");
    Verdict::new(FailureKind::LeakedThread, message)
}

/// Who can go on, and "goes" or "go".
pub(crate) fn going(execution: &Execution) -> (String, &'static str) {
    let names: Vec<String> =
        execution.kernel.wait_for().can_go_on().map(|id| execution.kernel.thread_label(id)).collect();
    (join_names(&names), if names.len() == 1 { "goes" } else { "go" })
}

/// When the test body returned, if others have gone on for long since then, until the step limit.
fn runs_on(execution: &Execution) -> Option<Settled> {
    let kernel = &execution.kernel;
    let body = kernel.thread(ThreadId::MAIN);
    let is_long = kernel.steps - body.since.step >= u64::from(LONE_STEPS);
    (body.ended && is_long && kernel.wait_for().can_go_on().next().is_some()).then_some(body.since)
}

/// From where on others go on to the step limit, and that is the failure: since a knot has closed, or the test body returned.
pub(super) fn goes_on_from(execution: &Execution, kind: FailureKind) -> Option<Settled> {
    match kind {
        FailureKind::Deadlock => execution.knot.as_ref().map(|knot| knot.closed),
        FailureKind::LeakedThread => runs_on(execution),
        _ => None,
    }
}

/// How many steps a thread has to run alone, while others could go on, for a report to blame it for that: many more than
/// a strategy lets a thread run by chance, and more than most threads have to do in one go.
pub(crate) const LONE_STEPS: u32 = 1_000;

/// A thread that has run alone for long: no good samaritan, in the words of Musuvathi and Qadeer, who would yield where
/// it makes no progress.
pub(crate) struct Lone {
    pub(crate) thread: ThreadId,
    pub(crate) steps: u32,
}

/// The thread that has kept all others from running in the last steps of an execution at its step limit.
pub(crate) fn lone(execution: &Execution) -> Option<Lone> {
    let Run { thread, length: steps } = execution.schedule.last_run();
    let others_wait = kept_from_running(execution, thread, steps).next().is_some();
    (steps >= LONE_STEPS && others_wait).then_some(Lone { thread, steps })
}

/// The step after which nothing new happens, if the failure is that it goes on for ever.
pub(crate) fn endless_after(execution: &Execution, kind: FailureKind) -> Option<u64> {
    let kernel = &execution.kernel;
    match kind {
        // A director's execution ends where threads would go round for the first time.
        FailureKind::Livelock if !kernel.limits.directed => Some(kernel.spinloops.settles_after()),
        FailureKind::GoodSamaritan => lone(execution).map(|lone| kernel.steps - u64::from(lone.steps)),
        kind => goes_on_from(execution, kind).map(|from| from.step),
    }
}

/// Until which step switches and preemptions count, if not to the end: what has to be done after a panic, for the execution to
/// end, is nobody's concern. With the switch to who goes on for ever.
pub(crate) fn counted_until(execution: &Execution, kind: FailureKind) -> Option<u64> {
    match kind {
        FailureKind::Panic => first_unhandled_panic(execution).map(|panic| panic.step),
        FailureKind::Deadlock | FailureKind::LeakedThread => endless_after(execution, kind),
        kind => endless_after(execution, kind).map(|after| after + 1),
    }
}

/// The threads that could have gone on while `thread` took the last `steps`: that can go on now, or wait for a lock that it has
/// taken meanwhile.
fn kept_from_running(execution: &Execution, thread: ThreadId, steps: u32) -> impl Iterator<Item = ThreadId> {
    let kernel = &execution.kernel;
    let since = kernel.steps - u64::from(steps);
    let waits = move |id: ThreadId| {
        let wanted = kernel.objects.get(kernel.thread(id).pending.object);
        let is_held = || wanted.state.holders(&wanted.entries).iter().any(|holder| holder.thread == thread);
        wanted.rechecked > since && is_held()
    };
    let others = kernel.threads.iter().filter(move |&(id, other)| id != thread && !other.ended);
    others.map(|(id, _)| id).filter(move |&id| kernel.is_enabled(id) || waits(id))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn join_names(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// What is left when all threads have ended, if that is denied.
fn left(execution: &Execution, policy: Policy) -> Option<Verdict> {
    if policy != Policy::Deny {
        return None;
    }
    let task = execution.kernel.tasks.left.first().map(leak::describe_task);
    let messages = || execution.kernel.tasks.unreceived.first().map(leak::describe_messages);
    let object = || leak::left(execution).next().map(|object| leak::describe(execution, object));
    Some(Verdict::new(FailureKind::Leak, task.or_else(messages).or_else(object)?))
}

/// A tracked value that is left when all threads have ended.
fn tracked(execution: &Execution) -> Option<Verdict> {
    let mut left = execution.kernel.tracked.left();
    let first = left.next()?;
    let mut message = format!("the {} made at {} was never dropped", first.what, first.location);
    match left.count() {
        0 => {}
        1 => message += ", nor was one other thing that has to be",
        others => message += &format!(", nor were {others} others that have to be"),
    }
    Some(Verdict::new(FailureKind::Leak, message))
}

/// The panic that failed the execution: the first that nobody handled. A thread's or task's panic is handled by
/// whoever joins it. But if the first unhandled one only passes on that another thread panicked, then the first panic
/// of all is what somebody wants to see.
pub(crate) fn first_unhandled_panic(execution: &Execution) -> Option<&PanicRecord> {
    let kernel = &execution.kernel;
    let panics = || {
        let of_threads = kernel.threads.iter().filter_map(|(id, thread)| {
            let of_hook = || execution.panics.iter().find(|panic| panic.thread == id);
            let panic = match &thread.panic {
                Some(panic) => Some(&**panic),
                None if !thread.ended && thread.unwinding => of_hook(),
                None => None,
            };
            panic.map(|panic| (thread.joined, panic))
        });
        let of_tasks = kernel.tasks.panics.iter().map(|task| (task.is_told, &task.panic));
        of_threads.chain(of_tasks)
    };
    let unhandled = panics().filter(|(joined, _)| !joined).map(|(_, panic)| panic);
    let first = unhandled.min_by_key(|panic| panic.step)?;
    if passes_on(&first.message) {
        panics().map(|(_, panic)| panic).min_by_key(|panic| panic.step)
    } else {
        Some(first)
    }
}

/// Whether a panic with this message says no more than that another thread panicked: `join().unwrap()`,
/// `lock().unwrap()` of a poisoned lock, the end of a scope.
fn passes_on(message: &str) -> bool {
    message.contains("Any { .. }")
        || message.contains("JoinError::Panic(")
        || message.contains("PoisonError")
        || message == "a scoped thread panicked"
}
