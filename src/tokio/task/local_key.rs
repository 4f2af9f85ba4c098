//! Values that belong to a task: mirror of tokio's `task_local!`.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Mirror of [tokio's `task::LocalKey`](::tokio::task::LocalKey).
pub struct LocalKey<T: 'static> {
    #[doc(hidden)]
    pub inner: &'static crate::thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("LocalKey { .. }")
    }
}

/// The value is not there, or in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task-local value not set")
    }
}

impl std::error::Error for AccessError {}

impl<T: 'static> LocalKey<T> {
    /// Sets the value for as long as `future` runs.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture { key: self, value: Some(value), future: Some(future) }
    }

    /// Sets the value for as long as `work` runs.
    #[track_caller]
    pub fn sync_scope<F: FnOnce() -> R, R>(&'static self, value: T, work: F) -> R {
        let mut value = Some(value);
        let _set = Set::begin(self, &mut value);
        work()
    }

    /// Calls `work` with the value.
    ///
    /// # Panics
    ///
    /// If it is not set.
    #[track_caller]
    pub fn with<F: FnOnce(&T) -> R, R>(&'static self, work: F) -> R {
        match self.try_with(work) {
            Ok(result) => result,
            Err(_) => panic!("cannot access a task-local storage value without setting it first"),
        }
    }

    /// Calls `work` with the value.
    ///
    /// # Errors
    ///
    /// If it is not set.
    pub fn try_with<F: FnOnce(&T) -> R, R>(&'static self, work: F) -> Result<R, AccessError> {
        let result = self.inner.try_with(|slot| {
            let slot = slot.try_borrow().ok()?;
            slot.as_ref().map(work)
        });
        result.ok().flatten().ok_or(AccessError(()))
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// If it is not set.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value.
    ///
    /// # Errors
    ///
    /// If it is not set.
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }
}

/// While it lives, the value is in its key, and what was there before in the place of it.
struct Set<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<'a, T: 'static> Set<'a, T> {
    fn begin(key: &'static LocalKey<T>, value: &'a mut Option<T>) -> Set<'a, T> {
        let mut set = Set { key, value };
        set.exchange();
        set
    }

    fn exchange(&mut self) {
        let _ = self.key.inner.try_with(|slot| std::mem::swap(&mut *slot.borrow_mut(), self.value));
    }
}

impl<T: 'static> Drop for Set<'_, T> {
    fn drop(&mut self) {
        self.exchange();
    }
}

/// Mirror of [tokio's `task::futures::TaskLocalFuture`](::tokio::task::futures::TaskLocalFuture).
pub struct TaskLocalFuture<T: 'static, F> {
    key: &'static LocalKey<T>,
    value: Option<T>,
    future: Option<F>,
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// The value, unless the future has ended.
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        // SAFETY: the future is not moved, and the value is not pinned.
        unsafe { self.get_unchecked_mut() }.value.take()
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned with what it is in, and dropped in its place; the rest is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let _set = Set::begin(this.key, &mut this.value);
        let Some(future) = &mut this.future else { panic!("`TaskLocalFuture` polled after completion") };
        // SAFETY: as above.
        let result = unsafe { Pin::new_unchecked(future) }.poll(context);
        if result.is_ready() {
            this.future = None;
        }
        result
    }
}

impl<T: 'static, F> Drop for TaskLocalFuture<T, F> {
    fn drop(&mut self) {
        if self.future.is_some() {
            // Its destructors see the value.
            let _set = Set::begin(self.key, &mut self.value);
            self.future = None;
        }
    }
}

/// Futures of this module.
pub mod futures {
    pub use super::TaskLocalFuture;
}
