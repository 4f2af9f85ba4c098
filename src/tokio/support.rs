//! What the expansions of tokio's macros call. Not part of the public API.

use std::collections::hash_map::RandomState;
use std::future::{Future, IntoFuture};
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::act::proceed;
use crate::rt::current;
use crate::rt::op::nowhere;
use crate::rt::tasks::LeafKind;

pub use super::scopes::Within;

/// The future of a branch.
pub fn into_future<F: IntoFuture>(value: F) -> F::IntoFuture {
    value.into_future()
}

/// Whether the task gives way before it polls any branch, as tokio's `select!` does when the task's budget is used up.
pub fn gives_way(context: &Context<'_>) -> bool {
    let gives_way = proceed(context, LeafKind::Operation, nowhere()).is_pending();
    if let (false, Some(current)) = (gives_way, current()) {
        current.note_budget();
    }
    gives_way
}

/// Which of so many branches is polled first.
#[track_caller]
pub fn first_branch(count: u32) -> u32 {
    match current() {
        _ if count < 2 => 0,
        Some(_) => crate::rand::choose(count as usize) as u32,
        None => (RandomState::new().build_hasher().finish() % u64::from(count)) as u32,
    }
}

/// A future, its output, or neither.
#[derive(Debug)]
pub enum MaybeDone<F: Future> {
    /// It is not ready.
    Future(F),
    /// It is.
    Done(F::Output),
    /// The output was taken.
    Gone,
}

impl<F: Future> MaybeDone<F> {
    /// A future that was not polled.
    pub fn new(value: impl IntoFuture<IntoFuture = F>) -> MaybeDone<F> {
        MaybeDone::Future(value.into_future())
    }

    /// Polls the future, unless it was ready before.
    pub fn poll_once(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future is pinned with what it is in, and dropped in its place.
        let future = match unsafe { self.as_mut().get_unchecked_mut() } {
            // SAFETY: as above.
            MaybeDone::Future(future) => unsafe { Pin::new_unchecked(future) },
            _ => return Poll::Ready(()),
        };
        let within = Within::join();
        let Poll::Ready(output) = future.poll(context) else { return Poll::Pending };
        drop(within);
        self.set(MaybeDone::Done(output));
        Poll::Ready(())
    }

    /// The output.
    ///
    /// # Panics
    ///
    /// If there is none, or it was taken.
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        // SAFETY: what is moved is an output, which is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        match this {
            MaybeDone::Done(_) => {}
            _ => panic!("a future of `join!` is not ready"),
        }
        match std::mem::replace(this, MaybeDone::Gone) {
            MaybeDone::Done(output) => output,
            _ => unreachable!("looked at above"),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// The error, if the future has ended with one.
    pub fn take_error(self: Pin<&mut Self>) -> Option<E> {
        match &*self {
            MaybeDone::Done(Err(_)) => self.take_output().err(),
            _ => None,
        }
    }
}
