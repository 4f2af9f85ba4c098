//! Synchronization; mirrors [`std::sync`], with [`Semaphore`] in addition.
//!
//! `Arc` and `Weak` are std's own: their counts are no scheduling points.

pub mod atomic;
mod barrier;
mod condvar;
pub(crate) mod futex;
mod lazy_lock;
pub mod mpsc;
mod mutex;
mod once;
mod once_lock;
mod real;
mod rwlock;
mod semaphore;
mod value;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
#[expect(deprecated, reason = "std has it still")]
pub use once::ONCE_INIT;
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{Semaphore, SemaphoreGuard};
