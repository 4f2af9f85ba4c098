//! How a primitive of tokio's is operated on inside an exploration: one step of the model, in which tokio's own state machine runs.
//!
//! tokio's primitives need no runtime, and nothing in them waits for another OS thread as long as one fiber runs at a time. So
//! what they mean (fairness, cancel safety, places in queues) is not written again: an *act* publishes an operation, and does
//! it in one piece once its thread is picked. Code of the user must not run within it, since it could come to operations of its
//! own. Hence wakers that are called in an act are called after it, and what is dropped in it is dropped after it.

use std::panic::Location;
use std::task::{Context, Poll};

use crate::rt::op::ObjectId;
use crate::rt::op::verb::Verb;
use crate::rt::tasks::LeafKind;
use crate::rt::{Identity, current};
use crate::tokio::acting::{Acting, do_afterwards};
use crate::tokio::shell::with_shell;

/// What is done to which primitive, and where.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) identity: &'a Identity,
    pub(super) name: &'static str,
    pub(super) location: &'static Location<'static>,
}

impl Site<'_> {
    /// The object, inside an exploration.
    pub(super) fn object(&self) -> Option<ObjectId> {
        current().map(|current| current.async_object(self.identity, self.name))
    }

    /// One step: what `act` does. With what it returns it says whether the primitive has stayed as it was.
    pub(super) fn act<R>(&self, verb: Verb, act: impl FnOnce() -> (R, bool)) -> R {
        let Some(current) = current() else { return act().0 };
        let object = current.async_object(self.identity, self.name);
        act_on(object, verb, self.location, act)
    }

    /// One step that changes the primitive.
    pub(super) fn change<R>(&self, verb: Verb, act: impl FnOnce() -> R) -> R {
        self.act(verb, || (act(), false))
    }

    /// One step that polls something of tokio's. Given up, it leaves nothing but its waker.
    pub(super) fn poll<R>(
        &self,
        verb: Verb,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let Some(object) = self.object() else { return poll(context) };
        if gives_way(context, (object, LeafKind::Operation), verb, self.location) {
            return Poll::Pending;
        }
        poll_on(object, verb, self.location, context, poll)
    }

    /// The same, where the task does not give way before.
    pub(super) fn poll_at_once<R>(
        &self,
        verb: Verb,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        match self.object() {
            Some(object) => poll_on(object, verb, self.location, context, poll),
            None => poll(context),
        }
    }

    /// One step that asks for a count, which changes without a step elsewhere.
    pub(super) fn count<R>(&self, act: impl FnOnce() -> R) -> R {
        if let Some(current) = current() {
            current.note_count();
        }
        self.look(act)
    }

    /// One step that only looks.
    pub(super) fn look<R>(&self, act: impl FnOnce() -> R) -> R {
        self.act(Verb::Look, || (act(), true))
    }
}

/// One step on an object of the running execution.
pub(super) fn act_on<R>(
    object: ObjectId,
    verb: Verb,
    location: &'static Location<'static>,
    act: impl FnOnce() -> (R, bool),
) -> R {
    let Some(current) = current() else { return act().0 };
    let result = current.operate(object, verb, location, || {
        let _acting = Acting::begin();
        act()
    });
    do_afterwards();
    result
}

/// One step that polls something of tokio's.
pub(super) fn poll_on<R>(
    object: ObjectId,
    verb: Verb,
    location: &'static Location<'static>,
    context: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    let result = with_shell(context.waker(), |waker| {
        act_on(object, verb, location, || {
            let result = poll(&mut Context::from_waker(waker));
            let is_pending = result.is_pending();
            (result, is_pending)
        })
    });
    if let Some(current) = current() {
        match &result {
            Poll::Pending => current.note_await(object, verb, location),
            Poll::Ready(_) => current.uses_budget(),
        }
    }
    result
}

/// Whether the task gives way where it awaits this.
pub(super) fn gives_way(
    context: &Context<'_>,
    (object, leaf): (ObjectId, LeafKind),
    verb: Verb,
    location: &'static Location<'static>,
) -> bool {
    let is_pending = proceed(context, leaf, location).is_pending();
    if let (true, Some(current)) = (is_pending, current()) {
        current.note_await(object, verb, location);
    }
    is_pending
}

/// As `proceed`, for an operation that goes on, if it does.
pub(super) fn proceed_and_go_on(
    context: &Context<'_>,
    leaf: LeafKind,
    location: &'static Location<'static>,
) -> Poll<()> {
    let proceeds = proceed(context, leaf, location);
    if let (Poll::Ready(()), Some(current)) = (proceeds, current()) {
        current.uses_budget();
    }
    proceeds
}

/// Whether a leaf operation goes on. If not, its task gives way, as if its cooperative budget were used up, and is polled again.
pub(super) fn proceed(
    context: &Context<'_>,
    leaf: LeafKind,
    location: &'static Location<'static>,
) -> Poll<()> {
    match current() {
        Some(current) if current.gives_way(leaf, location) => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
        _ => Poll::Ready(()),
    }
}
