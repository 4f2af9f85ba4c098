//! `time`, without what the real clocks say.

use std::collections::HashSet;
use std::error::Error;

use super::facade::thread;
use super::facade::time::{
    Duration, Instant, SystemTime, SystemTimeError, TryFromFloatSecsError, UNIX_EPOCH,
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn instant(log: &mut Vec<String>) {
    let start = Instant::now();
    thread::sleep(Duration::from_millis(2));
    show!(log, start.elapsed() >= Duration::from_millis(2));
    show!(log, Instant::now() > start);
    let later = start + SECOND;
    show!(log, (later - start, later.duration_since(start), start.duration_since(later)));
    show!(log, (later.checked_duration_since(start), start.checked_duration_since(later)));
    show!(log, (later.saturating_duration_since(start), start.saturating_duration_since(later)));
    show!(log, (start.checked_add(SECOND) == Some(later), later.checked_sub(SECOND) == Some(start)));
    show!(log, (start.checked_add(Duration::MAX), start.checked_sub(Duration::MAX)));
    let mut moved = start;
    moved += SECOND;
    show!(log, moved == later);
    moved -= SECOND;
    show!(log, (moved == start, later - SECOND == start, moved.clone() == moved));
    show!(log, (start < later, start.cmp(&later), start.partial_cmp(&later), start.max(later) == later));
    show!(log, HashSet::from([start, later, moved]).len());
    show!(log, format!("{start:?}").starts_with("Instant"));
    show!(log, thread::spawn(move || Instant::now() >= start).join().unwrap());
    traits!(log, Instant);
}

pub(crate) fn system_time(log: &mut Vec<String>) {
    show!(log, (SystemTime::UNIX_EPOCH, UNIX_EPOCH));
    let time = UNIX_EPOCH + SECOND;
    show!(log, (time, time.duration_since(UNIX_EPOCH)));
    let error: SystemTimeError = UNIX_EPOCH.duration_since(time).unwrap_err();
    show!(log, (&error, error.clone().duration(), error.to_string(), error.source().is_none()));
    show!(log, (time.checked_add(SECOND), time.checked_sub(SECOND)));
    show!(log, (time.checked_add(Duration::MAX), time.checked_sub(Duration::MAX)));
    let mut moved = time;
    moved += SECOND;
    moved -= SECOND * 3;
    show!(log, (moved, moved - SECOND));
    show!(log, (time == moved, time.cmp(&moved), time.partial_cmp(&moved), time < moved));
    show!(log, HashSet::from([time, time, moved]).len());

    let now = SystemTime::now();
    show!(log, now > UNIX_EPOCH + SECOND * 1_700_000_000);
    show!(log, now.elapsed().is_ok());
    show!(log, (now + SECOND * 1000).elapsed().is_err());
    show!(log, SystemTime::now().duration_since(now).is_ok());
    traits!(log, SystemTime, SystemTimeError);
}

pub(crate) fn duration(log: &mut Vec<String>) {
    let duration = Duration::new(1, 500_000_000);
    show!(log, (duration, Duration::ZERO, Duration::MAX, Duration::ZERO.is_zero()));
    show!(log, (Duration::from_millis(1), Duration::from_micros(1), Duration::from_nanos(1)));
    show!(log, (duration.as_secs(), duration.as_millis(), duration.as_micros(), duration.as_nanos()));
    show!(log, (duration.subsec_millis(), duration.subsec_micros(), duration.subsec_nanos()));
    show!(log, (duration + SECOND, duration - SECOND, duration * 2, 2 * duration, duration / 2));
    show!(log, duration.abs_diff(SECOND * 2));
    show!(log, (duration.as_secs_f64(), duration.as_secs_f32(), Duration::from_secs_f64(0.5)));
    show!(log, (duration.mul_f64(2.0), duration.div_f32(2.0), duration.div_duration_f64(SECOND)));
    let error: TryFromFloatSecsError = Duration::try_from_secs_f64(-1.0).unwrap_err();
    show!(log, (&error, error.to_string(), error == error.clone()));
    show!(log, [SECOND, duration].iter().sum::<Duration>());
    show!(log, (duration > SECOND, Duration::default()));
    traits!(log, Duration, TryFromFloatSecsError);
}
