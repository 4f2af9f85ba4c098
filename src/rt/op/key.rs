//! What kinds of objects there are, and what an object is called: the same in every execution, and no address.

use std::panic::Location;

use crate::rt::op::{ThreadId, is_same_place};

/// What kind of thing an object is; reports name it by this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ObjectKind {
    Thread,
    Mutex,
    RwLock,
    Condvar,
    Barrier,
    Once,
    OnceLock,
    LazyLock,
    Semaphore,
    Channel,
    Waker,
    /// The queue of an async runtime.
    Runtime,
    Task,
    /// A primitive of async code, under this name.
    Async(&'static str),
    Atomic(AtomicKind),
    /// Plain memory, under the name of what it is part of.
    Memory(&'static str),
}

/// The type of an atomic: how its bits are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AtomicKind {
    pub(crate) name: &'static str,
    pub(crate) bits: u32,
    pub(crate) form: AtomicForm,
}

/// How the bits of an atomic are written in a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AtomicForm {
    Bool,
    Signed,
    Unsigned,
    Pointer,
}

impl ObjectKind {
    /// Whether the object stands for data that are not the model's: a lock's.
    pub(crate) fn has_data(self) -> bool {
        matches!(self, ObjectKind::Mutex | ObjectKind::RwLock)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            ObjectKind::Thread => "thread",
            ObjectKind::Mutex => "Mutex",
            ObjectKind::RwLock => "RwLock",
            ObjectKind::Condvar => "Condvar",
            ObjectKind::Barrier => "Barrier",
            ObjectKind::Once => "Once",
            ObjectKind::OnceLock => "OnceLock",
            ObjectKind::LazyLock => "LazyLock",
            ObjectKind::Semaphore => "Semaphore",
            ObjectKind::Channel => "channel",
            ObjectKind::Waker => "waker",
            ObjectKind::Runtime => "runtime",
            ObjectKind::Task => "task",
            ObjectKind::Async(name) => name,
            ObjectKind::Atomic(kind) => kind.name,
            ObjectKind::Memory(name) => name,
        }
    }
}

/// A thread in an object's own list: a reader that holds it, a waiter, one that has arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) thread: ThreadId,
    pub(crate) location: &'static Location<'static>,
    /// What the list's owner needs to know besides; see each state machine.
    pub(crate) flags: u32,
}

/// A name for an object that is the same in every execution in which it plays the same part: where it was
/// made, and a number among those that were made there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ObjectKey {
    pub(crate) location: &'static Location<'static>,
    pub(crate) ordinal: u32,
}

impl ObjectKey {
    /// Whether the two objects were made at the same place in the source.
    pub fn is_same_site(&self, other: &ObjectKey) -> bool {
        is_same_place(self.location, other.location)
    }

    /// The key that stands for all objects made at this place.
    pub(crate) fn site(self) -> ObjectKey {
        ObjectKey { ordinal: 0, ..self }
    }
}
