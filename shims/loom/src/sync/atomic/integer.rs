//! The atomic integers.

use std::fmt;

use drawloom::cell::{BeforeOperation, Shadow};

use super::Ordering;
use crate::outside;

macro_rules! atomic_integers {
    ($($name:ident $value:ident;)*) => {$(
        #[doc = concat!("An atomic `", stringify!($value), "`; see [`std::sync::atomic::", stringify!($name), "`].")]
        pub struct $name {
            atomic: drawloom::sync::atomic::$name,
            shadow: Shadow,
        }

        shadowed! { [] $name, $name, $value }

        shadowed! {
            @modify [] $name, $value:
            /// Adds, wrapping around, and returns the value before.
            fetch_add;
            /// Subtracts, wrapping around, and returns the value before.
            fetch_sub;
            /// Bitwise "and"; returns the value before.
            fetch_and;
            /// Bitwise "nand"; returns the value before.
            fetch_nand;
            /// Bitwise "or"; returns the value before.
            fetch_or;
            /// Bitwise "xor"; returns the value before.
            fetch_xor;
            /// Stores the larger of the two values; returns the one before.
            fetch_max;
            /// Stores the smaller of the two values; returns the one before.
            fetch_min;
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> $name {
                $name::new(0)
            }
        }
    )*};
}

atomic_integers! {
    AtomicI8 i8;
    AtomicI16 i16;
    AtomicI32 i32;
    AtomicI64 i64;
    AtomicIsize isize;
    AtomicU8 u8;
    AtomicU16 u16;
    AtomicU32 u32;
    AtomicU64 u64;
    AtomicUsize usize;
}
