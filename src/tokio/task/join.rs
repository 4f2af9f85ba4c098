//! Handles of tasks.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::cell::{Abortable, Joinable};
use super::{Id, JoinError};
use crate::rt::current;
use crate::rt::op::verb::Verb;
use crate::rt::tasks::LeafKind;
use crate::tokio::act::proceed;
use crate::tokio::await_site::await_site;
use crate::tokio::shell::with_shell;

/// Mirror of [tokio's `task::JoinHandle`](::tokio::task::JoinHandle).
pub struct JoinHandle<T>(Repr<T>);

enum Repr<T> {
    Inside {
        task: Arc<dyn Joinable<T>>,
        abort: AbortHandle,
        location: &'static Location<'static>,
        /// Where it is awaited, once that is known.
        awaited_at: Option<&'static Location<'static>>,
        is_done: bool,
    },
    Outside(::tokio::task::JoinHandle<T>),
}

impl<T> Unpin for JoinHandle<T> {}
// As tokio's.
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn inside<K: Joinable<T> + Abortable + 'static>(
        task: Arc<K>,
        location: &'static Location<'static>,
    ) -> JoinHandle<T> {
        let abort = AbortHandle(Abort::Inside(Arc::clone(&task) as Arc<dyn Abortable>));
        JoinHandle(Repr::Inside { task, abort, location, awaited_at: None, is_done: false })
    }

    pub(crate) fn outside(handle: ::tokio::task::JoinHandle<T>) -> JoinHandle<T> {
        JoinHandle(Repr::Outside(handle))
    }

    /// Cancels the task: it is dropped at its next await, unless it ends before.
    #[track_caller]
    pub fn abort(&self) {
        match &self.0 {
            Repr::Inside { abort, .. } => abort.abort(),
            Repr::Outside(handle) => handle.abort(),
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Repr::Inside { task, .. } => task.is_finished(Location::caller()),
            Repr::Outside(handle) => handle.is_finished(),
        }
    }

    /// A handle that can only cancel the task.
    pub fn abort_handle(&self) -> AbortHandle {
        match &self.0 {
            Repr::Inside { abort, .. } => abort.clone(),
            Repr::Outside(handle) => AbortHandle(Abort::Outside(handle.abort_handle())),
        }
    }

    /// Which task it is.
    pub fn id(&self) -> Id {
        match &self.0 {
            Repr::Inside { abort, .. } => abort.id(),
            Repr::Outside(handle) => Id::outside(handle.id()),
        }
    }
}

impl<T> JoinHandle<T> {
    /// Where its task was spawned, inside an exploration.
    pub(super) fn location(&self) -> Option<&'static Location<'static>> {
        match &self.0 {
            Repr::Inside { location, .. } => Some(location),
            Repr::Outside(_) => None,
        }
    }

    /// Polls it without giving way.
    pub(super) fn poll_at_once(&mut self, context: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match &mut self.0 {
            Repr::Inside { task, location, awaited_at, is_done, .. } => {
                let location = awaited_at.unwrap_or(location);
                let result = with_shell(context.waker(), |waker| task.poll_join(waker, location));
                if result.is_pending()
                    && let Some(current) = current()
                {
                    current.note_await(task.object(), Verb::Join, location);
                }
                *is_done = result.is_ready();
                result
            }
            Repr::Outside(handle) => {
                Poll::Ready(ready!(Pin::new(handle).poll(context)).map_err(JoinError::from))
            }
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    // Who awaits it calls this, and is the caller: the compiler has written the call at the await.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let caller = Location::caller();
        if let Repr::Inside { task, location, awaited_at, .. } = &mut self.0 {
            let location = await_site(awaited_at, caller, location);
            if proceed(context, LeafKind::Operation, location).is_pending() {
                if let Some(current) = current() {
                    current.note_stop(task.object(), Verb::Join, location);
                }
                return Poll::Pending;
            }
        }
        let result = self.poll_at_once(context);
        if let (Poll::Ready(_), Some(current)) = (&result, current()) {
            current.uses_budget();
        }
        result
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Repr::Inside { task, location, awaited_at, is_done: false, .. } = &self.0 {
            if let (Some(location), Some(current)) = (awaited_at, current()) {
                current.note_no_await(Verb::Join, location);
            }
            task.detach(location);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish()
    }
}

/// Mirror of [tokio's `task::AbortHandle`](::tokio::task::AbortHandle).
#[derive(Clone)]
pub struct AbortHandle(Abort);

// As tokio's.
impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

#[derive(Clone)]
enum Abort {
    Inside(Arc<dyn Abortable>),
    Outside(::tokio::task::AbortHandle),
}

impl AbortHandle {
    /// Cancels the task: it is dropped at its next await, unless it ends before.
    #[track_caller]
    pub fn abort(&self) {
        match &self.0 {
            Abort::Inside(task) => Arc::clone(task).abort(Location::caller()),
            Abort::Outside(handle) => handle.abort(),
        }
    }

    /// Whether the task has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Abort::Inside(task) => task.is_finished(Location::caller()),
            Abort::Outside(handle) => handle.is_finished(),
        }
    }

    /// Which task it is.
    pub fn id(&self) -> Id {
        match &self.0 {
            Abort::Inside(task) => Id::inside(task.number()),
            Abort::Outside(handle) => Id::outside(handle.id()),
        }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
