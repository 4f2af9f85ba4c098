//! Who waits for something that an act may bring about.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{Shared, State};
use crate::rt::op::verb::Verb;

/// Wakers, in the order in which they began to wait.
#[derive(Default, Debug)]
pub(super) struct Waiters {
    waiting: Vec<(u64, Waker)>,
    next: u64,
}

impl Waiters {
    /// Waits under this key, or a new one. Returns the key, and the waker that was there before.
    fn wait(&mut self, key: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        let key = key.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        match self.waiting.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => (key, Some(std::mem::replace(old, waker))),
            None => {
                self.waiting.push((key, waker));
                (key, None)
            }
        }
    }

    fn leave(&mut self, key: u64) -> Option<Waker> {
        let place = self.waiting.iter().position(|&(other, _)| other == key)?;
        Some(self.waiting.remove(place).1)
    }

    /// Takes all of them, to be woken after the act.
    pub(super) fn take(&mut self) -> Woken {
        Woken(std::mem::take(&mut self.waiting))
    }
}

/// Those that are to be woken.
#[must_use]
#[derive(Default)]
pub(super) struct Woken(Vec<(u64, Waker)>);

impl Woken {
    pub(super) fn wake(self) {
        for (_, waker) in self.0 {
            waker.wake();
        }
    }
}

/// Waits until `check` finds something. Each poll is one act.
pub(super) struct Waiting<'a, T, F> {
    shared: &'a Shared<T>,
    waiters: fn(&mut State) -> &mut Waiters,
    check: F,
    verb: Verb,
    location: &'static Location<'static>,
    key: Option<u64>,
}

impl<T, F> Unpin for Waiting<'_, T, F> {}

impl<'a, T, F> Waiting<'a, T, F> {
    pub(super) fn new(
        shared: &'a Shared<T>,
        (verb, location): (Verb, &'static Location<'static>),
        waiters: fn(&mut State) -> &mut Waiters,
        check: F,
    ) -> Waiting<'a, T, F> {
        Waiting { shared, waiters, check, verb, location, key: None }
    }
}

impl<T, R, F: FnMut(&State) -> Option<R>> Future for Waiting<'_, T, F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let shared = this.shared;
        // Dropped after the act.
        let mut old = None;
        shared.site(this.location).poll(this.verb, context, |context| {
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
        })
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
