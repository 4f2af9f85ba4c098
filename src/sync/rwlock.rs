//! `RwLock`: std's, with every acquisition and release a scheduling point.
//!
//! Outside an exploration a std lock (of nothing) does the work, poisoning included; inside, the model.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::real::{self, FirstUse, Hold, RealLock};
use crate::rt::objects::RwLockState;
use crate::rt::op::ObjectId;
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

/// A reader-writer lock; see [`std::sync::RwLock`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{Arc, RwLock}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let name = Arc::new(RwLock::new(String::from("old")));
///     let other = Arc::clone(&name);
///     let thread = thread::spawn(move || *other.write().unwrap() = String::from("new"));
///     let seen = name.read().unwrap().clone();
///     assert!(seen == "old" || seen == "new");
///     thread.join().unwrap();
///     assert_eq!(*name.read().unwrap(), "new");
/// });
/// assert!(report.passed());
/// ```
// In this order: an identity at the front notices that the memory was freed.
#[repr(C)]
pub struct RwLock<T: ?Sized> {
    lock: Lock,
    data: UnsafeCell<T>,
}

/// All but the data.
#[repr(C)]
struct Lock {
    identity: Identity,
    real: RealLock,
    outside: std::sync::RwLock<()>,
}

// SAFETY: as std's: the data goes from thread to thread, and several have it at once only to read. In one
// execution the model sees to that, and `real` keeps executions and outside code apart.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; readers share `&T`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl Lock {
    fn object(&self, current: Current) -> ObjectId {
        current.rwlock_object(&self.identity, || self.outside.is_poisoned())
    }

    /// What a reader or writer holds that the model has granted the lock.
    fn enter(&self, current: Current, object: ObjectId, location: &'static Location<'static>) -> Hold {
        self.real.enter(current, "RwLock", &self.identity, object);
        Hold::new(current, object, location)
    }

    fn enter_outside(&self) {
        self.real.enter_outside("RwLock", &self.identity);
    }

    #[track_caller]
    fn is_poisoned(&self) -> bool {
        match current() {
            Some(current) => current.is_poisoned(self.object(current), Location::caller()),
            None => self.outside.is_poisoned(),
        }
    }

    /// As `is_poisoned`, for whoever has the lock alone, and for printing.
    fn peek_poisoned(&self) -> bool {
        match current() {
            Some(current) => current.peek_poisoned(self.object(current)),
            None => self.outside.is_poisoned(),
        }
    }

    /// Whether nobody writes now, for printing the data.
    fn is_readable(&self) -> bool {
        match current() {
            Some(mut current) => {
                let object = self.object(current);
                let written = current.kernel().objects.state_mut::<RwLockState>(object).writer.is_some();
                !written && self.real.is_free_for(current)
            }
            None => !matches!(self.outside.try_read(), Err(TryLockError::WouldBlock)),
        }
    }
}

impl<T> RwLock<T> {
    /// Creates a lock that nobody holds.
    #[track_caller]
    pub const fn new(value: T) -> RwLock<T> {
        RwLock {
            lock: Lock {
                identity: Identity::new(),
                real: RealLock::new(),
                outside: std::sync::RwLock::new(()),
            },
            data: UnsafeCell::new(value),
        }
    }

    /// Consumes the lock and returns the data.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the lock for writing.
    pub fn into_inner(self) -> LockResult<T> {
        real::poisoned_if(self.lock.peek_poisoned(), self.data.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading, waiting until nobody holds it for writing.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.read_at(Location::caller())
    }

    /// The same, at another place.
    pub(crate) fn read_at(&self, location: &'static Location<'static>) -> LockResult<RwLockReadGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.lock.identity, "RwLock");
            return real::map(self.lock.outside.read(), |outside| self.reader_outside(outside));
        };
        let object = self.lock.object(current);
        let poisoned = current.rwlock_read(object, location);
        real::poisoned_if(poisoned, self.reader(self.lock.enter(current, object, location)))
    }

    /// Takes the lock for reading if nobody holds it for writing.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if somebody holds it for writing; the guard in `Poisoned`, if a thread panicked while it
    /// held the lock for writing.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.lock.identity, "RwLock");
            return real::try_map(self.lock.outside.try_read(), |outside| self.reader_outside(outside));
        };
        let location = Location::caller();
        let object = self.lock.object(current);
        let poisoned = current.rwlock_try_read(object, location).ok_or(TryLockError::WouldBlock)?;
        let guard = self.reader(self.lock.enter(current, object, location));
        real::poisoned_if(poisoned, guard).map_err(TryLockError::Poisoned)
    }

    /// Takes the lock for writing, waiting until nobody holds it.
    ///
    /// # Errors
    ///
    /// The guard in an error, if a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.lock.identity, "RwLock");
            return real::map(self.lock.outside.write(), |outside| self.writer_outside(outside));
        };
        let location = Location::caller();
        let object = self.lock.object(current);
        let poisoned = current.rwlock_write(object, location);
        real::poisoned_if(poisoned, self.writer(self.lock.enter(current, object, location)))
    }

    /// Takes the lock for writing if nobody holds it.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if somebody holds it; the guard in `Poisoned`, if a thread panicked while it held the lock
    /// for writing.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let Some(current) = current() else {
            outside::check(&self.lock.identity, "RwLock");
            return real::try_map(self.lock.outside.try_write(), |outside| self.writer_outside(outside));
        };
        let location = Location::caller();
        let object = self.lock.object(current);
        let poisoned = current.rwlock_try_write(object, location).ok_or(TryLockError::WouldBlock)?;
        let guard = self.writer(self.lock.enter(current, object, location));
        real::poisoned_if(poisoned, guard).map_err(TryLockError::Poisoned)
    }

    fn reader(&self, hold: Hold) -> RwLockReadGuard<'_, T> {
        let first_use = hold.first_use();
        RwLockReadGuard { data: self.data_pointer(), lock: &self.lock, held: Held::InModel(hold), first_use }
    }

    fn reader_outside<'a>(&'a self, outside: std::sync::RwLockReadGuard<'a, ()>) -> RwLockReadGuard<'a, T> {
        self.lock.enter_outside();
        let (held, first_use) = (Held::Outside(outside), FirstUse::never());
        RwLockReadGuard { data: self.data_pointer(), lock: &self.lock, held, first_use }
    }

    fn writer(&self, hold: Hold) -> RwLockWriteGuard<'_, T> {
        let first_use = hold.first_use();
        RwLockWriteGuard {
            rwlock: self,
            held: Held::InModel(hold),
            first_use,
            changed: false,
            marker: PhantomData,
        }
    }

    fn writer_outside<'a>(&'a self, outside: std::sync::RwLockWriteGuard<'a, ()>) -> RwLockWriteGuard<'a, T> {
        self.lock.enter_outside();
        let (held, first_use) = (Held::Outside(outside), FirstUse::never());
        RwLockWriteGuard { rwlock: self, held, first_use, changed: false, marker: PhantomData }
    }

    fn data_pointer(&self) -> NonNull<T> {
        // SAFETY: `UnsafeCell::get` gives no null pointer.
        unsafe { NonNull::new_unchecked(self.data.get()) }
    }

    /// Whether a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.lock.is_poisoned()
    }

    /// Forgets that a thread panicked while it held the lock for writing.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.lock.outside.clear_poison();
        if let Some(current) = current() {
            current.clear_poison(self.lock.object(current), Location::caller());
        }
    }

    /// The data, without locking: the borrow proves that nobody else has the lock.
    ///
    /// # Errors
    ///
    /// The data in an error, if a thread panicked while it held the lock for writing.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        real::poisoned_if(self.lock.peek_poisoned(), self.data.get_mut())
    }
}

// As std's: a panic while the lock is held for writing poisons it, so its data cannot be seen broken by
// accident.
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an operation: printing a value must not change what is explored.
        let mut output = f.debug_struct("RwLock");
        if self.lock.is_readable() {
            // SAFETY: nobody writes. Inside an execution that stays so while this fiber runs; outside, this is
            // as weak as any use of a value from outside while it is explored.
            output.field("data", &unsafe { &*self.data.get() });
        } else {
            output.field("data", &format_args!("<locked>"));
        }
        output.field("poisoned", &self.lock.peek_poisoned());
        output.finish_non_exhaustive()
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

/// What is released with a guard: the model's lock, or `Outside`, the std lock of code outside explorations.
enum Held<Outside> {
    InModel(Hold),
    Outside(Outside),
    /// Nothing any more.
    Nothing,
}

/// Releases its [`RwLock`] when dropped; see [`std::sync::RwLockReadGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized + 'a> {
    /// As std's, a pointer rather than a reference to the lock: the guard is covariant in `T`, and not `Send`.
    data: NonNull<T>,
    lock: &'a Lock,
    held: Held<std::sync::RwLockReadGuard<'a, ()>>,
    first_use: FirstUse,
}

/// Releases its [`RwLock`] when dropped; see [`std::sync::RwLockWriteGuard`].
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized + 'a> {
    rwlock: &'a RwLock<T>,
    held: Held<std::sync::RwLockWriteGuard<'a, ()>>,
    first_use: FirstUse,
    /// Whether the data was given out to be changed.
    changed: bool,
    /// std's guard is not `Send`; neither is ours, whatever it holds.
    marker: PhantomData<*const ()>,
}

// SAFETY: sharing a guard shares `&T` only.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on as a reader, with no other writer in between.
    #[track_caller]
    pub fn downgrade(mut s: Self) -> RwLockReadGuard<'a, T> {
        let rwlock = s.rwlock;
        let mut first_use = FirstUse::never();
        let held = match std::mem::replace(&mut s.held, Held::Nothing) {
            Held::InModel(hold) => {
                first_use = hold.first_use();
                if let Some(current) = hold.current(&rwlock.lock.identity) {
                    current.rwlock_downgrade(hold.object, hold.location);
                }
                Held::InModel(hold)
            }
            Held::Outside(outside) => Held::Outside(std::sync::RwLockWriteGuard::downgrade(outside)),
            Held::Nothing => Held::Nothing,
        };
        RwLockReadGuard { data: rwlock.data_pointer(), lock: &rwlock.lock, held, first_use }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the data to read until it is dropped: see `RealLock` and the model's lock.
        let data = unsafe { self.data.as_ref() };
        self.first_use.note(data, false);
        data
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard has the data until it is dropped: see `RealLock` and the model's lock.
        let data = unsafe { &*self.rwlock.data.get() };
        self.first_use.note(data, true);
        data
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        // SAFETY: as in `deref`, and the guard is borrowed mutably.
        let data = unsafe { &mut *self.rwlock.data.get() };
        self.first_use.note(data, true);
        data
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        match &self.held {
            Held::InModel(hold) => {
                if let Some(current) = hold.current(&self.lock.identity) {
                    current.rwlock_read_unlock(hold.object, hold.location, || self.lock.real.leave());
                }
            }
            // The std guard follows, when the field is dropped.
            Held::Outside(_) => self.lock.real.leave_outside(),
            Held::Nothing => {}
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let lock = &self.rwlock.lock;
        match &self.held {
            Held::InModel(hold) => {
                if let Some(current) = hold.current(&lock.identity) {
                    let poison = hold.poisons(current);
                    let changed = self.changed;
                    current.rwlock_write_unlock(hold.object, poison, changed, hold.location, || {
                        lock.real.leave();
                    });
                }
            }
            // The std guard follows, when the field is dropped.
            Held::Outside(_) => lock.real.leave_outside(),
            Held::Nothing => {}
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
