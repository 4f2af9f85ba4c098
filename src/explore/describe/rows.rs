//! The rows of a report's trace: operations, accesses of plain memory, and panics.

use super::names::{Pointers, found, kind_of, note, object_name, place_of};
use super::{handover, states};
use crate::explore::actors::{
    column, column_of, column_of_panic, column_of_task, is_hidden, is_spurious_poll, label, labels,
};
use crate::report::{Found, KEPT_ROWS, LeftOut, Place, Row, Trace, shortened};
use crate::rt::Execution;
use crate::rt::op::outcome::PanicRecord;
use crate::rt::op::verb::Verb;
use crate::rt::op::{Event, Note, OpKind};
use crate::rt::record::evidence::TracedAccess;
use crate::rt::tasks::TimerOver;

/// How many rows a report gets unless it is to show all: more than it prints.
const LAST_ROWS: usize = 1_000;

/// How much of a trace is wanted. An execution that hits the step limit has a million operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::explore) enum Rows {
    All,
    Last,
    /// Those that files of a failure have.
    Kept,
}

pub(super) fn trace_of(execution: &Execution, events: &[Event], rows: Rows) -> Trace {
    let left_out = match rows {
        Rows::All => 0,
        Rows::Last => events.len().saturating_sub(LAST_ROWS),
        Rows::Kept => events.len().saturating_sub(KEPT_ROWS),
    };
    let mut pointers = Pointers::default();
    let is_shown = |event: &&Event| rows == Rows::All || !is_hidden(execution, event);
    let shown: Vec<&Event> = events[left_out..].iter().filter(is_shown).collect();
    let mut rows: Vec<Row> = shown.iter().map(|event| row(execution, event, &mut pointers)).collect();
    let mut states = states::States::default();
    for event in &events[..left_out] {
        states.follow(execution, event);
    }
    for (event, row) in shown.iter().zip(&mut rows) {
        row.states = states.follow(execution, event);
    }
    let from = events[left_out..].first().map_or(0, |event| event.step);
    let until = events.last().map_or(u64::MAX, |event| event.step);
    let is_shown = |access: &&TracedAccess| (from..=until).contains(&access.step) && !access.kind.is_atomic();
    let accesses = execution.accesses.iter().filter(is_shown);
    rows.extend(accesses.map(|access| access_row(execution, access)));
    let timers = execution.kernel.tasks.timers_over.iter().filter(|over| (from..=until).contains(&over.step));
    rows.extend(timers.map(|over| timer_row(execution, over)));
    let panics = execution.panics.iter().filter(|panic| (from..=until).contains(&panic.step));
    rows.extend(panics.map(|panic| panic_row(execution, panic)));
    // A stable sort: accesses and panics come after the last step before them.
    rows.sort_by_key(|row| row.step);
    for at in 0..rows.len() {
        // After the last row of the step, which may be an access.
        let is_last = rows.get(at + 1).is_none_or(|next: &Row| next.step != rows[at].step);
        rows[at].preempted = is_last && execution.evidence.preempted.contains(&rows[at].step);
    }
    let mut handovers = handover::handovers(execution, events);
    handovers.retain(|handover| handover.from >= from);
    Trace { threads: labels(execution), rows, handovers, left_out, left_out_after: LeftOut::default() }
}

pub(super) fn row(execution: &Execution, event: &Event, pointers: &mut Pointers) -> Row {
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
    let is_spawn = matches!(event.note, Note::Spawned(_));
    let task = column_of_task(execution, event.op.object);
    let is_spurious = is_spurious_poll(event);
    let thread_op = thread_op || is_spawn || is_spurious || task.is_some();
    let verb = match event.op.verb() {
        _ if is_spawn => "spawn",
        _ if is_spurious => "is polled",
        verb => verb,
    };
    let object = (!thread_op).then(|| object_name(execution, event.op.object)).flatten();
    let kind = object.is_some().then(|| kernel.objects.get(event.op.object).kind);
    let placed =
        !is_spurious && !matches!(event.op.kind, OpKind::Begin | OpKind::ParkSpuriously | OpKind::End);
    let found = found(event, kind, pointers);
    Row {
        step: event.step,
        thread: column(execution, event),
        verb,
        object,
        note: match task.filter(|_| !is_own_end(event)) {
            Some(task) => format!(" {}{}", label(execution, task), note(execution, event, &found)),
            None => note(execution, event, &found),
        },
        found,
        place: placed.then(|| Place::from(event.op.location)),
        preempted: false,
        states: Vec::new(),
    }
}

/// A timer that has ended.
fn timer_row(execution: &Execution, over: &TimerOver) -> Row {
    let now = std::time::Duration::from_nanos(over.now);
    Row {
        step: over.step,
        thread: column_of(execution, over.thread, over.task),
        verb: over.what,
        object: None,
        note: format!(" (virtual time: {now:?})"),
        found: Found::default(),
        place: Some(Place::from(over.location)),
        preempted: false,
        states: Vec::new(),
    }
}

/// Whether the task that the operation is about is the one that does it.
fn is_own_end(event: &Event) -> bool {
    use Verb::{Cancel, Discard, Elapse, Finish, Ring};
    let verb = (event.op.kind == OpKind::Operate).then(|| Verb::of_argument(event.op.argument)).flatten();
    matches!(verb, Some(Cancel | Discard | Elapse | Finish | Ring))
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

fn panic_row(execution: &Execution, panic: &PanicRecord) -> Row {
    Row {
        step: panic.step,
        thread: column_of_panic(execution, panic.thread, panic.step),
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

/// The pointers as a report's trace numbers them.
pub(super) fn pointers_of(execution: &Execution) -> Pointers {
    let mut pointers = Pointers::default();
    let events = execution.trace_to_tell();
    for event in &events[events.len().saturating_sub(LAST_ROWS)..] {
        found(event, kind_of(execution, event), &mut pointers);
    }
    pointers
}
