//! The running thread, and handles to others: names, ids, parking, sleeping and yielding.

use std::fmt;
use std::num::NonZero;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::rt::op::{self, OpKind};
use crate::rt::registry::identity::Stamp;
use crate::rt::{Current, current as current_execution};

/// How many threads std's `available_parallelism` reports inside an exploration: the same on any machine.
const MODEL_PARALLELISM: NonZero<usize> = NonZero::new(4).unwrap();

/// A thread's identity; see [`std::thread::ThreadId`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Id {
    Real(std::thread::ThreadId),
    Model(Stamp, op::ThreadId),
}

impl fmt::Debug for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Id::Real(id) => id.fmt(f),
            // std counts from 1.
            Id::Model(_, id) => f.debug_tuple("ThreadId").field(&(id.index() + 1)).finish(),
        }
    }
}

/// A handle to a thread; see [`std::thread::Thread`].
#[derive(Clone)]
pub struct Thread(Handle);

#[derive(Clone)]
enum Handle {
    Real(std::thread::Thread),
    Model { execution: Stamp, thread: op::ThreadId, name: Option<Arc<str>> },
}

impl Thread {
    pub(super) fn real(thread: std::thread::Thread) -> Thread {
        Thread(Handle::Real(thread))
    }

    pub(super) fn model(mut current: Current, thread: op::ThreadId) -> Thread {
        let execution = current.execution().stamp();
        let told = current.execution().name_told.clone().filter(|_| thread == op::ThreadId::MAIN);
        let name = told.or_else(|| current.kernel().thread(thread).name.clone());
        Thread(Handle::Model { execution, thread, name })
    }

    /// Gives the thread its token, so that its present or next [`park`] returns.
    #[track_caller]
    pub fn unpark(&self) {
        match &self.0 {
            Handle::Real(thread) => thread.unpark(),
            Handle::Model { execution, thread, .. } => {
                if let Some(current) = in_execution(*execution, "Thread") {
                    current.unpark(*thread, Location::caller());
                }
            }
        }
    }

    /// The thread's identity.
    pub fn id(&self) -> ThreadId {
        match &self.0 {
            Handle::Real(thread) => ThreadId(Id::Real(thread.id())),
            Handle::Model { execution, thread, .. } => ThreadId(Id::Model(*execution, *thread)),
        }
    }

    /// The thread's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Handle::Real(thread) => thread.name(),
            Handle::Model { name, .. } => name.as_deref(),
        }
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id()).field("name", &self.name()).finish_non_exhaustive()
    }
}

/// The running execution, if it is the one that a handle belongs to; otherwise the handle was kept too long.
#[track_caller]
pub(super) fn in_execution(owner: Stamp, what: &str) -> Option<Current> {
    let current = current_execution();
    let stamp = current.map(|mut current| current.execution().stamp());
    match stamp {
        Some(stamp) if stamp == owner => current,
        Some(_) => panic!(
            "drawloom: a {what} of an execution that has ended is used in another one; keep handles inside the test \
             body"
        ),
        None => panic!(
            "drawloom: a {what} of an exploration is used outside of it, by an OS thread that the exploration does \
             not know or after its end; keep handles inside the test body"
        ),
    }
}

/// A handle to the running thread.
pub fn current() -> Thread {
    match current_execution() {
        Some(mut current) => {
            let thread = current.kernel().threads.current;
            Thread::model(current, thread)
        }
        None => Thread::real(std::thread::current()),
    }
}

/// Waits for the thread's token and takes it; may return for no reason, as std's may.
#[track_caller]
pub fn park() {
    match current_execution() {
        Some(current) => current.park(None, Location::caller()),
        None => std::thread::park(),
    }
}

/// Waits for the thread's token, at most for `timeout`, in virtual time inside an exploration.
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    match current_execution() {
        Some(current) => current.park(Some(timeout), Location::caller()),
        None => std::thread::park_timeout(timeout),
    }
}

/// As [`park_timeout`], in milliseconds.
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::park_timeout`")]
#[track_caller]
pub fn park_timeout_ms(milliseconds: u32) {
    park_timeout(Duration::from_millis(u64::from(milliseconds)));
}

/// Waits until time has passed: virtual time, inside an exploration, which takes no real time.
#[track_caller]
pub fn sleep(length: Duration) {
    match current_execution() {
        Some(current) => current.sleep(length, Location::caller()),
        None => std::thread::sleep(length),
    }
}

/// As [`sleep`], in milliseconds.
#[deprecated(since = "1.6.0", note = "replaced by `std::thread::sleep`")]
#[track_caller]
pub fn sleep_ms(milliseconds: u32) {
    sleep(Duration::from_millis(u64::from(milliseconds)));
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    match current_execution() {
        Some(current) => current.yield_now(OpKind::Yield, Location::caller()),
        None => std::thread::yield_now(),
    }
}

/// Whether the running thread is unwinding because of a panic.
pub fn panicking() -> bool {
    match current_execution() {
        Some(current) => current.panicking(),
        None => std::thread::panicking(),
    }
}

/// How many threads can run at once; 4 inside an exploration, whatever the machine.
///
/// # Errors
///
/// Outside an exploration, as std's.
pub fn available_parallelism() -> std::io::Result<NonZero<usize>> {
    match current_execution() {
        Some(_) => Ok(MODEL_PARALLELISM),
        None => std::thread::available_parallelism(),
    }
}
