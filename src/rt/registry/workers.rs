//! The workers of this process: OS threads that run explorations, each with a kernel of its own.
//!
//! Worker numbers are never reused, so a value stamped by a worker that is gone can be told from one that
//! another worker is using now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::identity::Stamp;
use super::os_thread::OsThread;

static NEXT: AtomicU32 = AtomicU32::new(1);
static ALIVE: Mutex<BTreeMap<u32, Arc<Status>>> = Mutex::new(BTreeMap::new());

/// How many workers there are to watch.
static WATCHED: Mutex<usize> = Mutex::new(0);
static MORE: Condvar = Condvar::new();

/// What the watchdog has to know of a worker.
pub(in crate::rt) struct Watched {
    pub(in crate::rt) thread: OsThread,
    pub(in crate::rt) hang_after: Option<Duration>,
    /// The exploration that it works for.
    pub(in crate::rt) exploration: u64,
    /// What to say if the process has to end.
    pub(in crate::rt) words: String,
}

/// What the watchdog asks a worker, and the answer.
#[derive(Default)]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    expect(dead_code, reason = "nobody can be asked there")
)]
pub(in crate::rt) struct Question {
    pub(in crate::rt) state: AtomicU8,
    /// The pulse that the worker has to have still.
    pub(in crate::rt) running: AtomicU64,
    pub(in crate::rt) beat: AtomicU64,
    /// The system call that it waits in, or less than 0.
    pub(in crate::rt) call: AtomicI64,
    /// Whether code of libraries may be left.
    pub(in crate::rt) insists: AtomicBool,
}

/// What other OS threads know of a worker, and can tell it.
#[derive(Default)]
pub(in crate::rt) struct Status {
    /// The bits of the running execution's stamp; 0 if none runs.
    running: AtomicU64,
    /// The number of the running execution's last step, or [`CLEANS_UP`]. For the watchdog, which is all that reads it.
    beat: AtomicU64,
    /// How an OS thread that the running execution does not know has used its values.
    misuse: Mutex<Option<String>>,
    /// What the watchdog has to know, if it is to watch this worker.
    pub(in crate::rt) watched: OnceLock<Watched>,
    /// The number of the running execution.
    index: AtomicU64,
    /// What the watchdog wants to know.
    #[cfg_attr(
        not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
        expect(dead_code, reason = "nobody can be asked there")
    )]
    pub(in crate::rt) question: Question,
}

/// The beat of an execution that has ended, whose values are being dropped.
pub(in crate::rt) const CLEANS_UP: u64 = u64::MAX;

impl Status {
    /// The number of the running execution, if `words` leave it to whoever says them.
    pub(in crate::rt) fn index_after(&self, words: &str) -> String {
        let is_left_out = words.ends_with('/');
        if is_left_out { self.index.load(Ordering::Relaxed).to_string() } else { String::new() }
    }

    /// From now on the watchdog watches the worker.
    pub(in crate::rt) fn watch(&self, watched: Watched) {
        if self.watched.set(watched).is_ok() {
            *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            MORE.notify_one();
        }
    }

    /// Which execution runs, and how far it has come.
    pub(in crate::rt) fn pulse(&self) -> (u64, u64) {
        (self.running.load(Ordering::Relaxed), self.beat.load(Ordering::Relaxed))
    }
}

/// Waits until there is a worker to watch.
pub(in crate::rt) fn wait_for_watched() {
    let count = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    drop(MORE.wait_while(count, |count| *count == 0).unwrap_or_else(PoisonError::into_inner));
}

/// The workers that the watchdog is to watch, by number.
pub(in crate::rt) fn watched() -> Vec<(u32, Arc<Status>)> {
    let alive = alive();
    let watched = alive.iter().filter(|(_, status)| status.watched.get().is_some());
    watched.map(|(&number, status)| (number, Arc::clone(status))).collect()
}

/// Runs `act` if the worker exists; its OS thread does not end before that has returned.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(in crate::rt) fn while_alive<R>(worker: u32, act: impl FnOnce() -> R) -> Option<R> {
    alive().contains_key(&worker).then(act)
}

fn alive() -> MutexGuard<'static, BTreeMap<u32, Arc<Status>>> {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held by the one execution that uses data which executions share.
static SHARED_DATA: Mutex<()> = Mutex::new(());

/// Waits until no other execution uses data that executions share: what locks in statics protect, or locks
/// that the test body captured. Executions of several workers would wait for each other's locks without
/// knowing it, in a circle even, and see each other's changes; so they use such data one after the other.
pub(crate) fn enter_shared_data() -> MutexGuard<'static, ()> {
    SHARED_DATA.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to be a worker; given up when dropped.
pub(crate) struct Worker {
    number: u32,
    status: Arc<Status>,
}

impl Worker {
    pub(crate) fn new() -> Worker {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let status = Arc::new(Status::default());
        alive().insert(number, Arc::clone(&status));
        Worker { number, status }
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(in crate::rt) fn status(&self) -> &Status {
        &self.status
    }

    /// Tells how far the running execution has come.
    #[inline(always)]
    pub(in crate::rt) fn beat(&self, step: u64) {
        self.status.beat.store(step, Ordering::Relaxed);
    }

    /// Tells which execution runs now, if any.
    pub(crate) fn set_running(&self, execution: Option<Stamp>, index: u64) {
        self.beat(0);
        self.status.index.store(index, Ordering::Relaxed);
        self.status.running.store(execution.map_or(0, Stamp::bits), Ordering::Relaxed);
    }

    /// What [`note_misuse`] was told of the execution that has just run.
    pub(crate) fn take_misuse(&self) -> Option<String> {
        self.status.misuse.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.status.watched.get().is_some() {
            *WATCHED.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        }
        alive().remove(&self.number);
    }
}

/// Whether the worker of this number exists.
pub(crate) fn is_alive(worker: u32) -> bool {
    alive().contains_key(&worker)
}

/// Whether this execution runs now.
pub(crate) fn is_running(execution: Stamp) -> bool {
    let is_it = |status: &Arc<Status>| status.running.load(Ordering::Relaxed) == execution.bits();
    alive().get(&execution.worker()).is_some_and(is_it)
}

/// Tells a running execution that an OS thread that it does not know has used its values: it fails then.
pub(crate) fn note_misuse(execution: Stamp, message: &str) {
    if let Some(status) = alive().get(&execution.worker()) {
        let mut misuse = status.misuse.lock().unwrap_or_else(PoisonError::into_inner);
        misuse.get_or_insert_with(|| message.to_owned());
    }
}

/// As [`is_running`], for the bits of a stamp.
pub(crate) fn is_running_bits(execution: u64) -> bool {
    is_running(Stamp::from_bits(execution))
}
