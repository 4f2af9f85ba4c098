//! What tests print while they are explored: thousands of executions would print it again and again. So what a thread writes to
//! standard output or error in the middle of an execution is kept, and that of the last execution is shown if the test fails.
//!
//! The linker lets `write` be this one (`--wrap=write`), so that it matters not who prints: `println!`, a logger, or a crate that nobody
//! has instrumented.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(target_os = "linux")]
use crate::polling;
use crate::process;

/// What was written in one execution.
type Written = Arc<Mutex<Vec<u8>>>;

thread_local! {
    static WRITTEN: RefCell<Option<Written>> = const { RefCell::new(None) };
}

/// What the executions of one test print.
#[derive(Default)]
pub(crate) struct Output {
    last: Mutex<Option<Written>>,
}

impl Output {
    /// Does something in an execution: keeps what is written meanwhile, in place of what another one has written.
    pub(crate) fn keep<R>(&self, act: impl FnOnce() -> R) -> R {
        let written = Written::default();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&written));
        let _keeping = Keeping(WRITTEN.replace(Some(written)));
        act()
    }

    /// Prints what was written in the last execution, if what tests print is to be shown.
    pub(crate) fn show_last(&self) {
        let last = self.last();
        if process::shows_output() && !last.is_empty() {
            println!("{}\n(printed in the last execution)", last.trim_end());
        }
    }

    /// What was written in the last execution.
    pub(crate) fn last(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let written =
            last.as_ref().map(|written| written.lock().unwrap_or_else(PoisonError::into_inner).clone());
        String::from_utf8_lossy(&written.unwrap_or_default()).into_owned()
    }
}

/// Ends the keeping, also where an execution ends by unwinding.
struct Keeping(Option<Written>);

impl Drop for Keeping {
    fn drop(&mut self) {
        WRITTEN.set(self.0.take());
    }
}

/// In the place of `write`.
///
/// # Safety
///
/// As `write`: there are `count` bytes at `bytes`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_write(file: c_int, bytes: *const c_void, count: usize) -> isize {
    let is_kept = (file == 1 || file == 2) && drawloom::is_exploring();
    if is_kept
        && let Ok(Some(written)) =
            WRITTEN.try_with(|written| written.try_borrow().ok().and_then(|it| it.clone()))
        && let Ok(mut written) = written.try_lock()
    {
        // SAFETY: the caller's promise.
        written.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), count) });
        return count as isize;
    }
    // SAFETY: the caller's promise. Not `write`, which would be this function.
    let count = unsafe { libc::syscall(libc::SYS_write, file, bytes, count) as isize };
    #[cfg(target_os = "linux")]
    if file > 2 && drawloom::is_exploring() {
        polling::note_write();
    }
    count
}
