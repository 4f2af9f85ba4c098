//! Mirror of tokio's `RwLock`: a semaphore, and the data, as in tokio. Who reads takes one permit, who writes takes all of them; so
//! readers that come after a waiting writer wait for it.

mod held;
mod owned;
mod read;
mod write;

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use self::held::Held;
use super::mutex::TryLockError;
use super::semaphore::Permits;
use crate::rt::current;
use crate::rt::op::verb::Verb;
use crate::tokio::runtime::block_outside_tasks;

pub use owned::{OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use read::RwLockReadGuard;
pub use write::{RwLockMappedWriteGuard, RwLockWriteGuard};

/// As many readers as there can be, as in tokio.
const MAX_READS: u32 = u32::MAX >> 3;

/// Mirror of [tokio's `sync::RwLock`](::tokio::sync::RwLock).
pub struct RwLock<T: ?Sized> {
    permits: Permits,
    max_readers: u32,
    data: UnsafeCell<T>,
}

// SAFETY: the data are used by who has permits, or has the lock alone.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; several can read at once.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A lock that nobody has.
    #[track_caller]
    pub fn new(value: T) -> RwLock<T> {
        RwLock::const_new(value)
    }

    /// A lock for so many readers at once.
    ///
    /// # Panics
    ///
    /// If there cannot be as many.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> RwLock<T> {
        RwLock::const_with_max_readers(value, max_reads)
    }

    /// The same as `new`, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> RwLock<T> {
        RwLock::const_with_max_readers(value, MAX_READS)
    }

    /// The same as `with_max_readers`, for statics.
    ///
    /// # Panics
    ///
    /// If there cannot be as many.
    #[track_caller]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> RwLock<T> {
        assert!(max_reads <= MAX_READS, "a RwLock may not be created with so many readers");
        let permits = Permits::new("RwLock", max_reads as usize);
        RwLock { permits, max_readers: max_reads, data: UnsafeCell::new(value) }
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until it is one's turn to read.
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        let location = Location::caller();
        let taking = self.permits.take(1, Verb::Read, location);
        async move {
            // The lock is never closed.
            let _ = taking.await;
            self.reading(location)
        }
    }

    /// Blocks the thread until it is one's turn to read.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        block_outside_tasks(self.read())
    }

    /// Waits until it is one's turn to read; the guard borrows nothing.
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        let location = Location::caller();
        async move {
            let _ = self.permits.take(1, Verb::Read, location).await;
            OwnedRwLockReadGuard::new(self, location)
        }
    }

    /// Begins to read if nobody writes.
    ///
    /// # Errors
    ///
    /// If somebody writes, or waits to do so.
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let location = Location::caller();
        match self.permits.try_take(1, Verb::TryRead, location) {
            Ok(()) => Ok(self.reading(location)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// Begins to read if nobody writes; the guard borrows nothing.
    ///
    /// # Errors
    ///
    /// If somebody writes, or waits to do so.
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let location = Location::caller();
        match self.permits.try_take(1, Verb::TryRead, location) {
            Ok(()) => Ok(OwnedRwLockReadGuard::new(self, location)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// Waits until it is one's turn to write.
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        let location = Location::caller();
        let taking = self.permits.take(self.max_readers, Verb::Write, location);
        async move {
            let _ = taking.await;
            self.writing(location)
        }
    }

    /// Blocks the thread until it is one's turn to write.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        block_outside_tasks(self.write())
    }

    /// Waits until it is one's turn to write; the guard borrows nothing.
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        let location = Location::caller();
        async move {
            let _ = self.permits.take(self.max_readers, Verb::Write, location).await;
            OwnedRwLockWriteGuard::new(self, location)
        }
    }

    /// Begins to write if nobody has the lock.
    ///
    /// # Errors
    ///
    /// If somebody has it.
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        let location = Location::caller();
        match self.permits.try_take(self.max_readers, Verb::TryWrite, location) {
            Ok(()) => Ok(self.writing(location)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// Begins to write if nobody has the lock; the guard borrows nothing.
    ///
    /// # Errors
    ///
    /// If somebody has it.
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        let location = Location::caller();
        match self.permits.try_take(self.max_readers, Verb::TryWrite, location) {
            Ok(()) => Ok(OwnedRwLockWriteGuard::new(self, location)),
            Err(_) => Err(TryLockError::new()),
        }
    }

    /// The data, as nobody else has the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    fn reading(&self, location: &'static Location<'static>) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard::new(Held::new(&self.permits, 1, location), self.data.get())
    }

    fn writing(&self, location: &'static Location<'static>) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard::new(Held::new(&self.permits, self.max_readers, location), self.data.get())
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("RwLock");
        // Outside, another thread may take the lock meanwhile. Inside nobody else runs, and printing is no operation.
        let guard = if current().is_none() { self.try_read().ok() } else { None };
        if let Some(guard) = &guard {
            text.field("data", &&**guard);
        } else if current().is_some() && self.permits.peek() > 0 {
            // SAFETY: nobody has all permits, and nobody else runs meanwhile.
            let data: &T = unsafe { &*self.data.get() };
            text.field("data", &data);
        } else {
            text.field("data", &format_args!("<locked>"));
        }
        text.finish()
    }
}
