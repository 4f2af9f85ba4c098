//! Mirror of tokio's `Instant`: virtual inside an exploration.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::rt::current;

/// Mirror of [tokio's `time::Instant`](::tokio::time::Instant).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(crate::time::Instant);

impl Instant {
    /// The present instant.
    #[track_caller]
    pub fn now() -> Instant {
        match current() {
            Some(_) => Instant(crate::time::Instant::now()),
            None => Instant::from_std(::tokio::time::Instant::now().into_std()),
        }
    }

    /// The present instant, for what waits until another one anyway: no operation.
    pub(super) fn unobserved() -> Instant {
        match current() {
            Some(_) => Instant(crate::time::Instant::unobserved()),
            None => Instant::now(),
        }
    }

    /// An instant that is later than any that comes.
    fn far_future() -> Instant {
        Instant::unobserved() + Duration::from_secs(86_400 * 365 * 30)
    }

    /// So much later; in the far future, if that is more than can be told.
    pub(super) fn later(self, by: Duration) -> Instant {
        self.checked_add(by).unwrap_or_else(Instant::far_future)
    }

    /// The same instant.
    pub fn from_std(std: std::time::Instant) -> Instant {
        Instant(crate::time::Instant::from_std(std))
    }

    /// The same instant.
    pub fn into_std(self) -> std::time::Instant {
        self.0.into_std()
    }

    /// The time from `earlier` to this instant, or zero if `earlier` is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant, or `None` if `earlier` is later.
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant, or zero if `earlier` is later.
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from this instant to the present one.
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Instant::now() - *self
    }

    /// This instant, so much later, if there is such an instant.
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    /// This instant, so much earlier, if there is such an instant.
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Instant {
        Instant::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}
