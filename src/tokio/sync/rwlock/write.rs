//! The guards of who writes.

use std::marker::PhantomData;
use std::panic::Location;

use super::held::{Held, guard};
use super::read::RwLockReadGuard;
use crate::tokio::sync::semaphore::Permits;

/// Mirror of [tokio's `sync::RwLockWriteGuard`](::tokio::sync::RwLockWriteGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    held: Held<&'a Permits>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

/// Mirror of [tokio's `sync::RwLockMappedWriteGuard`](::tokio::sync::RwLockMappedWriteGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    held: Held<&'a Permits>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

macro_rules! write_guard {
    ($name:ident) => {
        // SAFETY: as a `&mut T`, and permits that any thread may give back; it can become a guard that reads.
        unsafe impl<T: ?Sized + Send + Sync> Send for $name<'_, T> {}
        // SAFETY: as above.
        unsafe impl<T: ?Sized + Send + Sync> Sync for $name<'_, T> {}

        guard! { mut ('a, T: ?Sized) $name<'a, T>, T }

        impl<'a, T: ?Sized> $name<'a, T> {
            /// `data` are those that the permits are for, or a part of them.
            pub(super) fn new(held: Held<&'a Permits>, data: *mut T) -> $name<'a, T> {
                $name { held, data, marker: PhantomData }
            }

            /// A guard of a part of the data.
            pub fn map<F, U: ?Sized>(mut this: Self, part: F) -> RwLockMappedWriteGuard<'a, U>
            where
                F: FnOnce(&mut T) -> &mut U,
            {
                let data = std::ptr::from_mut(part(&mut *this));
                RwLockMappedWriteGuard::new(this.held, data)
            }

            /// A guard of a part of the data, if there is one.
            ///
            /// # Errors
            ///
            /// If there is none: the guard itself.
            pub fn try_map<F, U: ?Sized>(
                mut this: Self,
                part: F,
            ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
            where
                F: FnOnce(&mut T) -> Option<&mut U>,
            {
                match part(&mut *this).map(|data| std::ptr::from_mut(data)) {
                    Some(data) => Ok(RwLockMappedWriteGuard::new(this.held, data)),
                    None => Err(this),
                }
            }
        }
    };
}

write_guard! { RwLockWriteGuard }
write_guard! { RwLockMappedWriteGuard }

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// A guard that reads a part of the data. Nobody writes in between.
    #[track_caller]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, part: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data = std::ptr::from_ref(part(&*this));
        RwLockReadGuard::new(this.held.downgrade(Location::caller()), data)
    }

    /// A guard that reads a part of the data, if there is one. Nobody writes in between.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    #[track_caller]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, part: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match part(&*this).map(std::ptr::from_ref) {
            Some(data) => Ok(RwLockReadGuard::new(this.held.downgrade(Location::caller()), data)),
            None => Err(this),
        }
    }

    /// The same guard, as one of a part of the data.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard::new(this.held, this.data)
    }

    /// A guard that reads. Nobody writes in between.
    #[track_caller]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard::new(self.held.downgrade(Location::caller()), self.data)
    }
}
