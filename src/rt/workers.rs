//! The workers of this process: OS threads that run explorations, each with a kernel of its own.
//!
//! Worker numbers are never reused, so a value stamped by a worker that is gone can be told from one that
//! another worker is using now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::identity::Stamp;

static NEXT: AtomicU32 = AtomicU32::new(1);
static ALIVE: Mutex<BTreeMap<u32, Arc<Status>>> = Mutex::new(BTreeMap::new());

/// What other OS threads know of a worker, and can tell it.
#[derive(Default)]
struct Status {
    /// The bits of the running execution's stamp; 0 if none runs.
    running: AtomicU64,
    /// How an OS thread that the running execution does not know has used its values.
    misuse: Mutex<Option<String>>,
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

    /// Tells which execution runs now, if any.
    pub(crate) fn set_running(&self, execution: Option<Stamp>) {
        self.status.running.store(execution.map_or(0, Stamp::bits), Ordering::Relaxed);
    }

    /// What [`note_misuse`] was told of the execution that has just run.
    pub(crate) fn take_misuse(&self) -> Option<String> {
        self.status.misuse.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
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
