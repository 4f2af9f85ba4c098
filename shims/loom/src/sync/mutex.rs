//! `Mutex`: drawloom's, for use inside a model only.

use std::fmt;

use super::guard::{map, try_map};
use super::{LockResult, MutexGuard, TryLockResult};
use crate::outside;

/// A lock around a value; see [`std::sync::Mutex`].
pub struct Mutex<T: ?Sized>(drawloom::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Creates a mutex in an unlocked state.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(data: T) -> Mutex<T> {
        outside::check("loom::sync::Mutex");
        Mutex(drawloom::sync::Mutex::new(data))
    }

    /// Consumes the mutex and returns the data.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the mutex.
    pub fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the mutex, waiting until it is free.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the mutex.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        outside::check("loom::sync::Mutex");
        map(self.0.lock(), MutexGuard)
    }

    /// Takes the mutex if it is free.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it is not free; the guard in `Poisoned`, if a thread panicked while it held the mutex.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        outside::check("loom::sync::Mutex");
        try_map(self.0.try_lock(), MutexGuard)
    }

    /// The data, which nobody else can reach meanwhile.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the mutex.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(t: T) -> Mutex<T> {
        Mutex::new(t)
    }
}
