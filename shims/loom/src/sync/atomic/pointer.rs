//! `AtomicPtr`.

use std::fmt;

use drawloom::cell::{BeforeOperation, Shadow};

use super::Ordering;
use crate::outside;

/// An atomic `*mut T`; see [`std::sync::atomic::AtomicPtr`].
pub struct AtomicPtr<T> {
    atomic: drawloom::sync::atomic::AtomicPtr<T>,
    shadow: Shadow,
}

shadowed! { [T] AtomicPtr<T>, AtomicPtr, *mut T }

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> AtomicPtr<T> {
        AtomicPtr::new(std::ptr::null_mut())
    }
}
