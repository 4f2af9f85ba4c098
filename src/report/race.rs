//! A data race in words: both accesses, and what would have ordered them.

use std::fmt;

use super::names::Names;
use super::stack::write_stack;
use super::{ObjectName, Place, Race, RaceSide};

pub(super) fn write_race(
    race: &Race,
    threads: &[String],
    names: &Names,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for side in &race.sides {
        writeln!(f, "  {} of {} by {}", side.verb, names.of(&race.object), threads[side.thread])?;
        writeln!(f, "      at {} (step {})", side.place, side.step)?;
        write_stack(&side.stack, &side.place, f)?;
    }
    if race.overlap {
        return writeln!(f, "  the second begins before the first has ended");
    }
    let [first, second] = &race.sides;
    let thread = |side: &RaceSide| &threads[side.thread];
    if !race.weak.is_empty() {
        writeln!(
            f,
            "  {} sees that {} has gone on, but orderings on the way are too weak to hand over what came before:",
            thread(second),
            thread(first)
        )?;
        for weak in &race.weak {
            writeln!(
                f,
                "      the {} of {} by {} at {} is {}: make it {}",
                weak.verb,
                names.of(&weak.object),
                threads[weak.thread],
                weak.place,
                weak.order,
                weak.needed,
            )?;
        }
        return Ok(());
    }
    let holds = |side: &RaceSide| match &side.held {
        Some(held) if !held.is_empty() => Some(list(held, names)),
        _ => None,
    };
    match (holds(first), holds(second)) {
        (Some(one), Some(other)) => writeln!(
            f,
            "  {} holds {one}, and {} holds {other}:\n      a lock orders only those who take the same one",
            thread(first),
            thread(second)
        ),
        (Some(locks), None) => writeln!(
            f,
            "  {} holds {locks}, and {} nothing: take the same lock there",
            thread(first),
            thread(second)
        ),
        (None, Some(locks)) => writeln!(
            f,
            "  {} holds {locks}, and {} nothing: take the same lock there",
            thread(second),
            thread(first)
        ),
        (None, None) => writeln!(
            f,
            "  nothing leads from the first to the second: no lock, join or message, nor an atomic that one of them \
             stores and the other reads. Hold a lock at both, or let the second wait for the first"
        ),
    }
}

fn list(held: &[(ObjectName, Place)], names: &Names) -> String {
    let lock = |(lock, place): &(ObjectName, Place)| format!("{} (taken at {place})", names.of(lock));
    held.iter().map(lock).collect::<Vec<_>>().join(" and ")
}
