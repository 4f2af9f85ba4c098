//! The clocks of the process: inside an exploration they show virtual time.
//!
//! `std::time::Instant` and `SystemTime` stay std's own types, which meet those of other crates; what they read is this
//! (`--wrap=clock_gettime`). Virtual time stands still while threads compute; nobody expects a clock to do so. So each look at one
//! takes a nanosecond.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::c_library::Function;

/// What the monotonic clock shows where an execution begins.
const MONOTONIC: Duration = Duration::from_secs(1_000_000);

/// What the other clocks show there: the beginning of 2025 (UTC), as `drawloom::time::SystemTime` has it.
const REALTIME: Duration = Duration::from_secs(1_735_689_600);

/// How often clocks were looked at in this execution.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// An execution begins.
pub(crate) fn begin() {
    LOOKS.store(0, Ordering::Relaxed);
}

/// What the monotonic clock shows now inside an exploration, or the one of the day.
pub(crate) fn now(of_the_day: bool) -> Duration {
    let began = if of_the_day { REALTIME } else { MONOTONIC };
    began + drawloom::__private::virtual_now().unwrap_or_default()
}

type ClockGettime = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> c_int;

static CLOCK_GETTIME: Function = Function::new(c"clock_gettime");

/// In the place of `clock_gettime`.
///
/// # Safety
///
/// As `clock_gettime`: `time` is null or may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    let since = match clock {
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => Some(MONOTONIC),
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => Some(REALTIME),
        // Time that was computed is no time that passes.
        _ => None,
    };
    if let (Some(since), Some(elapsed)) = (since, drawloom::__private::virtual_now())
        && !time.is_null()
    {
        // One thread of an execution runs at a time.
        let now = since + elapsed + Duration::from_nanos(LOOKS.fetch_add(1, Ordering::Relaxed));
        // SAFETY: the caller's promise.
        unsafe {
            *time =
                libc::timespec { tv_sec: now.as_secs() as libc::time_t, tv_nsec: now.subsec_nanos().into() };
        }
        return 0;
    }
    // SAFETY: the C library's function of that name is of this type; the rest is the caller's promise.
    unsafe { CLOCK_GETTIME.get::<ClockGettime>()(clock, time) }
}
