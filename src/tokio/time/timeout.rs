//! Mirror of tokio's `timeout`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Instant, Sleep, sleep, sleep_until};
use crate::tokio::scopes::Within;

/// Mirror of [tokio's `time::error::Elapsed`](::tokio::time::error::Elapsed).
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> std::io::Error {
        std::io::ErrorKind::TimedOut.into()
    }
}

/// Mirror of [tokio's `time::Timeout`](::tokio::time::Timeout).
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub struct Timeout<F> {
    value: F,
    delay: Sleep,
}

/// Mirror of [tokio's `time::timeout`](::tokio::time::timeout).
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { delay: sleep(duration), value: future.into_future() }
}

/// Mirror of [tokio's `time::timeout_at`](::tokio::time::timeout_at).
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { delay: sleep_until(deadline), value: future.into_future() }
}

impl<F> Timeout<F> {
    /// The future.
    pub fn get_ref(&self) -> &F {
        &self.value
    }

    /// The future.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.value
    }

    /// The future.
    pub fn into_inner(self) -> F {
        self.value
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: both are pinned with what they are in, and moved nowhere.
        let (value, delay) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.value), Pin::new_unchecked(&mut this.delay))
        };
        let within = Within::timeout(delay.is_elapsed());
        if let Poll::Ready(output) = value.poll(context) {
            return Poll::Ready(Ok(output));
        }
        drop(within);
        delay.poll_of_timeout(context).map(|()| Err(Elapsed(())))
    }
}
