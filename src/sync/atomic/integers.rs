//! The atomic integers.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic::Ordering;

use super::orders::{check_failure, check_load, check_store, failure_of};
use crate::rt::op::OpKind;
use crate::rt::op::key::{AtomicForm, AtomicKind};
use crate::rt::primitives::{Begun, Exchange, InstrumentedAtomic};
use crate::rt::registry::outside;
use crate::rt::{Identity, current};

macro_rules! atomic_integers {
    ($($name:ident $value:ident $form:ident;)*) => {$(
        #[doc = concat!("An atomic `", stringify!($value), "`; see [`std::sync::atomic::", stringify!($name), "`].")]
        // In this order: the value is where std has it, and the identity so far at the front that it notices if the memory was
        // freed.
        #[repr(C)]
        pub struct $name {
            real: std::sync::atomic::$name,
            identity: Identity,
            kept: std::sync::atomic::$name,
        }

        atomic_common! {
            [] $name, $name, $value, $form, $value::BITS, std::sync::atomic::$name,
            to: |value: $value| value as u64, from: |bits: u64| bits as $value
        }

        impl $name {
            fetch! { $value:
                /// Adds, wrapping around, and returns the value before.
                fetch_add = $value::wrapping_add;
                /// Subtracts, wrapping around, and returns the value before.
                fetch_sub = $value::wrapping_sub;
                /// Bitwise "and"; returns the value before.
                fetch_and = |old, value| old & value;
                /// Bitwise "nand"; returns the value before.
                fetch_nand = |old: $value, value: $value| !(old & value);
                /// Bitwise "or"; returns the value before.
                fetch_or = |old, value| old | value;
                /// Bitwise "xor"; returns the value before.
                fetch_xor = |old, value| old ^ value;
                /// The larger one; returns the value before.
                fetch_max = Ord::max;
                /// The smaller one; returns the value before.
                fetch_min = Ord::min;
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }
    )*};
}

atomic_integers! {
    AtomicI8 i8 Signed;
    AtomicI16 i16 Signed;
    AtomicI32 i32 Signed;
    AtomicI64 i64 Signed;
    AtomicIsize isize Signed;
    AtomicU8 u8 Unsigned;
    AtomicU16 u16 Unsigned;
    AtomicU32 u32 Unsigned;
    AtomicU64 u64 Unsigned;
    AtomicUsize usize Unsigned;
}

/// Where the identity of an atomic of 32 bits is, behind its value.
pub(in crate::sync) const IDENTITY_OF_WORD: usize = std::mem::offset_of!(AtomicU32, identity);
