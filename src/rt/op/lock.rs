//! How locks are held.

use std::panic::Location;

use crate::rt::op::ObjectId;

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LockMode {
    /// By readers, several at once.
    Shared,
    /// By one thread alone.
    Exclusive,
}

impl LockMode {
    /// Whether one that is held keeps the other waiting.
    pub(crate) fn conflicts_with(self, other: LockMode) -> bool {
        self == LockMode::Exclusive || other == LockMode::Exclusive
    }
}

/// A lock that a thread has, or wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) object: ObjectId,
    pub(crate) mode: LockMode,
    /// Where it was taken.
    pub(crate) location: &'static Location<'static>,
}
