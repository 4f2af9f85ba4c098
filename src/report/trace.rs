//! The trace as a table: one column a thread, or a list where that would be too wide.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use super::names::{Names, short};
use super::repeats::{Part, folded};
use super::width::grouped;
use super::{LeftOut, Row, Trace, Wait, width};

/// How many rows are shown unless all are asked for.
const ROWS: usize = 32;

/// How wide ` │ ` is.
const SEPARATOR: usize = 3;

/// Columns are not made narrower than this.
const NARROWEST: usize = 20;

/// One of so many cells may take more than one line.
const FEW: usize = 3;

/// How much room a list has for names of threads.
const LONGEST_NAME: usize = 24;

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
    content: Content,
}

enum Content {
    /// The threads that have a line, and how wide their columns are.
    Columns(BTreeMap<usize, usize>),
    /// Each line names its thread.
    List { thread: usize, operation: usize },
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
    let fits = |part: &&Part<'_>| {
        let lines = 1 + usize::from(part.is_preempted());
        all || left.checked_sub(lines).is_some_and(|rest| {
            left = rest;
            true
        })
    };
    let parts = if all { trace.rows.iter().map(Part::Row).collect() } else { folded(&trace.rows) };
    let shown = parts.len() - parts.iter().rev().take_while(fits).count();
    let hidden: usize = parts[..shown].iter().map(Part::rows).sum();
    let aside = |thread, content: String| Line { step: String::new(), place: String::new(), thread, content };
    let done = parts[shown..].iter().flat_map(|part| {
        let line = match *part {
            Part::Row(row) => Line {
                step: row.step.to_string(),
                place: row.place.as_ref().map(short).unwrap_or_default(),
                thread: row.thread,
                content: cell(row, names),
            },
            Part::Again { thread, times, .. } => {
                Line { step: "…".to_owned(), ..aside(thread, format!("╌╌ {times} times more ╌╌")) }
            }
        };
        let preempted = part.is_preempted().then(|| aside(line.thread, "╌╌ preempted ╌╌".to_owned()));
        [Some(line), preempted].into_iter().flatten()
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
    let layout = Layout::new(&trace.threads, &lines, width::of(f));
    f.write_str(&layout.heading())?;
    let hidden = hidden + trace.left_out;
    if hidden > 0 {
        let step = layout.step;
        let hidden = grouped(hidden as u64);
        writeln!(f, "  {:>step$}  ({hidden} earlier steps; DRAWLOOM_LOG=full shows them)", "…")?;
    }
    for line in &lines {
        f.write_str(&layout.format(line))?;
    }
    let LeftOut { steps: left_out, why } = trace.left_out_after;
    if left_out > 0 {
        let step = layout.step;
        writeln!(f, "  {:>step$}  ({} more steps {why})", "…", grouped(left_out as u64))?;
    }
    Ok(())
}

impl<'a> Layout<'a> {
    fn new(threads: &'a [String], lines: &[Line], width: usize) -> Layout<'a> {
        let widest = |text: fn(&Line) -> &str, least: &str| {
            let widths = lines.iter().map(|line| display_width(text(line)));
            widths.max().unwrap_or(0).max(least.len())
        };
        let step = widest(|line| &line.step, "step");
        let place = widest(|line| &line.place, "where");
        let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
        for line in lines {
            let heading = display_width(&threads[line.thread]);
            let column = columns.entry(line.thread).or_insert(heading);
            *column = display_width(&line.content).max(*column);
        }
        let room = width.saturating_sub(step + place + 4);
        let content = match narrowed(&columns, lines, room) {
            Some(columns) => Content::Columns(columns),
            None => {
                let names = columns.keys().map(|&thread| display_width(&threads[thread]));
                let thread = names.max().unwrap_or(0).clamp("thread".len(), LONGEST_NAME);
                let operation = room.saturating_sub(thread + 2 * SEPARATOR).max(NARROWEST);
                Content::List { thread, operation }
            }
        };
        Layout { threads, step, place, content }
    }

    fn heading(&self) -> String {
        let cells = match &self.content {
            Content::Columns(columns) => {
                columns.iter().map(|(&thread, &width)| (self.threads[thread].as_str(), width)).collect()
            }
            Content::List { thread, operation } => vec![("thread", *thread), ("operation", *operation)],
        };
        self.row("step", "where", &cells)
    }

    fn format(&self, line: &Line) -> String {
        let cells = match &self.content {
            Content::Columns(columns) => {
                let own = |thread: usize| if thread == line.thread { line.content.as_str() } else { "" };
                columns.iter().map(|(&thread, &width)| (own(thread), width)).collect()
            }
            Content::List { thread, operation } => {
                vec![(self.threads[line.thread].as_str(), *thread), (line.content.as_str(), *operation)]
            }
        };
        self.row(&line.step, &line.place, &cells)
    }

    /// A row of the table, which has more than one line if a cell does not fit on one.
    fn row(&self, step: &str, place: &str, cells: &[(&str, usize)]) -> String {
        let cells: Vec<_> = cells.iter().map(|&(text, width)| (in_cell(text, width), width)).collect();
        let height = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(1);
        let mut row = String::new();
        for at in 0..height {
            let (step, place) = if at == 0 { (step, place) } else { ("", "") };
            let mut text = format!("  {step:>0$}  {1}", self.step, padded(place, self.place));
            for (lines, width) in &cells {
                let line = lines.get(at).map_or("", |line| line);
                let _ = write!(text, " │ {}", padded(line, *width));
            }
            row += text.trim_end();
            row.push('\n');
        }
        row
    }
}

/// How wide columns are in so much room: as wide as what is in them, or else the widest are narrowed. `None` if too many cells
/// would take more than one line then, as a list is easier to read.
fn narrowed(columns: &BTreeMap<usize, usize>, lines: &[Line], room: usize) -> Option<BTreeMap<usize, usize>> {
    let limited = |limit: usize| columns.values().map(|&width| width.min(limit) + SEPARATOR).sum::<usize>();
    let widest = columns.values().copied().max().unwrap_or(0);
    let limit = (NARROWEST.min(widest)..=widest).rev().find(|&limit| limited(limit) <= room)?;
    let long = lines.iter().filter(|line| display_width(&line.content) > limit);
    let two_lines_do = long.clone().all(|line| in_cell(&line.content, limit).len() <= 2);
    (two_lines_do && long.count() <= lines.len() / FEW)
        .then(|| columns.iter().map(|(&thread, &width)| (thread, width.min(limit))).collect())
}

/// The text in lines of a cell.
fn in_cell(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    if display_width(text) <= width {
        return vec![Cow::Borrowed(text)];
    }
    let options = Options::new(width).word_splitter(WordSplitter::NoHyphenation).subsequent_indent("  ");
    textwrap::wrap(text, options)
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(display_width(text));
    format!("{text}{:missing$}", "")
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
