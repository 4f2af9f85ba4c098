//! How one graph differs from that which it is found from.

use super::event::{Event, EventId};

/// How a graph differs from its base.
#[derive(Clone, Debug)]
pub(in crate::explore::exhaustive) enum Change {
    /// Not at all: the graph that everything starts with.
    Nothing,
    /// It ends with `event`, which reads or follows another write, or makes another choice.
    Alternative { event: EventId, source: EventId, choice: u32 },
    /// A thread that waited where nobody could go on, when the base had `cut` events, has found another write.
    Arrival { event: Box<Event>, source: EventId, cut: EventId },
    /// `read` reads `write`, which was added after it.
    Revisit { write: EventId, read: EventId, choice: u32 },
    /// `read` reads `event`, or `event` has taken from its thread what it had, where `event` reads `source`, which
    /// another event had the place after: one that has gone or moved.
    Detour { event: EventId, source: EventId, choice: u32, read: EventId, next: DetourEnd },
    /// `write` took from the thread of `read` what that had found.
    Eviction { write: EventId, read: EventId },
    /// The thread that has made the hint `event` last does not wait there, for the reason that the flag `why` says.
    GoesOn { event: EventId, why: u16 },
}

/// What becomes of the read that a detour leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::explore::exhaustive) enum DetourEnd {
    /// It reads the event, with this choice.
    Reads(u32),
    /// It goes.
    Evicted,
}
