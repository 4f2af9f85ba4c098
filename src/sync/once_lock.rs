//! `OnceLock`: std's, with every access a scheduling point.
//!
//! What is set inside an exploration belongs to that execution: a `OnceLock` in a static is empty again in
//! the next one. What was set outside is there from the start.

use std::panic::Location;
use std::{fmt, ptr};

use super::once;
use super::value::{self, Slot};
use crate::rt::objects::OncePhase;
use crate::rt::op::ObjectId;
use crate::rt::op::key::ObjectKind;
use crate::rt::primitives::OnceEntry;
use crate::rt::registry::outside;
use crate::rt::{Current, current};

/// A value that is set once; see [`std::sync::OnceLock`].
///
/// One in a `static`, or made before the test body, starts every execution as it was outside, and what an
/// execution sets in it is dropped when that ends: keep no reference to it any longer.
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::OnceLock, thread, Config};
///
/// static FIRST: OnceLock<&str> = OnceLock::new();
///
/// let report = explore(Config::new().executions(100), || {
///     assert_eq!(FIRST.get(), None);
///     let thread = thread::spawn(|| FIRST.set("theirs").is_ok());
///     let ours = FIRST.set("ours").is_ok();
///     assert!(ours != thread.join().unwrap());
///     assert_eq!(FIRST.get(), Some(if ours { &"ours" } else { &"theirs" }));
/// });
/// assert!(report.passed());
/// ```
pub struct OnceLock<T> {
    slot: Slot,
    outside: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// Creates an empty one.
    #[must_use]
    #[track_caller]
    pub const fn new() -> OnceLock<T> {
        OnceLock { slot: Slot::new(), outside: std::sync::OnceLock::new() }
    }

    fn object(&self, current: Current) -> ObjectId {
        self.slot.object(current, ObjectKind::OnceLock, || match self.outside.get() {
            Some(_) => OncePhase::Complete(None),
            None => OncePhase::Incomplete,
        })
    }

    /// The value that the model has at `address`, or that was set outside.
    fn value_at(&self, address: *mut ()) -> &T {
        // SAFETY: the model has the address of this lock's value, or null. The borrow keeps the lock's owner
        // from dropping the value, and what runs in the execution ends before it does.
        let value = unsafe { address.cast::<T>().as_ref() };
        value.or_else(|| self.outside.get()).expect("a value stays when it is set")
    }

    /// The value, if it is set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.get_at(Location::caller())
    }

    /// The same, at another place.
    pub(crate) fn get_at(&self, location: &'static Location<'static>) -> Option<&T> {
        let Some(current) = current() else {
            outside::check(&self.slot.identity, "OnceLock");
            return self.outside.get();
        };
        let address = current.once_get(self.object(current), location)?;
        Some(self.value_at(address))
    }

    /// As `get`, but no operation.
    pub(crate) fn peek(&self) -> Option<&T> {
        match current() {
            Some(current) => current.once_peek(self.object(current)).map(|address| self.value_at(address)),
            None => self.outside.get(),
        }
    }

    /// The value to change, if it is set.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        let address = match current() {
            Some(current) => current.once_peek(self.object(current))?,
            None => ptr::null_mut(),
        };
        // SAFETY: as in `value_at`, and the lock is borrowed mutably.
        let value = unsafe { address.cast::<T>().as_mut() };
        value.or_else(|| self.outside.get_mut())
    }

    /// Waits until the value is set.
    #[track_caller]
    pub fn wait(&self) -> &T {
        let Some(current) = current() else {
            outside::check(&self.slot.identity, "OnceLock");
            return self.outside.wait();
        };
        let address = current.once_wait(self.object(current), true, Location::caller());
        self.value_at(address.expect("a wait that ignores poison ends with a value"))
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// `value`, if another one is set.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        self.set_at(value, Location::caller())
    }

    /// The same, at another place.
    pub(crate) fn set_at(&self, value: T, location: &'static Location<'static>) -> Result<(), T> {
        let Some(current) = current() else {
            outside::check(&self.slot.identity, "OnceLock");
            return self.outside.set(value);
        };
        let object = self.object(current);
        let made = value::boxed(value);
        if current.once_set(object, made, location) {
            return Ok(());
        }
        // SAFETY: just boxed, and the model has not taken it.
        Err(unsafe { value::unboxed(made) })
    }

    /// The value, made by `f` if it is not set. Others that ask meanwhile wait.
    #[track_caller]
    pub fn get_or_init<F>(&self, f: F) -> &T
    where
        F: FnOnce() -> T,
    {
        let Some(current) = current() else {
            outside::check(&self.slot.identity, "OnceLock");
            return self.outside.get_or_init(f);
        };
        let location = Location::caller();
        let object = self.object(current);
        let address = match current.once_enter(object, true, location) {
            OnceEntry::Complete(address) => address,
            OnceEntry::Run { .. } | OnceEntry::Poisoned => {
                let value = once::run(current, object, OncePhase::Incomplete, location, f);
                let made = value::boxed(value);
                current.once_leave(object, OncePhase::Complete(Some(made)), location);
                made.address
            }
        };
        self.value_at(address)
    }

    /// Consumes the lock and returns the value, if it is set.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Takes the value out, if it is set.
    pub fn take(&mut self) -> Option<T> {
        if let Some(made) = self.slot.take() {
            // SAFETY: a value of this lock, which is borrowed mutably.
            return Some(unsafe { value::unboxed(made) });
        }
        let value = self.outside.take()?;
        if let Some(current) = current() {
            current.once_reset(self.object(current));
        }
        Some(value)
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an operation: printing a value must not change what is explored.
        let mut output = f.debug_tuple("OnceLock");
        match self.peek() {
            Some(value) => output.field(value),
            None => output.field(&format_args!("<uninit>")),
        };
        output.finish()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> OnceLock<T> {
        match self.get() {
            Some(value) => OnceLock::from(value.clone()),
            None => OnceLock::new(),
        }
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> OnceLock<T> {
        OnceLock { slot: Slot::new(), outside: std::sync::OnceLock::from(value) }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &OnceLock<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
