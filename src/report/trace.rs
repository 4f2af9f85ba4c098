//! The trace as a table: one column a thread, or a list where that would be too wide.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::names::{Names, short};
use super::text::{WIDTH, grouped};
use super::{LeftOut, Row, Trace, Wait};

/// How many rows are shown unless all are asked for.
const ROWS: usize = 32;

/// One line of the table.
struct Line {
    step: String,
    place: String,
    thread: usize,
    content: String,
}

/// How wide the parts of the table are.
struct Layout<'a> {
    threads: &'a [String],
    step: usize,
    place: usize,
    /// The threads that have a line, and how wide their columns are.
    columns: BTreeMap<usize, usize>,
    /// Whether there is room for the columns; otherwise each line names its thread.
    in_columns: bool,
}

/// Writes the operations, and below them what stuck threads wait for.
pub(super) fn write_trace(
    trace: &Trace,
    waits: &[Wait],
    names: &Names,
    all: bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut left = ROWS;
    // That a thread was preempted takes a line of its own.
    let fits = |row: &&Row| {
        let lines = 1 + usize::from(row.preempted);
        all || left.checked_sub(lines).is_some_and(|rest| {
            left = rest;
            true
        })
    };
    let hidden = trace.rows.len() - trace.rows.iter().rev().take_while(fits).count();
    let preempted = |row: &Row| Line {
        step: String::new(),
        place: String::new(),
        thread: row.thread,
        content: "╌╌ preempted ╌╌".to_owned(),
    };
    let done = trace.rows[hidden..].iter().flat_map(|row| {
        let line = Line {
            step: row.step.to_string(),
            place: row.place.as_ref().map(short).unwrap_or_default(),
            thread: row.thread,
            content: cell(row, names),
        };
        [Some(line), row.preempted.then(|| preempted(row))].into_iter().flatten()
    });
    let stuck = waits.iter().map(|wait| Line {
        step: String::new(),
        place: short(&wait.place),
        thread: wait.thread,
        content: match (wait.joins, &wait.object) {
            (Some(joined), _) => format!("waits for {}", trace.threads[joined]),
            (None, Some(object)) => format!("waits for {}", names.brief(object)),
            (None, None) => format!("waits {}", wait.what),
        },
    });
    let lines: Vec<Line> = done.chain(stuck).collect();
    let layout = Layout::new(&trace.threads, &lines);
    layout.write_heading(f)?;
    let hidden = hidden + trace.left_out;
    if hidden > 0 {
        let step = layout.step;
        let hidden = grouped(hidden as u64);
        writeln!(f, "  {:>step$}  ({hidden} earlier steps; DRAWLOOM_LOG=full shows them)", "…")?;
    }
    let mut text = String::new();
    for line in &lines {
        text.clear();
        layout.format(line, &mut text);
        writeln!(f, "{}", text.trim_end())?;
    }
    let LeftOut { steps: left_out, why } = trace.left_out_after;
    if left_out > 0 {
        let step = layout.step;
        writeln!(f, "  {:>step$}  ({} more steps {why})", "…", grouped(left_out as u64))?;
    }
    Ok(())
}

impl<'a> Layout<'a> {
    fn new(threads: &'a [String], lines: &[Line]) -> Layout<'a> {
        let widest = |text: fn(&Line) -> &str, least: &str| {
            let widths = lines.iter().map(|line| text(line).chars().count());
            widths.max().unwrap_or(0).max(least.len())
        };
        let step = widest(|line| &line.step, "step");
        let place = widest(|line| &line.place, "where");
        let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
        for line in lines {
            let heading = threads[line.thread].chars().count();
            let width = columns.entry(line.thread).or_insert(heading);
            *width = line.content.chars().count().max(*width);
        }
        let table: usize = columns.values().map(|width| width + 3).sum();
        let in_columns = step + place + 6 + table <= WIDTH;
        Layout { threads, step, place, columns, in_columns }
    }

    /// How wide the longest name of a thread with a line is.
    fn name_width(&self) -> usize {
        let names = self.columns.keys().map(|&thread| self.threads[thread].chars().count());
        names.max().unwrap_or(0).max("thread".len())
    }

    fn write_heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, place) = (self.step, self.place);
        let mut text = format!("  {:>step$}  {:<place$}", "step", "where");
        if self.in_columns {
            for (&thread, &width) in &self.columns {
                write!(text, " │ {:<width$}", self.threads[thread])?;
            }
        } else {
            write!(text, " │ {:<width$} │ operation", "thread", width = self.name_width())?;
        }
        writeln!(f, "{}", text.trim_end())
    }

    fn format(&self, line: &Line, text: &mut String) {
        let (step, place) = (self.step, self.place);
        let _ = write!(text, "  {:>step$}  {:<place$}", line.step, line.place);
        if self.in_columns {
            for (&thread, &width) in &self.columns {
                let content = if thread == line.thread { line.content.as_str() } else { "" };
                let _ = write!(text, " │ {content:<width$}");
            }
        } else {
            let width = self.name_width();
            let _ = write!(text, " │ {:<width$} │ {}", self.threads[line.thread], line.content);
        }
    }
}

/// What one operation did: `lock `a``, `load `x` = 1`.
pub(super) fn cell(row: &Row, names: &Names) -> String {
    let mut cell = row.verb.to_owned();
    if let Some(object) = &row.object {
        let _ = write!(cell, " {}", names.brief(object));
    }
    if !row.note.is_empty() {
        let _ = write!(cell, "{}", row.note);
    }
    cell
}
