//! The words for a load that read an older store than the last one: why it may.

use super::object_name;
use crate::detect::race::{Half, Missing, missing_orderings};
use crate::rt::Execution;
use crate::rt::op::{Event, Note};

/// How many stale reads are explained.
const EXPLAINED: usize = 3;

/// How long an execution may be for its stale reads to be explained.
const LONGEST: usize = 1_000;

/// Why each load of a short execution could read an older store.
pub(super) fn stale_reads(execution: &Execution) -> Vec<String> {
    if execution.trace.len() > LONGEST {
        return Vec::new();
    }
    let is_stale = |event: &&Event| matches!(event.note, Note::ReadStale { .. });
    execution
        .trace
        .iter()
        .filter(is_stale)
        .filter_map(|load| explain(execution, load))
        .take(EXPLAINED)
        .collect()
}

fn explain(execution: &Execution, load: &Event) -> Option<String> {
    let Note::ReadStale { value, last } = load.note else { return None };
    let stores = |event: &&Event| {
        event.op.object == load.op.object
            && event.step < load.step
            && matches!(event.note, Note::Wrote { new, .. } if new == last)
    };
    let store = execution.trace.iter().rev().find(stores)?;
    // As between accesses that race: from before the store to after what comes before the load.
    let from = (store.thread, store.step - 1);
    let to = (load.thread, load.step - 1);
    let missing = missing_orderings(&execution.trace, &execution.evidence.known, from, to);
    let weak: Vec<String> = missing
        .unwrap_or_default()
        .into_iter()
        .map(|Missing { event, half }| {
            let event = &execution.trace[event];
            let object = object_name(execution, event.op.object);
            format!(
                "the {} at {} by {} of the {} made at {} would have to be {}",
                event.op.kind.verb(),
                event.op.location,
                execution.thread_label(event.thread),
                object.as_ref().map_or("atomic", |object| object.kind),
                object.as_ref().map_or_else(String::new, |object| object.made_at.to_string()),
                if half == Half::Release { "Release" } else { "Acquire" },
            )
        })
        .collect();
    let why = match weak.is_empty() {
        true => "no lock, join, message or pair of release and acquire leads from that store to the load"
            .to_owned(),
        false => format!("for the store to come before the load, {}", weak.join(", and ")),
    };
    Some(format!(
        "the load at step {} may read {value} although {} has stored {last} at step {} ({}): {why}",
        load.step,
        execution.thread_label(store.thread),
        store.step,
        store.op.location,
    ))
}
