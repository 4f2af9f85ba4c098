//! `AtomicWaker`: a place for the waker of a task, which others call.

use std::fmt;
use std::sync::{PoisonError, TryLockError};
use std::task::Waker;

use drawloom::sync::Mutex;

use crate::outside;

/// Holds the waker that was registered last; mirrors `AtomicWaker` of the crate `futures`.
pub struct AtomicWaker {
    waker: Mutex<Option<Waker>>,
}

impl AtomicWaker {
    /// Creates one without a waker.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new() -> AtomicWaker {
        outside::check("loom::future::AtomicWaker");
        AtomicWaker { waker: Mutex::new(None) }
    }

    /// Registers a waker for the next [`wake`](AtomicWaker::wake). If that is going on at the same time, the
    /// waker is called at once.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        outside::check("loom::future::AtomicWaker");
        let mut registered = match self.waker.try_lock() {
            Ok(registered) => registered,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                waker.wake();
                // The task is polled again, once the other thread is done: if it spun until then, there were
                // executions without end, each with one more round.
                drop(self.waker.lock());
                return;
            }
        };
        let replaced = registered.replace(waker);
        drop(registered);
        // Its destructor is the program's code.
        drop(replaced);
    }

    /// As [`register`](AtomicWaker::register), with a clone of the waker.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker.clone());
    }

    /// Calls the registered waker, if there is one, and forgets it.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the registered waker, if there is one, for the caller to call.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn take_waker(&self) -> Option<Waker> {
        outside::check("loom::future::AtomicWaker");
        let lock = self.waker.lock();
        lock.unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Default for AtomicWaker {
    #[track_caller]
    fn default() -> AtomicWaker {
        AtomicWaker::new()
    }
}

impl fmt::Debug for AtomicWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicWaker").finish_non_exhaustive()
    }
}
