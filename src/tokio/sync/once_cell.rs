//! Mirror of tokio's `OnceCell`: a semaphore of one permit, for who initializes it, and the value.
//!
//! What is set in an execution belongs to it: a cell in a `static` begins each as it was made.

use std::convert::Infallible;
use std::future::Future;
use std::panic::Location;

use super::semaphore::{Permits, TryAcquireError};
use crate::rt::op::verb::Verb;
use crate::sync::OnceLock;

pub use ::tokio::sync::SetError;

/// Mirror of [tokio's `sync::OnceCell`](::tokio::sync::OnceCell).
pub struct OnceCell<T> {
    permit: Permits,
    /// What it was made with.
    given: Option<T>,
    value: OnceLock<T>,
}

/// The permit to initialize. Given up, it goes to the next.
struct Turn<'a> {
    permit: &'a Permits,
    location: &'static Location<'static>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.permit.give(1, Verb::Release, self.location);
    }
}

impl<T> OnceCell<T> {
    /// An empty one.
    #[track_caller]
    #[must_use]
    pub fn new() -> OnceCell<T> {
        OnceCell::const_new()
    }

    /// The same, for statics.
    #[track_caller]
    #[must_use]
    pub const fn const_new() -> OnceCell<T> {
        OnceCell { permit: Permits::new("OnceCell", 1), given: None, value: OnceLock::new() }
    }

    /// One with a value, if there is one.
    #[track_caller]
    #[must_use]
    pub fn new_with(value: Option<T>) -> OnceCell<T> {
        OnceCell { given: value, ..OnceCell::const_new() }
    }

    /// One with a value, for statics.
    #[track_caller]
    #[must_use]
    pub const fn const_new_with(value: T) -> OnceCell<T> {
        OnceCell { permit: Permits::new("OnceCell", 1), given: Some(value), value: OnceLock::new() }
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

    /// The value to change, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.given.as_mut().or_else(|| self.value.get_mut())
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If there is a value, or somebody is about to make one: this value.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        let location = Location::caller();
        if self.get_at(location).is_some() {
            return Err(SetError::AlreadyInitializedError(value));
        }
        match self.permit.try_take(1, Verb::Set, location) {
            Ok(()) => {
                self.complete(value, Turn { permit: &self.permit, location });
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => Err(SetError::InitializingError(value)),
            Err(TryAcquireError::Closed) => Err(SetError::AlreadyInitializedError(value)),
        }
    }

    /// The value; if there is none, `make` makes it. Others that ask meanwhile wait, and make one if this is given up.
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, make: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let location = Location::caller();
        async move {
            let making = self.init_at(async || Ok::<T, Infallible>(make().await), location);
            match making.await {
                Ok(value) => value,
                Err(never) => match never {},
            }
        }
    }

    /// The value; if there is none, `make` makes it, or fails to.
    ///
    /// # Errors
    ///
    /// What `make` fails with. The cell is empty then.
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, make: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.init_at(make, Location::caller())
    }

    async fn init_at<E, Fut: Future<Output = Result<T, E>>>(
        &self,
        make: impl FnOnce() -> Fut,
        location: &'static Location<'static>,
    ) -> Result<&T, E> {
        if let Some(value) = self.get_at(location) {
            return Ok(value);
        }
        // Closed is what it is once there is a value.
        if self.permit.take(1, Verb::Initialize, location).await.is_ok() {
            let turn = Turn { permit: &self.permit, location };
            let value = make().await?;
            self.complete(value, turn);
        }
        Ok(self.get_at(location).expect("a value stays when it is set"))
    }

    /// Sets the value, and lets on who waits for it.
    fn complete(&self, value: T, turn: Turn<'_>) {
        let Turn { permit, location } = turn;
        assert!(self.value.set_at(value, location).is_ok(), "one at a time initializes");
        std::mem::forget(turn);
        permit.close(location);
    }

    /// The value itself, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.given.or_else(|| self.value.into_inner())
    }

    /// Takes the value out, if there is one.
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        // Made here, so that it is known by the caller's place.
        let empty = OnceCell::new();
        std::mem::replace(self, empty).into_inner()
    }
}

/// What a cell does like the value in it; for [`SetOnce`](super::SetOnce) as well.
macro_rules! acts_as_its_value {
    ($cell:ident) => {
        impl<T> Default for $cell<T> {
            #[track_caller]
            fn default() -> $cell<T> {
                $cell::new()
            }
        }

        impl<T> From<T> for $cell<T> {
            #[track_caller]
            fn from(value: T) -> $cell<T> {
                $cell::new_with(Some(value))
            }
        }

        impl<T: Clone> Clone for $cell<T> {
            #[track_caller]
            fn clone(&self) -> $cell<T> {
                $cell::new_with(self.get().cloned())
            }
        }

        impl<T: PartialEq> PartialEq for $cell<T> {
            #[track_caller]
            fn eq(&self, other: &$cell<T>) -> bool {
                self.get() == other.get()
            }
        }

        impl<T: Eq> Eq for $cell<T> {}

        impl<T: std::fmt::Debug> std::fmt::Debug for $cell<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let value = self.given.as_ref().or_else(|| self.value.peek());
                f.debug_struct(stringify!($cell)).field("value", &value).finish()
            }
        }
    };
}

pub(super) use acts_as_its_value;

acts_as_its_value! { OnceCell }
