//! The value that a `OnceLock` or `LazyLock` has in one execution.
//!
//! It is boxed, and the model knows its address, not the lock: so a lock in a static is empty again in the
//! next execution, and several workers can each have a value of their own.
//!
//! A lock that was made in the execution drops its value itself. One that was made before, as one in a
//! static, goes on after it, so the execution drops the value when it ends. Only for those: what a value
//! borrows lives at least as long as its lock, but a lock made in the execution may be gone by the end of
//! it, forgotten, and all that its value borrows with it.

use crate::rt::objects::{Made, OncePhase};
use crate::rt::op::ObjectId;
use crate::rt::op::key::ObjectKind;
use crate::rt::{Current, Identity, current};

/// Boxes a value for the model.
pub(super) fn boxed<T>(value: T) -> Made {
    Made { address: Box::into_raw(Box::new(value)).cast(), destroy: destroy::<T> }
}

/// # Safety
///
/// `made` is from `boxed`, for a value of type `T`, and nobody uses it any more.
pub(super) unsafe fn unboxed<T>(made: Made) -> T {
    // SAFETY: the caller vouches for it.
    *unsafe { Box::from_raw(made.address.cast()) }
}

unsafe fn destroy<T>(address: *mut ()) {
    // SAFETY: `boxed` made it with `Box::into_raw` for this function.
    drop(unsafe { Box::from_raw(address.cast::<T>()) });
}

/// The part of a lock that the model knows it by; drops the lock's value with itself.
///
/// Not generic, and the lock has no `Drop` of its own: so a lock may hold a reference to what is declared after
/// it, as std's may (`#[may_dangle]`). The compiler still knows that the lock owns a `T`, since it has a std lock
/// of one, and lets nothing dangle that a `T` would look at when it is dropped.
pub(super) struct Slot {
    pub(super) identity: Identity,
}

impl Slot {
    #[track_caller]
    pub(super) const fn new() -> Slot {
        Slot { identity: Identity::new() }
    }

    pub(super) fn object(
        &self,
        current: Current,
        kind: ObjectKind,
        first: impl FnOnce() -> OncePhase,
    ) -> ObjectId {
        current.once_object(&self.identity, kind, first)
    }

    /// Takes the value out of the running execution, if the lock has one there.
    pub(super) fn take(&mut self) -> Option<Made> {
        let current = current()?;
        current.once_take(current.known_object(&self.identity)?)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(made) = self.take() {
            // SAFETY: taken, and so nobody else's; the lock is being dropped, so that nobody borrows from it.
            unsafe { (made.destroy)(made.address) };
        }
    }
}
