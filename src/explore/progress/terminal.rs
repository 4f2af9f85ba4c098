//! What is written while an exploration goes on: how far it has come, in words, and where bars are drawn meanwhile.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use indicatif::MultiProgress;

use crate::report::grouped;
use crate::rt::process::last_words::write_now;

/// The lines of all explorations of the process.
pub(in crate::explore) static LINES: OnceLock<MultiProgress> = OnceLock::new();

/// How many executions there are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::explore) enum Total {
    Unknown,
    Exactly(u64),
    /// By an estimate that grows.
    AtLeast(f64),
}

/// What the line says.
pub(in crate::explore) fn message(test: &str, executions: u64, elapsed: Duration, total: Total) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = executions as f64 / seconds;
    let name = if test.is_empty() { String::new() } else { format!("{test}: ") };
    let mut text = format!(
        "{name}{} executions in {seconds:.0} s ({} a second)",
        grouped(executions),
        grouped(rate as u64)
    );
    let (total, more) = match total {
        Total::Unknown => return text,
        Total::Exactly(total) => (total as f64, ""),
        Total::AtLeast(total) => (total, " or more"),
    };
    let share = (100.0 * executions as f64 / total).min(100.0);
    text += &format!(", {share:.0} % of {}{more}", grouped(total as u64));
    let left = (total - executions as f64).max(0.0) / rate;
    if left.is_finite() && left < 1e6 {
        text += &format!(", {left:.0} s{more} to go");
    }
    text
}

/// Writes a line above those that show progress.
pub(in crate::explore) fn write_line(text: &str) {
    let write = || write_now(&format!("{text}\n"));
    match LINES.get().filter(|_| std::io::stderr().is_terminal()) {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}
