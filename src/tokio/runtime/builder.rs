//! Mirror of [tokio's `runtime::Builder`](::tokio::runtime::Builder).

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, DEFAULT_WORKERS};
use super::hooks::Hooks;
use super::{Handle, HandleRepr, Repr, Runtime};
use crate::rt::current;

/// Which runtime is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flavor {
    CurrentThread,
    MultiThread,
}

/// Mirror of [tokio's `runtime::Builder`](::tokio::runtime::Builder).
pub struct Builder {
    pub(super) flavor: Flavor,
    workers: usize,
    max_blocking: usize,
    hooks: Hooks,
    has_time: bool,
    pub(super) outside: ::tokio::runtime::Builder,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// How many threads may block at once, if it is not said: as in tokio.
pub(super) const MAX_BLOCKING: usize = 512;

impl Builder {
    /// A runtime whose tasks are polled by whoever calls `block_on`.
    pub fn new_current_thread() -> Builder {
        Builder {
            flavor: Flavor::CurrentThread,
            workers: 1,
            max_blocking: MAX_BLOCKING,
            hooks: Hooks::default(),
            has_time: false,
            outside: ::tokio::runtime::Builder::new_current_thread(),
        }
    }

    /// A runtime with workers: two inside an exploration, if it is not said.
    pub fn new_multi_thread() -> Builder {
        Builder {
            flavor: Flavor::MultiThread,
            workers: DEFAULT_WORKERS,
            max_blocking: MAX_BLOCKING,
            hooks: Hooks::default(),
            has_time: false,
            outside: ::tokio::runtime::Builder::new_multi_thread(),
        }
    }

    /// How many workers there are.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn worker_threads(&mut self, count: usize) -> &mut Builder {
        assert!(count > 0, "Worker threads cannot be set to 0");
        self.workers = count;
        self.outside.worker_threads(count);
        self
    }

    /// How many threads may block at once.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Builder {
        assert!(count > 0, "Max blocking threads cannot be set to 0");
        self.max_blocking = count;
        self.outside.max_blocking_threads(count);
        self
    }

    /// Time and I/O.
    pub fn enable_all(&mut self) -> &mut Builder {
        self.has_time = true;
        self.outside.enable_all();
        self
    }

    /// Time: without it, whoever makes a timer panics.
    pub fn enable_time(&mut self) -> &mut Builder {
        self.has_time = true;
        self.outside.enable_time();
        self
    }

    /// I/O, which is tokio's own.
    pub fn enable_io(&mut self) -> &mut Builder {
        // Part of `enable_all` wherever the feature is there.
        self.outside.enable_all();
        self
    }

    /// The name of the workers; nothing inside an exploration.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Builder {
        self.outside.thread_name(name);
        self
    }

    /// A name for the runtime; nothing inside an exploration.
    pub fn name(&mut self, name: impl Into<String>) -> &mut Builder {
        self.outside.name(name);
        self
    }

    /// The names of the workers; nothing inside an exploration.
    pub fn thread_name_fn<F: Fn() -> String + Send + Sync + 'static>(&mut self, name: F) -> &mut Builder {
        self.outside.thread_name_fn(name);
        self
    }

    /// What each thread of the runtime does when it begins.
    pub fn on_thread_start<F: Fn() + Send + Sync + 'static>(&mut self, act: F) -> &mut Builder {
        let act = self.hooks.set_start(act);
        self.outside.on_thread_start(move || act());
        self
    }

    /// What each thread of the runtime does when it ends.
    pub fn on_thread_stop<F: Fn() + Send + Sync + 'static>(&mut self, act: F) -> &mut Builder {
        let act = self.hooks.set_stop(act);
        self.outside.on_thread_stop(move || act());
        self
    }

    /// What a worker does before it waits; nothing inside an exploration, where tokio promises nothing of when it does.
    pub fn on_thread_park<F: Fn() + Send + Sync + 'static>(&mut self, act: F) -> &mut Builder {
        self.outside.on_thread_park(act);
        self
    }

    /// What a worker does after it has waited; nothing inside an exploration.
    pub fn on_thread_unpark<F: Fn() + Send + Sync + 'static>(&mut self, act: F) -> &mut Builder {
        self.outside.on_thread_unpark(act);
        self
    }

    /// The stack of the workers; nothing inside an exploration.
    pub fn thread_stack_size(&mut self, size: usize) -> &mut Builder {
        self.outside.thread_stack_size(size);
        self
    }

    /// How long threads that may block are kept; nothing inside an exploration.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Builder {
        self.outside.thread_keep_alive(duration);
        self
    }

    /// When the scheduler looks at its global queue; nothing inside an exploration, where any ready task may come next.
    pub fn global_queue_interval(&mut self, ticks: u32) -> &mut Builder {
        self.outside.global_queue_interval(ticks);
        self
    }

    /// When the scheduler looks for events; nothing inside an exploration, where any ready task may come next.
    pub fn event_interval(&mut self, ticks: u32) -> &mut Builder {
        self.outside.event_interval(ticks);
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// Those of tokio, outside of explorations.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        let Some(current) = current() else {
            let runtime = self.outside.build()?;
            let handle = Handle::outside(runtime.handle().clone());
            return Ok(Runtime { repr: Repr::Outside(Some(runtime)), handle });
        };
        let workers = (self.flavor == Flavor::MultiThread).then_some(self.workers);
        let core = Core::new(
            current,
            workers,
            (self.max_blocking, self.hooks.clone()),
            self.has_time,
            Location::caller(),
        );
        for _ in 0..workers.unwrap_or(0) {
            core.add_worker();
        }
        let handle = Handle(HandleRepr::Inside(Arc::clone(&core)));
        Ok(Runtime { repr: Repr::Inside(core), handle })
    }
}
