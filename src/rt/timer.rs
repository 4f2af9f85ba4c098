//! Virtual time: a clock that moves only when the model moves it, and the waits that it ends.
//!
//! By default a timeout fires only when nothing else can run, so that a test does not depend on how long
//! anything takes; `Timeouts::Any` lets it fire at every scheduling point. Reading the clock moves it by a
//! microsecond, so that a loop that polls a deadline ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::op::ThreadId;

/// A point in virtual time, in nanoseconds since the start of the execution.
pub(crate) type Instant = u64;

/// The deadline of a wait without one.
pub(crate) const NEVER: Instant = u64::MAX;

const STEP: Instant = 1_000;

/// The clock and the waits with a deadline.
#[derive(Default, Debug)]
pub(crate) struct Timers {
    now: Instant,
    /// Earliest first; by number of the wait where deadlines are equal.
    waits: BinaryHeap<Reverse<(Instant, u64, ThreadId)>>,
    started: u64,
}

impl Timers {
    pub(crate) fn clear(&mut self) {
        self.now = 0;
        self.waits.clear();
        self.started = 0;
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Whether no wait has a deadline.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    /// The time, which the reading advances.
    pub(crate) fn read(&mut self) -> Duration {
        self.now = self.now.saturating_add(STEP);
        Duration::from_nanos(self.now)
    }

    /// Whether time has passed, because it was asked for or because nothing else was left to do.
    pub(crate) fn has_moved(&self) -> bool {
        self.now > 0
    }

    /// The deadline of a wait of this length that starts now.
    pub(crate) fn deadline(&self, length: Duration) -> Instant {
        let length = u64::try_from(length.as_nanos()).unwrap_or(NEVER);
        self.now.saturating_add(length).min(NEVER - 1)
    }

    /// Notes a wait; the number tells it from earlier waits of the same thread.
    pub(crate) fn start(&mut self, thread: ThreadId, deadline: Instant) -> u64 {
        self.started += 1;
        self.waits.push(Reverse((deadline, self.started, thread)));
        self.started
    }

    pub(crate) fn advance_to(&mut self, instant: Instant) {
        self.now = self.now.max(instant);
    }

    /// Moves the clock to the earliest deadline and takes one wait that it ends. `is_waiting` tells whether
    /// a thread is still in the wait of this number.
    pub(crate) fn fire(&mut self, is_waiting: impl Fn(ThreadId, u64) -> bool) -> Option<ThreadId> {
        while let Some(Reverse((deadline, number, thread))) = self.waits.pop() {
            if is_waiting(thread, number) {
                self.advance_to(deadline);
                return Some(thread);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_wait_that_still_lasts_fires() {
        let mut timers = Timers::default();
        let deadline = timers.deadline(Duration::from_secs(2));
        timers.start(ThreadId(1), deadline);
        let sooner = timers.deadline(Duration::from_secs(1));
        let ended = timers.start(ThreadId(2), sooner);
        timers.start(ThreadId(3), sooner);
        assert_eq!(timers.fire(|_, number| number != ended), Some(ThreadId(3)));
        assert_eq!(timers.read(), Duration::from_secs(1) + Duration::from_micros(1));
        assert_eq!(timers.fire(|_, _| true), Some(ThreadId(1)));
        assert_eq!(timers.fire(|_, _| true), None);
    }

    #[test]
    fn a_wait_of_any_length_has_a_deadline() {
        let timers = Timers::default();
        assert!(timers.deadline(Duration::MAX) < NEVER);
    }
}
