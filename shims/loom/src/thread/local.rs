//! Thread locals: drawloom's, for use inside a model only.

use std::fmt;

pub use drawloom::thread::AccessError;

use crate::outside;

/// A thread local, made by [`thread_local!`](crate::thread_local!); see [`std::thread::LocalKey`].
pub struct LocalKey<T: 'static>(&'static drawloom::thread::LocalKey<T>);

impl<T: 'static> LocalKey<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(key: &'static drawloom::thread::LocalKey<T>) -> LocalKey<T> {
        LocalKey(key)
    }

    /// Gives `f` the running thread's value, made at first use.
    ///
    /// # Panics
    ///
    /// If the value is being or was destroyed, or outside a model.
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => {
                panic!("cannot access a (mock) TLS value during or after it is destroyed: {error:?}")
            }
        }
    }

    /// As [`LocalKey::with`].
    ///
    /// # Errors
    ///
    /// If the value is being or was destroyed.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        outside::check("a `loom::thread_local!`");
        self.0.try_with(f)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("LocalKey { .. }")
    }
}
