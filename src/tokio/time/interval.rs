//! Mirror of tokio's `Interval`.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{Instant, MissedTickBehavior, Sleep, sleep_until};

/// How late a tick may be without being missed, as in tokio.
const IN_TIME: Duration = Duration::from_millis(5);

/// Mirror of [tokio's `time::Interval`](::tokio::time::Interval).
#[derive(Debug)]
pub struct Interval {
    delay: Pin<Box<Sleep>>,
    period: Duration,
    missed: MissedTickBehavior,
}

/// Mirror of [tokio's `time::interval`](::tokio::time::interval).
///
/// # Panics
///
/// If `period` is zero, or outside of a runtime.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(period > Duration::ZERO, "`period` must be non-zero.");
    interval_at(Instant::unobserved(), period)
}

/// Mirror of [tokio's `time::interval_at`](::tokio::time::interval_at).
///
/// # Panics
///
/// If `period` is zero, or outside of a runtime.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(period > Duration::ZERO, "`period` must be non-zero.");
    Interval { delay: Box::pin(sleep_until(start)), period, missed: MissedTickBehavior::default() }
}

impl Interval {
    /// Waits for the next tick: the instant at which it was due.
    #[track_caller]
    pub fn tick(&mut self) -> impl Future<Output = Instant> {
        let location = Location::caller();
        async move { poll_fn(|context| self.poll_at(context, location)).await }
    }

    /// As [`Interval::tick`], for a future of one's own.
    #[track_caller]
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        self.poll_at(context, Location::caller())
    }

    fn poll_at(&mut self, context: &mut Context<'_>, location: &'static Location<'static>) -> Poll<Instant> {
        ready!(self.delay.as_mut().poll_of_interval(context, location));
        let (due, now) = (self.delay.deadline(), Instant::unobserved());
        let is_late = now > due + IN_TIME;
        let next = match self.missed {
            MissedTickBehavior::Delay if is_late => now.later(self.period),
            MissedTickBehavior::Skip if is_late => {
                let late = (now - due).as_nanos() % self.period.as_nanos();
                // Less than a period, so that it fits wherever that did.
                now.later(self.period) - Duration::from_nanos(late as u64)
            }
            _ => due.later(self.period),
        };
        self.delay.as_mut().reset(next);
        Poll::Ready(due)
    }

    /// The next tick is a period from now.
    pub fn reset(&mut self) {
        let next = Instant::unobserved().later(self.period);
        self.delay.as_mut().reset(next);
    }

    /// The next tick is now.
    pub fn reset_immediately(&mut self) {
        self.delay.as_mut().reset(Instant::unobserved());
    }

    /// The next tick is so much later than now.
    pub fn reset_after(&mut self, after: Duration) {
        self.delay.as_mut().reset(Instant::unobserved().later(after));
    }

    /// The next tick is at this instant.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.as_mut().reset(deadline);
    }

    /// What becomes of ticks that are missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what becomes of ticks that are missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }
}
