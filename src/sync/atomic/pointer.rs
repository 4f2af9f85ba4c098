//! The atomic pointer.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic::Ordering;

use super::orders::{check_failure, check_load, check_store, failure_of};
use crate::rt::op::OpKind;
use crate::rt::op::key::{AtomicForm, AtomicKind};
use crate::rt::primitives::{Begun, Exchange, InstrumentedAtomic};
use crate::rt::registry::outside;
use crate::rt::{Identity, current};

/// An atomic pointer; see [`std::sync::atomic::AtomicPtr`].
#[repr(C)]
pub struct AtomicPtr<T> {
    real: std::sync::atomic::AtomicPtr<T>,
    identity: Identity,
    kept: std::sync::atomic::AtomicPtr<T>,
}

atomic_common! {
    [T] AtomicPtr<T>, AtomicPtr, *mut T, Pointer, usize::BITS, std::sync::atomic::AtomicPtr<T>,
    to: |value: *mut T| value.expose_provenance() as u64,
    from: |bits: u64| std::ptr::with_exposed_provenance_mut(bits as usize)
}

/// Operations that make of the pointer and a number another pointer.
macro_rules! fetch_address {
    ($($(#[$doc:meta])* $method:ident = $f:expr;)*) => {
        impl<T> AtomicPtr<T> {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self, value: usize, order: Ordering) -> *mut T {
                let f: fn(*mut T, usize) -> *mut T = $f;
                let apply = |old, value| {
                    let f: fn(*mut T, usize) -> *mut T = $f;
                    Self::to_bits(f(Self::from_bits(old), value as usize))
                };
                self.modify(order, apply, value as u64, |real| {
                    let mut old = real.load(Ordering::Relaxed);
                    loop {
                        match real.compare_exchange_weak(old, f(old, value), order, Ordering::Relaxed) {
                            Ok(before) => return before,
                            Err(found) => old = found,
                        }
                    }
                })
            }
        )*}
    };
}

fetch_address! {
    /// Moves the pointer on by `value` elements, wrapping around, and returns the one before.
    fetch_ptr_add = |old, value| old.wrapping_add(value);
    /// Moves the pointer back by `value` elements, wrapping around, and returns the one before.
    fetch_ptr_sub = |old, value| old.wrapping_sub(value);
    /// Moves the pointer on by `value` bytes, wrapping around, and returns the one before.
    fetch_byte_add = |old, value| old.wrapping_byte_add(value);
    /// Moves the pointer back by `value` bytes, wrapping around, and returns the one before.
    fetch_byte_sub = |old, value| old.wrapping_byte_sub(value);
    /// Bitwise "or" of the address; returns the pointer before.
    fetch_or = |old, value| old.map_addr(|address| address | value);
    /// Bitwise "and" of the address; returns the pointer before.
    fetch_and = |old, value| old.map_addr(|address| address & value);
    /// Bitwise "xor" of the address; returns the pointer before.
    fetch_xor = |old, value| old.map_addr(|address| address ^ value);
}

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.peek(), f)
    }
}
