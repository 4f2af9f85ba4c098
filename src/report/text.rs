//! The text report: what failed, the switches in order, one column a thread, who waits for whom, and how to
//! run it again. Deterministic: no addresses, no times.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::{Failure, ObjectName, Place, Report, Row, Trace, Wait, source};
use crate::config::Log;

/// How wide the trace may be.
const WIDTH: usize = 100;
/// How many rows of the trace are shown unless all are asked for.
const ROWS: usize = 40;
/// The longest token that is printed in place of the seed.
const TOKEN_LENGTH: usize = 240;

/// What the objects of a report are called.
struct Names(BTreeMap<(String, u32, u32), Option<String>>);

impl Names {
    fn new(trace: &Trace, waits: &[Wait]) -> Names {
        let rows = trace.rows.iter().filter_map(|row| row.object.as_ref());
        let waits = waits.iter().filter_map(|wait| wait.object.as_ref());
        let mut names = BTreeMap::new();
        for object in rows.chain(waits) {
            let place = &object.made_at;
            names.entry(key(place)).or_insert_with(|| source::variable(place));
        }
        Names(names)
    }

    /// In the trace, which has little room: by the variable alone, where there is one.
    fn brief(&self, object: &ObjectName) -> String {
        let full = self.of(object);
        match full.split_once('`') {
            Some((_, variable)) => format!("`{variable}"),
            None => full,
        }
    }

    /// With what it is.
    fn of(&self, object: &ObjectName) -> String {
        let place = &object.made_at;
        let mut name = match self.0.get(&key(place)) {
            Some(Some(variable)) => format!("{} `{variable}`", object.kind),
            _ => format!("{} of {}:{}", object.kind, short(place), place.column),
        };
        let (number, of) = object.ordinal;
        if of > 1 {
            let _ = write!(name, " #{}", number + 1);
        }
        name
    }
}

fn key(place: &Place) -> (String, u32, u32) {
    (place.file.clone(), place.line, place.column)
}

/// File name and line.
fn short(place: &Place) -> String {
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}

pub(super) fn write_failure(failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let test = if failure.test.is_empty() { String::new() } else { format!(" in {}", failure.test) };
    writeln!(f, "{}{test}: {}", failure.kind, failure.message)?;
    if let Some(place) = &failure.place {
        writeln!(f, "  at {place}")?;
    }
    if failure.seed_text.is_empty() {
        return Ok(());
    }
    if failure.replayed {
        write!(f, "  replayed")?;
    } else {
        write!(f, "  found in execution {}", grouped(failure.execution))?;
    }
    match failure.steps {
        0 => writeln!(f)?,
        1 => writeln!(f, ", after 1 step")?,
        steps => writeln!(f, ", after {} steps", grouped(steps))?,
    }
    let names = Names::new(&failure.trace, &failure.waits);
    if !failure.trace.rows.is_empty() {
        writeln!(f)?;
        let all = failure.log == Log::Full || failure.replayed;
        write_trace(&failure.trace, &names, all, f)?;
    }
    if !failure.waits.is_empty() {
        writeln!(f)?;
        write_waits(failure, &names, f)?;
    }
    for note in &failure.notes {
        writeln!(f, "\nnote: {note}")?;
    }
    writeln!(f)?;
    write_rerun(failure, f)
}

fn write_rerun(failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let by_token = !failure.token.is_empty() && failure.token.len() <= TOKEN_LENGTH;
    let exact = if by_token { &failure.token } else { &failure.seed_text };
    write!(f, "replay: {}", failure.rerun.replace("{}", exact))?;
    if failure.token.is_empty() || failure.seed_text == failure.token {
        return Ok(());
    }
    writeln!(f)?;
    if by_token {
        write!(f, "  seed: {}", failure.seed_text)
    } else {
        write!(
            f,
            "  seed: {} (the schedule's token has {} characters)",
            failure.seed_text,
            failure.token.len()
        )
    }
}

fn write_trace(trace: &Trace, names: &Names, all: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hidden = if all { 0 } else { trace.rows.len().saturating_sub(ROWS) };
    let rows = &trace.rows[hidden..];
    let hidden = hidden + trace.left_out;
    let cells: Vec<String> = rows.iter().map(|row| cell(row, names)).collect();
    let places: Vec<String> =
        rows.iter().map(|row| row.place.as_ref().map(short).unwrap_or_default()).collect();
    let step_width = trace.rows.last().map_or(4, |row| row.step.to_string().len().max(4));
    let place_width = places.iter().map(String::len).max().unwrap_or(0).max("where".len());

    // A column for each thread that has a row, as wide as its widest cell.
    let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
    for (row, cell) in rows.iter().zip(&cells) {
        let heading = trace.threads[row.thread].chars().count();
        let width = columns.entry(row.thread).or_insert(heading);
        *width = cell.chars().count().max(*width);
    }
    let table_width: usize = columns.values().map(|width| width + 3).sum();
    let in_columns = step_width + place_width + 6 + table_width <= WIDTH;
    if !in_columns {
        let widest = columns.keys().map(|&t| trace.threads[t].chars().count()).max().unwrap_or(0);
        columns.values_mut().for_each(|width| *width = widest);
    }

    let mut heading = format!("  {:>step_width$}  {:<place_width$}", "step", "where");
    if in_columns {
        for (&thread, &width) in &columns {
            write!(heading, " │ {:<width$}", trace.threads[thread])?;
        }
    } else {
        let width = columns.values().copied().max().unwrap_or(0);
        write!(heading, " │ {:<width$} │ operation", "thread")?;
    }
    writeln!(f, "{}", heading.trim_end())?;
    if hidden > 0 {
        writeln!(
            f,
            "  {:>step_width$}  ({} earlier steps; DRAWLOOM_LOG=full shows them)",
            "…",
            grouped(hidden as u64)
        )?;
    }
    let mut line = String::new();
    for ((row, cell), place) in rows.iter().zip(&cells).zip(&places) {
        line.clear();
        let _ = write!(line, "  {:>step_width$}  {place:<place_width$}", row.step);
        if in_columns {
            for (&thread, &width) in &columns {
                let content = if thread == row.thread { cell.as_str() } else { "" };
                let _ = write!(line, " │ {content:<width$}");
            }
        } else {
            let width = columns.values().copied().max().unwrap_or(0);
            let _ = write!(line, " │ {:<width$} │ {cell}", trace.threads[row.thread]);
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What one operation did: `lock `a``, `load `x` = 1`.
fn cell(row: &Row, names: &Names) -> String {
    let mut cell = row.verb.to_owned();
    if let Some(object) = &row.object {
        let _ = write!(cell, " {}", names.brief(object));
    }
    if !row.note.is_empty() {
        let _ = write!(cell, "{}", row.note);
    }
    cell
}

fn write_waits(failure: &Failure, names: &Names, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for wait in &failure.waits {
        let thread = &failure.trace.threads[wait.thread];
        let what = match (wait.joins, &wait.object) {
            (Some(joined), _) => format!("for {} to end", failure.trace.threads[joined]),
            (None, Some(object)) => format!("{} {}", wait.what, names.of(object)),
            (None, None) => wait.what.to_owned(),
        };
        writeln!(f, "  {thread} waits {what}")?;
        writeln!(f, "      at {}", wait.place)?;
        for (holder, place) in &wait.holders {
            let holder = if *holder == wait.thread { "itself" } else { &failure.trace.threads[*holder] };
            writeln!(f, "      held by {holder}, which took it at {place}")?;
        }
    }
    Ok(())
}

pub(super) fn write_summary(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let test = if report.test.is_empty() { "drawloom" } else { &report.test };
    if report.replayed {
        writeln!(f, "{test}: passed: the replayed execution did not fail ({} steps)\n", report.steps)?;
        return write_trace(&report.trace, &Names::new(&report.trace, &[]), true, f);
    }
    let plural = if report.executions == 1 { "" } else { "s" };
    write!(
        f,
        "{test}: passed: sampled {} schedule{plural} ({} steps, strategy {}, seed {:#x})",
        grouped(report.executions),
        grouped(report.steps),
        report.strategy,
        report.seed,
    )?;
    if report.stopped_by_time { write!(f, ", stopped by the time limit") } else { Ok(()) }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(812), "812");
        assert_eq!(grouped(10_000), "10,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
