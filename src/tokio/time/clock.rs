//! Moving the clock.

use std::time::Duration;

use crate::rt::current;
use crate::tokio::task::yield_now;

/// Mirror of [tokio's `time::pause`](::tokio::time::pause): inside an exploration time is virtual in any case.
///
/// # Panics
///
/// Outside of explorations, as tokio's, for which the program has to depend on tokio with its feature `test-util`.
#[track_caller]
pub fn pause() {
    outside_is_tokios("pause");
}

/// Mirror of [tokio's `time::resume`](::tokio::time::resume): inside an exploration time stays virtual.
///
/// # Panics
///
/// As [`pause`].
#[track_caller]
pub fn resume() {
    outside_is_tokios("resume");
}

#[track_caller]
fn outside_is_tokios(what: &str) {
    assert!(
        current().is_some(),
        "`drawloom::tokio::time::{what}` moves virtual time, which there is inside an exploration only; outside, call \
         `tokio::time::{what}` itself"
    );
}

/// Mirror of [tokio's `time::advance`](::tokio::time::advance): what is due until then becomes due.
///
/// # Panics
///
/// As [`pause`].
pub async fn advance(duration: Duration) {
    outside_is_tokios("advance");
    if let Some(current) = current() {
        current.advance_time(duration);
    }
    yield_now().await;
}
