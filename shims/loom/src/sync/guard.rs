//! The guards of locks: drawloom's, without `#[must_use]`. loom's have none, and a suite that takes a lock in a
//! statement of its own and denies warnings would not compile.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// Releases its [`Mutex`](super::Mutex) when dropped; see [`std::sync::MutexGuard`].
pub struct MutexGuard<'a, T: ?Sized>(pub(super) drawloom::sync::MutexGuard<'a, T>);

/// Releases its [`RwLock`](super::RwLock) when dropped; see [`std::sync::RwLockReadGuard`].
pub struct RwLockReadGuard<'a, T: ?Sized>(pub(super) drawloom::sync::RwLockReadGuard<'a, T>);

/// Releases its [`RwLock`](super::RwLock) when dropped; see [`std::sync::RwLockWriteGuard`].
pub struct RwLockWriteGuard<'a, T: ?Sized>(pub(super) drawloom::sync::RwLockWriteGuard<'a, T>);

macro_rules! guards {
    ($($guard:ident)*) => {$(
        impl<T: ?Sized> Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

guards!(MutexGuard RwLockReadGuard RwLockWriteGuard);

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Changes what is locked, in either case.
pub(super) fn map<G, H>(result: LockResult<G>, f: impl FnOnce(G) -> H) -> LockResult<H> {
    match result {
        Ok(guard) => Ok(f(guard)),
        Err(poisoned) => Err(PoisonError::new(f(poisoned.into_inner()))),
    }
}

/// As `map`.
pub(super) fn try_map<G, H>(result: TryLockResult<G>, f: impl FnOnce(G) -> H) -> TryLockResult<H> {
    match result {
        Ok(guard) => Ok(f(guard)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        Err(TryLockError::Poisoned(poisoned)) => {
            Err(TryLockError::Poisoned(PoisonError::new(f(poisoned.into_inner()))))
        }
    }
}
