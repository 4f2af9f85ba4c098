//! A runtime whose tasks stay on one thread: mirror of tokio's `LocalRuntime`. Inside an exploration it is a runtime of one thread with
//! a `LocalSet` that is entered whenever it is.

use std::future::Future;
use std::io;
use std::time::Duration;

use super::builder::Flavor;
use super::{Builder, EnterGuard, Handle, Runtime, RuntimeMetrics};
use crate::rt::current;
use crate::tokio::task::{JoinHandle, LocalSet};

/// Mirror of [tokio's `runtime::LocalOptions`](::tokio::runtime::LocalOptions).
pub type LocalOptions = ::tokio::runtime::LocalOptions;

/// Mirror of [tokio's `runtime::LocalRuntime`](::tokio::runtime::LocalRuntime).
#[derive(Debug)]
pub struct LocalRuntime(Repr);

#[derive(Debug)]
enum Repr {
    Inside { set: Owned, runtime: Runtime },
    Outside { runtime: ::tokio::runtime::LocalRuntime, handle: Handle },
}

/// The set of a runtime. It is dropped before that, with its tasks, which find the runtime.
#[derive(Debug)]
struct Owned {
    set: Option<LocalSet>,
    runtime: Handle,
}

impl Owned {
    fn set(&self) -> &LocalSet {
        self.set.as_ref().expect("it is taken when it is dropped")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let _in_runtime = self.runtime.enter();
        let set = self.set.take();
        let _entered = set.as_ref().map(LocalSet::enter);
        drop(set);
    }
}

impl Builder {
    /// Builds a runtime whose tasks stay on the thread.
    ///
    /// # Errors
    ///
    /// Those of tokio, outside of explorations.
    ///
    /// # Panics
    ///
    /// If it was to have workers.
    #[track_caller]
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        assert!(self.flavor == Flavor::CurrentThread, "multi_thread is not supported for LocalRuntime");
        if current().is_some() {
            let runtime = self.build()?;
            let set = Owned { set: Some(LocalSet::new()), runtime: runtime.handle().clone() };
            return Ok(LocalRuntime(Repr::Inside { set, runtime }));
        }
        let runtime = self.outside.build_local(options)?;
        let handle = Handle::outside(runtime.handle().clone());
        Ok(LocalRuntime(Repr::Outside { runtime, handle }))
    }
}

impl LocalRuntime {
    /// A runtime whose tasks stay on the thread.
    ///
    /// # Errors
    ///
    /// As [`Builder::build_local`].
    #[track_caller]
    pub fn new() -> io::Result<LocalRuntime> {
        Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
    }

    /// A handle to it.
    pub fn handle(&self) -> &Handle {
        match &self.0 {
            Repr::Inside { runtime, .. } => runtime.handle(),
            Repr::Outside { handle, .. } => handle,
        }
    }

    /// Makes a task, which need not be `Send`.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match &self.0 {
            Repr::Inside { set, runtime } => {
                let _entered = runtime.enter();
                set.set().spawn_local(future)
            }
            Repr::Outside { runtime, .. } => JoinHandle::outside(runtime.spawn_local(future)),
        }
    }

    /// Runs `work` where it may block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle().spawn_blocking(work)
    }

    /// Runs a future to its end, and the tasks meanwhile.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Repr::Inside { set, runtime } => {
                // Tasks that came by `spawn` may call `spawn_local`, too.
                let _entered = set.set().enter();
                set.set().block_on(runtime, future)
            }
            Repr::Outside { runtime, .. } => runtime.block_on(future),
        }
    }

    /// Enters the runtime: `spawn` and `spawn_local` make tasks of it while the guard lives.
    pub fn enter(&self) -> EnterGuard<'_> {
        match &self.0 {
            Repr::Inside { set, runtime } => {
                EnterGuard { set: Some(Box::new(set.set().enter())), ..runtime.enter() }
            }
            Repr::Outside { runtime, .. } => {
                EnterGuard { set: None, inside: None, outside: Some(runtime.enter()) }
            }
        }
    }

    /// Shuts the runtime down, and waits at most so long for work that blocks.
    #[track_caller]
    pub fn shutdown_timeout(self, duration: Duration) {
        match self.0 {
            Repr::Inside { set, runtime } => {
                drop(set);
                runtime.shutdown_timeout(duration);
            }
            Repr::Outside { runtime, .. } => runtime.shutdown_timeout(duration),
        }
    }

    /// Shuts the runtime down, and waits for nothing.
    #[track_caller]
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// What is known of the runtime's work.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle().metrics()
    }
}
