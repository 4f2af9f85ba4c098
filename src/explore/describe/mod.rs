//! From an execution to the words of a report. Runs once, for the failure that is reported.

mod cause;
mod handover;
pub(super) mod hang;
mod loops;
mod race;
mod stacks;
mod stale;
mod states;
mod waits;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(super) use cause::tell_cause;
use hang::standing;
pub(super) use loops::loops_begin;

use super::judge::{Verdict, counted_until, endless_after, first_unhandled_panic, going, join_names};
use crate::report::{
    Effort, Ended, FailureKind, Found, KEPT_ROWS, LeftOut, ObjectName, Place, Race, Row, Spin, Standing,
    Trace, Wait, shortened,
};
use crate::rt::Execution;
use crate::rt::op::key::{AtomicForm, AtomicKind, ObjectKind};
use crate::rt::op::outcome::{PanicRecord, SourceLocation};
use crate::rt::op::{Event, Note, ObjectId, OpKind};
use crate::rt::record::evidence::{self, TracedAccess};

/// How many rows a report gets unless it is to show all: more than it prints.
const LAST_ROWS: usize = 1_000;

/// How many steps after a panic are shown, and how many there have to be more for them to be left out.
const STEPS_AFTER_PANIC: u64 = 4;
const LEFT_OUT_AFTER_PANIC: usize = 40;

/// How much of a trace is wanted. An execution that hits the step limit has a million operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rows {
    All,
    Last,
    /// Those that files of a failure have.
    Kept,
}

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

fn trace_of(execution: &Execution, events: &[Event], rows: Rows) -> Trace {
    let left_out = match rows {
        Rows::All => 0,
        Rows::Last => events.len().saturating_sub(LAST_ROWS),
        Rows::Kept => events.len().saturating_sub(KEPT_ROWS),
    };
    let mut pointers = Pointers::default();
    let shown = &events[left_out..];
    let mut rows: Vec<Row> = shown.iter().map(|event| row(execution, event, &mut pointers)).collect();
    let mut states = states::States::default();
    for event in &events[..left_out] {
        states.follow(execution, event);
    }
    for (event, row) in shown.iter().zip(&mut rows) {
        row.states = states.follow(execution, event);
    }
    let from = shown.first().map_or(0, |event| event.step);
    let until = shown.last().map_or(u64::MAX, |event| event.step);
    let is_shown = |access: &&TracedAccess| (from..=until).contains(&access.step) && !access.kind.is_atomic();
    let accesses = execution.accesses.iter().filter(is_shown);
    rows.extend(accesses.map(|access| access_row(execution, access)));
    rows.extend(execution.panics.iter().filter(|panic| (from..=until).contains(&panic.step)).map(panic_row));
    // A stable sort: accesses and panics come after the last step before them.
    rows.sort_by_key(|row| row.step);
    for at in 0..rows.len() {
        // After the last row of the step, which may be an access.
        let is_last = rows.get(at + 1).is_none_or(|next: &Row| next.step != rows[at].step);
        rows[at].preempted = is_last && execution.evidence.preempted.contains(&rows[at].step);
    }
    let threads = execution.kernel.threads.iter().map(|(id, _)| execution.kernel.thread_label(id)).collect();
    let mut handovers = handover::handovers(execution, events);
    handovers.retain(|handover| handover.from >= from);
    Trace { threads, rows, handovers, left_out, left_out_after: LeftOut::default() }
}

fn row(execution: &Execution, event: &Event, pointers: &mut Pointers) -> Row {
    let kernel = &execution.kernel;
    let thread_op = matches!(
        event.op.kind,
        OpKind::Begin
            | OpKind::End
            | OpKind::Join
            | OpKind::Park
            | OpKind::Unpark
            | OpKind::Sleep
            | OpKind::IsFinished
    );
    let object = (!thread_op).then(|| object_name(execution, event.op.object)).flatten();
    let kind = object.is_some().then(|| kernel.objects.get(event.op.object).kind);
    let placed = !matches!(event.op.kind, OpKind::Begin | OpKind::ParkSpuriously | OpKind::End);
    let found = found(event, kind, pointers);
    Row {
        step: event.step,
        thread: event.thread.index(),
        verb: event.op.kind.verb(),
        object,
        note: note(execution, event, &found),
        found,
        place: placed.then(|| Place::from(event.op.location)),
        preempted: false,
        states: Vec::new(),
    }
}

fn access_row(execution: &Execution, access: &TracedAccess) -> Row {
    Row {
        step: access.step,
        thread: access.thread.index(),
        verb: access.kind.verb(),
        object: object_name(execution, access.object),
        note: String::new(),
        found: Found::default(),
        place: Some(Place::from(access.location)),
        preempted: false,
        states: Vec::new(),
    }
}

fn panic_row(panic: &PanicRecord) -> Row {
    Row {
        step: panic.step,
        thread: panic.thread.index(),
        verb: "panics",
        object: None,
        note: format!(": {}", first_line(&panic.message)),
        found: Found::default(),
        place: panic.location.as_ref().map(place_of),
        preempted: false,
        states: Vec::new(),
    }
}

/// The first line, cut short: the whole message stands above the trace.
fn first_line(message: &str) -> String {
    const LENGTH: usize = 32;
    shortened(message.lines().next().unwrap_or_default(), LENGTH)
}

pub(super) fn place_of(at: &SourceLocation) -> Place {
    Place { file: at.file.clone(), line: at.line, column: at.column }
}

fn object_name(execution: &Execution, id: ObjectId) -> Option<ObjectName> {
    if id == ObjectId::NONE {
        return None;
    }
    let objects = &execution.kernel.objects;
    let object = objects.get(id);
    if object.kind == ObjectKind::Thread {
        return None;
    }
    let same = |other: &&crate::rt::objects::table::Object| {
        other.location == object.location && other.kind == object.kind
    };
    let count = objects.iter().filter(same).count() as u32;
    Some(ObjectName {
        kind: object.kind.name(),
        made_at: Place::from(object.location),
        ordinal: (objects.key(id).ordinal, count),
    })
}

/// Addresses differ from run to run: pointers are numbered in the order in which they appear.
#[derive(Default)]
struct Pointers(BTreeMap<u64, usize>);

impl Pointers {
    fn show(&mut self, bits: u64) -> String {
        if bits == 0 {
            return "null".to_owned();
        }
        let next = self.0.len() + 1;
        format!("pointer {}", self.0.entry(bits).or_insert(next))
    }
}

/// The pointers as a report's trace numbers them.
fn pointers_of(execution: &Execution) -> Pointers {
    let mut pointers = Pointers::default();
    let events = execution.trace_to_tell();
    for event in &events[events.len().saturating_sub(LAST_ROWS)..] {
        found(event, kind_of(execution, event), &mut pointers);
    }
    pointers
}

/// The kind of what an operation is done to.
fn kind_of(execution: &Execution, event: &Event) -> Option<ObjectKind> {
    (event.op.object != ObjectId::NONE).then(|| execution.kernel.objects.get(event.op.object).kind)
}

fn value(bits: u64, kind: Option<ObjectKind>, pointers: &mut Pointers) -> String {
    let Some(ObjectKind::Atomic(AtomicKind { bits: width, form, .. })) = kind else {
        return bits.to_string();
    };
    match form {
        AtomicForm::Bool => (bits != 0).to_string(),
        AtomicForm::Unsigned => bits.to_string(),
        AtomicForm::Signed => ((bits << (64 - width)) as i64 >> (64 - width)).to_string(),
        AtomicForm::Pointer => pointers.show(bits),
    }
}

fn found(event: &Event, kind: Option<ObjectKind>, pointers: &mut Pointers) -> Found {
    let mut show = |bits| Some(value(bits, kind, pointers));
    let mut found = Found::default();
    match event.note {
        Note::None => {}
        Note::Read(bits) if event.op.kind == OpKind::ReadClock => {
            found.read = Some(format!("{:?}", Duration::from_nanos(bits)));
        }
        Note::Read(bits) => found.read = show(bits),
        Note::ReadStale { value, last } => (found.read, found.last) = (show(value), show(last)),
        Note::WroteEarlier { new, last } => (found.new, found.last) = (show(new), show(last)),
        Note::Wrote { old, new } => (found.old, found.new) = (show(old), show(new)),
        Note::WroteStale { old, new, last } => {
            (found.old, found.new, found.last) = (show(old), show(new), show(last));
        }
        Note::FailedStale { value, last } => {
            found.ended = Some(Ended::Failed);
            (found.read, found.last) = (show(value), show(last));
        }
        Note::Failed(bits) => {
            found.ended = Some(Ended::Failed);
            found.read = if matches!(kind, Some(ObjectKind::Atomic(_))) { show(bits) } else { None };
        }
        Note::FailedSpuriously => found.ended = Some(Ended::FailedSpuriously),
        Note::TimedOut if event.op.kind == OpKind::Sleep => {}
        Note::TimedOut => found.ended = Some(Ended::TimedOut),
        Note::Spurious => found.ended = Some(Ended::Spuriously),
        Note::Thread(thread) => found.other = Some(thread.index()),
    }
    if let Some(atomic) = event.atomic {
        let reads = matches!(event.op.kind, OpKind::Load | OpKind::ReadModifyWrite | OpKind::CompareExchange);
        found.source = reads.then_some(atomic.source);
        found.ordering = Some(ordering_name(atomic.order));
    }
    found
}

fn ordering_name(order: Ordering) -> &'static str {
    match order {
        Ordering::Relaxed => "Relaxed",
        Ordering::Acquire => "Acquire",
        Ordering::Release => "Release",
        Ordering::AcqRel => "AcqRel",
        _ => "SeqCst",
    }
}

/// What was found, in words.
fn note(execution: &Execution, event: &Event, found: &Found) -> String {
    let Found { old, new, read, last, ended, .. } = found;
    match (ended, old, new, read, last) {
        (Some(Ended::Failed), _, _, Some(read), Some(last)) => {
            return format!(": fails, it is {read} (stale: it is {last})");
        }
        (Some(Ended::Failed), _, _, Some(read), _) => return format!(": fails, it is {read}"),
        (Some(Ended::Failed), ..) => return ": fails".to_owned(),
        (Some(Ended::FailedSpuriously), ..) => return ": fails spuriously".to_owned(),
        (Some(Ended::TimedOut), ..) => return ": timed out".to_owned(),
        (Some(Ended::Spuriously), ..) => return ": wakes spuriously".to_owned(),
        (None, _, _, Some(read), Some(last)) => return format!(" = {read} (stale: it is {last})"),
        (None, _, _, Some(read), None) => return format!(" = {read}"),
        (None, Some(old), Some(new), _, Some(last)) => {
            return format!(": {old} → {new} (stale: it is {last})");
        }
        (None, _, Some(new), _, Some(last)) => return format!(": {new} (before {last})"),
        (None, Some(old), Some(new), ..) => return format!(": {old} → {new}"),
        _ => {}
    }
    let Note::Thread(thread) = event.note else { return String::new() };
    if !matches!(event.op.kind, OpKind::NotifyOne | OpKind::NotifyAll) {
        return format!(" {}", execution.kernel.thread_label(thread));
    }
    let woken = execution.evidence.woken_by(event.step).map(|thread| execution.kernel.thread_label(thread));
    format!(": wakes {}", join_names(&woken.collect::<Vec<_>>()))
}

/// Further panics, guards that outlive their threads, and what else helps to understand it.
fn notes(execution: &Execution, verdict: &Verdict) -> Vec<String> {
    let mut notes = Vec::new();
    if verdict.kind == FailureKind::Panic {
        let first = first_unhandled_panic(execution).map(|panic| (panic.thread, panic.step));
        for panic in &execution.panics {
            if Some((panic.thread, panic.step)) != first {
                let thread = execution.kernel.thread_label(panic.thread);
                notes.push(format!("{thread} panicked as well: {}", panic.message));
            }
        }
    }
    notes.extend(waits::left_behind(execution));
    notes.extend(stale::stale_reads(execution));
    if matches!(verdict.kind, FailureKind::Deadlock | FailureKind::LeakedThread) {
        notes.extend(waits::lost_wakeups(execution));
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
