//! `Mutex`: std's, with every acquisition and release a scheduling point.
//!
//! Outside an exploration a std mutex (of nothing) does the work, poisoning included; inside, the model.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::real::{self, FirstUse, Hold, RealLock};
use crate::rt::op::ObjectId;
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

/// A mutual exclusion primitive; see [`std::sync::Mutex`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{Arc, Mutex}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let count = Arc::new(Mutex::new(0));
///     let other = Arc::clone(&count);
///     let thread = thread::spawn(move || *other.lock().unwrap() += 1);
///     *count.lock().unwrap() += 1;
///     thread.join().unwrap();
///     assert_eq!(*count.lock().unwrap(), 2);
/// });
/// assert!(report.passed());
/// ```
// In this order: an identity at the front notices that the memory was freed.
#[repr(C)]
pub struct Mutex<T: ?Sized> {
    identity: Identity,
    real: RealLock,
    outside: std::sync::Mutex<()>,
    data: UnsafeCell<T>,
}

// SAFETY: as std's: the data goes from thread to thread, but two never have it at once. In one execution
// the model sees to that, and `real` keeps executions and outside code apart.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// Creates a mutex in an unlocked state.
    #[track_caller]
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            identity: Identity::new(),
            real: RealLock::new(),
            outside: std::sync::Mutex::new(()),
            data: UnsafeCell::new(value),
        }
    }

    /// Consumes the mutex and returns the data.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the mutex.
    pub fn into_inner(self) -> LockResult<T> {
        real::poisoned_if(self.peek_poisoned(), self.data.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    fn object(&self, current: Current) -> ObjectId {
        current.mutex_object(&self.identity, || self.outside.is_poisoned())
    }

    /// Takes the mutex, waiting until it is free.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the mutex.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "Mutex");
            return real::map(self.outside.lock(), |outside| self.guard_outside(outside));
        };
        let location = Location::caller();
        let object = self.object(current);
        let poisoned = current.mutex_lock(object, location);
        real::poisoned_if(poisoned, self.guard(current, object, location))
    }

    /// Takes the mutex if it is free.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it is not free; the guard in `Poisoned`, if a thread panicked while it held the mutex.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "Mutex");
            return real::try_map(self.outside.try_lock(), |outside| self.guard_outside(outside));
        };
        let location = Location::caller();
        let object = self.object(current);
        match current.mutex_try_lock(object, location) {
            None => Err(TryLockError::WouldBlock),
            Some(poisoned) => {
                let guard = self.guard(current, object, location);
                real::poisoned_if(poisoned, guard).map_err(TryLockError::Poisoned)
            }
        }
    }

    /// The guard of a thread that the model has granted the mutex.
    pub(super) fn guard(
        &self,
        current: Current,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> MutexGuard<'_, T> {
        self.real.enter(current, "Mutex", &self.identity, object);
        let hold = Hold::new(current, object, location);
        let first_use = FirstUse::of(current, object);
        MutexGuard { mutex: self, held: Held::InModel(hold), first_use, changed: false, marker: PhantomData }
    }

    /// The guard of code outside explorations that holds the std mutex.
    pub(super) fn guard_outside<'a>(&'a self, outside: std::sync::MutexGuard<'a, ()>) -> MutexGuard<'a, T> {
        self.real.enter_outside("Mutex", &self.identity);
        let held = Held::Outside(outside);
        MutexGuard { mutex: self, held, first_use: FirstUse::never(), changed: false, marker: PhantomData }
    }

    /// Whether a thread panicked while it held the mutex.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        match current() {
            Some(current) => current.is_poisoned(self.object(current), Location::caller()),
            None => self.outside.is_poisoned(),
        }
    }

    /// As `is_poisoned`, for whoever has the mutex alone, and for printing.
    fn peek_poisoned(&self) -> bool {
        match current() {
            Some(current) => current.peek_poisoned(self.object(current)),
            None => self.outside.is_poisoned(),
        }
    }

    /// Forgets that a thread panicked while it held the mutex.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.outside.clear_poison();
        if let Some(current) = current() {
            current.clear_poison(self.object(current), Location::caller());
        }
    }

    /// The data, without locking: the borrow proves that nobody else has the mutex.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the mutex.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        real::poisoned_if(self.peek_poisoned(), self.data.get_mut())
    }
}

// As std's: a panic while the mutex is held poisons it, so its data cannot be seen broken by accident.
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an operation: printing a value must not change what is explored.
        let mut output = f.debug_struct("Mutex");
        if self.real.is_free() {
            // SAFETY: nobody holds the mutex. Inside an execution that stays so while this fiber runs; outside,
            // this is as weak as any use of a value from outside while it is explored.
            output.field("data", &unsafe { &*self.data.get() });
        } else {
            output.field("data", &"<locked>");
        }
        output.field("poisoned", &self.peek_poisoned());
        output.finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

/// Releases its [`Mutex`] when dropped; see [`std::sync::MutexGuard`].
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    pub(super) mutex: &'a Mutex<T>,
    held: Held<'a>,
    first_use: FirstUse,
    /// Whether the data was given out to be changed.
    changed: bool,
    /// std's guard is not `Send`; neither is ours, whatever it holds.
    marker: PhantomData<*const ()>,
}

/// What is released with a guard.
pub(super) enum Held<'a> {
    /// The model's lock.
    InModel(Hold),
    /// The std mutex of code outside explorations.
    Outside(std::sync::MutexGuard<'a, ()>),
    /// Nothing any more.
    Nothing,
}

// SAFETY: sharing a guard shares `&T` only; the marker is there to keep it from being sent.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Gives up the data but not the lock, for a condition variable that releases the lock itself.
    pub(super) fn into_parts(mut self) -> (&'a Mutex<T>, Held<'a>) {
        let held = std::mem::replace(&mut self.held, Held::Nothing);
        match held {
            Held::InModel(_) => self.mutex.real.leave(),
            Held::Outside(_) => self.mutex.real.leave_outside(),
            Held::Nothing => {}
        }
        (self.mutex, held)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the data until it is dropped: see `RealLock` and the model's mutex.
        let data = unsafe { &*self.mutex.data.get() };
        self.first_use.note(data, true);
        data
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        // SAFETY: as in `deref`, and the guard is borrowed mutably.
        let data = unsafe { &mut *self.mutex.data.get() };
        self.first_use.note(data, true);
        data
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        match &self.held {
            Held::InModel(hold) => {
                if let Some(current) = hold.current(&self.mutex.identity) {
                    let poison = hold.poisons(current);
                    current.mutex_unlock(hold.object, poison, self.changed, hold.location, || {
                        self.mutex.real.leave();
                    });
                }
            }
            // The std guard follows, when the field is dropped.
            Held::Outside(_) => self.mutex.real.leave_outside(),
            Held::Nothing => {}
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
