//! Why a task has no result.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Id;

/// Mirror of [tokio's `task::JoinError`](::tokio::task::JoinError).
pub struct JoinError(Repr);

enum Repr {
    Outside(::tokio::task::JoinError),
    Cancelled(u64),
    Panic(u64, Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn cancelled(number: u64) -> JoinError {
        JoinError(Repr::Cancelled(number))
    }

    pub(crate) fn panic(number: u64, payload: Box<dyn Any + Send>) -> JoinError {
        JoinError(Repr::Panic(number, Mutex::new(payload)))
    }

    /// Whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        match &self.0 {
            Repr::Outside(error) => error.is_cancelled(),
            repr => matches!(repr, Repr::Cancelled(_)),
        }
    }

    /// Whether the task has panicked.
    pub fn is_panic(&self) -> bool {
        match &self.0 {
            Repr::Outside(error) => error.is_panic(),
            repr => matches!(repr, Repr::Panic(..)),
        }
    }

    /// What the task has panicked with.
    ///
    /// # Panics
    ///
    /// If it has not.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(_) => panic!("`JoinError` reason is not a panic."),
        }
    }

    /// What the task has panicked with, or the error itself.
    ///
    /// # Errors
    ///
    /// If it has not panicked.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.0 {
            Repr::Panic(_, payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Repr::Outside(error) => error.try_into_panic().map_err(JoinError::from),
            repr => Err(JoinError(repr)),
        }
    }

    /// Which task it was.
    pub fn id(&self) -> Id {
        match &self.0 {
            Repr::Outside(error) => Id::outside(error.id()),
            Repr::Cancelled(number) | Repr::Panic(number, _) => Id::inside(*number),
        }
    }
}

impl From<::tokio::task::JoinError> for JoinError {
    fn from(error: ::tokio::task::JoinError) -> JoinError {
        JoinError(Repr::Outside(error))
    }
}

/// The message of a panic, if it is text.
fn message(payload: &Mutex<Box<dyn Any + Send>>) -> Option<String> {
    let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&'static str>().copied()).map(str::to_owned)
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Outside(error) => error.fmt(f),
            Repr::Cancelled(number) => write!(f, "task {number} was cancelled"),
            Repr::Panic(number, payload) => match message(payload) {
                Some(message) => write!(f, "task {number} panicked with message {message:?}"),
                None => write!(f, "task {number} panicked"),
            },
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Outside(error) => error.fmt(f),
            Repr::Cancelled(number) => write!(f, "JoinError::Cancelled(Id({number}))"),
            Repr::Panic(number, payload) => match message(payload) {
                Some(message) => write!(f, "JoinError::Panic(Id({number}), {message:?}, ...)"),
                None => write!(f, "JoinError::Panic(Id({number}), ...)"),
            },
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> std::io::Error {
        let text = if error.is_panic() { "task panicked" } else { "task was cancelled" };
        std::io::Error::other(text)
    }
}
