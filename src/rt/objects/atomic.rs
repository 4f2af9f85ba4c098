//! The state of an atomic: where its value is. What operations do to it is the memory model's.

use super::Primitive;

/// Where the value of an atomic is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Residence {
    /// In the model.
    Model,
    /// In the real atomic, until the next operation takes it back: after `get_mut`.
    Moved,
    /// In the real atomic for good: a raw pointer to it is about.
    Real,
}

/// An atomic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtomicState {
    /// Which of the memory's locations.
    pub(crate) location: u32,
    /// Whether the newest value is also at the atomic's own address.
    pub(crate) is_mirrored: bool,
    pub(crate) residence: Residence,
    /// Which of the kernel's histories has its accesses, if these are watched.
    pub(crate) history: Option<u32>,
}

impl Primitive for AtomicState {}
