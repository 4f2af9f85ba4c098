//! `RwLock`: drawloom's, for use inside a model only.

use std::fmt;

use super::guard::{map, try_map};
use super::{LockResult, RwLockReadGuard, RwLockWriteGuard, TryLockResult};
use crate::outside;

/// A lock that many readers or one writer may hold; see [`std::sync::RwLock`].
pub struct RwLock<T: ?Sized>(drawloom::sync::RwLock<T>);

impl<T> RwLock<T> {
    /// Creates a lock in an unlocked state.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(data: T) -> RwLock<T> {
        outside::check("loom::sync::RwLock");
        RwLock(drawloom::sync::RwLock::new(data))
    }

    /// Consumes the lock and returns the data.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the lock for writing.
    pub fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading, waiting until no writer has it.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the lock for writing.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        outside::check("loom::sync::RwLock");
        map(self.0.read(), RwLockReadGuard)
    }

    /// Takes the lock for reading, if no writer has it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if a writer has it; the guard in `Poisoned`, as for [`RwLock::read`].
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        outside::check("loom::sync::RwLock");
        try_map(self.0.try_read(), RwLockReadGuard)
    }

    /// Takes the lock for writing, waiting until nobody has it.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the lock for writing.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        outside::check("loom::sync::RwLock");
        map(self.0.write(), RwLockWriteGuard)
    }

    /// Takes the lock for writing, if nobody has it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if somebody has it; the guard in `Poisoned`, as for [`RwLock::write`].
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        outside::check("loom::sync::RwLock");
        try_map(self.0.try_write(), RwLockWriteGuard)
    }

    /// The data, which nobody else can reach meanwhile.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the lock for writing.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
    fn from(t: T) -> RwLock<T> {
        RwLock::new(t)
    }
}
