//! A leaf future: one of tokio's, each poll of which is one act.
//!
//! Dropped before it is ready, it may give up a place in a queue, or hand on what it was just given: that is an act as well.

use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::act::{Site, act_on, gives_way, poll_on};
use crate::rt::current;
use crate::rt::op::ObjectId;
use crate::rt::op::lock::LockMode;
use crate::rt::op::verb::Verb;
use crate::rt::tasks::LeafKind;

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    New,
    Waits,
    Done,
}

/// A future of tokio's under control.
pub(super) struct Leaf<F: Future> {
    future: ManuallyDrop<F>,
    object: Option<ObjectId>,
    verb: Verb,
    location: &'static Location<'static>,
    progress: Progress,
    /// Whether it uses the task's budget, so that the task may give way.
    is_cooperative: bool,
}

impl<F: Future> Leaf<F> {
    pub(super) fn new(site: &Site<'_>, verb: Verb, future: F) -> Leaf<F> {
        let (object, location, progress) = (site.object(), site.location, Progress::New);
        Leaf { future: ManuallyDrop::new(future), object, verb, location, progress, is_cooperative: true }
    }

    /// One that does not use the task's budget in tokio either (no `coop` in its sources, 1.54).
    pub(super) fn without_budget(site: &Site<'_>, verb: Verb, future: F) -> Leaf<F> {
        let mut leaf = Leaf::new(site, verb, future);
        leaf.is_cooperative = false;
        leaf
    }

    fn future(self: Pin<&mut Self>) -> Pin<&mut F> {
        // SAFETY: the future is pinned with the leaf; it is moved nowhere, and dropped in its place.
        unsafe { self.map_unchecked_mut(|leaf| &mut *leaf.future) }
    }

    /// Does something to tokio's future, in one step.
    pub(super) fn operate<R>(mut self: Pin<&mut Self>, act: impl FnOnce(Pin<&mut F>) -> R) -> R {
        let (object, verb, location) = (self.object, self.verb, self.location);
        // SAFETY: nothing is moved.
        unsafe { self.as_mut().get_unchecked_mut() }.progress = Progress::Waits;
        match object.filter(|_| current().is_some()) {
            Some(object) => act_on(object, verb, location, || (act(self.future()), false)),
            None => act(self.future()),
        }
    }
}

impl<F: Future> Future for Leaf<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.object.filter(|_| current().is_some()) {
            Some(object)
                if self.is_cooperative
                    && gives_way(context, (object, LeafKind::Operation), self.verb, self.location) =>
            {
                Poll::Pending
            }
            _ => self.step(context),
        }
    }
}

impl<F: Future> Leaf<F> {
    /// Polls tokio's future in one step, without giving way before.
    fn step(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let (verb, location) = (self.verb, self.location);
        let Some(object) = self.object.filter(|_| current().is_some()) else {
            return self.future().poll(context);
        };
        let result = poll_on(object, verb, location, context, |context| self.as_mut().future().poll(context));
        // SAFETY: nothing is moved.
        let leaf = unsafe { self.get_unchecked_mut() };
        leaf.progress = if result.is_pending() { Progress::Waits } else { Progress::Done };
        result
    }
}

impl<F: Future> Drop for Leaf<F> {
    fn drop(&mut self) {
        let future = &mut self.future;
        let mut drop_it = || {
            // SAFETY: dropped here and nowhere else, in its place.
            unsafe { ManuallyDrop::drop(future) }
        };
        match self.object.filter(|_| self.progress == Progress::Waits && current().is_some()) {
            Some(object) => {
                if let Some(current) = current() {
                    current.note_no_await(self.verb, self.location);
                }
                act_on(object, Verb::Leave, self.location, || (drop_it(), false));
            }
            None => drop_it(),
        }
    }
}

/// A leaf that takes a place or permits. tokio asks whether its task is to give way *after* they are taken: a task that gives
/// way here has them meanwhile, and the others find them taken.
pub(super) struct Taking<F: Future<Output = Result<T, E>>, T, E, A> {
    leaf: Leaf<F>,
    given: Option<T>,
    /// What becomes of what was taken once the task goes on: it may be in vain, as tokio looks again.
    again: A,
    marker: PhantomData<fn() -> E>,
}

impl<F: Future<Output = Result<T, E>>, T, E, A: Fn(T) -> Result<T, E>> Taking<F, T, E, A> {
    pub(super) fn new(site: &Site<'_>, verb: Verb, future: F, again: A) -> Taking<F, T, E, A> {
        Taking { leaf: Leaf::new(site, verb, future), given: None, again, marker: PhantomData }
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, A: Fn(T) -> Result<T, E>> Future for Taking<F, T, E, A> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        // SAFETY: the leaf is pinned with this, and moved nowhere. What was taken is not pinned.
        let (leaf, given, again) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.leaf), &mut this.given, &this.again)
        };
        let Some((current, object)) = current().zip(leaf.object) else { return leaf.poll(context) };
        let (verb, location) = (leaf.verb, leaf.location);
        let is_first = given.is_none();
        let has_budget = current.has_budget();
        if is_first {
            match leaf.step(context) {
                Poll::Ready(Ok(taken)) => {
                    *given = Some(taken);
                    current.note_lock(object, verb, location);
                }
                result => return result,
            }
        }
        if !has_budget && gives_way(context, (object, LeafKind::Taken), verb, location) {
            if is_first {
                current.note_kept(object, location);
            }
            return Poll::Pending;
        }
        if !is_first {
            current.note_not_kept(object, location);
        }
        let taken = given.take().expect("taken above, or before");
        // Nothing closes a lock, so that there is nothing to look for.
        if LockMode::taken_by(verb).is_some() {
            return Poll::Ready(Ok(taken));
        }
        // Where it has not given way it looks nevertheless, if the order of polls is explored by itself: what it does then is what it
        // would do after giving way, and the search takes it for that.
        if is_first && !current.orders_polls() {
            return Poll::Ready(Ok(taken));
        }
        Poll::Ready(act_on(object, Verb::LookAgain, location, || (again(taken), true)))
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, A> Drop for Taking<F, T, E, A> {
    fn drop(&mut self) {
        let Some(given) = self.given.take() else { return };
        match self.leaf.object.filter(|_| current().is_some()) {
            Some(object) => {
                act_on(object, Verb::GiveBack, self.leaf.location, || (drop(given), false));
                if let Some(current) = current() {
                    current.note_not_kept(object, self.leaf.location);
                    if LockMode::taken_by(self.leaf.verb).is_some() {
                        current.note_unlock(object, false);
                    }
                }
            }
            None => drop(given),
        }
    }
}
