//! Synchronization; mirrors [`std::sync`], with [`Semaphore`] in addition.
//!
//! `Arc` and `Weak` are std's own: their counts are no scheduling points.

pub mod atomic;
mod mutex;
mod real;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use mutex::{Mutex, MutexGuard};
