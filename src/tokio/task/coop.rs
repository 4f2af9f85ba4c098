//! Mirror of [tokio's `task::coop`](::tokio::task::coop): what futures that are polled by hand ask before they go on.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::rt::current;
use crate::rt::tasks::LeafKind;
use crate::tokio::act::proceed;

pub use super::yielding::{Unconstrained, consume_budget, unconstrained};

/// Whether the task may go on: a choice inside an exploration, as where an operation may give way. If not, the task's next operation
/// gives way.
#[track_caller]
pub fn has_budget_remaining() -> bool {
    match current() {
        Some(current) => !current.gives_way(LeafKind::Operation, Location::caller()),
        None => ::tokio::task::coop::has_budget_remaining(),
    }
}

/// Mirror of [tokio's `task::coop::RestoreOnPending`](::tokio::task::coop::RestoreOnPending). Inside an exploration there is nothing
/// to restore.
#[derive(Debug)]
#[must_use]
pub struct RestoreOnPending {
    outside: Option<::tokio::task::coop::RestoreOnPending>,
    /// As tokio's, it stays on its thread.
    marker: PhantomData<*mut ()>,
}

impl RestoreOnPending {
    /// The task has come further.
    pub fn made_progress(&self) {
        match (&self.outside, current()) {
            (Some(outside), _) => outside.made_progress(),
            (None, Some(current)) => current.uses_budget(),
            (None, None) => {}
        }
    }
}

/// Mirror of [tokio's `task::coop::poll_proceed`](::tokio::task::coop::poll_proceed): inside an exploration, whether the task gives
/// way here is a choice.
#[track_caller]
pub fn poll_proceed(context: &mut Context<'_>) -> Poll<RestoreOnPending> {
    proceed_at(context, Location::caller())
}

fn proceed_at(context: &mut Context<'_>, location: &'static Location<'static>) -> Poll<RestoreOnPending> {
    let outside = match current() {
        Some(_) => {
            ready!(proceed(context, LeafKind::Operation, location));
            None
        }
        None => Some(ready!(::tokio::task::coop::poll_proceed(context))),
    };
    Poll::Ready(RestoreOnPending { outside, marker: PhantomData })
}

/// Mirror of [tokio's `task::coop::cooperative`](::tokio::task::coop::cooperative): the task may give way before the future is polled.
#[track_caller]
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future, location: Location::caller() }
}

/// Mirror of [tokio's `task::coop::Coop`](::tokio::task::coop::Coop).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Coop<F> {
    future: F,
    location: &'static Location<'static>,
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let coop = ready!(proceed_at(context, self.location));
        // SAFETY: the future is pinned with what it is in, and moved nowhere.
        let output = ready!(unsafe { self.map_unchecked_mut(|this| &mut this.future) }.poll(context));
        coop.made_progress();
        Poll::Ready(output)
    }
}
