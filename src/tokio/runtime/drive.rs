//! Who runs what a runtime has: its workers, who calls `block_on`, threads that may block.

use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::builder::MAX_BLOCKING;
use super::core::{Blocking, Core, Polling, Seat};
use crate::rt::op::ObjectId;
use crate::rt::primitives::{Next, Sleeper};
use crate::rt::{Current, current};
use crate::thread;
use crate::tokio::context::InRuntime;
use crate::tokio::task::waking::Wakers;

/// While it lives, the running thread polls the tasks of a runtime without workers.
struct Seated<'a> {
    current: Current,
    core: &'a Core,
}

impl Seated<'_> {
    /// Unless another one does.
    fn take(current: Current, core: &Core) -> Option<Seated<'_>> {
        let take = || core.seat.with(|seat| std::mem::replace(&mut seat.is_taken, true));
        let was_taken = core.step(current, true, take);
        (!was_taken).then(|| Seated { current, core })
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        let leave = || {
            self.core.seat.with(|seat| {
                seat.is_taken = false;
                seat.waiting.front().copied()
            })
        };
        let next = self.core.step(self.current, true, leave);
        if let Some(next) = next {
            self.current.wake_task(next, self.core.location);
        }
    }
}

impl Core {
    /// The worker that is about to block lets another thread poll tasks in its place, and ends after its poll.
    pub(crate) fn hand_over(self: &Arc<Core>, current: Current) {
        let thread = current.thread();
        let is_first = self.handed_over.with(|threads| {
            let is_first = !threads.contains(&thread);
            if is_first {
                threads.push(thread);
            }
            is_first
        });
        if is_first {
            self.add_worker();
        }
    }

    /// Whether another thread polls tasks in the place of the running one, from now on.
    fn is_handed_over(&self, current: Current) -> bool {
        let thread = current.thread();
        self.handed_over.with(|threads| {
            let at = threads.iter().position(|&other| other == thread);
            at.map(|at| threads.swap_remove(at)).is_some()
        })
    }

    /// One more thread that polls tasks.
    pub(crate) fn add_worker(self: &Arc<Core>) {
        let core = Arc::clone(self);
        let worker = move || {
            let _in_runtime = InRuntime::enter(&core);
            let _begun = core.hooks.begin();
            let Some(current) = current() else { return };
            loop {
                match current.poll_next(core.queue, true, core.location) {
                    Next::Task(name) => {
                        core.poll(current, name);
                        if core.is_handed_over(current) {
                            return;
                        }
                    }
                    Next::Timers => core.ring(current, core.queue),
                    Next::Closed => return core.end_worker(current),
                }
            }
        };
        let spawned = thread::Builder::new().name("tokio-runtime-worker".to_owned()).spawn(worker);
        let spawned = spawned.expect("a thread of the model");
        self.threads.with(|threads| threads.push(spawned));
    }

    /// Runs a future to its end on the running thread, which polls the tasks of the runtime meanwhile if that has no workers, and
    /// nobody else does so. Whoever waits for that takes over once the other has done.
    pub(crate) fn block_on<F: Future>(
        self: &Arc<Core>,
        current: Current,
        future: F,
        location: &'static Location<'static>,
    ) -> F::Output {
        if self.is_shared {
            return self.block_alone(current, future, location);
        }
        let _in_runtime = self.begin_blocking(current);
        let mut future = pin!(future);
        loop {
            let seated = Seated::take(current, self);
            let (queue, waits) = match seated {
                Some(_) => (self.queue, false),
                None => (current.new_task_queue(location), true),
            };
            if let Some(output) = self.drive(current, queue, waits, future.as_mut(), location) {
                return output;
            }
        }
    }

    /// Runs a future to its end on the running thread, and polls nothing else.
    pub(crate) fn block_alone<F: Future>(
        self: &Arc<Core>,
        current: Current,
        future: F,
        location: &'static Location<'static>,
    ) -> F::Output {
        let _in_runtime = self.begin_blocking(current);
        let thread = current.thread();
        // The tasks of a `LocalSet` stay in the queue, for the next future that drives it.
        let known = self.queues.with(|queues| {
            let at = queues.iter().position(|&(of, _)| of == thread)?;
            Some(queues.swap_remove(at).1)
        });
        let queue = known.unwrap_or_else(|| current.new_task_queue(location));
        let output = self.drive(current, queue, false, pin!(future), location);
        self.queues.with(|queues| queues.push((thread, queue)));
        output.expect("it waits for nothing else")
    }

    fn begin_blocking(self: &Arc<Core>, current: Current) -> InRuntime {
        if current.running_task().is_some() {
            panic!(
                "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted \
                 to block the current thread while the thread is being used to drive asynchronous tasks."
            );
        }
        InRuntime::enter(self)
    }

    /// Polls a future, and what else is in `queue`, until it is ready; or, if it `waits` for that, until nobody polls the tasks of
    /// the runtime.
    fn drive<F: Future>(
        self: &Arc<Core>,
        current: Current,
        queue: ObjectId,
        waits: bool,
        mut future: Pin<&mut F>,
        location: &'static Location<'static>,
    ) -> Option<F::Output> {
        let main = current.add_task(queue, (None, true), location);
        current.wake_task(main, location);
        if waits {
            self.step(current, true, || self.seat.with(|seat| seat.waiting.push_back(main)));
        }
        let mut wakers = Wakers::default();
        loop {
            match current.poll_next(queue, false, location) {
                Next::Task(name) if name == main.name => {
                    let mut polling =
                        Polling { current, core: self, name, is_shared: false, has_ended: true };
                    if waits && self.step(current, false, || self.seat.with(|seat| !seat.is_taken)) {
                        self.stop_waiting(current, main);
                        return None;
                    }
                    let waker = wakers.lend(current, || (main, location));
                    let result = future.as_mut().poll(&mut Context::from_waker(waker));
                    wakers.take_back(current);
                    if let Poll::Ready(output) = result {
                        if waits {
                            self.stop_waiting(current, main);
                        }
                        return Some(output);
                    }
                    polling.has_ended = false;
                }
                Next::Task(name) => self.poll(current, name),
                Next::Timers => self.ring(current, queue),
                Next::Closed => unreachable!("a queue without workers is not closed"),
            }
        }
    }

    fn stop_waiting(&self, current: Current, main: Sleeper) {
        let leave = |seat: &mut Seat| seat.waiting.retain(|waiting| waiting.name != main.name);
        self.step(current, true, || self.seat.with(leave));
    }

    /// One step on what waits for a thread, if their number is bounded by the program: otherwise none ever waits.
    fn step_on_blocking<R>(&self, current: Current, act: impl FnOnce(&mut Blocking) -> R) -> R {
        let act = || self.blocking.with(act);
        if self.max_blocking < MAX_BLOCKING { self.step(current, true, act) } else { act() }
    }

    /// Runs `work` on a thread where it may block, at once or when one is free.
    pub(crate) fn run_blocking(self: &Arc<Core>, work: Box<dyn FnOnce() + Send>) {
        let Some(current) = current() else { return };
        let begun = self.step_on_blocking(current, |blocking| {
            if blocking.running >= self.max_blocking {
                blocking.waiting.push_back(work);
                return None;
            }
            blocking.running += 1;
            blocking.started += 1;
            Some(work)
        });
        let Some(work) = begun else { return };
        let core = Arc::clone(self);
        let run = move || {
            let _in_runtime = InRuntime::enter(&core);
            let _begun = core.hooks.begin();
            let Some(current) = crate::rt::current() else { return };
            core.blocking.with(|blocking| blocking.begun += 1);
            let mut next = Some(work);
            while let Some(work) = next {
                work();
                next = core.step_on_blocking(current, |blocking| {
                    let next = blocking.waiting.pop_front();
                    blocking.running -= usize::from(next.is_none());
                    blocking.ended += usize::from(next.is_none());
                    next
                });
            }
        };
        let spawned = thread::Builder::new().name("tokio-blocking".to_owned()).spawn(run);
        let spawned = spawned.expect("a thread of the model");
        self.threads.with(|threads| threads.push(spawned));
    }
}
