//! A task: its future, later its result, and who waits for that.
//!
//! The future is touched by whoever polls it, which is one worker at a time, or drops it when no worker polls any more. All of that
//! happens on the fibers of one OS thread.

use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use super::error::JoinError;
use super::waking::Wakers;
use crate::rt::op::ObjectId;
use crate::rt::op::verb::Verb;
use crate::rt::primitives::Sleeper;
use crate::rt::tasks::Doom;
use crate::rt::{Current, current};
use crate::tokio::act::act_on;

/// What a runtime does with a task.
pub(crate) trait Runnable: Send + Sync {
    /// Polls the task once. Whether it has ended.
    fn poll(&self) -> bool;

    /// Drops its future, and tells whoever joins it that it was cancelled.
    fn cancel(&self);

    fn sleeper(&self) -> Sleeper;

    /// Whether somebody has awaited its handle.
    fn is_awaited(&self) -> bool;

    /// Whether it was aborted, and has not ended yet.
    fn is_aborted(&self) -> bool;
}

/// What a handle does with a task whose result is a `T`.
pub(crate) trait Joinable<T>: Send + Sync {
    /// The result, once, if the task has ended; otherwise the waker is called when it has.
    fn poll_join(&self, waker: &Waker, location: &'static Location<'static>) -> Poll<Result<T, JoinError>>;

    /// Whether it has ended.
    fn is_finished(&self, location: &'static Location<'static>) -> bool;

    /// Nobody waits for the result any more.
    fn detach(&self, location: &'static Location<'static>);

    /// What its end is told by.
    fn object(&self) -> ObjectId;
}

/// What an `AbortHandle` does with a task.
pub(crate) trait Abortable: Send + Sync {
    fn abort(self: Arc<Self>, location: &'static Location<'static>);
    fn is_finished(&self, location: &'static Location<'static>) -> bool;
    fn number(&self) -> u64;
}

/// Who waits for the result, and the result.
struct Joining<T> {
    result: Option<Result<T, JoinError>>,
    waker: Option<Waker>,
    is_finished: bool,
    is_detached: bool,
    is_aborted: bool,
    is_awaited: bool,
    /// Whether it was polled before.
    has_begun: bool,
    /// It is to be dropped when it is polled next, as the test wants cancellation explored.
    doom: Option<Doom>,
}

/// A task.
pub(crate) struct Task<F: Future> {
    /// Where it is polled: nowhere, if it runs on a thread where it may block, or is of a set that nobody drives yet.
    sleeper: OnceLock<Sleeper>,
    object: ObjectId,
    number: u64,
    spawned_at: &'static Location<'static>,
    future: UnsafeCell<Option<F>>,
    joining: UnsafeCell<Joining<F::Output>>,
    wakers: UnsafeCell<Wakers>,
}

// SAFETY: all that is in the cells is touched by fibers of one OS thread, one at a time: by whoever polls the task, and in acts.
// The future itself is moved to no other OS thread: a `!Send` one, of a `LocalSet`, is polled where it was made.
unsafe impl<F: Future> Send for Task<F> {}
// SAFETY: as above.
unsafe impl<F: Future> Sync for Task<F> {}

impl<F: Future> Task<F> {
    pub(crate) fn new(
        sleeper: Option<Sleeper>,
        object: ObjectId,
        number: u64,
        future: Option<F>,
        spawned_at: &'static Location<'static>,
    ) -> Arc<Task<F>> {
        let joining = Joining {
            result: None,
            waker: None,
            is_finished: false,
            is_detached: false,
            is_aborted: false,
            is_awaited: false,
            has_begun: false,
            doom: None,
        };
        let sleeper = sleeper.map_or_else(OnceLock::new, OnceLock::from);
        let (future, joining) = (UnsafeCell::new(future), UnsafeCell::new(joining));
        let wakers = UnsafeCell::default();
        Arc::new(Task { sleeper, object, number, spawned_at, future, joining, wakers })
    }

    /// From now on it is polled there.
    pub(crate) fn place(&self, sleeper: Sleeper) {
        let _ = self.sleeper.set(sleeper);
    }

    /// What belongs to the join. No reference is kept: nothing that is done with it runs code of the user.
    #[expect(clippy::mut_from_ref, reason = "one fiber at a time, see above")]
    fn joining(&self) -> &mut Joining<F::Output> {
        // SAFETY: one fiber runs at a time, and each caller is done with it before another one can run.
        unsafe { &mut *self.joining.get() }
    }

    /// Whether the task, which is to be polled, is dropped instead.
    #[inline]
    fn is_dropped(&self, current: Current) -> bool {
        let joining = self.joining();
        joining.is_aborted || current.explores_cancellation() && self.is_dropped_at_await(current)
    }

    #[cold]
    fn is_dropped_at_await(&self, current: Current) -> bool {
        let joining = self.joining();
        let (doom, verb) = match std::mem::replace(&mut joining.has_begun, true) {
            true => (joining.doom.take(), Verb::Cancel),
            false => (current.dooms_task(), Verb::Discard),
        };
        if let Some(doom) = doom {
            current.drops_doomed(doom, verb, self.spawned_at);
        }
        doom.is_some()
    }

    /// The task is pending, and may be one to be dropped.
    #[cold]
    fn may_be_doomed(&self, current: Current) {
        if let (Some(doom), Some(sleeper)) = (current.dooms_task(), self.sleeper.get()) {
            self.joining().doom = Some(doom);
            current.wake_task(*sleeper, self.spawned_at);
        }
    }

    fn drop_future(&self) {
        // SAFETY: whoever calls this polls the task, or nobody does. The future is dropped in its place.
        unsafe { *self.future.get() = None };
    }

    /// The task has ended with this result.
    pub(crate) fn finish(&self, result: Result<F::Output, JoinError>) {
        let unwanted = act_on(self.object, Verb::Finish, self.spawned_at, || {
            let joining = self.joining();
            joining.is_finished = true;
            if let Some(waker) = joining.waker.take() {
                waker.wake();
            }
            let unwanted = if joining.is_detached { Some(result) } else { joining.result.replace(result) };
            (unwanted, false)
        });
        // tokio drops a result that nobody wants, and what that panics with.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
    }

    /// Whether it was aborted before it has begun, for one that runs where it may block.
    pub(crate) fn is_aborted_before(&self, location: &'static Location<'static>) -> bool {
        act_on(self.object, Verb::Look, location, || (self.joining().is_aborted, true))
    }
}

impl<F: Future + 'static> Runnable for Task<F> {
    fn poll(&self) -> bool {
        let Some(current) = current() else { return true };
        if self.is_dropped(current) {
            self.cancel();
            return true;
        }
        // SAFETY: this worker polls the task, and no other. The future stays in its place until it is dropped there.
        let future = unsafe { (*self.future.get()).as_mut().map(|future| Pin::new_unchecked(future)) };
        let Some(future) = future else { return true };
        // SAFETY: only here, where this worker polls the task, and no other.
        let wakers = unsafe { &mut *self.wakers.get() };
        let waker = wakers.lend(current, || (self.sleeper(), self.spawned_at));
        let result = catch_unwind(AssertUnwindSafe(|| future.poll(&mut Context::from_waker(waker))));
        wakers.take_back(current);
        let result = match result {
            Ok(Poll::Pending) if !self.joining().is_aborted => {
                if current.explores_cancellation() {
                    self.may_be_doomed(current);
                }
                return false;
            }
            Ok(Poll::Pending) => {
                self.cancel();
                return true;
            }
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(self.panicked(payload)),
        };
        let result = match catch_unwind(AssertUnwindSafe(|| self.drop_future())) {
            Ok(()) => result,
            Err(payload) => Err(self.panicked(payload)),
        };
        self.finish(result);
        true
    }

    fn cancel(&self) {
        let before = current().map(|current| current.set_drops(self.number));
        let error = match catch_unwind(AssertUnwindSafe(|| self.drop_future())) {
            Ok(()) => JoinError::cancelled(self.number),
            Err(payload) => self.panicked(payload),
        };
        if let (Some(current), Some(before)) = (current(), before) {
            current.set_drops(before);
        }
        if !self.joining().is_finished {
            self.finish(Err(error));
        }
    }

    fn sleeper(&self) -> Sleeper {
        *self.sleeper.get().expect("a task that is polled has a place in a queue")
    }

    fn is_awaited(&self) -> bool {
        self.joining().is_awaited
    }

    fn is_aborted(&self) -> bool {
        self.joining().is_aborted
    }
}

impl<F: Future> Task<F> {
    /// The error of a task that has panicked; the execution notes the panic, until somebody learns of it.
    pub(crate) fn panicked(&self, payload: Box<dyn Any + Send>) -> JoinError {
        if let Some(current) = current() {
            current.note_task_panic(self.number, self.spawned_at, &*payload);
        }
        JoinError::panic(self.number, payload)
    }
}

impl<F: Future> Joinable<F::Output> for Task<F> {
    fn poll_join(
        &self,
        waker: &Waker,
        location: &'static Location<'static>,
    ) -> Poll<Result<F::Output, JoinError>> {
        let result = act_on(self.object, Verb::Join, location, || {
            let joining = self.joining();
            joining.is_awaited = true;
            if !joining.is_finished {
                joining.waker = Some(waker.clone());
            }
            let is_same = !joining.is_finished;
            (joining.result.take().filter(|_| joining.is_finished), is_same)
        });
        match result {
            Some(result) => {
                if let Some(current) = current() {
                    current.note_task_joined(self.number);
                }
                Poll::Ready(result)
            }
            None if self.joining().is_finished => panic!("JoinHandle polled after completion"),
            None => Poll::Pending,
        }
    }

    fn is_finished(&self, location: &'static Location<'static>) -> bool {
        act_on(self.object, Verb::Look, location, || (self.joining().is_finished, true))
    }

    fn detach(&self, location: &'static Location<'static>) {
        if current().is_none() {
            return;
        }
        let left = act_on(self.object, Verb::Detach, location, || {
            let joining = self.joining();
            joining.is_detached = true;
            ((joining.result.take(), joining.waker.take()), true)
        });
        // tokio drops a result that nobody wants, and what that panics with.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(left)));
    }

    fn object(&self) -> ObjectId {
        self.object
    }
}

impl<F: Future> Abortable for Task<F> {
    fn abort(self: Arc<Self>, location: &'static Location<'static>) {
        let Some(current) = current() else { return };
        let wakes = act_on(self.object, Verb::Abort, location, || {
            let joining = self.joining();
            let is_first = !joining.is_finished && !joining.is_aborted;
            joining.is_aborted |= is_first;
            (is_first, !is_first)
        });
        if let (true, Some(sleeper)) = (wakes, self.sleeper.get()) {
            current.note_abort(sleeper.name);
            current.wake_task(*sleeper, location);
        }
    }

    fn is_finished(&self, location: &'static Location<'static>) -> bool {
        act_on(self.object, Verb::Look, location, || (self.joining().is_finished, true))
    }

    fn number(&self) -> u64 {
        self.number
    }
}
