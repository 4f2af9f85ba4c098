//! `Condvar`: drawloom's, for use inside a model only. Unlike loom's it wakes spuriously, and timeouts end.

use std::fmt;
use std::time::Duration;

use super::guard::map;
use super::{LockResult, MutexGuard, WaitTimeoutResult};
use crate::outside;

/// A condition variable; see [`std::sync::Condvar`].
pub struct Condvar(drawloom::sync::Condvar);

impl Condvar {
    /// Creates a condition variable that nobody waits on.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new() -> Condvar {
        outside::check("loom::sync::Condvar");
        Condvar(drawloom::sync::Condvar::new())
    }

    /// Releases the mutex, waits until notified and takes the mutex again. May return for no reason.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the mutex.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        outside::check("loom::sync::Condvar");
        map(self.0.wait(guard.0), MutexGuard)
    }

    /// As [`Condvar::wait`], for at most `dur` of virtual time, which passes when nothing else can go on.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        outside::check("loom::sync::Condvar");
        map(self.0.wait_timeout(guard.0, dur), |(guard, timeout)| (MutexGuard(guard), timeout))
    }

    /// Wakes one waiting thread, any.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn notify_one(&self) {
        outside::check("loom::sync::Condvar");
        self.0.notify_one();
    }

    /// Wakes all waiting threads.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn notify_all(&self) {
        outside::check("loom::sync::Condvar");
        self.0.notify_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Condvar {
        Condvar::new()
    }
}
