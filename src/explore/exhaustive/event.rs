//! One event of an execution graph.

use std::panic::Location;

use crate::rt::op::OpKind;
use crate::rt::op::rule::{Access, Ordered, Outcome, Rule};

/// An event's number, which is also its time stamp: events are numbered in the order in which they were added.
pub(super) type EventId = u32;

/// No event, or no location.
pub(super) const NONE: u32 = u32::MAX;

/// What is known of an event besides its relations.
pub(super) mod flag {
    /// It was added as the model adds it first: it reads the last write and takes the first choice, or writes
    /// at the end. Only such events are left out by a revisit, which adds them again.
    pub(crate) const MAXIMAL: u16 = 1;
    /// It is in the past of a write that some read was revisited by: it is not revisited any more.
    pub(crate) const FROZEN: u16 = 2;
    /// It writes.
    pub(crate) const WROTE: u16 = 4;
    /// The value that a location starts with: of no thread.
    pub(crate) const INITIAL: u16 = 8;
    /// A hint after which the thread went on although nothing had changed: it does not wait for that.
    pub(crate) const GOES_ON: u16 = 32;
    /// A choice of the program's own, which takes no step.
    pub(crate) const CHOICE: u16 = 64;
    /// A hint after which the thread goes round once more before it waits: the graph did not have all that it
    /// does in a round.
    pub(crate) const GOES_ROUND: u16 = 128;
}

/// One event, and its place in the relations of its graph, as linked lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) rule: Rule,
    pub(super) site: &'static Location<'static>,
    /// The value that was read, and the one that was written.
    pub(super) read: u64,
    pub(super) written: u64,
    pub(super) kind: OpKind,
    pub(super) flags: u16,
    pub(super) is_object: bool,
    pub(super) success: Ordered,
    pub(super) failure: Ordered,
    pub(super) choice: u32,
    /// Which thread's, and the how-manieth of it.
    pub(super) thread: u32,
    pub(super) index: u32,
    /// How often time had passed before it: a number of ticks of its graph.
    pub(super) epoch: u32,
    /// Its neighbours in the thread.
    pub(super) previous: EventId,
    pub(super) next: EventId,
    pub(super) location: u32,
    /// The write that was read.
    pub(super) source: EventId,
    /// What it waited for besides, which orders it (`Ordered::acquires`) or just came before.
    pub(super) gate: EventId,
    /// Its neighbours in the modification order.
    pub(super) before: EventId,
    pub(super) after: EventId,
    /// The read-modify-write that reads this write.
    pub(super) taken_by: EventId,
    /// The readers of this write, the latest first, as a list through `next_reader`.
    pub(super) first_reader: EventId,
    pub(super) next_reader: EventId,
    /// The read of the same location that was added before.
    pub(super) previous_read: EventId,
    /// The write that had taken from the thread what was in this place before.
    pub(super) evicted_by: EventId,
}

impl Event {
    pub(super) fn new(access: &Access, thread: u32) -> Event {
        Event {
            rule: access.rule,
            site: access.site,
            read: 0,
            written: 0,
            kind: access.kind,
            flags: 0,
            is_object: access.is_object,
            success: access.success,
            failure: access.failure,
            choice: 0,
            thread,
            index: 0,
            epoch: 0,
            previous: NONE,
            next: NONE,
            location: NONE,
            source: NONE,
            gate: NONE,
            before: NONE,
            after: NONE,
            taken_by: NONE,
            first_reader: NONE,
            next_reader: NONE,
            previous_read: NONE,
            evicted_by: NONE,
        }
    }

    /// The value that a location starts with.
    pub(super) fn initial(access: &Access, location: u32) -> Event {
        let mut event = Event::new(access, NONE);
        event.rule = Rule::Load;
        event.kind = OpKind::Store;
        event.flags = flag::MAXIMAL | flag::FROZEN | flag::WROTE | flag::INITIAL;
        event.written = access.initial;
        event.location = location;
        event
    }

    /// The same event without its neighbours.
    pub(super) fn detached(&self) -> Event {
        let mut event = *self;
        event.unlink();
        event
    }

    /// Forgets the neighbours.
    #[inline]
    pub(super) fn unlink(&mut self) {
        self.next = NONE;
        self.before = NONE;
        self.after = NONE;
        self.taken_by = NONE;
        self.first_reader = NONE;
        self.next_reader = NONE;
        self.previous_read = NONE;
    }

    #[inline]
    pub(super) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(super) fn set(&mut self, flag: u16, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    #[inline]
    pub(super) fn reads(&self) -> bool {
        self.source != NONE
    }

    #[inline]
    pub(super) fn writes(&self) -> bool {
        self.has(flag::WROTE)
    }

    /// What holds of it, as it turned out.
    #[inline]
    pub(super) fn ordered(&self) -> Ordered {
        match self.reads() && !self.writes() {
            true if self.rule.is_in_vain(self.read) => Ordered::NONE,
            true => self.failure,
            false => self.success,
        }
    }

    /// Whether it comes after events that are neither before it in its thread nor named by it.
    #[inline]
    pub(super) fn comes_after_more(&self) -> bool {
        self.kind == OpKind::Receive && self.location == NONE && self.gate == NONE
    }

    /// Whether others could tell that it happened.
    pub(super) fn has_effect(&self) -> bool {
        match self.kind {
            OpKind::Yield
            | OpKind::SpinLoop
            | OpKind::Fence
            | OpKind::ParkSpuriously
            | OpKind::Sleep
            | OpKind::ReadClock
            | OpKind::ArriveToRead
            | OpKind::OnceGet
            | OpKind::IsFinished => false,
            _ if self.has(flag::CHOICE) => false,
            _ if self.location == NONE => true,
            _ => self.writes() && !(self.reads() && self.read == self.written),
        }
    }

    /// Whether std takes a liberty where the operation makes this choice.
    pub(super) fn takes_liberty(&self, choice: u32) -> bool {
        let kind = self.kind;
        choice > 0 && matches!(kind, OpKind::CompareExchange | OpKind::ParkSpuriously)
    }

    /// What it does where it finds `value`.
    #[inline]
    pub(super) fn outcome(&self, value: u64, choice: u32) -> Outcome {
        self.rule.outcome(value, choice)
    }
}
