//! A moment at which time passes in an execution graph.

use super::event::EventId;
use crate::rt::threads::timers::Instant;

/// A moment at which nobody can go on until time passes, and passes.
#[derive(Clone, Debug)]
pub(in crate::explore::exhaustive) struct Tick {
    /// How many events the graph had before, and how many of those have a place in its order.
    pub(in crate::explore::exhaustive) at: u32,
    pub(in crate::explore::exhaustive) ordered: u32,
    /// What time it is from then on.
    pub(in crate::explore::exhaustive) now: Instant,
    /// How many events each thread had before.
    pub(in crate::explore::exhaustive) counts: Box<[u32]>,
    /// The writes that had taken from threads what their next events had. From then on nothing is out of their sight.
    pub(in crate::explore::exhaustive) evicted: Vec<(u32, EventId)>,
}
