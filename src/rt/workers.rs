//! The workers of this process: OS threads that run explorations, each with a kernel of its own.
//!
//! Worker numbers are never reused, so a value stamped by a worker that is gone can be told from one that
//! another worker is using now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::identity::Stamp;

static NEXT: AtomicU32 = AtomicU32::new(1);
static ALIVE: Mutex<BTreeMap<u32, Arc<AtomicU64>>> = Mutex::new(BTreeMap::new());

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
    running: Arc<AtomicU64>,
}

impl Worker {
    pub(crate) fn new() -> Worker {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let running = Arc::new(AtomicU64::new(0));
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Arc::clone(&running));
        Worker { number, running }
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Tells which execution runs now, if any.
    pub(crate) fn set_running(&self, execution: Option<Stamp>) {
        self.running.store(execution.map_or(0, Stamp::bits), Ordering::Relaxed);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        ALIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// Whether the worker of this number exists.
pub(crate) fn is_alive(worker: u32) -> bool {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&worker)
}

/// Whether this execution runs now.
pub(crate) fn is_running(execution: Stamp) -> bool {
    let alive = ALIVE.lock().unwrap_or_else(PoisonError::into_inner);
    alive.get(&execution.worker()).is_some_and(|running| running.load(Ordering::Relaxed) == execution.bits())
}

/// As [`is_running`], for the bits of a stamp.
pub(crate) fn is_running_bits(execution: u64) -> bool {
    is_running(Stamp::from_bits(execution))
}
