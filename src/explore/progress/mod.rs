//! How far a long exploration has come, on a terminal.
//!
//! Only where stderr is one, and only for explorations of more than two seconds. Several tests at once have a line
//! each. Elsewhere, and within one long execution, `long` has a word from time to time.

pub(in crate::explore) mod long;
pub(in crate::explore) mod terminal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use long::Long;
use terminal::{LINES, Total, message};

/// From when on there is something to see.
const QUIET: Duration = Duration::from_secs(2);

/// How often it changes.
const EVERY: Duration = Duration::from_millis(200);

/// One exploration's line.
#[derive(Debug)]
pub(super) struct Progress {
    long: Arc<Long>,
    started: Instant,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    shown_at: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(long: &Arc<Long>) -> Progress {
        let line = Mutex::new(Line { shown_at: None, bar: None });
        Progress { long: Arc::clone(long), started: Instant::now(), line }
    }

    /// So many executions, and what is known of how many there are. Cheap where nothing changes.
    pub(super) fn show(&self, executions: u64, total: Total) {
        let now = Instant::now();
        let elapsed = now - self.started;
        if elapsed < QUIET {
            return;
        }
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.shown_at.is_some_and(|shown_at| now - shown_at < EVERY) {
            return;
        }
        line.shown_at = Some(now);
        self.long.note_total(total);
        let bar = line.bar.get_or_insert_with(|| {
            let bar = ProgressBar::no_length()
                .with_style(ProgressStyle::with_template("{msg}").expect("it is a template"));
            LINES.get_or_init(MultiProgress::new).add(bar)
        });
        bar.set_message(message(&self.long.test, executions, elapsed, total));
    }

    /// There is nothing more to see.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.line.lock().unwrap_or_else(PoisonError::into_inner).bar.take() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_fast_and_how_much_is_left() {
        let elapsed = Duration::from_secs(4);
        assert_eq!(
            message("a::test", 2_000, elapsed, Total::Unknown),
            "a::test: 2,000 executions in 4 s (500 a second)"
        );
        assert_eq!(
            message("", 2_000, elapsed, Total::Exactly(8_000)),
            "2,000 executions in 4 s (500 a second), 25 % of 8,000, 12 s to go"
        );
        assert_eq!(
            message("", 2_000, elapsed, Total::AtLeast(8_000.0)),
            "2,000 executions in 4 s (500 a second), 25 % of 8,000 or more, 12 s or more to go"
        );
    }

    #[test]
    fn a_short_exploration_shows_nothing() {
        let progress = Progress::new(&Long::new("test"));
        progress.show(5, Total::Unknown);
        assert!(progress.line.lock().unwrap().bar.is_none());
        progress.finish();
    }
}
