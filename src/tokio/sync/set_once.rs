//! Mirror of tokio's `SetOnce`: a value, and who waits for it.
//!
//! What is set in an execution belongs to it: one in a `static` begins each as it was made.

use std::future::Future;
use std::panic::Location;

use super::notify::Notify;
use super::once_cell::acts_as_its_value;
use crate::sync::OnceLock;

pub use ::tokio::sync::SetOnceError;

/// Mirror of [tokio's `sync::SetOnce`](::tokio::sync::SetOnce).
pub struct SetOnce<T> {
    waiting: Notify,
    /// What it was made with.
    given: Option<T>,
    value: OnceLock<T>,
}

impl<T> SetOnce<T> {
    /// An empty one.
    #[track_caller]
    #[must_use]
    pub fn new() -> SetOnce<T> {
        SetOnce::const_new()
    }

    /// The same, for statics.
    #[track_caller]
    #[must_use]
    pub const fn const_new() -> SetOnce<T> {
        SetOnce { waiting: Notify::named("SetOnce"), given: None, value: OnceLock::new() }
    }

    /// One with a value, if there is one.
    #[track_caller]
    #[must_use]
    pub fn new_with(value: Option<T>) -> SetOnce<T> {
        SetOnce { given: value, ..SetOnce::const_new() }
    }

    /// One with a value, for statics.
    #[track_caller]
    #[must_use]
    pub const fn const_new_with(value: T) -> SetOnce<T> {
        SetOnce { waiting: Notify::named("SetOnce"), given: Some(value), value: OnceLock::new() }
    }

    /// Whether there is a value.
    #[track_caller]
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// The value, if there is one.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.get_at(Location::caller())
    }

    fn get_at(&self, location: &'static Location<'static>) -> Option<&T> {
        self.given.as_ref().or_else(|| self.value.get_at(location))
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If there is a value: this one.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        if self.given.is_some() {
            return Err(SetOnceError(value));
        }
        self.value.set(value).map_err(SetOnceError)?;
        self.waiting.notify_waiters();
        Ok(())
    }

    /// Waits for the value.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let location = Location::caller();
        async move {
            loop {
                if let Some(value) = self.get_at(location) {
                    return value;
                }
                let notified = self.waiting.wait(location);
                // It may have been set before it was waited for.
                if let Some(value) = self.get_at(location) {
                    return value;
                }
                notified.await;
            }
        }
    }

    /// The value itself, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.given.or_else(|| self.value.into_inner())
    }
}

acts_as_its_value! { SetOnce }
