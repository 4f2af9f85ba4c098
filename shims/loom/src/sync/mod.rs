//! Synchronization; mirrors [`std::sync`] as far as loom does, with loom's [`Notify`].

mod arc;
pub mod atomic;
mod barrier;
mod condvar;
mod counts;
mod guard;
pub mod mpsc;
mod mutex;
mod notify;
mod rwlock;

#[doc(no_inline)]
pub use std::sync::{LockResult, TryLockResult};

pub use drawloom::sync::WaitTimeoutResult;

pub use arc::Arc;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::Condvar;
pub(crate) use counts::begin_execution;
pub use guard::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
pub use mutex::Mutex;
pub use notify::Notify;
pub use rwlock::RwLock;
