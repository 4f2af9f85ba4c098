//! The atomic `bool`.

use std::fmt;
use std::panic::{Location, RefUnwindSafe};
use std::sync::atomic::Ordering;

use super::orders::{check_failure, check_load, check_store, failure_of};
use crate::rt::op::OpKind;
use crate::rt::op::key::{AtomicForm, AtomicKind};
use crate::rt::primitives::{Begun, Exchange, InstrumentedAtomic};
use crate::rt::registry::outside;
use crate::rt::{Identity, current};

/// An atomic `bool`; see [`std::sync::atomic::AtomicBool`].
#[repr(C)]
pub struct AtomicBool {
    real: std::sync::atomic::AtomicBool,
    identity: Identity,
    kept: std::sync::atomic::AtomicBool,
}

atomic_common! {
    [] AtomicBool, AtomicBool, bool, Bool, 1, std::sync::atomic::AtomicBool,
    to: u64::from, from: |bits: u64| bits != 0
}

impl AtomicBool {
    fetch! { bool:
        /// Logical "and"; returns the value before.
        fetch_and = |old, value| old & value;
        /// Logical "nand"; returns the value before.
        fetch_nand = |old: bool, value: bool| !(old & value);
        /// Logical "or"; returns the value before.
        fetch_or = |old, value| old | value;
        /// Logical "xor"; returns the value before.
        fetch_xor = |old, value| old ^ value;
    }

    /// Logical "not"; returns the value before.
    #[inline]
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.modify(order, |old, _| old ^ 1, 0, |real| real.fetch_not(order))
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}
