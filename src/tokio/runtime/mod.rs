//! Mirror of [tokio's `runtime`](::tokio::runtime).

mod builder;
pub(crate) mod core;
mod drive;
mod hooks;
mod local;
mod places;
mod shutdown;

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub use self::builder::Builder;
use self::core::Core;
pub use self::local::{LocalOptions, LocalRuntime};
use self::shutdown::Waits;
use super::context::{self, InRuntime};
use super::task::{JoinHandle, spawn_blocking_on, spawn_on};
use crate::rt::{Current, current};

/// Mirror of [tokio's `runtime::RuntimeFlavor`](::tokio::runtime::RuntimeFlavor).
pub type RuntimeFlavor = ::tokio::runtime::RuntimeFlavor;

/// Mirror of [tokio's `runtime::Runtime`](::tokio::runtime::Runtime).
#[derive(Debug)]
pub struct Runtime {
    repr: Repr,
    handle: Handle,
}

#[derive(Debug)]
enum Repr {
    Inside(Arc<Core>),
    Outside(Option<::tokio::runtime::Runtime>),
}

/// The running execution, for a runtime that was made inside one.
#[track_caller]
fn running() -> Current {
    current().unwrap_or_else(|| panic!("a runtime that was made inside an exploration is used outside of it"))
}

impl Runtime {
    /// A runtime with workers.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    #[track_caller]
    pub fn new() -> io::Result<Runtime> {
        Builder::new_multi_thread().enable_all().build()
    }

    /// tokio's runtime, if it is one.
    #[track_caller]
    pub(crate) fn outside(&self) -> &::tokio::runtime::Runtime {
        match &self.repr {
            Repr::Outside(Some(outside)) => outside,
            _ => panic!("a runtime that was made inside an exploration is used outside of it"),
        }
    }

    /// A handle to it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle().spawn(future)
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

    /// Runs a future to its end.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.repr {
            Repr::Inside(core) => core.block_on(running(), future, Location::caller()),
            Repr::Outside(_) => self.outside().block_on(future),
        }
    }

    /// Enters the runtime: `spawn` makes tasks of it while the guard lives.
    pub fn enter(&self) -> EnterGuard<'_> {
        match &self.repr {
            Repr::Inside(core) => {
                EnterGuard { set: None, inside: Some(InRuntime::enter(core)), outside: None }
            }
            Repr::Outside(_) => EnterGuard { set: None, inside: None, outside: Some(self.outside().enter()) },
        }
    }

    /// Shuts the runtime down, and waits at most so long for work that blocks.
    #[track_caller]
    pub fn shutdown_timeout(mut self, duration: Duration) {
        match &mut self.repr {
            Repr::Inside(core) => core.shut_down(running(), Waits::AtMost(duration), Location::caller()),
            Repr::Outside(outside) => {
                outside.take().into_iter().for_each(|outside| outside.shutdown_timeout(duration))
            }
        }
    }

    /// Shuts the runtime down, and waits for nothing.
    #[track_caller]
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let (Repr::Inside(core), Some(current)) = (&self.repr, current()) else { return };
        if core.is_shut_down() {
            return;
        }
        if current.running_task().is_some() && !current.panicking() {
            panic!(
                "Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped \
                 from within an asynchronous context."
            );
        }
        core.shut_down(current, Waits::UntilAllHaveEnded, Location::caller());
    }
}

/// Mirror of [tokio's `runtime::Handle`](::tokio::runtime::Handle).
#[derive(Clone, Debug)]
pub struct Handle(HandleRepr);

#[derive(Clone, Debug)]
enum HandleRepr {
    Inside(Arc<Core>),
    Outside(::tokio::runtime::Handle),
}

/// There is no runtime: mirror of [tokio's `runtime::TryCurrentError`](::tokio::runtime::TryCurrentError).
#[derive(Debug)]
pub struct TryCurrentError(());

impl TryCurrentError {
    /// Whether no runtime was entered.
    pub fn is_missing_context(&self) -> bool {
        true
    }

    /// Whether the thread is ending.
    pub fn is_thread_local_destroyed(&self) -> bool {
        false
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::task::NO_RUNTIME)
    }
}

impl std::error::Error for TryCurrentError {}

/// Mirror of [tokio's `runtime::Id`](::tokio::runtime::Id): inside an exploration, the number of the runtime's queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Id(IdRepr);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum IdRepr {
    Inside(u32),
    Outside(::tokio::runtime::Id),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IdRepr::Inside(number) => number.fmt(f),
            IdRepr::Outside(id) => id.fmt(f),
        }
    }
}

impl Handle {
    /// Which of the runtimes it is.
    pub fn id(&self) -> Id {
        match &self.0 {
            HandleRepr::Inside(core) => Id(IdRepr::Inside(core.queue.0 + 1)),
            HandleRepr::Outside(handle) => Id(IdRepr::Outside(handle.id())),
        }
    }

    fn outside(handle: ::tokio::runtime::Handle) -> Handle {
        Handle(HandleRepr::Outside(handle))
    }

    /// The runtime that the thread is in.
    ///
    /// # Panics
    ///
    /// If it is in none.
    #[track_caller]
    pub fn current() -> Handle {
        match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The runtime that the thread is in.
    ///
    /// # Errors
    ///
    /// If it is in none.
    pub fn try_current() -> Result<Handle, TryCurrentError> {
        match current() {
            Some(_) => {
                context::core().map(|core| Handle(HandleRepr::Inside(core))).ok_or(TryCurrentError(()))
            }
            None => match ::tokio::runtime::Handle::try_current() {
                Ok(handle) => Ok(Handle(HandleRepr::Outside(handle))),
                Err(_) => Err(TryCurrentError(())),
            },
        }
    }

    /// Makes a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.0 {
            HandleRepr::Inside(core) => spawn_on(running(), core, future, Location::caller()),
            HandleRepr::Outside(handle) => JoinHandle::outside(handle.spawn(future)),
        }
    }

    /// Runs `work` where it may block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match &self.0 {
            HandleRepr::Inside(core) => spawn_blocking_on(running(), core, work, Location::caller()),
            HandleRepr::Outside(handle) => JoinHandle::outside(handle.spawn_blocking(work)),
        }
    }

    /// Runs a future to its end, on the running thread. It polls no task of a runtime that has one thread only.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            HandleRepr::Inside(core) => core.block_alone(running(), future, Location::caller()),
            HandleRepr::Outside(handle) => handle.block_on(future),
        }
    }

    /// Enters the runtime: `spawn` makes tasks of it while the guard lives.
    pub fn enter(&self) -> EnterGuard<'_> {
        match &self.0 {
            HandleRepr::Inside(core) => {
                EnterGuard { set: None, inside: Some(InRuntime::enter(core)), outside: None }
            }
            HandleRepr::Outside(handle) => {
                EnterGuard { set: None, inside: None, outside: Some(handle.enter()) }
            }
        }
    }

    /// Which runtime it is.
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match &self.0 {
            HandleRepr::Inside(core) if core.is_shared => RuntimeFlavor::MultiThread,
            HandleRepr::Inside(_) => RuntimeFlavor::CurrentThread,
            HandleRepr::Outside(handle) => handle.runtime_flavor(),
        }
    }

    /// What is known of the runtime's work.
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics(self.clone())
    }
}

/// Mirror of [tokio's `runtime::RuntimeMetrics`](::tokio::runtime::RuntimeMetrics), as far as it is stable.
#[derive(Clone, Debug)]
pub struct RuntimeMetrics(Handle);

impl RuntimeMetrics {
    /// How many workers there are.
    pub fn num_workers(&self) -> usize {
        match &self.0.0 {
            HandleRepr::Inside(core) => core.workers,
            HandleRepr::Outside(handle) => handle.metrics().num_workers(),
        }
    }

    /// How many tasks have not ended.
    pub fn num_alive_tasks(&self) -> usize {
        match &self.0.0 {
            HandleRepr::Inside(core) => {
                running().note_count();
                core.alive_tasks()
            }
            HandleRepr::Outside(handle) => handle.metrics().num_alive_tasks(),
        }
    }
}

/// Mirror of [tokio's `runtime::EnterGuard`](::tokio::runtime::EnterGuard).
#[derive(Debug)]
pub struct EnterGuard<'a> {
    #[expect(dead_code, reason = "its drop leaves the set of a `LocalRuntime`")]
    set: Option<Box<dyn fmt::Debug>>,
    #[expect(dead_code, reason = "its drop leaves the runtime")]
    inside: Option<InRuntime>,
    #[expect(dead_code, reason = "its drop leaves the runtime")]
    outside: Option<::tokio::runtime::EnterGuard<'a>>,
}

/// Runs a future to its end on a thread that polls no task.
///
/// # Panics
///
/// Inside a task.
#[track_caller]
pub(crate) fn block_outside_tasks<F: Future>(future: F) -> F::Output {
    let is_in_task = match current() {
        Some(current) => current.running_task().is_some(),
        None => ::tokio::runtime::Handle::try_current().is_ok() && ::tokio::task::try_id().is_some(),
    };
    assert!(
        !is_in_task,
        "Cannot block the current thread from within a runtime. This happens because a function attempted to block the \
         current thread while the thread is being used to drive asynchronous tasks."
    );
    crate::future::block_on(future)
}
