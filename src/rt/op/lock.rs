//! How locks are held.

use std::panic::Location;

use super::ObjectId;
use super::verb::Verb;

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum LockMode {
    /// By readers, several at once.
    Shared,
    /// By one thread alone.
    Exclusive,
}

impl LockMode {
    /// How what this takes is held, if it takes one of tokio's locks.
    pub(crate) fn taken_by(verb: Verb) -> Option<LockMode> {
        match verb {
            Verb::Lock | Verb::TryLock | Verb::Write | Verb::TryWrite => Some(LockMode::Exclusive),
            Verb::Read | Verb::TryRead => Some(LockMode::Shared),
            _ => None,
        }
    }

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
