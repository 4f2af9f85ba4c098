//! Many tasks of one result: mirror of tokio's `JoinSet`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, Waker};

use super::{AbortHandle, Id, JoinError, JoinHandle, LocalSet};
use crate::rt::current;
use crate::rt::tasks::LeafKind;
use crate::tokio::act::proceed;
use crate::tokio::runtime::Handle;

/// Mirror of [tokio's `task::JoinSet`](::tokio::task::JoinSet). Which of several tasks that have ended comes first is a choice.
pub struct JoinSet<T> {
    handles: Vec<JoinHandle<T>>,
    /// Results that were seen and not taken.
    ended: Vec<(Id, Result<T, JoinError>)>,
}

/// As tokio's: no result is ever pinned.
impl<T> Unpin for JoinSet<T> {}

impl<T> Default for JoinSet<T> {
    fn default() -> JoinSet<T> {
        JoinSet::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

impl<T> JoinSet<T> {
    /// A set without tasks.
    pub fn new() -> JoinSet<T> {
        JoinSet { handles: Vec::new(), ended: Vec::new() }
    }

    /// How many tasks are in it.
    pub fn len(&self) -> usize {
        self.handles.len() + self.ended.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: 'static> JoinSet<T> {
    fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        self.handles.push(handle);
        abort
    }

    /// Makes a task.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let handle = super::spawn(future);
        self.insert(handle)
    }

    /// Makes a task of this runtime.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let handle = handle.spawn(future);
        self.insert(handle)
    }

    /// Makes a task of the `LocalSet` that is entered.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let handle = super::spawn_local(future);
        self.insert(handle)
    }

    /// Makes a task of this `LocalSet`.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, future: F, set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let handle = set.spawn_local(future);
        self.insert(handle)
    }

    /// Runs `work` where it may block.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, work: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let handle = super::spawn_blocking(work);
        self.insert(handle)
    }

    /// Runs `work` where it may block, on this runtime.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, work: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let handle = handle.spawn_blocking(work);
        self.insert(handle)
    }

    /// The result of a task that has ended, with its id; `None` if there are no tasks.
    pub fn poll_join_next_with_id(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        // As tokio's: asked once, and not for each task.
        if let Some(location) = self.handles.first().and_then(JoinHandle::location)
            && proceed(context, LeafKind::Operation, location).is_pending()
        {
            return Poll::Pending;
        }
        self.collect(|handle| handle.poll_at_once(context));
        match self.take_ended() {
            Some(next) => {
                if let Some(current) = current() {
                    current.uses_budget();
                }
                Poll::Ready(Some(next))
            }
            None if self.handles.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Takes the results of the tasks that have ended, as `poll` says.
    fn collect(&mut self, mut poll: impl FnMut(&mut JoinHandle<T>) -> Poll<Result<T, JoinError>>) {
        let JoinSet { handles, ended } = self;
        handles.retain_mut(|handle| match poll(handle) {
            Poll::Ready(result) => {
                ended.push((handle.id(), result));
                false
            }
            Poll::Pending => true,
        });
    }

    /// Any of those that have ended may come first: tokio has them in the order in which they ended.
    fn take_ended(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let at = match self.ended.len() {
            0 => return None,
            count if count > 1 && current().is_some() => crate::rand::choose(count),
            _ => 0,
        };
        let (id, result) = self.ended.remove(at);
        Some(result.map(|value| (id, value)))
    }

    /// The result of a task that has ended; `None` if there are no tasks.
    pub fn poll_join_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(context).map(|next| next.map(|result| result.map(|(_, value)| value)))
    }

    /// Waits for the next task that ends; `None` if there are no tasks.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|context| self.poll_join_next(context)).await
    }

    /// Waits for the next task that ends, and tells its id; `None` if there are no tasks.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|context| self.poll_join_next_with_id(context)).await
    }

    /// The result of a task that has ended, if one has.
    #[track_caller]
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(|result| result.map(|(_, value)| value))
    }

    /// The result of a task that has ended, with its id, if one has.
    #[track_caller]
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        // Whoever waits for the others goes on waiting: only what has ended is polled.
        self.collect(|handle| match handle.is_finished() {
            true => handle.poll_at_once(&mut Context::from_waker(Waker::noop())),
            false => Poll::Pending,
        });
        self.take_ended()
    }

    /// Cancels all tasks and waits until they have ended.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Waits for all tasks: their results, in the order in which they end.
    ///
    /// # Panics
    ///
    /// If one of them has panicked or was cancelled.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            match result {
                Ok(value) => results.push(value),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(error) => panic!("{error}"),
            }
        }
        results
    }

    /// Cancels all tasks.
    #[track_caller]
    pub fn abort_all(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }

    /// Lets all tasks go on without the set.
    pub fn detach_all(&mut self) {
        self.handles.clear();
        self.ended.clear();
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.handles.iter().for_each(JoinHandle::abort);
    }
}

impl<T: 'static, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> JoinSet<T> {
        let mut set = JoinSet::new();
        futures.into_iter().for_each(|future| {
            set.spawn(future);
        });
        set
    }
}
