//! A runtime inside an exploration: its queue of ready tasks, who polls them, and how it ends.
//!
//! With the flavour `current_thread` whoever calls `block_on` is the worker, and the future of `block_on` is a task among the others.
//! With `multi_thread` the workers are threads of the model, and `block_on` polls its own future from a queue of its own.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use super::hooks::Hooks;
use super::places::Places;
use crate::rt::op::verb::Verb;
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::primitives::Sleeper;
use crate::rt::tasks::TaskName;
use crate::rt::{Current, Identity};
use crate::thread;
use crate::tokio::act::Site;
use crate::tokio::confined::Confined;
use crate::tokio::task::cell::Runnable;
use crate::tokio::task::waking::is_of_task;

/// How many workers a runtime has inside an exploration, whatever the machine has, if it is not said.
pub(crate) const DEFAULT_WORKERS: usize = 2;

/// A runtime.
pub(crate) struct Core {
    pub(crate) queue: ObjectId,
    /// Whether several workers poll its tasks.
    pub(crate) is_shared: bool,
    pub(crate) workers: usize,
    pub(super) max_blocking: usize,
    /// Whether it has timers: whether its builder was told so.
    pub(crate) has_time: bool,
    pub(super) hooks: Hooks,
    pub(super) location: &'static Location<'static>,
    /// Those that have not ended, by their place.
    pub(super) tasks: Confined<Places>,
    /// The wakers of timers, by their numbers.
    timers: Confined<Vec<Option<Waker>>>,
    pub(super) threads: Confined<Vec<thread::JoinHandle<()>>>,
    pub(super) blocking: Confined<Blocking>,
    /// Whether it has begun to end.
    pub(super) is_shut_down: AtomicBool,
    /// Whether it takes no more work for threads that may block.
    pub(super) is_closed: AtomicBool,
    /// Whether its timers have ended, all of them.
    has_no_timers: AtomicBool,
    /// How many workers have come to its end.
    pub(super) ended_workers: Confined<usize>,
    /// What threads share of it besides the tasks.
    identity: Identity,
    /// Who polls the tasks of a runtime without workers.
    pub(super) seat: Confined<Seat>,
    /// The queues of futures that threads have polled alone, which they do not poll now.
    pub(super) queues: Confined<Vec<(ThreadId, ObjectId)>>,
    /// The workers in whose place others poll tasks, until their polls end.
    pub(super) handed_over: Confined<Vec<ThreadId>>,
}

/// Who polls the tasks of a runtime without workers: of those that call `block_on` at a time, one.
#[derive(Default)]
pub(super) struct Seat {
    pub(super) is_taken: bool,
    /// Those that wait to do so, and poll their own futures meanwhile.
    pub(super) waiting: VecDeque<Sleeper>,
}

/// What runs on threads where it may block.
#[derive(Default)]
pub(super) struct Blocking {
    pub(super) running: usize,
    /// How many threads were started, have begun, and have ended.
    pub(super) started: usize,
    pub(super) begun: usize,
    pub(super) ended: usize,
    pub(super) waiting: VecDeque<Box<dyn FnOnce() + Send>>,
}

impl Blocking {
    /// Whether work waits to begin for which tokio may have woken a thread that was idle: such work may be dropped at the end.
    pub(super) fn waits_beside_idle(&self) -> bool {
        self.ended > 0 && self.started > self.begun
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("is_shared", &self.is_shared)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Ends the poll of a task, also if it panics: it has ended then, which is so as long as nothing else is said.
pub(super) struct Polling<'a> {
    pub(super) current: Current,
    pub(super) core: &'a Core,
    pub(super) name: TaskName,
    pub(super) is_shared: bool,
    pub(super) has_ended: bool,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.current.end_poll(self.name, (self.is_shared, self.has_ended), self.core.location);
    }
}

impl Core {
    pub(super) fn new(
        current: Current,
        workers: Option<usize>,
        (max_blocking, hooks): (usize, Hooks),
        has_time: bool,
        location: &'static Location<'static>,
    ) -> Arc<Core> {
        Arc::new(Core {
            queue: current.new_task_queue(location),
            is_shared: workers.is_some(),
            workers: workers.unwrap_or(1),
            max_blocking,
            has_time,
            hooks,
            location,
            tasks: Confined::new(Places::default()),
            timers: Confined::new(Vec::new()),
            threads: Confined::new(Vec::new()),
            blocking: Confined::new(Blocking::default()),
            is_shut_down: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            has_no_timers: AtomicBool::new(false),
            ended_workers: Confined::new(0),
            identity: Identity::new(),
            seat: Confined::new(Seat::default()),
            queues: Confined::new(Vec::new()),
            handed_over: Confined::new(Vec::new()),
        })
    }

    /// One step on what threads share of the runtime besides the tasks: who polls them, and what may block.
    pub(super) fn step<R>(&self, current: Current, changes: bool, act: impl FnOnce() -> R) -> R {
        if current.is_alone() {
            return act();
        }
        let site = Site { identity: &self.identity, name: "runtime", location: self.location };
        let verb = if changes { Verb::Manage } else { Verb::LookAgain };
        site.act(verb, || (act(), !changes))
    }

    /// Whether it has no timers any more.
    pub(crate) fn has_no_timers(&self) -> bool {
        self.has_no_timers.load(Ordering::Relaxed)
    }

    /// Ends its timers: who waits for one is woken, and finds that.
    pub(super) fn close_timers(&self, current: Current) {
        let is_awaited = self.timers.with(|timers| timers.iter().any(Option::is_some));
        let close = || {
            self.has_no_timers.store(true, Ordering::Relaxed);
            self.timers.with(|timers| timers.iter_mut().filter_map(Option::take).collect::<Vec<_>>())
        };
        let wakers = if is_awaited { self.step(current, true, close) } else { close() };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it takes no more work for threads that may block.
    pub(crate) fn is_closed_to_work(&self, current: Current) -> bool {
        self.step(current, false, || self.is_closed.load(Ordering::Relaxed))
    }

    /// Polls the task of this name.
    pub(super) fn poll(&self, current: Current, name: TaskName) {
        let Some(task) = self.tasks.with(|tasks| tasks.begin_poll(name)) else { return };
        let place = name.id.index();
        // Tasks of a `LocalSet` are in the queue of whoever drives it.
        let is_shared = self.is_shared && task.sleeper().queue == self.queue;
        let mut polling = Polling { current, core: self, name, is_shared, has_ended: true };
        polling.has_ended = task.poll();
        if polling.has_ended {
            self.tasks.with(|tasks| tasks.end(place));
            drop(task);
        } else if let Some(task) = self.tasks.with(|tasks| tasks.end_poll(place, task)) {
            drop(polling);
            current.discard_task(task.sleeper());
            task.cancel();
        }
    }

    /// Calls the wakers of timers that are due, those with the same deadline in any order.
    pub(super) fn ring(&self, current: Current, queue: ObjectId) {
        let due = current.take_due_timers(queue);
        for equal in due.chunk_by(|(_, deadline), (_, other)| deadline == other) {
            let take =
                |&(timer, _): &(u32, _)| self.timers.with(|timers| timers.get_mut(timer as usize)?.take());
            // Whichever task is woken first, any may be polled first. But what polls several futures in one task may have wakers of its
            // own, and poll in the order in which they were called.
            let (of_tasks, mut others): (Vec<_>, Vec<_>) =
                equal.iter().filter_map(take).partition(is_of_task);
            crate::rand::shuffle(&mut others);
            of_tasks.into_iter().chain(others).for_each(Waker::wake);
        }
    }

    /// Calls this waker when the timer is due.
    pub(crate) fn set_timer(&self, timer: u32, waker: Waker) {
        drop(self.replace_timer(timer, Some(waker)));
    }

    /// Nobody waits for the timer any more: who did.
    pub(crate) fn take_timer(&self, timer: u32) -> Option<Waker> {
        self.replace_timer(timer, None)
    }

    fn replace_timer(&self, timer: u32, waker: Option<Waker>) -> Option<Waker> {
        self.timers.with(|timers| {
            if timers.len() <= timer as usize {
                timers.resize(timer as usize + 1, None);
            }
            std::mem::replace(&mut timers[timer as usize], waker)
        })
    }

    /// Keeps a task, and lets it be polled for the first time.
    pub(crate) fn add(
        &self,
        current: Current,
        task: Arc<dyn Runnable>,
        location: &'static Location<'static>,
    ) {
        let sleeper = task.sleeper();
        let place = sleeper.name.id.index();
        self.tasks.with(|tasks| tasks.add(place, task));
        current.wake_task(sleeper, location);
        // Nobody comes for it any more.
        if current.is_closed(self.queue) {
            self.cancel(current, sleeper);
        }
    }

    /// The task is dropped at its await.
    pub(crate) fn cancel(&self, current: Current, sleeper: Sleeper) {
        let task = self.tasks.with(|tasks| tasks.cancel(sleeper.name.id.index(), Some(sleeper.name)));
        if let Some(task) = task {
            current.discard_task(sleeper);
            task.cancel();
        }
    }

    /// How many tasks have not ended.
    pub(crate) fn alive_tasks(&self) -> usize {
        self.tasks.with(|tasks| tasks.alive())
    }
}
