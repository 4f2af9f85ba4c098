//! A moment at which time passes in an execution graph.

use super::event::EventId;
use crate::rt::threads::timers::Instant;

/// A moment at which nobody can go on until time passes, and passes.
#[derive(Clone, Debug)]
pub(super) struct Tick {
    /// How many events the graph had before, and how many of those have a place in its order.
    pub(super) at: u32,
    pub(super) ordered: u32,
    /// What time it is from then on.
    pub(super) now: Instant,
    /// How many events each thread had before.
    pub(super) counts: Box<[u32]>,
    /// The writes that had taken from threads what their next events had. From then on nothing is out of their sight.
    pub(super) evicted: Vec<(u32, EventId)>,
}
