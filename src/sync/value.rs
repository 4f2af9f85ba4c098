//! The value that a `OnceLock` or `LazyLock` has in one execution.
//!
//! It is boxed, and the model knows its address, not the lock: so a lock in a static is empty again in the
//! next execution, and several workers can each have a value of their own.
//!
//! A lock that was made in the execution drops its value itself. One that was made before, as one in a
//! static, goes on after it, so the execution drops the value when it ends. Only for those: what a value
//! borrows lives at least as long as its lock, but a lock made in the execution may be gone by the end of
//! it, forgotten, and all that its value borrows with it.

use std::ops::Deref;

use crate::rt::op::ObjectId;
use crate::rt::{Current, Identity, current};

/// The identity of a lock of values, which drops the lock's value with itself.
///
/// Not generic, and the lock has no `Drop` of its own: so a lock may hold a reference to what is declared after
/// it, as std's may (`#[may_dangle]`). The compiler still knows that the lock owns a `T`, since it has a std lock
/// of one, and lets nothing dangle that a `T` would look at when it is dropped.
pub(super) struct OwnerIdentity {
    identity: Identity,
    destroy: unsafe fn(*mut ()),
}

impl OwnerIdentity {
    /// The identity of a lock of `T`, and of no other type.
    #[track_caller]
    pub(super) const fn of<T>() -> OwnerIdentity {
        OwnerIdentity { identity: Identity::new(), destroy: destroy::<T> }
    }
}

impl Deref for OwnerIdentity {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl Drop for OwnerIdentity {
    fn drop(&mut self) {
        if let Some(address) = take_address(&self.identity) {
            // SAFETY: the value of this lock, for which `of` was given the type.
            unsafe { (self.destroy)(address) };
        }
    }
}

/// Boxes a value. The address is for the model; null is no value's.
pub(super) fn boxed<T>(value: T) -> *mut () {
    Box::into_raw(Box::new(value)).cast()
}

/// # Safety
///
/// The address is one that `boxed` gave for a value of type `T`, and nobody uses it any more.
pub(super) unsafe fn unboxed<T>(address: *mut ()) -> T {
    // SAFETY: the caller vouches for it.
    *unsafe { Box::from_raw(address.cast()) }
}

unsafe fn destroy<T>(address: *mut ()) {
    // SAFETY: `keep` gives it to the execution with the address, for when nobody uses it any more.
    drop(unsafe { unboxed::<T>(address) });
}

/// Leaves a boxed value to its lock, which has this object, and to the execution if that ends first.
///
/// # Safety
///
/// The address is one that `boxed` gave for a value of type `T`.
pub(super) unsafe fn keep<T>(current: Current, object: ObjectId, address: *mut ()) {
    if current.once_outlives(object) {
        current.keep(object, address, destroy::<T>);
    }
}

/// Takes the value of the lock with this identity out of the running execution, if it has one there.
///
/// # Safety
///
/// The identity belongs to a lock of `T`, and the caller has the lock alone.
pub(super) unsafe fn take<T>(identity: &Identity) -> Option<T> {
    // SAFETY: the lock's object has the address of a boxed `T`, and now nobody has it any more.
    take_address(identity).map(|address| unsafe { unboxed(address) })
}

fn take_address(identity: &Identity) -> Option<*mut ()> {
    let current = current()?;
    let object = current.known_object(identity)?;
    let address = current.once_peek(object).filter(|address| !address.is_null())?;
    current.once_reset(object);
    if current.once_outlives(object) {
        current.release_kept(address);
    }
    Some(address)
}
