//! Threads; mirrors [`std::thread`] as far as loom does.

mod current;
mod local;
mod spawn;

pub use drawloom::thread::{ThreadId, panicking};

pub(crate) use current::begin_execution;
pub use current::{Thread, current};
pub use local::{AccessError, LocalKey};
pub use spawn::{Builder, JoinHandle, spawn};

use crate::outside;

/// Waits for the thread's token and takes it; may return for no reason, as std's may.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn park() {
    outside::check("loom::thread::park");
    drawloom::thread::park();
}

/// Lets other threads run: for loops that wait for another thread.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn yield_now() {
    outside::check("loom::thread::yield_now");
    drawloom::thread::yield_now();
}
