//! A runtime inside an exploration: its queue of ready tasks, who polls them, and how it ends.
//!
//! With the flavour `current_thread` whoever calls `block_on` is the worker, and the future of `block_on` is a task among the others.
//! With `multi_thread` the workers are threads of the model, and `block_on` polls its own future from a queue of its own.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::rt::op::ObjectId;
use crate::rt::primitives::{Next, Sleeper};
use crate::rt::{Current, current};
use crate::thread;
use crate::tokio::act::{is_acting, wake_afterwards};
use crate::tokio::context::InRuntime;
use crate::tokio::task::cell::Runnable;

/// How many workers a runtime has inside an exploration, whatever the machine has, if it is not said.
pub(crate) const DEFAULT_WORKERS: usize = 2;

/// A runtime.
pub(crate) struct Core {
    pub(crate) queue: ObjectId,
    /// Whether several workers poll its tasks.
    pub(crate) is_shared: bool,
    pub(crate) workers: usize,
    max_blocking: usize,
    location: &'static Location<'static>,
    /// Those that have not ended, by their place.
    tasks: Mutex<Vec<Option<Arc<dyn Runnable>>>>,
    /// The wakers of timers, by their numbers.
    timers: Mutex<Vec<Option<Waker>>>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    blocking: Mutex<Blocking>,
    is_shut_down: AtomicBool,
}

/// What runs on threads where it may block.
#[derive(Default)]
struct Blocking {
    running: usize,
    waiting: VecDeque<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("is_shared", &self.is_shared)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What wakes the future of a `block_on`.
struct Main(Sleeper, &'static Location<'static>);

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if is_acting() {
            wake_afterwards(u64::from(self.0.name.id.0), Waker::from(Arc::clone(self)));
        } else if let Some(current) = current() {
            current.wake_task(self.0, self.1);
        }
    }
}

/// Ends the poll of a task, also if it panics.
struct Polling<'a> {
    current: Current,
    core: &'a Core,
    sleeper: Sleeper,
    is_shared: bool,
    has_ended: bool,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let has_ended = self.has_ended || std::thread::panicking();
        self.current.end_poll(self.sleeper, (self.is_shared, has_ended), self.core.location);
    }
}

impl Core {
    pub(crate) fn new(
        current: Current,
        workers: Option<usize>,
        max_blocking: usize,
        location: &'static Location<'static>,
    ) -> Arc<Core> {
        let core = Arc::new(Core {
            queue: current.new_task_queue(location),
            is_shared: workers.is_some(),
            workers: workers.unwrap_or(1),
            max_blocking,
            location,
            tasks: Mutex::default(),
            timers: Mutex::default(),
            threads: Mutex::default(),
            blocking: Mutex::default(),
            is_shut_down: AtomicBool::new(false),
        });
        for _ in 0..workers.unwrap_or(0) {
            core.add_worker();
        }
        core
    }

    /// One more thread that polls tasks.
    pub(crate) fn add_worker(self: &Arc<Core>) {
        let core = Arc::clone(self);
        let worker = move || {
            let _in_runtime = InRuntime::enter(&core);
            let Some(current) = current() else { return };
            loop {
                match current.poll_next(core.queue, true, core.location) {
                    Next::Task(name) => core.poll(current, name.id.index()),
                    Next::Timers => core.ring(current, core.queue),
                    Next::Closed => return,
                }
            }
        };
        let spawned = thread::Builder::new().name("tokio-runtime-worker".to_owned()).spawn(worker);
        lock(&self.threads).push(spawned.expect("a thread of the model"));
    }

    /// Polls the task with this place.
    fn poll(&self, current: Current, place: usize) {
        let Some(task) = lock(&self.tasks).get(place).cloned().flatten() else { return };
        let sleeper = task.sleeper();
        // Tasks of a `LocalSet` are in the queue of whoever drives it.
        let is_shared = self.is_shared && sleeper.queue == self.queue;
        let mut polling = Polling { current, core: self, sleeper, is_shared, has_ended: false };
        if task.poll() {
            polling.has_ended = true;
            lock(&self.tasks)[place] = None;
        }
    }

    /// Calls the wakers of timers that are due.
    fn ring(&self, current: Current, queue: ObjectId) {
        for timer in current.take_due_timers(queue) {
            let waker = lock(&self.timers).get_mut(timer as usize).and_then(Option::take);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Calls this waker when the timer is due.
    pub(crate) fn set_timer(&self, timer: u32, waker: Option<Waker>) {
        let mut timers = lock(&self.timers);
        if timers.len() <= timer as usize {
            timers.resize(timer as usize + 1, None);
        }
        let old = std::mem::replace(&mut timers[timer as usize], waker);
        drop(timers);
        drop(old);
    }

    /// Runs a future to its end on the running thread, which polls the tasks of the runtime meanwhile if that has no workers.
    pub(crate) fn block_on<F: Future>(
        self: &Arc<Core>,
        current: Current,
        future: F,
        location: &'static Location<'static>,
    ) -> F::Output {
        let queue = if self.is_shared { None } else { Some(self.queue) };
        self.drive(current, queue, future, location)
    }

    /// Runs a future to its end on the running thread, and polls nothing else.
    pub(crate) fn block_alone<F: Future>(
        self: &Arc<Core>,
        current: Current,
        future: F,
        location: &'static Location<'static>,
    ) -> F::Output {
        self.drive(current, None, future, location)
    }

    /// Polls a future, and what else is in `queue`, until it is ready.
    fn drive<F: Future>(
        self: &Arc<Core>,
        current: Current,
        queue: Option<ObjectId>,
        future: F,
        location: &'static Location<'static>,
    ) -> F::Output {
        if current.running_task().is_some() {
            panic!(
                "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted \
                 to block the current thread while the thread is being used to drive asynchronous tasks."
            );
        }
        let queue = queue.unwrap_or_else(|| current.new_task_queue(location));
        let _in_runtime = InRuntime::enter(self);
        let main = current.add_task(queue, (None, true), location);
        current.wake_task(main, location);
        let waker = Waker::from(Arc::new(Main(main, location)));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            match current.poll_next(queue, false, location) {
                Next::Task(name) if name == main.name => {
                    let mut polling =
                        Polling { current, core: self, sleeper: main, is_shared: false, has_ended: false };
                    if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                        polling.has_ended = true;
                        return output;
                    }
                }
                Next::Task(name) => self.poll(current, name.id.index()),
                Next::Timers => self.ring(current, queue),
                Next::Closed => unreachable!("a queue without workers is not closed"),
            }
        }
    }

    /// Keeps a task, and lets it be polled for the first time.
    pub(crate) fn add(
        &self,
        current: Current,
        task: Arc<dyn Runnable>,
        location: &'static Location<'static>,
    ) {
        let sleeper = task.sleeper();
        if self.is_shut_down.load(Ordering::Relaxed) {
            task.cancel();
            current.discard_task(sleeper);
            return;
        }
        self.keep(task);
        current.wake_task(sleeper, location);
    }

    /// Keeps a task that is not to be polled yet.
    pub(crate) fn keep(&self, task: Arc<dyn Runnable>) {
        let place = task.sleeper().name.id.index();
        let mut tasks = lock(&self.tasks);
        if tasks.len() <= place {
            tasks.resize(place + 1, None);
        }
        tasks[place] = Some(task);
    }

    /// The task is dropped at its await.
    pub(crate) fn cancel(&self, current: Current, sleeper: Sleeper) {
        let task = lock(&self.tasks).get_mut(sleeper.name.id.index()).and_then(Option::take);
        if let Some(task) = task {
            current.discard_task(sleeper);
            task.cancel();
        }
    }

    /// Runs `work` on a thread where it may block, at once or when one is free.
    pub(crate) fn run_blocking(self: &Arc<Core>, work: Box<dyn FnOnce() + Send>) {
        let mut blocking = lock(&self.blocking);
        if blocking.running >= self.max_blocking {
            blocking.waiting.push_back(work);
            return;
        }
        blocking.running += 1;
        drop(blocking);
        let core = Arc::clone(self);
        let run = move || {
            let _in_runtime = InRuntime::enter(&core);
            let mut next = Some(work);
            while let Some(work) = next {
                work();
                let mut blocking = lock(&core.blocking);
                next = blocking.waiting.pop_front();
                blocking.running -= usize::from(next.is_none());
            }
        };
        let spawned = thread::Builder::new().name("tokio-blocking".to_owned()).spawn(run);
        lock(&self.threads).push(spawned.expect("a thread of the model"));
    }

    /// At which queue a worker waits for timers: a runtime without workers has its own polled by `block_on` only.
    pub(crate) fn queue_of_timers(&self, current: Current) -> ObjectId {
        if self.is_shared { self.queue } else { current.running_queue().unwrap_or(self.queue) }
    }

    /// How many tasks have not ended.
    pub(crate) fn alive_tasks(&self) -> usize {
        lock(&self.tasks).iter().flatten().count()
    }

    /// Shuts the runtime down: its threads end, if they are waited for, and its tasks are dropped at their awaits.
    pub(crate) fn shut_down(
        self: &Arc<Core>,
        current: Current,
        waits: bool,
        location: &'static Location<'static>,
    ) {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return;
        }
        let _in_runtime = InRuntime::enter(self);
        lock(&self.blocking).waiting.clear();
        if self.is_shared {
            current.close_tasks(self.queue, location);
        }
        let threads = std::mem::take(&mut *lock(&self.threads));
        if waits {
            for thread in threads {
                // A panic in it is told by the task that it belongs to.
                let _ = thread.join();
            }
        }
        let places = lock(&self.tasks).len();
        for place in 0..places {
            let task = lock(&self.tasks)[place].take();
            if let Some(task) = task {
                current.discard_task(task.sleeper());
                task.cancel();
            }
        }
    }
}
