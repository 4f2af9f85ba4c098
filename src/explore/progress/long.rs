//! A word, from time to time, about an exploration that takes long.
//!
//! Nobody sees a line that moves where there is no terminal, as in CI, and within one long execution none moves anywhere. So
//! after ten seconds the watchdog's thread says what is going on, and then at twice the time. It writes to stderr itself, as
//! `cargo test` shows what a test prints only when the test has ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::terminal::{Total, message, write_line};
use crate::report::grouped;
use crate::rt::process::watchdog::{self, Listener};

/// When the first word is said.
const FIRST: Duration = Duration::from_secs(10);

/// One exploration, from its beginning to its report.
#[derive(Debug)]
pub(in crate::explore) struct Long {
    /// What the watchdog knows it by.
    pub(in crate::explore) number: u64,
    pub(in crate::explore) test: String,
    started: Instant,
    /// The number of the execution that was begun last.
    begun: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    total: Total,
    /// Which execution ran when the last word was said.
    told: u64,
    makes_smaller: bool,
    next: Duration,
}

impl Long {
    pub(in crate::explore) fn new(test: &str) -> Arc<Long> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let state = State { total: Total::Unknown, told: 0, makes_smaller: false, next: FIRST };
        Arc::new(Long {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            test: test.to_owned(),
            started: Instant::now(),
            begun: AtomicU64::new(0),
            state: Mutex::new(state),
        })
    }

    /// From now on a word is said.
    pub(in crate::explore) fn listen(self: &Arc<Long>) {
        let this: Weak<Long> = Arc::downgrade(self);
        watchdog::listen(self.number, this);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The execution with this number begins.
    pub(in crate::explore) fn begin(&self, index: u64) {
        self.begun.store(index, Ordering::Relaxed);
    }

    /// So many executions there are.
    pub(in crate::explore) fn note_total(&self, total: Total) {
        self.state().total = total;
    }

    /// A failure was found, and its schedule is being made smaller.
    pub(in crate::explore) fn makes_smaller(&self) {
        self.state().makes_smaller = true;
    }

    /// What there is to say after this time, if it is time to say something.
    fn word(&self, elapsed: Duration, steps: u64) -> Option<String> {
        let mut state = self.state();
        if elapsed < state.next {
            return None;
        }
        while state.next <= elapsed {
            state.next *= 2;
        }
        if state.makes_smaller {
            let name = if self.test.is_empty() { String::new() } else { format!("{}: ", self.test) };
            let seconds = elapsed.as_secs();
            return Some(format!(
                "{name}has failed; its schedule is being made smaller, after {seconds} s in all"
            ));
        }
        let executions = self.begun.load(Ordering::Relaxed);
        let mut text = message(&self.test, executions, elapsed, state.total);
        if std::mem::replace(&mut state.told, executions) == executions {
            text += &format!("; the one that runs now has come to step {}", grouped(steps));
        }
        Some(text)
    }
}

impl Listener for Long {
    fn tick(&self, steps: u64) {
        if let Some(word) = self.word(self.started.elapsed(), steps) {
            write_line(&format!("drawloom: {word}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_said_after_ten_seconds_and_then_at_twice_the_time() {
        let long = Long::new("a::test");
        let said = |seconds| long.word(Duration::from_secs(seconds), 1_234_567);
        assert_eq!(said(9), None);
        assert_eq!(
            said(10).unwrap(),
            "a::test: 0 executions in 10 s (0 a second); the one that runs now has come to step 1,234,567"
        );
        assert_eq!(said(19), None);
        long.begin(4_000);
        long.note_total(Total::Exactly(8_000));
        assert_eq!(
            said(20).unwrap(),
            "a::test: 4,000 executions in 20 s (200 a second), 50 % of 8,000, 20 s to go"
        );
        assert_eq!(said(39), None);
        // Late: the next is not due at once.
        assert!(said(90).unwrap().ends_with("the one that runs now has come to step 1,234,567"));
        assert_eq!(said(159), None);
        long.makes_smaller();
        assert_eq!(
            said(160).unwrap(),
            "a::test: has failed; its schedule is being made smaller, after 160 s in all"
        );
    }
}
