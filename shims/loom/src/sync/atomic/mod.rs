//! Atomics: drawloom's, with a record of every access beside the value, by which those that are not atomic
//! (`unsync_load`, `with_mut`, the making of the atomic) are found to race with others.
//!
//! The access is noted right after the operation, in the same step, with what the operation has learnt, and
//! with the time before it: see [`BeforeOperation`](drawloom::cell::BeforeOperation).

#[macro_use]
mod shadowed;
mod bool;
mod integer;
mod pointer;

#[doc(no_inline)]
pub use std::sync::atomic::Ordering;

pub use self::bool::AtomicBool;
pub use integer::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize};
pub use integer::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};
pub use pointer::AtomicPtr;

use crate::outside;

/// Lets other threads run: for loops that wait for another thread.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn spin_loop_hint() {
    outside::check("loom::sync::atomic::spin_loop_hint");
    drawloom::hint::spin_loop();
}

/// An atomic fence; see [`std::sync::atomic::fence`].
///
/// # Panics
///
/// If `order` is `Relaxed`, or outside a model.
#[track_caller]
pub fn fence(order: Ordering) {
    outside::check("loom::sync::atomic::fence");
    drawloom::sync::atomic::fence(order);
}
