//! The randomness of the process: inside an exploration it is drawn from the schedule, and so repeated in a replay.
//!
//! The linker lets `getrandom` be this one, also for who looks it up at run time (as std does, and the crate getrandom).

use std::ffi::{c_uint, c_void};

/// In the place of `getrandom`.
///
/// # Safety
///
/// As `getrandom`: there is room for `length` bytes at `to`.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(to: *mut c_void, length: usize, flags: c_uint) -> isize {
    // std asks so for the keys of its hash maps, once a thread: maps of the program are drawloom's, so these are of code that no schedule
    // decides for.
    let is_for_keys = flags & libc::GRND_INSECURE != 0;
    if is_for_keys || !drawloom::is_exploring() {
        // SAFETY: the caller's promise. Not `getrandom`, which would be this function.
        return unsafe { libc::syscall(libc::SYS_getrandom, to, length, flags) as isize };
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), length) };
    for chunk in bytes.chunks_mut(4) {
        let word = drawloom::choose(1 << 32) as u32;
        chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
    }
    length as isize
}

/// The same function, under the name that the linker gives it where it replaces one.
///
/// # Safety
///
/// As `getrandom`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getrandom(to: *mut c_void, length: usize, flags: c_uint) -> isize {
    // SAFETY: the caller's promise.
    unsafe { getrandom(to, length, flags) }
}
