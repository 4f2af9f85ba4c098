//! `AtomicBool`.

use std::fmt;

use drawloom::cell::{BeforeOperation, Shadow};

use super::Ordering;
use crate::outside;

/// An atomic `bool`; see [`std::sync::atomic::AtomicBool`].
pub struct AtomicBool {
    atomic: drawloom::sync::atomic::AtomicBool,
    shadow: Shadow,
}

shadowed! { [] AtomicBool, AtomicBool, bool }

shadowed! {
    @modify [] AtomicBool, bool:
    /// Logical "and"; returns the value before.
    fetch_and;
    /// Logical "nand"; returns the value before.
    fetch_nand;
    /// Logical "or"; returns the value before.
    fetch_or;
    /// Logical "xor"; returns the value before.
    fetch_xor;
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> AtomicBool {
        AtomicBool::new(false)
    }
}
