//! Atomics: std's, with every access a scheduling point.
//!
//! What leads to the switch of threads is inlined in any case: see `publish` in `rt::run::step`.
//!
//! The newest value is at the atomic's own address, as with std. Two of std's promises cannot be kept all the same: instrumented
//! atomics are larger than the integer they hold, and so `from_ptr` cannot make one out of a plain integer; it gives std's own
//! atomic, which the model does not see.

#[macro_use]
mod common;
mod boolean;
mod integers;
mod orders;
mod pointer;

use std::panic::Location;

pub use std::sync::atomic::{Ordering, compiler_fence};

use crate::rt::current;
pub use boolean::AtomicBool;
pub(in crate::sync) use integers::IDENTITY_OF_WORD;
pub use integers::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    AtomicUsize,
};
pub use pointer::AtomicPtr;

/// An atomic fence; see [`std::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    match current() {
        Some(current) if order != Ordering::Relaxed => current.fence(order, Location::caller()),
        _ => std::sync::atomic::fence(order),
    }
}

/// Lets the processor, or the other threads of an exploration, know that the thread spins.
#[deprecated(since = "1.51.0", note = "use hint::spin_loop instead")]
#[track_caller]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

/// An [`AtomicBool`] of `false`.
#[deprecated(since = "1.34.0", note = "the `new` function is now preferred")]
#[expect(clippy::declare_interior_mutable_const, reason = "std has it")]
pub const ATOMIC_BOOL_INIT: AtomicBool = AtomicBool::new(false);
/// An [`AtomicIsize`] of 0.
#[deprecated(since = "1.34.0", note = "the `new` function is now preferred")]
#[expect(clippy::declare_interior_mutable_const, reason = "std has it")]
pub const ATOMIC_ISIZE_INIT: AtomicIsize = AtomicIsize::new(0);
/// An [`AtomicUsize`] of 0.
#[deprecated(since = "1.34.0", note = "the `new` function is now preferred")]
#[expect(clippy::declare_interior_mutable_const, reason = "std has it")]
pub const ATOMIC_USIZE_INIT: AtomicUsize = AtomicUsize::new(0);
