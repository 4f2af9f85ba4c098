//! `Once`: std's, with entering and leaving as scheduling points.
//!
//! What `OnceLock` and `LazyLock` need of it as well is here too: running an initialization that may panic.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::{fmt, mem};

use crate::rt::objects::OncePhase;
use crate::rt::op::ObjectId;
use crate::rt::op::key::ObjectKind;
use crate::rt::primitives::OnceEntry;
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

/// Runs an initialization once; see [`std::sync::Once`]. One in a `static` starts anew in every execution.
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::Once, sync::atomic::{AtomicU32, Ordering}, thread, Config};
///
/// static START: Once = Once::new();
/// static STARTS: AtomicU32 = AtomicU32::new(0);
///
/// fn start() {
///     START.call_once(|| {
///         STARTS.fetch_add(1, Ordering::Relaxed);
///     });
/// }
///
/// let report = explore(Config::new().executions(100), || {
///     let thread = thread::spawn(start);
///     start();
///     assert_eq!(STARTS.load(Ordering::Relaxed), 1);
///     thread.join().unwrap();
/// });
/// assert!(report.passed());
/// ```
pub struct Once {
    identity: Identity,
    outside: std::sync::Once,
}

/// What [`Once::call_once_force`] tells its closure; see [`std::sync::OnceState`], which cannot be made
/// outside std.
pub struct OnceState {
    poisoned: bool,
    /// std's is not `Sync`.
    marker: PhantomData<Cell<()>>,
}

/// A `Once` that has not run.
#[deprecated(since = "1.38.0", note = "the `Once::new()` function is now preferred")]
#[expect(clippy::declare_interior_mutable_const, reason = "as std's")]
pub const ONCE_INIT: Once = Once::new();

/// Runs `f`, which the model has let this thread begin; if it panics, leaves in the phase `on_panic`.
pub(super) fn run<R>(
    current: Current,
    object: ObjectId,
    on_panic: OncePhase,
    location: &'static Location<'static>,
    f: impl FnOnce() -> R,
) -> R {
    struct Leave {
        current: Current,
        object: ObjectId,
        end: OncePhase,
        location: &'static Location<'static>,
    }

    impl Drop for Leave {
        fn drop(&mut self) {
            self.current.once_leave(self.object, self.end, self.location);
        }
    }

    let leave = Leave { current, object, end: on_panic, location };
    let result = f();
    mem::forget(leave);
    result
}

#[cold]
#[track_caller]
fn panic_poisoned() -> ! {
    panic!("Once instance has previously been poisoned")
}

impl Once {
    /// Creates a `Once` that has not run.
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub const fn new() -> Once {
        Once { identity: Identity::new(), outside: std::sync::Once::new() }
    }

    fn object(&self, current: Current) -> ObjectId {
        current.once_object(&self.identity, ObjectKind::Once, || {
            let done = self.outside.is_completed();
            if done { OncePhase::Complete(None) } else { OncePhase::Incomplete }
        })
    }

    /// Runs `f` unless one was run before; returns once one has run to its end.
    ///
    /// # Panics
    ///
    /// If `f` panics, or an earlier one did.
    #[track_caller]
    pub fn call_once<F>(&self, f: F)
    where
        F: FnOnce(),
    {
        match current() {
            Some(current) => self.call_in(current, false, |_| f()),
            None => {
                outside::check(&self.identity, "Once");
                self.outside.call_once(f);
            }
        }
    }

    /// As [`Once::call_once`], but tries again if an earlier closure panicked.
    ///
    /// # Panics
    ///
    /// If `f` panics.
    #[track_caller]
    pub fn call_once_force<F>(&self, f: F)
    where
        F: FnOnce(&OnceState),
    {
        match current() {
            Some(current) => self.call_in(current, true, f),
            None => {
                outside::check(&self.identity, "Once");
                self.outside.call_once_force(|state| f(&OnceState::new(state.is_poisoned())));
            }
        }
    }

    #[track_caller]
    fn call_in(&self, current: Current, ignore_poison: bool, f: impl FnOnce(&OnceState)) {
        let location = Location::caller();
        let object = self.object(current);
        match current.once_enter(object, ignore_poison, location) {
            OnceEntry::Complete(_) => {}
            OnceEntry::Poisoned => panic_poisoned(),
            OnceEntry::Run { poisoned } => {
                run(current, object, OncePhase::Poisoned, location, || f(&OnceState::new(poisoned)));
                current.once_leave(object, OncePhase::Complete(None), location);
            }
        }
    }

    /// Whether a closure has run to its end.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        match current() {
            Some(current) => current.once_get(self.object(current), Location::caller()).is_some(),
            None => {
                outside::check(&self.identity, "Once");
                self.outside.is_completed()
            }
        }
    }

    /// Waits until a closure has run to its end.
    ///
    /// # Panics
    ///
    /// If a closure panicked.
    #[track_caller]
    pub fn wait(&self) {
        match current() {
            Some(current) => {
                if current.once_wait(self.object(current), false, Location::caller()).is_none() {
                    panic_poisoned();
                }
            }
            None => {
                outside::check(&self.identity, "Once");
                self.outside.wait();
            }
        }
    }

    /// As [`Once::wait`], but waits on if a closure panicked.
    #[track_caller]
    pub fn wait_force(&self) {
        match current() {
            Some(current) => {
                current.once_wait(self.object(current), true, Location::caller());
            }
            None => {
                outside::check(&self.identity, "Once");
                self.outside.wait_force();
            }
        }
    }
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl OnceState {
    fn new(poisoned: bool) -> OnceState {
        OnceState { poisoned, marker: PhantomData }
    }

    /// Whether an earlier closure panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceState").field("poisoned", &self.poisoned).finish()
    }
}
