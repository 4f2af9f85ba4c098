//! The words for a data race: both accesses with the locks and the stacks of their threads, and the orderings that would have
//! ordered them.

use super::names::object_name;
use super::stacks;
use crate::detect::race::{Half, Missing, missing_orderings};
use crate::report::{ObjectName, Place, Race, RaceSide, WeakOrdering};
use crate::rt::Execution;
use crate::rt::op::lock::Held;
use crate::rt::op::outcome;
use crate::rt::record::evidence::TracedAccess;

pub(super) fn race_of(execution: &Execution, race: &outcome::Race) -> Race {
    let sides = [&race.first, &race.second];
    Race {
        object: object_name(execution, race.object).expect("a race is on an object"),
        sides: sides.map(|side| side_of(execution, race, side)),
        overlap: race.overlap,
        weak: if race.overlap { Vec::new() } else { weak_orderings(execution, race) },
    }
}

fn side_of(execution: &Execution, race: &outcome::Race, side: &outcome::RaceSide) -> RaceSide {
    let is_it = |access: &&TracedAccess| {
        let of_side = (access.thread, access.step, access.kind, access.location);
        access.object == race.object && of_side == (side.thread, side.step, side.access, side.location)
    };
    // One that was made when the memory was is no access of the list.
    let access = execution.accesses.iter().rev().find(is_it);
    let lock = |held: &Held| -> Option<(ObjectName, Place)> {
        Some((object_name(execution, held.object)?, Place::from(held.location)))
    };
    RaceSide {
        thread: side.thread.index(),
        verb: side.access.verb(),
        step: side.step,
        place: Place::from(side.location),
        held: access.map(|access| access.held.iter().filter_map(lock).collect()),
        stack: access.and_then(|access| access.stack.as_deref()).map(stacks::frames).unwrap_or_default(),
    }
}

fn weak_orderings(execution: &Execution, race: &outcome::Race) -> Vec<WeakOrdering> {
    // An atomic access is its operation's own, a plain one comes after the operation before it.
    let first = race.first.step - u64::from(race.first.access.is_atomic()).min(race.first.step);
    let accesses = [(race.first.thread, first), (race.second.thread, race.second.step)];
    let missing = missing_orderings(&execution.trace, &execution.evidence.known, accesses[0], accesses[1]);
    let mut weak: Vec<(usize, WeakOrdering)> = Vec::new();
    for Missing { event: at, half } in missing.unwrap_or_default() {
        if let Some((_, both)) = weak.iter_mut().find(|(event, _)| *event == at) {
            both.needed = "AcqRel";
            continue;
        }
        let event = &execution.trace[at];
        let (Some(object), Some(atomic)) = (object_name(execution, event.op.object), event.atomic) else {
            continue;
        };
        let ordering = WeakOrdering {
            thread: event.thread.index(),
            verb: event.op.verb(),
            object,
            place: Place::from(event.op.location),
            order: format!("{:?}", atomic.order),
            needed: match (half, atomic.order) {
                (Half::Release, std::sync::atomic::Ordering::Acquire)
                | (Half::Acquire, std::sync::atomic::Ordering::Release) => "AcqRel",
                (Half::Release, _) => "Release",
                (Half::Acquire, _) => "Acquire",
            },
        };
        weak.push((at, ordering));
    }
    weak.into_iter().map(|(_, ordering)| ordering).collect()
}
