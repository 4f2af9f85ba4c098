//! The OS threads that executions run on.
//!
//! Every phase of an exploration has its own, so that a failure that spoils an OS thread (a double panic leaves std's panic count
//! wrong) ends with it.

use std::thread::{Scope, ScopedJoinHandle};

use super::runner::Exploration;
use crate::config::ConfigError;
use crate::rt::Execution;

impl Exploration<'_> {
    /// Runs `work` on a new OS thread with an execution of its own.
    pub(super) fn on_worker<R: Send>(
        &self,
        work: impl FnOnce(&mut Execution) -> R + Send,
    ) -> Result<R, ConfigError> {
        std::thread::scope(|scope| {
            let worker = self.start_worker(scope, work)?;
            Ok(join(worker))
        })
    }

    /// Runs `work` on `count` new OS threads, each with an execution of its own.
    pub(super) fn on_workers<R: Send>(
        &self,
        count: usize,
        work: impl Fn(&mut Execution) -> R + Sync,
    ) -> Result<Vec<R>, ConfigError> {
        std::thread::scope(|scope| {
            let start = |_| self.start_worker(scope, &work);
            let workers: Result<Vec<_>, ConfigError> = (0..count).map(start).collect();
            Ok(workers?.into_iter().map(join).collect())
        })
    }

    fn start_worker<'scope, R: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce(&mut Execution) -> R + Send + 'scope,
    ) -> Result<ScopedJoinHandle<'scope, R>, ConfigError> {
        let run = || {
            let mut execution = Execution::new(self.config.limits(), self.config.make_strategy());
            let seed = self.seed(0).to_string();
            let all = seed.strip_suffix('0').unwrap_or(&seed);
            execution.set_last_words(format!("{}; replay: DRAWLOOM_REPLAY={all}", self.config.name));
            work(&mut execution)
        };
        std::thread::Builder::new().name("drawloom".to_owned()).spawn_scoped(scope, run).map_err(|error| {
            ConfigError::new(format!("the operating system gives no thread for a worker: {error}"))
        })
    }
}

fn join<R>(worker: ScopedJoinHandle<'_, R>) -> R {
    worker.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}
