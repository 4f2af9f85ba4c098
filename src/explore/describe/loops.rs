//! Loops in which threads go round for ever, or one of them alone: where they begin, what is done there, and the trace without
//! the rounds.

use std::collections::BTreeSet;

use super::names::Pointers;
use super::rows::{Rows, row, trace_of};
use crate::explore::judge::{Lone, endless_after, lone};
use crate::report::{FailureKind, LeftOut, Spin, Trace};
use crate::rt::Execution;
use crate::rt::op::{Event, ObjectId, Op, ThreadId};

/// How many steps of a thread that runs alone are looked at for its loop, and of how many operations that may be.
const LOOKED_AT: usize = 200;
const LOOP_LENGTH: usize = 8;

/// The step after which threads only go round in loops, or only those are left that outlive the test body, if that is the
/// failure and the loops are known.
pub(in crate::explore) fn loops_begin(execution: &Execution, kind: FailureKind) -> Option<u64> {
    let after = endless_after(execution, kind)?;
    match kind {
        FailureKind::GoodSamaritan => {}
        // Some wait for ever: that is what is to be told, not what others do.
        FailureKind::Deadlock => return None,
        _ => return Some(after),
    }
    let round = round_of_lone(execution)?;
    let begin = execution.trace.iter().rposition(|event| !round.contains(&look_key(event)))? as u64 + 1;
    Some(begin.max(after))
}

/// As `trace`, where threads go round in loops for ever after step `begin`: one round of each.
pub(super) fn trace_until_rounds(execution: &Execution, kind: FailureKind, begin: u64, rows: Rows) -> Trace {
    let (before, after) =
        execution.trace.split_at(execution.trace.partition_point(|event| event.step <= begin));
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
    let why = match kind {
        FailureKind::Livelock => "in which nothing changes",
        FailureKind::LeakedThread => "after the test body",
        _ => "in which nobody else runs",
    };
    let left_out_after = LeftOut { steps: execution.trace.len() - events.len(), why };
    Trace { left_out_after, ..trace_of(execution, &events, rows) }
}

/// What tells one look of a loop from the others.
type LookKey = (u8, ObjectId, (u32, u32));

fn look_key(event: &Event) -> LookKey {
    let Op { kind, object, location, .. } = event.op;
    (kind.code(), object, (location.line(), location.column()))
}

/// The last round of each thread that goes round in a loop for ever, or of the one that does so alone, after step `begin`.
pub(super) fn spinning(execution: &Execution, kind: FailureKind, begin: u64) -> Vec<Spin> {
    let kernel = &execution.kernel;
    let alone = if kind == FailureKind::GoodSamaritan { lone(execution) } else { None };
    let spins = |(id, thread): (ThreadId, &crate::rt::threads::thread::Thread)| {
        let is_alone = alone.as_ref().is_none_or(|alone| alone.thread == id);
        if thread.ended || !kernel.is_enabled(id) || !is_alone {
            return None;
        }
        let mut seen = BTreeSet::new();
        let looks = execution.trace.iter().rev().filter(|event| event.thread == id);
        let mut round: Vec<&Event> = looks.take_while(|event| seen.insert(look_key(event))).collect();
        // The execution ended anywhere in it.
        let rounds = execution.trace.get(begin as usize..).unwrap_or_default();
        let since = || rounds.iter().filter(|event| event.thread == id);
        round.sort_by_key(|event| since().position(|other| look_key(other) == look_key(event)));
        let mut pointers = Pointers::default();
        let rows = round.into_iter().map(|event| row(execution, event, &mut pointers)).collect();
        Some(Spin { thread: id.index(), rows })
    };
    kernel.threads.iter().filter_map(spins).collect()
}

/// The operations of the loop in which a thread goes round that has kept all others from running.
fn round_of_lone(execution: &Execution) -> Option<BTreeSet<LookKey>> {
    let Lone { thread, .. } = lone(execution)?;
    let is_complete = execution.trace.len() as u64 == execution.kernel.steps;
    let last = execution.trace.iter().rev().take(LOOKED_AT).filter(|event| event.thread == thread);
    let round: BTreeSet<LookKey> = last.map(look_key).collect();
    (is_complete && round.len() <= LOOP_LENGTH).then_some(round)
}
