//! The guard of who reads.

use std::marker::PhantomData;

use super::held::{Held, guard};
use crate::tokio::sync::semaphore::Permits;

/// Mirror of [tokio's `sync::RwLockReadGuard`](::tokio::sync::RwLockReadGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    held: Held<&'a Permits>,
    data: *const T,
    marker: PhantomData<&'a T>,
}

// SAFETY: as a `&T`, and a permit that any thread may give back.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockReadGuard<'_, T> {}

guard! { ('a, T: ?Sized) RwLockReadGuard<'a, T>, T }

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// `data` are those that the permit is for, or a part of them.
    pub(super) fn new(held: Held<&'a Permits>, data: *const T) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { held, data, marker: PhantomData }
    }

    /// A guard of a part of the data.
    pub fn map<F, U: ?Sized>(this: Self, part: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data = std::ptr::from_ref(part(&*this));
        RwLockReadGuard::new(this.held, data)
    }

    /// A guard of a part of the data, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none: the guard itself.
    pub fn try_map<F, U: ?Sized>(this: Self, part: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        match part(&*this).map(std::ptr::from_ref) {
            Some(data) => Ok(RwLockReadGuard::new(this.held, data)),
            None => Err(this),
        }
    }
}
