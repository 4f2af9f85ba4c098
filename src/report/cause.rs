//! Why an execution fails, in words: the orders that make it fail, each of which has to hold.

use std::fmt;

use super::names::{Names, short};
use super::{Cause, Doing, Trace};

pub(super) fn write_cause(
    cause: &Cause,
    trace: &Trace,
    names: &Names,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let tried = match cause.screened {
        1 => "in the one random schedule that was tried".to_owned(),
        tried => format!("in all {tried} random schedules that were tried"),
    };
    let how = match cause.is_proved {
        true if cause.orders.is_empty() => "proved: all schedules were tried",
        true => "proved: all schedules with this were tried",
        false => &tried,
    };
    let how = match cause.keeps_draws {
        true => format!("{how}, with the same random numbers"),
        false => how.to_owned(),
    };
    // What was not proved is told as it was seen.
    let [fails, holds, hold, is] = match cause.is_proved {
        true => ["fails", "holds", "hold", "is"],
        false => ["failed", "held", "held", "was"],
    };
    match cause.orders.len() + cause.oddities.len() {
        0 => return writeln!(f, "cause: it {fails} whatever the order of operations {is} ({how})"),
        1 => writeln!(f, "cause: it {fails} whenever this {holds} ({how}):")?,
        count => writeln!(f, "cause: it {fails} whenever these {count} {hold} ({how}):")?,
    }
    for order in &cause.orders {
        let [before, after] = [&order.before, &order.after].map(|doing| describe(doing, trace, names));
        writeln!(f, "  {before}\n      comes before {after}")?;
    }
    for (doing, found) in &cause.oddities {
        writeln!(f, "  {}{found}", describe(doing, trace, names))?;
    }
    let all_needed = cause.orders.iter().all(|order| order.is_needed);
    let fails_too = cause.orders.iter().any(|order| order.fails_too);
    let turned = match &cause.orders[..] {
        [] => return Ok(()),
        [_] if all_needed && !cause.oddities.is_empty() => "with the order the other way round",
        [_] => "the other way round",
        _ if all_needed => "with any one of the orders the other way round",
        _ => "with some of the orders the other way round",
    };
    match (all_needed, fails_too) {
        (true, false) => writeln!(f, "  {turned}, it passes"),
        (true, true) => writeln!(f, "  {turned}, some schedules pass, and some fail"),
        (false, _) => writeln!(f, "  {turned}, no schedule that passes was found"),
    }
}

/// `main's load of `count` (lib.rs:9, step 3)`.
fn describe(doing: &Doing, trace: &Trace, names: &Names) -> String {
    let thread = &trace.threads[doing.thread];
    let what = match &doing.object {
        Some(object) => format!("{} of {}", doing.verb, names.brief(object)),
        None => doing.verb.to_owned(),
    };
    let place = short(&doing.place);
    match doing.step {
        Some(step) => format!("{thread}'s {what} ({place}, step {step})"),
        None => format!("{thread}'s {what} ({place}), for which it waits"),
    }
}
