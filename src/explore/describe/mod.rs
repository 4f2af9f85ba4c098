//! From an execution to the words of a report. Runs once, for the failure that is reported.

mod cause;
mod handover;
pub(super) mod hang;
mod loops;
mod names;
mod race;
mod rows;
mod stacks;
mod stale;
mod states;
mod tasks;
mod waits;

use std::time::Duration;

pub(super) use cause::tell_cause;
use hang::standing;
pub(super) use loops::loops_begin;
pub(super) use names::place_of;
pub(super) use rows::Rows;
use rows::trace_of;

use super::actors::{column_of_panic, label};
use super::judge::{Verdict, counted_until, endless_after, first_unhandled_panic, going};
use crate::report::{Effort, FailureKind, LeftOut, Place, Race, Spin, Standing, Trace, Wait};
use crate::rt::Execution;
use crate::rt::op::outcome::PanicRecord;
use crate::rt::record::evidence;

/// How many steps after a panic are shown, and how many there have to be more for them to be left out.
const STEPS_AFTER_PANIC: u64 = 4;
const LEFT_OUT_AFTER_PANIC: usize = 40;

/// What a report shows of an execution that was run with a trace.
pub(crate) struct Description {
    pub(crate) place: Option<Place>,
    pub(crate) steps: u64,
    pub(crate) effort: Effort,
    pub(crate) trace: Trace,
    pub(crate) waits: Vec<Wait>,
    pub(crate) spins: Vec<Spin>,
    /// Where the running thread stood, if it did not come back, or aborted.
    pub(crate) standing: Option<Standing>,
    pub(crate) race: Option<Race>,
    pub(crate) notes: Vec<String>,
}

/// Describes the execution that has just ended and failed with `verdict`.
pub(crate) fn describe(execution: &Execution, verdict: &Verdict, rows: Rows) -> Description {
    let kernel = &execution.kernel;
    let stuck = matches!(
        verdict.kind,
        FailureKind::Deadlock
            | FailureKind::LeakedThread
            | FailureKind::GoodSamaritan
            | FailureKind::StepLimit
            | FailureKind::Livelock
    );
    let loops = loops::loops_begin(execution, verdict.kind);
    let is_told_where = matches!(verdict.kind, FailureKind::Hang | FailureKind::Crash);
    let stood = execution.hang.as_deref().filter(|_| is_told_where).map(standing);
    let place = match verdict.kind {
        FailureKind::Panic => {
            panic_of(execution, verdict).and_then(|panic| panic.location.as_ref()).map(place_of)
        }
        FailureKind::DoublePanic => {
            let mut own =
                execution.panics.iter().rev().filter(|panic| panic.thread == kernel.threads.current);
            own.next().and_then(|panic| panic.location.as_ref()).map(place_of)
        }
        FailureKind::Crash => {
            let panicked = execution.fatal_panic().and_then(|panic| panic.location.as_ref()).map(place_of);
            panicked.or_else(|| stood.as_ref().and_then(|stood| stood.place.clone()))
        }
        FailureKind::DataRace => execution.race.map(|race| Place::from(race.second.location)),
        FailureKind::GoodSamaritan | FailureKind::StepLimit => {
            Some(Place::from(kernel.thread(kernel.threads.current).pending.location))
        }
        FailureKind::Hang => stood.as_ref().and_then(|stood| stood.place.clone()),
        _ => None,
    };
    Description {
        place,
        steps: endless_after(execution, verdict.kind).unwrap_or(kernel.steps),
        effort: effort(execution, verdict),
        trace: match loops {
            Some(begin) => loops::trace_until_rounds(execution, verdict.kind, begin, rows),
            None => trace_until_the_end(execution, verdict, rows),
        },
        spins: match loops.filter(|_| verdict.kind != FailureKind::LeakedThread) {
            Some(begin) => loops::spinning(execution, verdict.kind, begin),
            None => Vec::new(),
        },
        waits: if stuck { waits::waits(execution) } else { Vec::new() },
        standing: stood.map(|stood| stood.standing),
        race: execution.race.map(|race| race::race_of(execution, &race)),
        notes: notes(execution, verdict),
    }
}

fn effort(execution: &Execution, verdict: &Verdict) -> Effort {
    let evidence::Effort { mut switches, mut preemptions, waited } = execution.evidence.effort;
    if let Some(until) = counted_until(execution, verdict.kind) {
        let mut steps = 0;
        let begins = execution.schedule.runs().into_iter().map(|run| {
            steps += u64::from(run.length);
            steps - u64::from(run.length)
        });
        switches = begins.skip(1).filter(|&begin| begin < until).count() as u64;
        preemptions = execution.evidence.preempted.range(..until).count() as u64;
    }
    Effort { switches, preemptions, waited: Duration::from_nanos(waited) }
}

/// The panic that is what is wrong, if one is.
fn panic_of<'a>(execution: &'a Execution, verdict: &Verdict) -> Option<&'a PanicRecord> {
    (verdict.kind == FailureKind::Panic).then(|| first_unhandled_panic(execution)).flatten()
}

/// The operations of the execution that has just ended, and its panics.
pub(crate) fn trace(execution: &Execution, rows: Rows) -> Trace {
    trace_of(execution, &execution.trace, rows)
}

/// As `trace`, but without what comes long after a panic, or after a knot has closed.
fn trace_until_the_end(execution: &Execution, verdict: &Verdict, rows: Rows) -> Trace {
    let events = &execution.trace;
    let (end, why) = match panic_of(execution, verdict) {
        Some(panic) if rows != Rows::All => {
            let end = events.partition_point(|event| event.step <= panic.step + STEPS_AFTER_PANIC);
            let is_long = events.len() - end >= LEFT_OUT_AFTER_PANIC;
            (if is_long { end } else { events.len() }, "after the panic")
        }
        _ => (execution.trace_to_tell().len(), "that do not change what the others wait for"),
    };
    let left_out_after = LeftOut { steps: events.len() - end, why };
    Trace { left_out_after, ..trace_of(execution, &events[..end], rows) }
}

/// Further panics, guards that outlive their threads, and what else helps to understand it.
fn notes(execution: &Execution, verdict: &Verdict) -> Vec<String> {
    let mut notes = Vec::new();
    if verdict.kind == FailureKind::Panic {
        let first = first_unhandled_panic(execution).map(|panic| (panic.thread, panic.step));
        for panic in &execution.panics {
            if Some((panic.thread, panic.step)) != first {
                let thread = label(execution, column_of_panic(execution, panic.thread, panic.step));
                notes.push(format!("{thread} panicked as well: {}", panic.message));
            }
        }
    }
    notes.extend(tasks::cancellations(execution));
    notes.extend(tasks::real_tokio(execution));
    notes.extend(tasks::unheard_panics(execution));
    notes.extend(waits::left_behind(execution));
    notes.extend(stale::stale_reads(execution));
    if matches!(verdict.kind, FailureKind::Deadlock | FailureKind::LeakedThread) {
        notes.extend(waits::lost_wakeups(execution));
        notes.extend(tasks::guards_over_awaits(execution));
        notes.extend(tasks::starved(execution));
        notes.extend(tasks::futurelocks(execution));
        notes.extend(tasks::without_wakers(execution));
        notes.extend(tasks::stale_wakes(execution));
    }
    if execution.knot.is_some() {
        let (going, _) = going(execution);
        notes.push(format!("if {going} would end the wait after more steps, raise the limit `max_steps`"));
    }
    if verdict.kind == FailureKind::LeakedThread {
        let goes_on = endless_after(execution, verdict.kind).is_some();
        let (left, or) = match goes_on {
            true => ("going on", ""),
            false => ("waiting", ", or let any be left (`leaked_threads = \"allow\"`)"),
        };
        notes.push(format!(
            "let the test end its threads and join them; or, if one may be left {left}, make it a daemon \
             (`thread::BuilderExt::daemon`){or}"
        ));
    }
    notes.dedup();
    notes
}
