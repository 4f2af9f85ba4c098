//! Threads; mirrors [`std::thread`].

mod current;
mod ext;
mod local;
#[cfg(unix)]
mod os;
mod scope;
mod spawn;

pub use std::thread::Result;

pub use current::{
    Thread, ThreadId, available_parallelism, current, panicking, park, park_timeout, sleep, yield_now,
};
#[expect(deprecated, reason = "std has them still")]
pub use current::{park_timeout_ms, sleep_ms};
pub use ext::BuilderExt;
pub use local::{AccessError, LocalKey};
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use spawn::{Builder, JoinHandle, spawn};
