//! Values of [`lazy_static!`](crate::lazy_static!), made anew in each execution and dropped at its end.

use std::fmt;

use drawloom::sync::LazyLock;
#[doc(no_inline)]
pub use drawloom::thread::panicking;

use crate::outside;
pub use crate::thread::{AccessError, yield_now};

/// What a [`lazy_static!`](crate::lazy_static!) declares.
pub struct Lazy<T: 'static> {
    value: LazyLock<T, fn() -> T>,
}

// SAFETY: std's `LazyLock` shares one value among OS threads, and asks for `T: Send + Sync`. Here each execution
// has a value of its own, and runs on one OS thread, which makes, uses and drops it; `get` lets nobody else in.
unsafe impl<T: 'static> Sync for Lazy<T> {}

impl<T: 'static> Lazy<T> {
    /// For the macro.
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Lazy<T> {
        Lazy { value: LazyLock::new(init) }
    }

    /// The value, made if it was not before in this execution.
    ///
    /// # Panics
    ///
    /// If making it panics, or did so before; outside a model.
    #[track_caller]
    pub fn get(&'static self) -> &'static T {
        outside::check("a `loom::lazy_static!`");
        LazyLock::force(&self.value)
    }
}

impl<T: 'static> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Lazy { .. }")
    }
}
