//! Mirror of `std::time` over the virtual time of an execution.
//!
//! Inside an exploration the clocks show the time that the model decided on, counted from the start of the
//! execution; outside they are std's. A process may hold instants of both kinds (one made in a `static`,
//! say), and they must compare and subtract; so an [`Instant`] is always one of std's, and virtual time is
//! counted from a base that the process fixes once. The base is real, hence what a replay could see
//! of it is hidden: hashes and `Debug` are of the distance to the base.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
use std::sync::OnceLock;

pub use std::time::*;

use crate::rt;

/// Mirror of [`std::time::Instant`]: virtual inside an exploration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(std::time::Instant);

/// The instant at which every execution starts.
fn base() -> std::time::Instant {
    static BASE: OnceLock<std::time::Instant> = OnceLock::new();
    *BASE.get_or_init(std::time::Instant::now)
}

impl Instant {
    /// The present instant: inside an exploration, the virtual time.
    #[must_use]
    #[track_caller]
    pub fn now() -> Instant {
        match rt::virtual_now(Location::caller()) {
            Some(elapsed) => Instant::after_start(elapsed),
            None => Instant(std::time::Instant::now()),
        }
    }

    /// The present instant, without an operation: for what waits until another one anyway.
    #[cfg(feature = "tokio")]
    pub(crate) fn unobserved() -> Instant {
        rt::elapsed().map_or_else(|| Instant(std::time::Instant::now()), Instant::after_start)
    }

    /// As one of std's.
    #[cfg(feature = "tokio")]
    pub(crate) fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// From one of std's.
    #[cfg(feature = "tokio")]
    pub(crate) fn from_std(std: std::time::Instant) -> Instant {
        Instant(std)
    }

    fn after_start(elapsed: Duration) -> Instant {
        Instant(base() + elapsed)
    }

    /// The time from `earlier` to this instant, or zero if `earlier` is later.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant, or `None` if `earlier` is later.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this instant, or zero if `earlier` is later.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from this instant to the present one.
    #[must_use]
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Instant::now() - *self
    }

    /// The instant `duration` later, if it can be represented.
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    /// The instant `duration` earlier, if it can be represented.
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }

    /// The distance to the base: how much later, and how much earlier; one of them is zero.
    fn distance(self) -> (Duration, Duration) {
        let base = base();
        (self.0.saturating_duration_since(base), base.saturating_duration_since(self.0))
    }
}

impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.distance().hash(state);
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.distance() {
            (later, Duration::ZERO) => write!(formatter, "Instant({later:?})"),
            (_, earlier) => write!(formatter, "Instant(-{earlier:?})"),
        }
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.0 - earlier.0
    }
}

impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Instant {
        Instant(instant)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.0
    }
}

/// Mirror of [`std::time::SystemTime`]: inside an exploration, a clock that starts at the beginning of 2025
/// (UTC) in every execution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemTime(std::time::SystemTime);

/// Mirror of [`std::time::UNIX_EPOCH`].
pub const UNIX_EPOCH: SystemTime = SystemTime(std::time::UNIX_EPOCH);

/// 2025-01-01T00:00:00Z, counted from the Unix epoch.
const START: Duration = Duration::from_secs(1_735_689_600);

impl SystemTime {
    /// The beginning of 1970 (UTC).
    pub const UNIX_EPOCH: SystemTime = UNIX_EPOCH;

    /// The present time: inside an exploration, the virtual one.
    #[must_use]
    #[track_caller]
    pub fn now() -> SystemTime {
        match rt::virtual_now(Location::caller()) {
            Some(elapsed) => SystemTime::after_start(elapsed),
            None => SystemTime(std::time::SystemTime::now()),
        }
    }

    fn after_start(elapsed: Duration) -> SystemTime {
        UNIX_EPOCH + START + elapsed
    }

    /// The time from `earlier` to this one; an error tells how much later `earlier` is.
    pub fn duration_since(&self, earlier: SystemTime) -> Result<Duration, SystemTimeError> {
        self.0.duration_since(earlier.0)
    }

    /// The time from this one to the present; an error tells how far in the future this one is.
    #[track_caller]
    pub fn elapsed(&self) -> Result<Duration, SystemTimeError> {
        SystemTime::now().duration_since(*self)
    }

    /// The time `duration` later, if it can be represented.
    pub fn checked_add(&self, duration: Duration) -> Option<SystemTime> {
        self.0.checked_add(duration).map(SystemTime)
    }

    /// The time `duration` earlier, if it can be represented.
    pub fn checked_sub(&self, duration: Duration) -> Option<SystemTime> {
        self.0.checked_sub(duration).map(SystemTime)
    }
}

impl fmt::Debug for SystemTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<std::time::SystemTime> for SystemTime {
    fn from(time: std::time::SystemTime) -> SystemTime {
        SystemTime(time)
    }
}

impl From<SystemTime> for std::time::SystemTime {
    fn from(time: SystemTime) -> std::time::SystemTime {
        time.0
    }
}

macro_rules! moved_by_durations {
    ($point:ident) => {
        impl Add<Duration> for $point {
            type Output = $point;

            fn add(self, duration: Duration) -> $point {
                $point(self.0 + duration)
            }
        }

        impl Sub<Duration> for $point {
            type Output = $point;

            fn sub(self, duration: Duration) -> $point {
                $point(self.0 - duration)
            }
        }

        impl AddAssign<Duration> for $point {
            fn add_assign(&mut self, duration: Duration) {
                self.0 += duration;
            }
        }

        impl SubAssign<Duration> for $point {
            fn sub_assign(&mut self, duration: Duration) {
                self.0 -= duration;
            }
        }
    };
}

moved_by_durations!(Instant);
moved_by_durations!(SystemTime);

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    #[test]
    fn debug_and_hash_of_a_virtual_instant_do_not_depend_on_the_base() {
        let start = Instant::after_start(Duration::ZERO);
        let later = start + Duration::from_millis(1500);
        assert_eq!(format!("{start:?} {later:?}"), "Instant(0ns) Instant(1.5s)");
        assert_eq!(format!("{:?}", start - Duration::from_secs(2)), "Instant(-2s)");

        let hasher = BuildHasherDefault::<DefaultHasher>::new();
        let distance = (Duration::from_millis(1500), Duration::ZERO);
        assert_eq!(hasher.hash_one(later), hasher.hash_one(distance));
        assert_ne!(hasher.hash_one(later), hasher.hash_one(start));
    }

    #[test]
    fn instants_of_both_kinds_compare() {
        let start = Instant::after_start(Duration::ZERO);
        assert!(Instant::now() >= start);
        assert!(Instant::now() < start + Duration::from_secs(3600));
    }

    #[test]
    fn virtual_time_starts_at_the_beginning_of_2025() {
        const DAYS_SINCE_EPOCH: u64 = 55 * 365 + 14; // 14 leap years from 1972 to 2024
        let since_epoch = SystemTime::after_start(Duration::ZERO).duration_since(UNIX_EPOCH);
        assert_eq!(since_epoch.unwrap(), Duration::from_secs(DAYS_SINCE_EPOCH * 24 * 60 * 60));
    }

    #[test]
    fn points_in_time_become_and_come_from_those_of_std() {
        let instant = Instant::now();
        assert_eq!(Instant::from(std::time::Instant::from(instant)), instant);
        let time = SystemTime::now();
        assert_eq!(SystemTime::from(std::time::SystemTime::from(time)), time);
    }
}
