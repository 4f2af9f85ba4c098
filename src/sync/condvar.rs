//! `Condvar`: std's, with waiting and notifying as scheduling points.
//!
//! Inside an exploration `notify_one` wakes any waiter, and a wait may end for no reason, as often as the
//! configuration allows: std promises no more.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::LockResult;
use std::time::{Duration, Instant};

use super::mutex::{Held, MutexGuard};
use super::real;
use crate::rt::op::ObjectId;
use crate::rt::primitives::Wakeup;
use crate::rt::registry::outside;
use crate::rt::{self, Current, Identity, current};

/// A condition variable; see [`std::sync::Condvar`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{Arc, Condvar, Mutex}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let pair = Arc::new((Mutex::new(false), Condvar::new()));
///     let other = Arc::clone(&pair);
///     let thread = thread::spawn(move || {
///         *other.0.lock().unwrap() = true;
///         other.1.notify_one();
///     });
///     let ready = pair.1.wait_while(pair.0.lock().unwrap(), |ready| !*ready).unwrap();
///     assert!(*ready);
///     drop(ready);
///     thread.join().unwrap();
/// });
/// assert!(report.passed());
/// ```
// In this order: an identity at the front notices that the memory was freed.
#[repr(C)]
pub struct Condvar {
    identity: Identity,
    outside: std::sync::Condvar,
}

/// Whether a wait ended because its time was over; see [`std::sync::WaitTimeoutResult`], which cannot be made
/// outside std.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Creates a condition variable that nobody waits on.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Condvar {
        Condvar { identity: Identity::new(), outside: std::sync::Condvar::new() }
    }

    /// Releases the mutex, waits until notified and takes the mutex again. May return for no reason.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the mutex.
    ///
    /// # Panics
    ///
    /// If it is used with a second mutex.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        real::map(self.wait_at_most(guard, None), |(guard, _)| guard)
    }

    /// Waits as long as `condition` holds.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`Condvar::wait_timeout`], in milliseconds. Whether it was notified in time.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    #[deprecated(since = "1.6.0", note = "replaced by `std::sync::Condvar::wait_timeout`")]
    #[track_caller]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let timeout = Duration::from_millis(u64::from(ms));
        real::map(self.wait_timeout(guard, timeout), |(guard, result)| (guard, !result.timed_out()))
    }

    /// As [`Condvar::wait`], for at most `timeout`: of virtual time, inside an exploration.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.wait_at_most(guard, Some(timeout))
    }

    /// Waits as long as `condition` holds, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Condvar::wait`].
    ///
    /// # Panics
    ///
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let clock = Clock::start();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            // Real time would have gone on a little since the wait ended.
            let left = timeout.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            guard = self.wait_timeout(guard, left)?.0;
        }
    }

    #[track_caller]
    fn wait_at_most<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Option<Duration>,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let location = Location::caller();
        let (mutex, held) = guard.into_parts();
        match (held, current()) {
            (Held::InModel(hold), Some(current)) => {
                let condvar = self.object(current);
                if !current.condvar_use_mutex(condvar, hold.object) {
                    // Released by the panic, which poisons the mutex.
                    let _guard = mutex.guard(current, hold.object, hold.location);
                    panic!("attempted to use a condition variable with two mutexes");
                }
                let (wakeup, poisoned) = current.condvar_wait(condvar, hold.object, timeout, location);
                let guard = mutex.guard(current, hold.object, location);
                let result = WaitTimeoutResult(wakeup == Wakeup::TimedOut);
                real::poisoned_if(poisoned, (guard, result))
            }
            (Held::Outside(outside), None) => {
                outside::check(&self.identity, "Condvar");
                let guard = |outside| mutex.guard_outside(outside);
                match timeout {
                    None => {
                        let result = self.outside.wait(outside);
                        real::map(result, |outside| (guard(outside), WaitTimeoutResult(false)))
                    }
                    Some(timeout) => {
                        let result = self.outside.wait_timeout(outside, timeout);
                        real::map(result, |(outside, result)| {
                            (guard(outside), WaitTimeoutResult(result.timed_out()))
                        })
                    }
                }
            }
            _ => panic!(
                "drawloom: a Condvar waits with a guard that was taken in another execution, or outside the \
                 exploration; keep guards inside the execution that took them"
            ),
        }
    }

    fn object(&self, current: Current) -> ObjectId {
        current.condvar_object(&self.identity)
    }

    /// Wakes one waiter, if there is any: whichever, inside an exploration.
    #[track_caller]
    pub fn notify_one(&self) {
        match current() {
            Some(current) => {
                let object = self.object(current);
                current.condvar_notify_one(object, Location::caller());
                current.check_intact(&self.identity, object, "Condvar");
            }
            None => {
                outside::check(&self.identity, "Condvar");
                self.outside.notify_one();
            }
        }
    }

    /// Wakes every waiter.
    #[track_caller]
    pub fn notify_all(&self) {
        match current() {
            Some(current) => {
                let object = self.object(current);
                current.condvar_notify_all(object, Location::caller());
                current.check_intact(&self.identity, object, "Condvar");
            }
            None => {
                outside::check(&self.identity, "Condvar");
                self.outside.notify_all();
            }
        }
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

/// The time since a moment: virtual inside an exploration.
enum Clock {
    Virtual(Duration),
    Real(Instant),
}

impl Clock {
    fn start() -> Clock {
        rt::elapsed().map_or_else(|| Clock::Real(Instant::now()), Clock::Virtual)
    }

    fn elapsed(&self) -> Duration {
        match self {
            Clock::Virtual(start) => rt::elapsed().unwrap_or(*start).saturating_sub(*start),
            Clock::Real(start) => start.elapsed(),
        }
    }
}
