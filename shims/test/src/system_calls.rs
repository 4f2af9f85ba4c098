//! Calls of the operating system by their numbers, for code that makes them itself: futexes whose word is an atomic of the running
//! execution wait in the model, as parking_lot's do, and random bytes are drawn from the schedule.
//!
//! The linker lets `syscall` be this one (`--wrap=syscall`). All other calls go on to the C library's.

use std::ffi::{c_int, c_long, c_uint};
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use std::time::Duration;

use drawloom::__private::{FutexWait, futex_wait, futex_wake};

use crate::c_library::Function;
use crate::{clock, entropy};

type Syscall = unsafe extern "C" fn(c_long, ...) -> c_long;

static SYSCALL: Function = Function::new(c"syscall");

/// In the place of `syscall`, which takes as many arguments as the call has. Those that a caller does not give are whatever is in
/// their places, as they are in the C library's function.
///
/// # Safety
///
/// As `syscall`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_syscall(
    number: c_long,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
    fifth: usize,
    sixth: usize,
) -> c_long {
    if number == libc::SYS_futex && drawloom::is_exploring() {
        // SAFETY: the caller's promise: what a futex call is told.
        let time = || unsafe { with_exposed_provenance::<libc::timespec>(fourth).as_ref() };
        match futex(with_exposed_provenance(first), second as c_int, third as u32, time) {
            Some(Ok(woken)) => return c_long::from(woken),
            Some(Err(error)) => {
                // SAFETY: the place is this thread's.
                unsafe { *libc::__errno_location() = error };
                return -1;
            }
            None => {}
        }
    }
    if number == libc::SYS_getrandom {
        // SAFETY: the caller's promise.
        return unsafe {
            entropy::fill(with_exposed_provenance_mut(first), second, third as c_uint) as c_long
        };
    }
    // SAFETY: the caller's promise.
    unsafe { call(number, [first, second, third, fourth, fifth, sixth]) }
}

/// Makes a call that nothing stands in for.
///
/// # Safety
///
/// As `syscall`.
pub(crate) unsafe fn call(number: c_long, arguments: [usize; 6]) -> c_long {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    // SAFETY: the C library's function of that name is of this type; the rest is the caller's promise.
    unsafe { SYSCALL.get::<Syscall>()(number, first, second, third, fourth, fifth, sixth) }
}

/// What the system would return, or the error that it would tell, if the word is one of the execution's.
fn futex<'a>(
    word: *const u32,
    told: c_int,
    value: u32,
    time: impl FnOnce() -> Option<&'a libc::timespec>,
) -> Option<Result<u32, c_int>> {
    let operation = told & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
    let length = |time: &libc::timespec| Duration::new(time.tv_sec as u64, time.tv_nsec as u32);
    let waited = match operation {
        libc::FUTEX_WAIT => futex_wait(word, value, time().map(length))?,
        // It says until when.
        libc::FUTEX_WAIT_BITSET => {
            let now = clock::now(told & libc::FUTEX_CLOCK_REALTIME != 0);
            futex_wait(word, value, time().map(|time| length(time).saturating_sub(now)))?
        }
        libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => return futex_wake(word, value).map(Ok),
        _ => return None,
    };
    Some(match waited {
        FutexWait::Woken => Ok(0),
        FutexWait::HasChanged => Err(libc::EAGAIN),
        FutexWait::TimedOut => Err(libc::ETIMEDOUT),
    })
}
