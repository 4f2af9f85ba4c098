//! Making tasks.

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

use super::JoinHandle;
use super::cell::{Runnable, Task};
use crate::rt::tasks::TaskName;
use crate::rt::{Current, current};
use crate::tokio::context;
use crate::tokio::runtime::core::Core;

/// What tokio says where there is no runtime.
pub(crate) const NO_RUNTIME: &str =
    "there is no reactor running, must be called from the context of a Tokio 1.x runtime";

/// Mirror of [tokio's `task::spawn`](::tokio::task::spawn).
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Some(current) = current() else { return JoinHandle::outside(::tokio::task::spawn(future)) };
    match context::core() {
        Some(core) => spawn_on(current, &core, future, Location::caller()),
        None => panic!("{NO_RUNTIME}"),
    }
}

/// Makes a task of this runtime.
pub(crate) fn spawn_on<F>(
    current: Current,
    core: &Arc<Core>,
    future: F,
    location: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let sleeper = current.add_task(core.queue, (None, false), location);
    let (object, number) = (current.task_object(sleeper.name), current.task_number(sleeper.name));
    let task = Task::new(Some(sleeper), object, number, Some(future), location);
    core.add(current, Arc::clone(&task) as _, location);
    JoinHandle::inside(task, location)
}

/// Mirror of [tokio's `task::spawn_blocking`](::tokio::task::spawn_blocking): inside an exploration, on a thread of the model.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let Some(current) = current() else { return JoinHandle::outside(::tokio::task::spawn_blocking(work)) };
    match context::core() {
        Some(core) => spawn_blocking_on(current, &core, work, Location::caller()),
        None => panic!("{NO_RUNTIME}"),
    }
}

/// Runs `work` on a thread of this runtime's where it may block.
pub(crate) fn spawn_blocking_on<F, R>(
    current: Current,
    core: &Arc<Core>,
    work: F,
    location: &'static Location<'static>,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (object, number) = current.new_task_object(location);
    let task = Task::<std::future::Ready<R>>::new(None, object, number, None, location);
    if core.is_closed_to_work(current) {
        task.cancel();
        return JoinHandle::inside(task, location);
    }
    let theirs = Arc::clone(&task);
    core.run_blocking(Box::new(move || {
        if theirs.is_aborted_before(location) {
            return match catch_unwind(AssertUnwindSafe(|| drop(work))) {
                Ok(()) => theirs.cancel(),
                Err(payload) => theirs.finish(Err(theirs.panicked(payload))),
            };
        }
        note_work(number, true);
        let result = catch_unwind(AssertUnwindSafe(work));
        note_work(number, false);
        theirs.finish(result.map_err(|payload| theirs.panicked(payload)));
    }));
    JoinHandle::inside(task, location)
}

/// The running thread begins to do the work of the task of this number, or has done it.
fn note_work(number: u64, begins: bool) {
    if let Some(current) = current() {
        current.note_work(number, begins);
    }
}

/// Mirror of [tokio's `task::block_in_place`](::tokio::task::block_in_place): inside an exploration, another worker polls tasks in the
/// place of this one, which ends after the poll.
///
/// # Panics
///
/// In a runtime that has one thread only.
#[track_caller]
pub fn block_in_place<F: FnOnce() -> R, R>(work: F) -> R {
    let Some(current) = current() else { return ::tokio::task::block_in_place(work) };
    let Some(core) = context::core().filter(|_| current.running_task().is_some()) else { return work() };
    assert!(core.is_shared, "can call blocking only when running on the multi-threaded runtime");
    if current.running_queue() == Some(core.queue) {
        core.hand_over(current);
    }
    let _blocking = Blocking { current, task: current.pause_poll() };
    work()
}

/// While it lives, the thread polls nothing.
struct Blocking {
    current: Current,
    task: Option<TaskName>,
}

impl Drop for Blocking {
    fn drop(&mut self) {
        if let Some(task) = self.task {
            self.current.resume_poll(task);
        }
    }
}
