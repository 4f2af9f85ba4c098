//! Mirror of tokio's `Mutex`: a semaphore of one permit, and the data, as in tokio.

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use super::semaphore::Permits;
use crate::rt::op::verb::Verb;

/// Mirror of [tokio's `sync::Mutex`](::tokio::sync::Mutex).
pub struct Mutex<T: ?Sized> {
    permit: Permits,
    data: UnsafeCell<T>,
}

// SAFETY: the data are used by who has the one permit, or has the mutex alone.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// Mirror of [tokio's `sync::TryLockError`](::tokio::sync::TryLockError).
#[derive(Debug)]
pub struct TryLockError(());

impl TryLockError {
    pub(super) fn new() -> TryLockError {
        TryLockError(())
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl std::error::Error for TryLockError {}

impl<T> Mutex<T> {
    /// A mutex that nobody has.
    #[track_caller]
    pub fn new(value: T) -> Mutex<T> {
        Mutex::const_new(value)
    }

    /// The same, for statics.
    #[track_caller]
    pub const fn const_new(value: T) -> Mutex<T> {
        Mutex { permit: Permits::new("Mutex", 1), data: UnsafeCell::new(value) }
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until it is one's turn to have the mutex.
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        let location = Location::caller();
        let taking = self.permit.take(1, Verb::Lock, location);
        async move {
            // A mutex is never closed.
            let _ = taking.await;
            MutexGuard { mutex: self, location }
        }
    }

    /// Waits until it is one's turn to have the mutex; the guard borrows nothing.
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        let location = Location::caller();
        async move {
            let _ = self.permit.take(1, Verb::Lock, location).await;
            OwnedMutexGuard { mutex: self, location }
        }
    }

    /// Takes the mutex if nobody has it.
    ///
    /// # Errors
    ///
    /// If somebody has it.
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let location = Location::caller();
        match self.permit.try_take(1, Verb::TryLock, location) {
            Ok(()) => Ok(MutexGuard { mutex: self, location }),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// Takes the mutex if nobody has it; the guard borrows nothing.
    ///
    /// # Errors
    ///
    /// If somebody has it.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        let location = Location::caller();
        match self.permit.try_take(1, Verb::TryLock, location) {
            Ok(()) => Ok(OwnedMutexGuard { mutex: self, location }),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// Blocks the thread until it is one's turn to have the mutex.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        crate::tokio::runtime::block_outside_tasks(self.lock())
    }

    /// Blocks the thread until it is one's turn to have the mutex; the guard borrows nothing.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        crate::tokio::runtime::block_outside_tasks(self.lock_owned())
    }

    /// The data, as nobody else has the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
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
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Mutex");
        // Outside, another thread may take the mutex meanwhile. Inside nobody else runs, and printing is no operation.
        let guard = if crate::rt::current().is_none() { self.try_lock().ok() } else { None };
        if let Some(guard) = &guard {
            text.field("data", &&**guard);
        } else if crate::rt::current().is_some() && self.permit.peek() > 0 {
            // SAFETY: nobody has the permit, and nobody else runs meanwhile.
            let data: &T = unsafe { &*self.data.get() };
            text.field("data", &data);
        } else {
            text.field("data", &format_args!("<locked>"));
        }
        text.finish()
    }
}

/// Mirror of [tokio's `sync::MutexGuard`](::tokio::sync::MutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    location: &'static Location<'static>,
}

/// Mirror of [tokio's `sync::OwnedMutexGuard`](::tokio::sync::OwnedMutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    location: &'static Location<'static>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mutex.
    pub fn mutex(this: &MutexGuard<'a, T>) -> &'a Mutex<T> {
        this.mutex
    }

    /// A guard of a part of the data.
    pub fn map<U: ?Sized, F: FnOnce(&mut T) -> &mut U>(
        this: MutexGuard<'a, T>,
        part: F,
    ) -> MappedMutexGuard<'a, U> {
        match MutexGuard::try_map(this, |data| Some(part(data))) {
            Ok(mapped) => mapped,
            Err(_) => unreachable!("there is a part"),
        }
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<U: ?Sized, F: FnOnce(&mut T) -> Option<&mut U>>(
        mut this: MutexGuard<'a, T>,
        part: F,
    ) -> Result<MappedMutexGuard<'a, U>, MutexGuard<'a, T>> {
        let Some(data) = part(&mut *this).map(|data| std::ptr::from_mut(data)) else { return Err(this) };
        let (permit, location) = (&this.mutex.permit, this.location);
        std::mem::forget(this);
        Ok(MappedMutexGuard { permit, location, data, marker: PhantomData })
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// The mutex.
    pub fn mutex(this: &OwnedMutexGuard<T>) -> &Arc<Mutex<T>> {
        &this.mutex
    }

    /// A guard of a part of the data.
    pub fn map<U: ?Sized, F: FnOnce(&mut T) -> &mut U>(
        mut this: OwnedMutexGuard<T>,
        part: F,
    ) -> OwnedMappedMutexGuard<T, U> {
        let data = std::ptr::from_mut(part(&mut *this));
        OwnedMappedMutexGuard { guard: this, data }
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<U: ?Sized, F: FnOnce(&mut T) -> Option<&mut U>>(
        mut this: OwnedMutexGuard<T>,
        part: F,
    ) -> Result<OwnedMappedMutexGuard<T, U>, OwnedMutexGuard<T>> {
        match part(&mut *this).map(|data| std::ptr::from_mut(data)) {
            Some(data) => Ok(OwnedMappedMutexGuard { guard: this, data }),
            None => Err(this),
        }
    }
}

macro_rules! guard {
    (($($generics:tt)*) $name:ty) => {
        impl $($generics)* Deref for $name {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: the guard has the permit.
                unsafe { &*self.mutex.data.get() }
            }
        }

        impl $($generics)* DerefMut for $name {
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard has the permit, and is borrowed alone.
                unsafe { &mut *self.mutex.data.get() }
            }
        }

        impl $($generics)* Drop for $name {
            fn drop(&mut self) {
                self.mutex.permit.give(1, Verb::Unlock, self.location);
            }
        }
    };
}

guard! { (<T: ?Sized>) MutexGuard<'_, T> }
guard! { (<T: ?Sized>) OwnedMutexGuard<T> }

// SAFETY: a guard is a reference to the data, and a permit that any thread may give back.
unsafe impl<T: ?Sized + Send + Sync> Sync for MutexGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedMutexGuard<T> {}

/// Mirror of [tokio's `sync::MappedMutexGuard`](::tokio::sync::MappedMutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    permit: &'a Permits,
    location: &'static Location<'static>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

/// Mirror of [tokio's `sync::OwnedMappedMutexGuard`](::tokio::sync::OwnedMappedMutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    guard: OwnedMutexGuard<T>,
    data: *mut U,
}

// SAFETY: as a `&mut T`, and a permit that any thread may give back.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for MappedMutexGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// A guard of a part of the data.
    pub fn map<U: ?Sized, F: FnOnce(&mut T) -> &mut U>(
        mut this: MappedMutexGuard<'a, T>,
        part: F,
    ) -> MappedMutexGuard<'a, U> {
        let data = std::ptr::from_mut(part(&mut *this));
        let (permit, location) = (this.permit, this.location);
        std::mem::forget(this);
        MappedMutexGuard { permit, location, data, marker: PhantomData }
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<U: ?Sized, F: FnOnce(&mut T) -> Option<&mut U>>(
        mut this: MappedMutexGuard<'a, T>,
        part: F,
    ) -> Result<MappedMutexGuard<'a, U>, MappedMutexGuard<'a, T>> {
        let Some(data) = part(&mut *this).map(|data| std::ptr::from_mut(data)) else { return Err(this) };
        let (permit, location) = (this.permit, this.location);
        std::mem::forget(this);
        Ok(MappedMutexGuard { permit, location, data, marker: PhantomData })
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// A guard of a part of the data.
    pub fn map<S: ?Sized, F: FnOnce(&mut U) -> &mut S>(
        mut this: OwnedMappedMutexGuard<T, U>,
        part: F,
    ) -> OwnedMappedMutexGuard<T, S> {
        let data = std::ptr::from_mut(part(&mut *this));
        OwnedMappedMutexGuard { guard: this.guard, data }
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<S: ?Sized, F: FnOnce(&mut U) -> Option<&mut S>>(
        mut this: OwnedMappedMutexGuard<T, U>,
        part: F,
    ) -> Result<OwnedMappedMutexGuard<T, S>, OwnedMappedMutexGuard<T, U>> {
        match part(&mut *this).map(|data| std::ptr::from_mut(data)) {
            Some(data) => Ok(OwnedMappedMutexGuard { guard: this.guard, data }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard has the permit; the pointer is to a part of the data, which live as long.
        unsafe { &*self.data }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed alone.
        unsafe { &mut *self.data }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    fn drop(&mut self) {
        self.permit.give(1, Verb::Unlock, self.location);
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: the guard has the permit; the pointer is to a part of the data, which live as long.
        unsafe { &*self.data }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as above, and the guard is borrowed alone.
        unsafe { &mut *self.data }
    }
}

impl<T: ?Sized, U: ?Sized> fmt::Debug for OwnedMappedMutexGuard<T, U>
where
    U: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &self.guard;
        fmt::Debug::fmt(&**self, f)
    }
}

macro_rules! shown_as_data {
    ($($name:ident<$($lifetime:lifetime)?>,)*) => {$(
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $name<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    )*};
}

shown_as_data! { MutexGuard<'_>, OwnedMutexGuard<>, MappedMutexGuard<'_>, }
