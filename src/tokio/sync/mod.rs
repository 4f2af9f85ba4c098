//! Mirror of [`tokio::sync`](::tokio::sync).

mod barrier;
pub mod broadcast;
mod end;
pub mod mpsc;
mod mutex;
mod notify;
pub mod oneshot;
mod semaphore;

pub use barrier::{Barrier, BarrierWaitResult};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError};
pub use notify::Notify;
pub use semaphore::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};

/// Mirror of [`tokio::sync::futures`](::tokio::sync::futures): futures that have a name.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
