//! Synchronization; mirrors [`std::sync`], with [`Semaphore`] in addition.
//!
//! `Arc` and `Weak` are std's own: their counts are no scheduling points.

pub mod atomic;
mod barrier;
mod condvar;
mod mutex;
mod real;
mod rwlock;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
