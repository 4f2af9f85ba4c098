//! The words for an operation that read an older store than the last one: why it may, and what to do about it.

use std::sync::atomic::Ordering;

use super::names::{kind_of, object_name, value};
use super::rows::pointers_of;
use crate::detect::race::{Half, Missing, missing_orderings};
use crate::rt::Execution;
use crate::rt::op::{Event, Note, OpKind};

/// How many stale reads are explained.
const EXPLAINED: usize = 3;

/// How long an execution may be for its stale reads to be explained.
const LONGEST: usize = 1_000;

/// Why each operation of a short execution could read an older store.
pub(super) fn stale_reads(execution: &Execution) -> Vec<String> {
    if execution.trace.len() > LONGEST {
        return Vec::new();
    }
    let loads = execution.trace.iter().filter(|event| stale(event).is_some());
    loads.filter_map(|load| explain(execution, load)).take(EXPLAINED).collect()
}

/// What was read, and the last value, which it is not.
fn stale(event: &Event) -> Option<(u64, u64)> {
    match event.note {
        Note::ReadStale { value, last } | Note::FailedStale { value, last } => Some((value, last)),
        Note::WroteStale { old, last, .. } => Some((old, last)),
        _ => None,
    }
}

fn explain(execution: &Execution, load: &Event) -> Option<String> {
    let (read, last) = stale(load)?;
    let stores = |event: &&Event| {
        event.op.object == load.op.object
            && event.step < load.step
            && matches!(event.note, Note::Wrote { new, .. } | Note::WroteStale { new, .. } if new == last)
    };
    let store = execution.trace.iter().rev().find(stores)?;
    let mut pointers = pointers_of(execution);
    let kind = kind_of(execution, load);
    let [read, last] = [read, last].map(|bits| value(bits, kind, &mut pointers));
    let why = match store_buffering(execution, load, store) {
        Some(why) => why,
        None => missing(execution, load, store),
    };
    Some(format!(
        "the {} at step {} may read {read} although {} has stored {last} at step {} ({}): {why}",
        load.op.verb(),
        load.step,
        execution.kernel.thread_label(store.thread),
        store.step,
        store.op.location,
    ))
}

/// The orderings that would have put the store before the load.
fn missing(execution: &Execution, load: &Event, store: &Event) -> String {
    // As between accesses that race: from before the store to after what comes before the load.
    let from = (store.thread, store.step - 1);
    let to = (load.thread, load.step - 1);
    let missing = missing_orderings(&execution.trace, &execution.evidence.known, from, to);
    let weak: Vec<String> = missing
        .unwrap_or_default()
        .into_iter()
        .map(|Missing { event, half }| {
            let event = &execution.trace[event];
            let (ordering, place) = match half {
                Half::Release => ("Release", "before"),
                Half::Acquire => ("Acquire", "after"),
            };
            let thread = execution.kernel.thread_label(event.thread);
            let at = event.op.location;
            let Some(object) = object_name(execution, event.op.object) else {
                return format!("the {} at {at} by {thread} would have to be {ordering}", event.op.verb());
            };
            format!(
                "the {} at {at} by {thread} of the {} made at {} would have to be {ordering}, or to have a \
                 `fence({ordering})` {place} it",
                event.op.verb(),
                object.kind,
                object.made_at,
            )
        })
        .collect();
    match weak.is_empty() {
        true => "no lock, join, message or pair of release and acquire leads from that store to the load"
            .to_owned(),
        false => format!("for the store to come before the load, {}", weak.join(", and ")),
    }
}

/// What to say if neither of two threads sees what the other has stored before it loads: only the order of all SC operations
/// forbids that.
fn store_buffering(execution: &Execution, load: &Event, store: &Event) -> Option<String> {
    let trace = &execution.trace;
    let is_sc = |event: &Event| event.atomic.is_some_and(|atomic| atomic.order == Ordering::SeqCst);
    let writes = |event: &Event| {
        let kinds = [OpKind::Store, OpKind::ReadModifyWrite, OpKind::CompareExchange];
        event.atomic.is_some() && kinds.contains(&event.op.kind) && !matches!(event.note, Note::Failed(_))
    };
    let reads = |event: &Event| event.atomic.is_some() && event.op.kind == OpKind::Load;
    let before = trace.iter().take_while(|event| event.step < load.step);
    let mut own = before.filter(|event| event.thread == load.thread && writes(event));
    let (own, other) = own.find_map(|own| {
        let misses = |event: &&Event| {
            event.thread == store.thread
                && event.step > store.step
                && event.op.object == own.op.object
                && reads(event)
                && event.atomic.is_some_and(|atomic| atomic.source < own.step)
        };
        let other = trace.iter().find(misses).filter(|_| own.op.object != load.op.object)?;
        Some((own, other))
    })?;
    let all = [own, load, store, other];
    if all.iter().all(|event| is_sc(event)) {
        return None;
    }
    let operation = |event: &Event| format!("the {} at {}", event.op.verb(), event.op.location);
    let weak: Vec<String> = all.into_iter().filter(|event| !is_sc(event)).map(operation).collect();
    let are = if weak.len() == 1 { "is" } else { "are" };
    Some(format!(
        "each of the two threads stores one value and then loads the other, and Release and Acquire do not order a store before \
         a load of its own thread: make all four operations SeqCst (not SeqCst {are} {}), or put a `fence(SeqCst)` between store \
         and load in both threads",
        crate::explore::judge::join_names(&weak),
    ))
}
