//! Mirror of [tokio's `task`](::tokio::task): tasks, and what becomes of them.

pub(crate) mod cell;
pub mod coop;
mod error;
mod join;
mod local;
mod local_key;
mod set;
mod spawning;
pub(crate) mod waking;
mod yielding;

use std::fmt;

pub use error::JoinError;
pub use join::{AbortHandle, JoinHandle};
pub use local::{LocalEnterGuard, LocalSet, spawn_local};
pub use local_key::{LocalKey, futures};
pub use set::JoinSet;
pub(crate) use spawning::{NO_RUNTIME, spawn_blocking_on, spawn_on};
pub use spawning::{block_in_place, spawn, spawn_blocking};
pub use yielding::Unconstrained;
pub use yielding::{consume_budget, unconstrained, yield_now};

/// Mirror of [tokio's `task::Id`](::tokio::task::Id): inside an exploration, the number of the task in its execution.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(Repr);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Repr {
    Inside(u64),
    Outside(::tokio::task::Id),
}

impl Id {
    pub(crate) fn inside(number: u64) -> Id {
        Id(Repr::Inside(number))
    }

    pub(crate) fn outside(id: ::tokio::task::Id) -> Id {
        Id(Repr::Outside(id))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Inside(number) => number.fmt(f),
            Repr::Outside(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Inside(number) => f.debug_tuple("Id").field(&number).finish(),
            Repr::Outside(id) => id.fmt(f),
        }
    }
}

/// The id of the task that is polled.
///
/// # Panics
///
/// Outside of a task.
#[track_caller]
pub fn id() -> Id {
    try_id().expect("Can't get a task id when not inside a task")
}

/// The id of the task that is polled, if one is.
pub fn try_id() -> Option<Id> {
    match crate::rt::current() {
        Some(current) => current.spawned_task_number().map(Id::inside),
        None => ::tokio::task::try_id().map(Id::outside),
    }
}
