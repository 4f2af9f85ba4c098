//! Mirror of [tokio's `time`](::tokio::time) over the virtual time of an execution.
//!
//! Inside an exploration time passes when nothing can run, as far as the next deadline, or at any moment with
//! `timeouts = "any"`; so it is as if it were paused. `advance` moves it.

mod clock;
mod instant;
mod interval;
mod sleep;
mod timeout;

pub use ::tokio::time::MissedTickBehavior;
pub use clock::{advance, pause, resume};
pub use instant::Instant;
pub use interval::{Interval, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use std::time::Duration;
pub use timeout::{Timeout, timeout, timeout_at};

/// Errors of time.
pub mod error {
    pub use super::timeout::Elapsed;
}
