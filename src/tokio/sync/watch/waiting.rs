//! A wait for something that an act may bring about.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::waiters::Waiters;
use super::{Shared, State};
use crate::rt::op::verb::Verb;

/// Waits until `check` finds something. Each poll is one act.
pub(super) struct Waiting<'a, T, F> {
    shared: &'a Shared<T>,
    waiters: fn(&mut State) -> &mut Waiters,
    check: F,
    verb: Verb,
    location: &'static Location<'static>,
    key: Option<u64>,
    /// Whether the task may give way before.
    gives_way: bool,
}

impl<T, F> Unpin for Waiting<'_, T, F> {}

impl<'a, T, F> Waiting<'a, T, F> {
    pub(super) fn new(
        shared: &'a Shared<T>,
        (verb, location): (Verb, &'static Location<'static>),
        waiters: fn(&mut State) -> &mut Waiters,
        check: F,
    ) -> Waiting<'a, T, F> {
        Waiting { shared, waiters, check, verb, location, key: None, gives_way: true }
    }
}

impl<T, F> Waiting<'_, T, F> {
    /// The same, where whoever awaits this asks whether the task gives way.
    pub(super) fn at_once(self) -> Self {
        let mut this = self;
        this.gives_way = false;
        this
    }
}

impl<T, R, F: FnMut(&State) -> Option<R>> Future for Waiting<'_, T, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let shared = this.shared;
        // Dropped after the act.
        let mut old = None;
        let site = shared.site(this.location);
        let poll = |context: &mut Context<'_>| {
            shared.with(|state| match (this.check)(state) {
                Some(result) => {
                    old = this.key.take().and_then(|key| (this.waiters)(state).leave(key));
                    Poll::Ready(result)
                }
                None => {
                    let (key, waker) = (this.waiters)(state).wait(this.key, context.waker().clone());
                    (this.key, old) = (Some(key), waker);
                    Poll::Pending
                }
            })
        };
        match this.gives_way {
            true => site.poll(this.verb, context, poll),
            false => site.poll_at_once(this.verb, context, poll),
        }
    }
}

impl<T, F> Drop for Waiting<'_, T, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let leave = |state: &mut State| (self.waiters)(state).leave(key);
            let _dropped_after_the_act = self.shared.change(Verb::Leave, self.location, leave);
        }
    }
}
