//! The OS threads that executions run on.
//!
//! Every phase of an exploration has its own, so that a failure that spoils an OS thread (a double panic leaves std's panic count
//! wrong) ends with it. One on which an execution has hung does not end at all: what it waited for, a real lock's queue, say,
//! may still refer to the thread's locals. So nobody waits for a thread's end but for its work's, which `std::thread::scope` has
//! no way to say.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use super::exploration::Exploration;
use crate::config::ConfigError;
use crate::rt::Execution;
use crate::rt::process::{census, watchdog};

impl Exploration<'_> {
    /// Runs `work` on a new OS thread with an execution of its own.
    pub(super) fn on_worker<R: Send>(
        &self,
        work: impl FnOnce(&mut Execution) -> R + Send,
    ) -> Result<R, ConfigError> {
        // SAFETY: waits for the end of the work before this returns, even if that panics.
        unsafe { self.start_worker(work) }.map(Worker::finish)
    }

    /// Runs `work` on `count` new OS threads, each with an execution of its own.
    pub(super) fn on_workers<R: Send>(
        &self,
        count: usize,
        work: impl Fn(&mut Execution) -> R + Sync,
    ) -> Result<Vec<R>, ConfigError> {
        // SAFETY: a `Worker` that is dropped waits for the end of its work, and all are dropped before `work` is.
        let start = |_| unsafe { self.start_worker(&work) };
        let workers: Result<Vec<_>, ConfigError> = (0..count).map(start).collect();
        Ok(workers?.into_iter().map(Worker::finish).collect())
    }

    /// # Safety
    ///
    /// What comes back must be finished or dropped before anything that `work` and its result borrow ends.
    unsafe fn start_worker<'scope, R: Send + 'scope>(
        &'scope self,
        work: impl FnOnce(&mut Execution) -> R + Send + 'scope,
    ) -> Result<Worker<R>, ConfigError> {
        let (sender, result) = channel();
        let run = move || {
            let mut execution = Execution::new(self.config.limits(), self.config.make_strategy());
            let seed = self.seed(0).to_string();
            let all = seed.strip_suffix('0').unwrap_or(&seed);
            execution.set_last_words(format!("{}; replay: DRAWLOOM_REPLAY={all}", self.config.name));
            watchdog::watch(&execution, self.config.hang_after, self.long.number);
            // The watchdog is there already, and does not get this name.
            census::mark();
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut execution)));
            let has_hung = execution.has_hung();
            drop(execution);
            // After this nothing that is borrowed is used.
            let _ = sender.send((result, has_hung));
            if has_hung {
                loop {
                    std::thread::park();
                }
            }
        };
        let builder = std::thread::Builder::new().name("drawloom".to_owned());
        // SAFETY: whoever has the `Worker` waits until the work has been done, as the caller vouches.
        let thread = unsafe { builder.spawn_unchecked(run) }.map_err(|error| {
            ConfigError::new(format!("the operating system gives no thread for a worker: {error}"))
        })?;
        Ok(Worker { result, thread: Some(thread) })
    }
}

type Done<R> = (std::thread::Result<R>, bool);

/// An OS thread that works. Dropping it waits until the work is done.
struct Worker<R> {
    result: Receiver<Done<R>>,
    thread: Option<JoinHandle<()>>,
}

impl<R> Worker<R> {
    fn finish(mut self) -> R {
        match self.wait() {
            Some(Ok(result)) => result,
            Some(Err(payload)) => resume_unwind(payload),
            None => panic!("drawloom: an OS thread of an exploration ended without a result"),
        }
    }

    fn wait(&mut self) -> Option<std::thread::Result<R>> {
        let thread = self.thread.take()?;
        let done = self.result.recv().ok();
        // What is left of a thread that has ended (its locals' destructors) is waited for.
        if !done.as_ref().is_some_and(|(_, has_hung)| *has_hung) {
            let _ = thread.join();
        }
        done.map(|(result, _)| result)
    }
}

impl<R> Drop for Worker<R> {
    fn drop(&mut self) {
        drop(self.wait());
    }
}
