//! Waiting for events (`epoll`), as mio does, and on it tokio's own runtime: a thread of an exploration that waits for nothing but wakers
//! of other threads waits in the model, in virtual time.
//!
//! Such a waker is an `eventfd`, which becomes readable when another thread writes to it; and both ends of a UNIX socket pair are in the
//! process, as tokio has one for signals. What else is waited for comes from outside: then the wait is a real one, as is known of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::sync::{Mutex as RealMutex, PoisonError};
use std::time::Duration;

use drawloom::sync::{Arc, Condvar, Mutex};

use crate::c_library::Function;

/// How often something was written that may be waited for.
#[derive(Default)]
struct Written {
    count: Mutex<u64>,
    changed: Condvar,
}

thread_local! {
    /// Of the running execution, from its first wait on.
    static WRITTEN: RefCell<Option<Arc<Written>>> = const { RefCell::new(None) };
}

/// The sets in which there is something that comes from outside.
static OUTSIDE: RealMutex<BTreeSet<c_int>> = RealMutex::new(BTreeSet::new());

/// An execution begins.
pub(crate) fn begin() {
    WRITTEN.take();
    OUTSIDE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Something was written to a file.
pub(crate) fn note_write() {
    let written = WRITTEN.try_with(|written| written.try_borrow().ok().and_then(|it| it.clone()));
    if let Ok(Some(written)) = written {
        *written.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        written.changed.notify_all();
    }
}

/// Whether both ends of it are in the process.
fn is_inside(file: c_int) -> bool {
    let path = std::fs::read_link(format!("/proc/self/fd/{file}"));
    let kind = path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    if kind.contains("[eventfd]") {
        return true;
    }
    let mut family = libc::sockaddr { sa_family: 0, sa_data: [0; 14] };
    let mut length = size_of::<libc::sockaddr>() as libc::socklen_t;
    // SAFETY: there is room for so many bytes of an address.
    let result = unsafe { libc::getsockname(file, &raw mut family, &raw mut length) };
    // One that has no name is no server's.
    result == 0
        && c_int::from(family.sa_family) == libc::AF_UNIX
        && length as usize <= size_of::<libc::sa_family_t>()
}

type EpollCtl = unsafe extern "C" fn(c_int, c_int, c_int, *mut libc::epoll_event) -> c_int;
type EpollWait = unsafe extern "C" fn(c_int, *mut libc::epoll_event, c_int, c_int) -> c_int;

static EPOLL_CTL: Function = Function::new(c"epoll_ctl");
static EPOLL_WAIT: Function = Function::new(c"epoll_wait");

/// In the place of `epoll_ctl`.
///
/// # Safety
///
/// As `epoll_ctl`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_epoll_ctl(
    set: c_int,
    operation: c_int,
    file: c_int,
    event: *mut libc::epoll_event,
) -> c_int {
    if operation == libc::EPOLL_CTL_ADD && drawloom::is_exploring() && !is_inside(file) {
        OUTSIDE.lock().unwrap_or_else(PoisonError::into_inner).insert(set);
    }
    // SAFETY: the C library's function of that name is of this type; the rest is the caller's promise.
    unsafe { EPOLL_CTL.get::<EpollCtl>()(set, operation, file, event) }
}

/// In the place of `epoll_wait`.
///
/// # Safety
///
/// As `epoll_wait`: there is room for `most` events.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_epoll_wait(
    set: c_int,
    events: *mut libc::epoll_event,
    most: c_int,
    milliseconds: c_int,
) -> c_int {
    // SAFETY: the C library's function of that name is of this type; the rest is the caller's promise.
    let wait = |milliseconds| unsafe { EPOLL_WAIT.get::<EpollWait>()(set, events, most, milliseconds) };
    let waits_outside = || OUTSIDE.lock().unwrap_or_else(PoisonError::into_inner).contains(&set);
    if milliseconds == 0 || !drawloom::is_exploring() || waits_outside() {
        return wait(milliseconds);
    }
    let written = WRITTEN.with_borrow_mut(|written| Arc::clone(written.get_or_insert_default()));
    let mut found = 0;
    // Whoever writes comes before the look, or finds this thread waiting.
    let has_none = |_: &mut u64| {
        found = wait(0);
        found == 0
    };
    let count = written.count.lock().unwrap_or_else(PoisonError::into_inner);
    match u64::try_from(milliseconds) {
        Ok(milliseconds) => {
            let length = Duration::from_millis(milliseconds);
            let waited = written.changed.wait_timeout_while(count, length, has_none);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
        Err(_) => drop(written.changed.wait_while(count, has_none).unwrap_or_else(PoisonError::into_inner)),
    }
    found
}
