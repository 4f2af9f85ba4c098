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
    let how = match cause.is_proved {
        true if cause.orders.is_empty() => "proved: all schedules were tried".to_owned(),
        true => "proved: all schedules with this were tried".to_owned(),
        false => format!("screened with {} random schedules", cause.screened),
    };
    match cause.orders.len() + cause.oddities.len() {
        0 => return writeln!(f, "cause: it fails whatever the order of operations is ({how})"),
        1 => writeln!(f, "cause: it fails whenever this holds ({how}):")?,
        count => writeln!(f, "cause: it fails whenever these {count} hold ({how}):")?,
    }
    for order in &cause.orders {
        let [before, after] = [&order.before, &order.after].map(|doing| describe(doing, trace, names));
        writeln!(f, "  {before}\n      comes before {after}")?;
    }
    for (doing, found) in &cause.oddities {
        writeln!(f, "  {}{found}", describe(doing, trace, names))?;
    }
    match (&cause.orders[..], cause.orders.iter().all(|order| order.is_needed)) {
        ([], _) => Ok(()),
        ([_], true) if !cause.oddities.is_empty() => {
            writeln!(f, "  with the order the other way round, it passes")
        }
        ([_], true) => writeln!(f, "  the other way round, it passes"),
        (_, true) => writeln!(f, "  with any one of the orders the other way round, it passes"),
        ([_], false) => writeln!(f, "  the other way round, no schedule that passes was found"),
        (_, false) => {
            writeln!(f, "  with some of the orders the other way round, no schedule that passes was found")
        }
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
