//! Giving way to other tasks.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::rt::current;
use crate::rt::tasks::LeafKind;
use crate::tokio::act::proceed_and_go_on;

/// Mirror of [tokio's `task::yield_now`](::tokio::task::yield_now): the task is pending once, and goes behind those that are ready.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> + Send {
    let location = Location::caller();
    let mut has_yielded = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        if let Some(current) = current() {
            current.note_yield(location);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Mirror of [tokio's `task::consume_budget`](::tokio::task::consume_budget).
#[track_caller]
pub fn consume_budget() -> impl Future<Output = ()> + Send {
    let location = Location::caller();
    poll_fn(move |context| proceed_and_go_on(context, LeafKind::Operation, location))
}

/// Mirror of [tokio's `task::unconstrained`](::tokio::task::unconstrained): the future's task does not give way where it could go on.
pub fn unconstrained<F>(inner: F) -> Unconstrained<F> {
    Unconstrained { inner }
}

/// Mirror of [tokio's `task::Unconstrained`](::tokio::task::Unconstrained).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Unconstrained<F> {
    inner: F,
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned with what it is in, and moved nowhere.
        let inner = unsafe { self.map_unchecked_mut(|this| &mut this.inner) };
        let Some(current) = current() else { return ::tokio::task::unconstrained(inner).poll_once(context) };
        let before = current.set_gives_way(0);
        let result = inner.poll(context);
        current.set_gives_way(before);
        result
    }
}

/// Polls a future once.
trait PollOnce: Future + Sized {
    fn poll_once(self, context: &mut Context<'_>) -> Poll<Self::Output>;
}

impl<F: Future> PollOnce for F {
    fn poll_once(self, context: &mut Context<'_>) -> Poll<F::Output> {
        std::pin::pin!(self).poll(context)
    }
}
