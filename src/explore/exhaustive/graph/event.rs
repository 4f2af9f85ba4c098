//! One event of an execution graph.

use std::panic::Location;

use crate::rt::op::OpKind;
use crate::rt::op::rule::{Access, Ordered, Outcome, Rule};

/// An event's number, which is also its time stamp: events are numbered in the order in which they were added.
pub(in crate::explore::exhaustive) type EventId = u32;

/// No event, or no location.
pub(in crate::explore::exhaustive) const NONE: u32 = u32::MAX;

/// What is known of an event besides its relations.
pub(in crate::explore::exhaustive) mod flag {
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
pub(in crate::explore::exhaustive) struct Event {
    pub(in crate::explore::exhaustive) rule: Rule,
    pub(in crate::explore::exhaustive) site: &'static Location<'static>,
    /// The value that was read, and the one that was written.
    pub(in crate::explore::exhaustive) read: u64,
    pub(in crate::explore::exhaustive) written: u64,
    pub(in crate::explore::exhaustive) kind: OpKind,
    pub(in crate::explore::exhaustive) flags: u16,
    pub(in crate::explore::exhaustive) is_object: bool,
    pub(in crate::explore::exhaustive) success: Ordered,
    pub(in crate::explore::exhaustive) failure: Ordered,
    pub(in crate::explore::exhaustive) choice: u32,
    /// Which thread's, and the how-manieth of it.
    pub(in crate::explore::exhaustive) thread: u32,
    pub(in crate::explore::exhaustive) index: u32,
    /// How often time had passed before it: a number of ticks of its graph.
    pub(in crate::explore::exhaustive) epoch: u32,
    /// Its neighbours in the thread.
    pub(in crate::explore::exhaustive) previous: EventId,
    pub(in crate::explore::exhaustive) next: EventId,
    pub(in crate::explore::exhaustive) location: u32,
    /// The write that was read.
    pub(in crate::explore::exhaustive) source: EventId,
    /// What it waited for besides, which orders it (`Ordered::acquires`) or just came before.
    pub(in crate::explore::exhaustive) gate: EventId,
    /// Its neighbours in the modification order.
    pub(in crate::explore::exhaustive) before: EventId,
    pub(in crate::explore::exhaustive) after: EventId,
    /// The read-modify-write that reads this write.
    pub(in crate::explore::exhaustive) taken_by: EventId,
    /// The readers of this write, the latest first, as a list through `next_reader`.
    pub(in crate::explore::exhaustive) first_reader: EventId,
    pub(in crate::explore::exhaustive) next_reader: EventId,
    /// The read of the same location that was added before.
    pub(in crate::explore::exhaustive) previous_read: EventId,
    /// The write that had taken from the thread what was in this place before.
    pub(in crate::explore::exhaustive) evicted_by: EventId,
}

impl Event {
    pub(in crate::explore::exhaustive) fn new(access: &Access, thread: u32) -> Event {
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
    pub(in crate::explore::exhaustive) fn initial(access: &Access, location: u32) -> Event {
        let mut event = Event::new(access, NONE);
        event.rule = Rule::Load;
        event.kind = OpKind::Store;
        event.flags = flag::MAXIMAL | flag::FROZEN | flag::WROTE | flag::INITIAL;
        event.written = access.initial;
        event.location = location;
        event
    }

    /// The same event without its neighbours.
    pub(in crate::explore::exhaustive) fn detached(&self) -> Event {
        let mut event = *self;
        event.unlink();
        event
    }

    /// Forgets the neighbours.
    #[inline]
    pub(in crate::explore::exhaustive) fn unlink(&mut self) {
        self.next = NONE;
        self.before = NONE;
        self.after = NONE;
        self.taken_by = NONE;
        self.first_reader = NONE;
        self.next_reader = NONE;
        self.previous_read = NONE;
    }

    #[inline]
    pub(in crate::explore::exhaustive) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    #[inline]
    pub(in crate::explore::exhaustive) fn set(&mut self, flag: u16, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    #[inline]
    pub(in crate::explore::exhaustive) fn reads(&self) -> bool {
        self.source != NONE
    }

    #[inline]
    pub(in crate::explore::exhaustive) fn writes(&self) -> bool {
        self.has(flag::WROTE)
    }

    /// What holds of it, as it turned out.
    #[inline]
    pub(in crate::explore::exhaustive) fn ordered(&self) -> Ordered {
        match self.reads() && !self.writes() {
            true if self.rule.is_in_vain(self.read) => Ordered::NONE,
            true => self.failure,
            false => self.success,
        }
    }

    /// Whether it comes after events that are neither before it in its thread nor named by it.
    #[inline]
    pub(in crate::explore::exhaustive) fn comes_after_more(&self) -> bool {
        self.kind == OpKind::Receive && self.location == NONE && self.gate == NONE
    }

    /// Whether others could tell that it happened.
    pub(in crate::explore::exhaustive) fn has_effect(&self) -> bool {
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
    pub(in crate::explore::exhaustive) fn takes_liberty(&self, choice: u32) -> bool {
        let kind = self.kind;
        choice > 0 && matches!(kind, OpKind::CompareExchange | OpKind::ParkSpuriously)
    }

    /// Whether a future is dropped at an await where the choice is this.
    pub(in crate::explore::exhaustive) fn cancels(&self, choice: u32) -> bool {
        choice > 0 && self.kind == OpKind::EndPoll && self.has(flag::CHOICE)
    }

    /// What it does where it finds `value`.
    #[inline]
    pub(in crate::explore::exhaustive) fn outcome(&self, value: u64, choice: u32) -> Outcome {
        self.rule.outcome(value, choice)
    }
}
