//! The guards that borrow nothing.

use std::panic::Location;
use std::sync::Arc;

use super::RwLock;
use super::held::{Held, Source, guard};
use crate::tokio::sync::semaphore::Permits;

impl<T: ?Sized> Source for Arc<RwLock<T>> {
    fn permits(&self) -> &Permits {
        &self.permits
    }
}

/// Mirror of [tokio's `sync::OwnedRwLockReadGuard`](::tokio::sync::OwnedRwLockReadGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    held: Held<Arc<RwLock<T>>>,
    data: *const U,
}

/// Mirror of [tokio's `sync::OwnedRwLockWriteGuard`](::tokio::sync::OwnedRwLockWriteGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    held: Held<Arc<RwLock<T>>>,
    data: *mut T,
}

/// Mirror of [tokio's `sync::OwnedRwLockMappedWriteGuard`](::tokio::sync::OwnedRwLockMappedWriteGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    held: Held<Arc<RwLock<T>>>,
    data: *mut U,
}

// SAFETY: as a `&U`, a permit that any thread may give back, and a share of the lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Send for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as a `&mut T`, permits that any thread may give back, and a share of the lock.
unsafe impl<T: ?Sized + Send + Sync> Send for OwnedRwLockWriteGuard<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedRwLockWriteGuard<T> {}
// SAFETY: as a `&mut U`, permits that any thread may give back, and a share of the lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Send for OwnedRwLockMappedWriteGuard<T, U> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedRwLockMappedWriteGuard<T, U> {}

guard! { (T: ?Sized, U: ?Sized) OwnedRwLockReadGuard<T, U>, U }
guard! { mut (T: ?Sized) OwnedRwLockWriteGuard<T>, T }
guard! { mut (T: ?Sized, U: ?Sized) OwnedRwLockMappedWriteGuard<T, U>, U }

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// Of a lock of which a permit has been taken.
    pub(super) fn new(lock: Arc<RwLock<T>>, location: &'static Location<'static>) -> OwnedRwLockReadGuard<T> {
        let data = lock.data.get();
        OwnedRwLockReadGuard { held: Held::new(lock, 1, location), data }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// A guard of a part of the data.
    pub fn map<F, V: ?Sized>(this: Self, part: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        let data = std::ptr::from_ref(part(&*this));
        OwnedRwLockReadGuard { held: this.held, data }
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<F, V: ?Sized>(this: Self, part: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        match part(&*this).map(std::ptr::from_ref) {
            Some(data) => Ok(OwnedRwLockReadGuard { held: this.held, data }),
            None => Err(this),
        }
    }

    /// The lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        &this.held.source
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// Of a lock of which all permits have been taken.
    pub(super) fn new(
        lock: Arc<RwLock<T>>,
        location: &'static Location<'static>,
    ) -> OwnedRwLockWriteGuard<T> {
        let (data, count) = (lock.data.get(), lock.max_readers);
        OwnedRwLockWriteGuard { held: Held::new(lock, count, location), data }
    }

    /// A guard that reads a part of the data. Nobody writes in between.
    #[track_caller]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, part: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data = std::ptr::from_ref(part(&*this));
        OwnedRwLockReadGuard { held: this.held.downgrade(Location::caller()), data }
    }

    /// A guard that reads a part of the data, if there is one. Nobody writes in between.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    #[track_caller]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, part: F) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match part(&*this).map(std::ptr::from_ref) {
            Some(data) => Ok(OwnedRwLockReadGuard { held: this.held.downgrade(Location::caller()), data }),
            None => Err(this),
        }
    }

    /// The same guard, as one of a part of the data.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard { held: this.held, data: this.data }
    }

    /// A guard that reads. Nobody writes in between.
    #[track_caller]
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard { held: self.held.downgrade(Location::caller()), data: self.data }
    }
}

macro_rules! maps {
    (($($generics:tt)*) $name:ty, $target:ident) => {
        impl<$($generics)*> $name {
            /// A guard of a part of the data.
            pub fn map<F, V: ?Sized>(mut this: Self, part: F) -> OwnedRwLockMappedWriteGuard<T, V>
            where
                F: FnOnce(&mut $target) -> &mut V,
            {
                let data = std::ptr::from_mut(part(&mut *this));
                OwnedRwLockMappedWriteGuard { held: this.held, data }
            }

            /// A guard of a part of the data, if there is one.
            ///
            /// # Errors
            ///
            /// If there is none: the guard itself.
            pub fn try_map<F, V: ?Sized>(
                mut this: Self,
                part: F,
            ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
            where
                F: FnOnce(&mut $target) -> Option<&mut V>,
            {
                match part(&mut *this).map(|data| std::ptr::from_mut(data)) {
                    Some(data) => Ok(OwnedRwLockMappedWriteGuard { held: this.held, data }),
                    None => Err(this),
                }
            }

            /// The lock.
            pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
                &this.held.source
            }
        }
    };
}

maps! { (T: ?Sized) OwnedRwLockWriteGuard<T>, T }
maps! { (T: ?Sized, U: ?Sized) OwnedRwLockMappedWriteGuard<T, U>, U }
