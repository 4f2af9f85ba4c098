//! Loops in which threads go round for ever, or alone: what they do there, and the trace without the rounds.

use std::collections::BTreeSet;

use super::super::judge::{Lone, lone};
use super::{Pointers, Rows, row, trace_of};
use crate::report::{Spin, Trace};
use crate::rt::Execution;
use crate::rt::op::{Event, ObjectId, Op, ThreadId};

/// As `trace`, for threads that go round in loops for ever: one round of each after anything changed.
pub(super) fn trace_until_rounds(execution: &Execution, rows: Rows) -> Trace {
    let settles = execution.kernel.settles_after();
    let (before, after) =
        execution.trace.split_at(execution.trace.partition_point(|event| event.step <= settles));
    let mut events = before.to_vec();
    let mut shown: BTreeSet<(ThreadId, LookKey)> = BTreeSet::new();
    let mut through: BTreeSet<ThreadId> = BTreeSet::new();
    for event in after {
        if !through.contains(&event.thread) {
            if shown.insert((event.thread, look_key(event))) {
                events.push(*event);
            } else {
                through.insert(event.thread);
            }
        }
    }
    let left_out_after = execution.trace.len() - events.len();
    Trace { left_out_after, ..trace_of(execution, &events, rows) }
}

/// What tells one look of a loop from the others.
type LookKey = (u8, ObjectId, (u32, u32));

fn look_key(event: &Event) -> LookKey {
    let Op { kind, object, location, .. } = event.op;
    (kind.code(), object, (location.line(), location.column()))
}

/// The last round of each thread that goes round in a loop for ever.
pub(super) fn spinning(execution: &Execution) -> Vec<Spin> {
    let kernel = &execution.kernel;
    let spins = |(id, thread): (ThreadId, &crate::rt::thread::Thread)| {
        if thread.ended || !kernel.is_enabled(id) {
            return None;
        }
        let mut seen = BTreeSet::new();
        let looks = execution.trace.iter().rev().filter(|event| event.thread == id);
        let mut round: Vec<&Event> = looks.take_while(|event| seen.insert(look_key(event))).collect();
        round.reverse();
        let mut pointers = Pointers::default();
        let rows = round.into_iter().map(|event| row(execution, event, &mut pointers)).collect();
        Some(Spin { thread: id.index(), rows })
    };
    kernel.threads().filter_map(spins).collect()
}

/// Where the thread goes round that has kept all others from running.
pub(super) fn loop_of_lone(execution: &Execution) -> Option<String> {
    const LOOKED_AT: usize = 200;
    const SHOWN: usize = 8;
    let Lone { thread, .. } = lone(execution)?;
    let is_complete = execution.trace.len() as u64 == execution.kernel.steps;
    let last = execution.trace.iter().rev().take(LOOKED_AT).filter(|event| event.thread == thread);
    let mut places: Vec<String> = Vec::new();
    for event in last {
        let place = format!("{} at {}", event.op.kind.verb(), event.op.location);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let is_loop = is_complete && places.len() <= SHOWN;
    places.reverse();
    is_loop.then(|| {
        let thread = execution.thread_label(thread);
        format!("{thread} goes round in a loop: {}", places.join(", "))
    })
}
