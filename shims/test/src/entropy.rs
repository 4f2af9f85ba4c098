//! The randomness of the process: inside an exploration it is drawn from the schedule, and so repeated in a replay.
//!
//! What is drawn differs from draw to draw, as nobody expects the same random number twice; the schedule varies it.
//!
//! The linker lets `getrandom` be this one, also for who looks it up at run time (as std does, and the crate getrandom); `system_calls`
//! has the call by its number, as the crate getrandom makes it up to 0.2.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::ffi::{c_uint, c_void};
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use crate::system_calls;

/// How many words each thread has drawn in this execution, and the name of the test.
struct Drawn {
    test: &'static str,
    by_thread: BTreeMap<u64, u64>,
}

static DRAWN: Mutex<Drawn> = Mutex::new(Drawn { test: "", by_thread: BTreeMap::new() });

/// An execution of this test begins.
pub(crate) fn begin(test: &'static str) {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    drawn.test = test;
    drawn.by_thread.clear();
}

/// A number that no other draw of the execution has, nor of another test: what is drawn from the schedule is often the same number.
fn mask() -> u32 {
    let thread = drawloom::__private::spawn_path().unwrap_or_default();
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = drawn.by_thread.entry(thread).or_default();
    *count += 1;
    let mut hasher = DefaultHasher::new();
    (thread, *count, drawn.test).hash(&mut hasher);
    hasher.finish() as u32
}

/// In the place of `getrandom`.
///
/// # Safety
///
/// As `getrandom`: there is room for `length` bytes at `to`.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(to: *mut c_void, length: usize, flags: c_uint) -> isize {
    // SAFETY: the caller's promise.
    unsafe { fill(to, length, flags) }
}

/// As `getrandom`, under a name that the linker does not change.
///
/// # Safety
///
/// As `getrandom`.
pub(crate) unsafe fn fill(to: *mut c_void, length: usize, flags: c_uint) -> isize {
    // std asks so for the keys of its hash maps, once a thread: maps of the program are drawloom's, so these are of code that no schedule
    // decides for.
    let is_for_keys = flags & libc::GRND_INSECURE != 0;
    // Who asks for no bytes asks whether the call is there, and may have no place for any.
    if is_for_keys || length == 0 || !drawloom::is_exploring() {
        // SAFETY: the caller's promise. Not `getrandom`, which would be this function.
        return unsafe {
            system_calls::call(libc::SYS_getrandom, [to.expose_provenance(), length, flags as usize, 0, 0, 0])
                as isize
        };
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), length) };
    for chunk in bytes.chunks_mut(4) {
        let word = drawloom::choose(1 << 32) as u32 ^ mask();
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
    unsafe { fill(to, length, flags) }
}
