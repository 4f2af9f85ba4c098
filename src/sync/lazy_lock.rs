//! `LazyLock`: std's, with every access a scheduling point.
//!
//! A `LazyLock` in a static has to be made again in every execution, so its initializer runs more than once,
//! although it is `FnOnce`. That is possible for functions and closures that capture nothing, and a static
//! can have no others. What an initializer with captured values made is made once.

use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fmt, mem, ptr};

use super::once;
use super::value::{self, Slot};
use crate::rt::objects::OncePhase;
use crate::rt::op::ObjectId;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::outcome::Stop;
use crate::rt::primitives::OnceEntry;
use crate::rt::registry::outside;
use crate::rt::{Current, current};

/// A value that is made at its first use; see [`std::sync::LazyLock`].
///
/// One in a `static` is made again in every execution, and dropped when that ends: keep no reference to it
/// any longer.
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{LazyLock, Mutex}, thread, Config};
///
/// static NAMES: LazyLock<Mutex<Vec<&str>>> = LazyLock::new(|| Mutex::new(vec!["first"]));
///
/// let report = explore(Config::new().executions(100), || {
///     let thread = thread::spawn(|| NAMES.lock().unwrap().push("theirs"));
///     NAMES.lock().unwrap().push("ours");
///     thread.join().unwrap();
///     assert_eq!(NAMES.lock().unwrap().len(), 3);
/// });
/// assert!(report.passed());
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    slot: Slot,
    /// `None` once it has run, if it can run only once.
    initializer: Mutex<Option<F>>,
    outside: std::sync::OnceLock<T>,
    /// Whether the initializer panicked outside explorations.
    poisoned: AtomicBool,
}

/// Whether an initializer of this type can run again.
fn can_run_again<F>() -> bool {
    // A function pointer, as a name shows it. No type of a user is called so: names of types are paths.
    let is_function = size_of::<F>() == size_of::<fn()>() && std::any::type_name::<F>().starts_with("fn(");
    !mem::needs_drop::<F>() && (size_of::<F>() == 0 || is_function)
}

#[cold]
#[track_caller]
fn panic_poisoned() -> ! {
    panic!("LazyLock instance has previously been poisoned")
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates one whose value `f` will make.
    #[track_caller]
    pub const fn new(f: F) -> LazyLock<T, F> {
        LazyLock {
            slot: Slot::new(),
            initializer: Mutex::new(Some(f)),
            outside: std::sync::OnceLock::new(),
            poisoned: AtomicBool::new(false),
        }
    }

    /// The value, made if it was not before.
    ///
    /// # Panics
    ///
    /// If the initializer panics, or did so before.
    #[inline]
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        match current() {
            Some(current) => this.value_at(this.force_in(current)),
            None => this.force_outside(),
        }
    }

    /// The value to change, made if it was not before.
    ///
    /// # Panics
    ///
    /// If the initializer panics, or did so before.
    #[inline]
    #[track_caller]
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T {
        let address = match current() {
            Some(current) => this.force_in(current),
            None => {
                this.force_outside();
                ptr::null_mut()
            }
        };
        this.value_at_mut(address).expect("a value stays when it is made")
    }

    #[track_caller]
    fn force_outside(&self) -> &T {
        outside::check(&self.slot.identity, "LazyLock");
        // What happens in a closure is said to be here; the caller's place is better.
        if self.poisoned.load(Ordering::Relaxed) {
            panic_poisoned();
        }
        self.outside.get_or_init(|| {
            if self.poisoned.load(Ordering::Relaxed) {
                panic_poisoned();
            }
            let Some(initializer) = self.initializer() else {
                panic!("{}", self.has_run());
            };
            let unwinding = PoisonOnDrop(&self.poisoned);
            let value = initializer();
            mem::forget(unwinding);
            value
        })
    }

    #[track_caller]
    fn force_in(&self, current: Current) -> *mut () {
        let location = Location::caller();
        let object = self.object(current);
        match current.once_enter(object, false, location) {
            OnceEntry::Complete(address) => address,
            OnceEntry::Poisoned => panic_poisoned(),
            OnceEntry::Run { .. } => {
                let Some(initializer) = self.initializer() else {
                    current.fail(Stop::Misuse(self.has_run()));
                };
                let value = once::run(current, object, OncePhase::Poisoned, location, initializer);
                let made = value::boxed(value);
                current.once_leave(object, OncePhase::Complete(Some(made)), location);
                made.address
            }
        }
    }

    /// The initializer, if it can run still.
    fn initializer(&self) -> Option<F> {
        let mut initializer = self.initializer.lock().unwrap_or_else(PoisonError::into_inner);
        if !can_run_again::<F>() {
            return initializer.take();
        }
        // SAFETY: a function pointer is `Copy`, and so is a closure or function without captured values.
        // A closure of no size may have captured values of no size and without destructor; a copy has no
        // bytes that could be wrong. Only a token that somebody's unsafe code takes to be the single one
        // could tell, which no initializer in a static can have.
        initializer.as_ref().map(|f| unsafe { ptr::read(f) })
    }

    fn has_run(&self) -> String {
        format!(
            "the LazyLock made at {} was made outside the test body, and its closure has captured values, so \
             that it could run in one execution only; make the LazyLock inside the test body, or give it a closure \
             that captures nothing",
            self.slot.identity.location(),
        )
    }
}

impl<T, F> LazyLock<T, F> {
    fn object(&self, current: Current) -> ObjectId {
        self.slot.object(current, ObjectKind::LazyLock, || {
            // What can be made again is: whether something outside was first must not matter.
            let made_for_good = !can_run_again::<F>() && self.outside.get().is_some();
            if made_for_good { OncePhase::Complete(None) } else { OncePhase::Incomplete }
        })
    }

    /// The value that the model has at `address`, or that was made outside.
    #[track_caller]
    fn value_at(&self, address: *mut ()) -> &T {
        // SAFETY: the model has the address of this lock's value, or null. The borrow keeps the lock's owner
        // from dropping the value, and what runs in the execution ends before it does.
        let value = unsafe { address.cast::<T>().as_ref() };
        value.or_else(|| self.outside.get()).expect("a value stays when it is made")
    }

    fn value_at_mut(&mut self, address: *mut ()) -> Option<&mut T> {
        // SAFETY: as in `value_at`, and the lock is borrowed mutably.
        let value = unsafe { address.cast::<T>().as_mut() };
        value.or_else(|| self.outside.get_mut())
    }

    /// The value, if it was made.
    #[track_caller]
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> {
        let Some(current) = current() else {
            outside::check(&this.slot.identity, "LazyLock");
            return this.outside.get();
        };
        let address = current.once_get(this.object(current), Location::caller())?;
        Some(this.value_at(address))
    }

    /// As `get`, but no operation.
    fn peek(&self) -> Option<&T> {
        match current() {
            Some(current) => current.once_peek(self.object(current)).map(|address| self.value_at(address)),
            None => self.outside.get(),
        }
    }

    /// The value to change, if it was made.
    pub fn get_mut(this: &mut LazyLock<T, F>) -> Option<&mut T> {
        let address = match current() {
            Some(current) => current.once_peek(this.object(current))?,
            None => ptr::null_mut(),
        };
        this.value_at_mut(address)
    }
}

/// Poisons a `LazyLock` outside explorations whose initializer panics.
struct PoisonOnDrop<'a>(&'a AtomicBool);

impl Drop for PoisonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        LazyLock::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> LazyLock<T> {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an operation: printing a value must not change what is explored.
        let mut output = f.debug_tuple("LazyLock");
        match self.peek() {
            Some(value) => output.field(value),
            None => output.field(&format_args!("<uninit>")),
        };
        output.finish()
    }
}

// As std's: an initializer that panics poisons the lock.
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
