//! From an execution to the words of a report. Runs once, for the failure that is reported.

mod cause;
mod loops;
mod race;
mod stacks;
mod stale;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use cause::cause_of;

use super::judge::{Verdict, first_unhandled_panic};
use crate::report::{Effort, FailureKind, ObjectName, Place, Race, Row, Spin, Trace, Wait};
use crate::rt::Execution;
use crate::rt::evidence;
use crate::rt::object::{AtomicForm, AtomicKind, ObjectKind};
use crate::rt::op::{Event, Note, ObjectId, OpKind};
use crate::rt::outcome::{PanicRecord, SourceLocation};
use crate::rt::shadow::TracedAccess;

/// How many rows a report gets unless it is to show all: more than it prints.
const LAST_ROWS: usize = 1_000;

/// How much of a trace is wanted. An execution that hits the step limit has a million operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rows {
    All,
    Last,
}

/// What a report shows of an execution that was run with a trace.
pub(crate) struct Description {
    pub(crate) place: Option<Place>,
    pub(crate) steps: u64,
    pub(crate) effort: Effort,
    pub(crate) trace: Trace,
    pub(crate) waits: Vec<Wait>,
    pub(crate) spins: Vec<Spin>,
    pub(crate) race: Option<Race>,
    pub(crate) notes: Vec<String>,
}

/// Describes the execution that has just ended and failed with `verdict`.
pub(crate) fn describe(execution: &Execution, verdict: &Verdict, rows: Rows) -> Description {
    let kernel = &execution.kernel;
    let stuck = matches!(
        verdict.kind,
        FailureKind::Deadlock | FailureKind::LeakedThread | FailureKind::StepLimit | FailureKind::Livelock
    );
    // A director's execution ends where threads would go round for the first time.
    let spins = verdict.kind == FailureKind::Livelock && !kernel.limits.directed;
    let place = match verdict.kind {
        FailureKind::Panic => {
            first_unhandled_panic(execution).and_then(|panic| panic.location.as_ref()).map(place_of)
        }
        FailureKind::DataRace => execution.race.map(|race| Place::from(race.second.location)),
        FailureKind::StepLimit => Some(Place::from(kernel.thread(kernel.current).pending.location)),
        _ => None,
    };
    Description {
        place,
        steps: kernel.steps,
        effort: effort(execution),
        trace: if spins { loops::trace_until_rounds(execution, rows) } else { trace(execution, rows) },
        spins: if spins { loops::spinning(execution) } else { Vec::new() },
        waits: if stuck { waits::waits(execution) } else { Vec::new() },
        race: execution.race.map(|race| race::race_of(execution, &race)),
        notes: notes(execution, verdict),
    }
}

fn effort(execution: &Execution) -> Effort {
    let evidence::Effort { switches, preemptions, waited } = execution.evidence.effort;
    Effort { switches, preemptions, waited: Duration::from_nanos(waited) }
}

/// The operations of the execution that has just ended, and its panics.
pub(crate) fn trace(execution: &Execution, rows: Rows) -> Trace {
    trace_of(execution, &execution.trace, rows)
}

fn trace_of(execution: &Execution, events: &[Event], rows: Rows) -> Trace {
    let left_out = match rows {
        Rows::All => 0,
        Rows::Last => events.len().saturating_sub(LAST_ROWS),
    };
    let mut pointers = Pointers::default();
    let shown = &events[left_out..];
    let mut rows: Vec<Row> = shown.iter().map(|event| row(execution, event, &mut pointers)).collect();
    let from = shown.first().map_or(0, |event| event.step);
    let is_shown = |access: &&TracedAccess| access.step >= from && !access.kind.is_atomic();
    let accesses = execution.accesses.iter().filter(is_shown);
    rows.extend(accesses.map(|access| access_row(execution, access)));
    rows.extend(execution.panics.iter().filter(|panic| panic.step >= from).map(panic_row));
    // A stable sort: accesses and panics come after the last step before them.
    rows.sort_by_key(|row| row.step);
    for at in 0..rows.len() {
        // After the last row of the step, which may be an access.
        let is_last = rows.get(at + 1).is_none_or(|next: &Row| next.step != rows[at].step);
        rows[at].preempted = is_last && execution.evidence.preempted.contains(&rows[at].step);
    }
    let threads = execution.kernel.threads().map(|(id, _)| execution.thread_label(id)).collect();
    Trace { threads, rows, left_out, left_out_after: 0 }
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
    Row {
        step: event.step,
        thread: event.thread.index(),
        verb: event.op.kind.verb(),
        object,
        note: note(execution, event, kind, pointers),
        place: placed.then(|| Place::from(event.op.location)),
        preempted: false,
    }
}

fn access_row(execution: &Execution, access: &TracedAccess) -> Row {
    Row {
        step: access.step,
        thread: access.thread.index(),
        verb: access.kind.verb(),
        object: object_name(execution, access.object),
        note: String::new(),
        place: Some(Place::from(access.location)),
        preempted: false,
    }
}

fn panic_row(panic: &PanicRecord) -> Row {
    Row {
        step: panic.step,
        thread: panic.thread.index(),
        verb: "panics",
        object: None,
        note: format!(": {}", first_line(&panic.message)),
        place: panic.location.as_ref().map(place_of),
        preempted: false,
    }
}

/// The first line, cut short: the whole message stands above the trace.
fn first_line(message: &str) -> String {
    const LENGTH: usize = 32;
    let line = message.lines().next().unwrap_or_default();
    if line.chars().count() <= LENGTH {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(LENGTH - 1).collect();
    cut.push('…');
    cut
}

fn place_of(at: &SourceLocation) -> Place {
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
    let same =
        |other: &&crate::rt::object::Object| other.location == object.location && other.kind == object.kind;
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

fn note(execution: &Execution, event: &Event, kind: Option<ObjectKind>, pointers: &mut Pointers) -> String {
    let mut show = |bits| value(bits, kind, pointers);
    match event.note {
        Note::None => String::new(),
        Note::Read(bits) => format!(" = {}", show(bits)),
        Note::ReadStale { value, last } => {
            let value = show(value);
            format!(" = {value} (stale: it is {})", show(last))
        }
        Note::WroteEarlier { new, last } => {
            let new = show(new);
            format!(": {new} (before {})", show(last))
        }
        Note::Wrote { old, new } => {
            let old = show(old);
            format!(": {old} → {}", show(new))
        }
        Note::Failed(bits) if matches!(kind, Some(ObjectKind::Atomic(_))) => {
            format!(": fails, it is {}", show(bits))
        }
        Note::Failed(_) => ": fails".to_owned(),
        Note::FailedSpuriously => ": fails spuriously".to_owned(),
        Note::TimedOut if event.op.kind == OpKind::Sleep => String::new(),
        Note::TimedOut => ": timed out".to_owned(),
        Note::Spurious => ": wakes spuriously".to_owned(),
        Note::Thread(thread) => {
            let label = execution.thread_label(thread);
            let woken = matches!(event.op.kind, OpKind::NotifyOne | OpKind::NotifyAll);
            if woken { format!(": wakes {label}") } else { format!(" {label}") }
        }
    }
}

/// Further panics, and guards that outlive their threads.
fn notes(execution: &Execution, verdict: &Verdict) -> Vec<String> {
    let mut notes = Vec::new();
    if verdict.kind == FailureKind::Panic {
        let first = first_unhandled_panic(execution).map(|panic| (panic.thread, panic.step));
        for panic in &execution.panics {
            if Some((panic.thread, panic.step)) != first {
                let thread = execution.thread_label(panic.thread);
                notes.push(format!("{thread} panicked as well: {}", panic.message));
            }
        }
    }
    notes.extend(waits::left_behind(execution));
    notes.extend(stale::stale_reads(execution));
    if matches!(verdict.kind, FailureKind::Deadlock | FailureKind::LeakedThread) {
        notes.extend(waits::lost_wakeups(execution));
    }
    if verdict.kind == FailureKind::StepLimit {
        notes.extend(loops::loop_of_lone(execution));
    }
    notes.dedup();
    notes
}
