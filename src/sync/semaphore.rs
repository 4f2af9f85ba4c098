//! `Semaphore`, which std has not: a number of permits, with every acquisition and release a scheduling point.
//!
//! Waiters are not served in order: whoever finds enough permits may take them.

use std::panic::Location;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, mem};

use crate::rt::op::ObjectId;
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

/// A counting semaphore: so many may hold a permit at once.
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{Arc, Semaphore}, sync::atomic::{AtomicU32, Ordering}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let desks = Arc::new(Semaphore::new(2));
///     let working = Arc::new(AtomicU32::new(0));
///     let threads = [1, 2, 3].map(|_| {
///         let (desks, working) = (Arc::clone(&desks), Arc::clone(&working));
///         thread::spawn(move || {
///             let _desk = desks.acquire();
///             assert!(working.fetch_add(1, Ordering::Relaxed) < 2);
///             working.fetch_sub(1, Ordering::Relaxed);
///         })
///     });
///     threads.into_iter().for_each(|thread| thread.join().unwrap());
///     assert_eq!(desks.available_permits(), 2);
/// });
/// assert!(report.passed());
/// ```
#[repr(C)]
pub struct Semaphore {
    identity: Identity,
    /// The permits outside explorations, with which an execution starts.
    outside: Mutex<usize>,
    added: Condvar,
}

/// Permits that are given back to their [`Semaphore`] when dropped. May be sent to another thread.
#[must_use = "if unused the permits are given back immediately"]
pub struct SemaphoreGuard<'a> {
    semaphore: &'a Semaphore,
    permits: u32,
    held: Option<Held>,
}

/// In the model: from which semaphore permits were taken, and where.
type Held = (ObjectId, &'static Location<'static>);

#[track_caller]
fn panic_too_many() -> ! {
    panic!("a semaphore cannot have more than usize::MAX permits")
}

impl Semaphore {
    /// Creates a semaphore with this many permits.
    #[must_use]
    #[track_caller]
    pub const fn new(permits: usize) -> Semaphore {
        Semaphore { identity: Identity::new(), outside: Mutex::new(permits), added: Condvar::new() }
    }

    fn object(&self, current: Current) -> ObjectId {
        current.semaphore_object(&self.identity, || *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guard(&self, permits: u32, held: Option<Held>) -> SemaphoreGuard<'_> {
        SemaphoreGuard { semaphore: self, permits, held }
    }

    /// Takes one permit, waiting until there is one.
    #[track_caller]
    pub fn acquire(&self) -> SemaphoreGuard<'_> {
        self.acquire_many(1)
    }

    /// Takes `permits` permits at once, waiting until there are as many.
    #[track_caller]
    pub fn acquire_many(&self, permits: u32) -> SemaphoreGuard<'_> {
        self.take(permits, None).expect("a wait without timeout ends with permits")
    }

    /// As [`Semaphore::acquire`], for at most `timeout`: of virtual time, inside an exploration. `None` if the
    /// time was over first.
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<SemaphoreGuard<'_>> {
        self.take(1, Some(timeout))
    }

    /// Takes one permit if there is one now.
    #[track_caller]
    pub fn try_acquire(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes `permits` permits at once if there are as many now.
    #[track_caller]
    pub fn try_acquire_many(&self, permits: u32) -> Option<SemaphoreGuard<'_>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "Semaphore");
            let mut available = self.lock();
            *available = available.checked_sub(permits as usize)?;
            return Some(self.guard(permits, None));
        };
        let (object, location) = (self.object(current), Location::caller());
        let taken = current.semaphore_try_acquire(object, permits, location);
        current.check_intact(&self.identity, object, "Semaphore");
        taken.then(|| self.guard(permits, Some((object, location))))
    }

    #[track_caller]
    fn take(&self, permits: u32, timeout: Option<Duration>) -> Option<SemaphoreGuard<'_>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "Semaphore");
            let taken = self.take_outside(permits as usize, timeout);
            return taken.then(|| self.guard(permits, None));
        };
        let (object, location) = (self.object(current), Location::caller());
        let taken = current.semaphore_acquire(object, permits, timeout, location);
        current.check_intact(&self.identity, object, "Semaphore");
        taken.then(|| self.guard(permits, Some((object, location))))
    }

    fn take_outside(&self, permits: usize, timeout: Option<Duration>) -> bool {
        // So far in the future that no instant says it: for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut available = self.lock();
        while *available < permits {
            available = match deadline {
                None => self.added.wait(available).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    self.added.wait_timeout(available, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *available -= permits;
        true
    }

    fn add_outside(&self, permits: usize) -> bool {
        let mut available = self.lock();
        let Some(sum) = available.checked_add(permits) else { return false };
        *available = sum;
        self.added.notify_all();
        true
    }

    /// How many permits there are now.
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        match current() {
            Some(current) => current.semaphore_permits(self.object(current), Location::caller()),
            None => {
                outside::check(&self.identity, "Semaphore");
                *self.lock()
            }
        }
    }

    /// Adds permits that nobody has taken.
    ///
    /// # Panics
    ///
    /// If there were more than `usize::MAX` permits.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        let added = match current() {
            Some(current) => {
                let object = self.object(current);
                let added = current.semaphore_add(object, permits, Location::caller());
                current.check_intact(&self.identity, object, "Semaphore");
                added
            }
            None => {
                outside::check(&self.identity, "Semaphore");
                self.add_outside(permits)
            }
        };
        if !added {
            panic_too_many();
        }
    }
}

impl SemaphoreGuard<'_> {
    /// How many permits these are.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.permits
    }

    /// Keeps the permits for good: the semaphore has so many less from now on.
    pub fn forget(self) {
        if let (Some((object, location)), Some(current)) = (self.held, current())
            && current.owns(&self.semaphore.identity, object)
        {
            current.semaphore_forget(object, location);
        }
        mem::forget(self);
    }
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        let identity = &self.semaphore.identity;
        match (self.held, current()) {
            (None, _) => {
                // No more than were taken: it fits, unless others were added meanwhile.
                if !self.semaphore.add_outside(self.permits as usize) && !std::thread::panicking() {
                    panic_too_many();
                }
            }
            (Some((object, location)), Some(current)) if current.owns(identity, object) => {
                current.semaphore_release(object, self.permits, location);
                current.check_intact(identity, object, "Semaphore");
            }
            (Some((_, location)), Some(current)) => current.note_misuse(format!(
                "permits taken at {location} were kept past the end of their execution; drop guards in the \
                 execution that took them"
            )),
            // The execution has ended, and its permits with it.
            (Some(_), None) => {}
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an operation: printing a value must not change what is explored.
        let permits = match current() {
            Some(current) => current.semaphore_peek(self.object(current)),
            None => *self.lock(),
        };
        f.debug_struct("Semaphore").field("permits", &permits).finish()
    }
}

impl fmt::Debug for SemaphoreGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphoreGuard").field("permits", &self.permits).finish_non_exhaustive()
    }
}
