//! What an operation does to the value of its object, as pure data and a pure function.
//!
//! Exhaustive exploration asks what an operation would have done had it found another value than it did. So each
//! object is seen as a location whose value stands for its whole state, and each operation as a read, or a read
//! and a write in one step, of that location (a store, which reads nothing, is the exception). What the state
//! machines in `objects` do with an object they say once more themselves, on values (`Primitive::outcome`).

use std::panic::Location;
use std::sync::atomic::Ordering;

use super::limits::Strict;
use super::ready;
pub(crate) use super::ready::nth_bit;
use crate::rt::op::{Choice, ObjectId, OpKind, ThreadId};

/// What becomes of a location when an operation finds a value there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// It stays.
    Reads,
    /// It is replaced.
    Writes(u64),
    /// The operation has to wait for another value.
    Blocks,
}

/// What an operation does to its location.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// Reads.
    Load,
    /// Writes without reading.
    Store(u64),
    /// Reads, and writes what a function makes of the value and an operand.
    Modify { apply: fn(u64, u64) -> u64, operand: u64 },
    /// Writes `new` where it reads `expected`; a weak one may fail even then.
    Exchange { expected: u64, new: u64, weak: bool },
    /// What the state machine of an object does, with what it needs to know besides.
    Object { outcome: ObjectOutcome, kind: OpKind, argument: u64 },
    /// The same, for a wait whose time is over: where it would have to wait, it ends in vain.
    Due { outcome: ObjectOutcome, kind: OpKind, argument: u64 },
}

/// What an operation of this kind does to an object, with its argument, where it finds a value and makes a choice.
pub(crate) type ObjectOutcome = fn(OpKind, u64, u64, u32) -> Outcome;

/// The choice of a compare-exchange that fails although it finds what it expected.
pub(crate) const FAILS_WEAKLY: u32 = 1;

/// A reader-writer lock held for writing; below that bit writers that wait are counted, and readers.
pub(crate) const WRITER: u64 = 1 << 63;
pub(crate) const WAITING_WRITER: u64 = 1 << 32;
pub(crate) const READERS: u64 = WAITING_WRITER - 1;

/// How far a one-time initialization has come.
pub(crate) const ONCE_INCOMPLETE: u64 = 0;
pub(crate) const ONCE_RUNNING: u64 = 1;
pub(crate) const ONCE_COMPLETE: u64 = 2;
pub(crate) const ONCE_POISONED: u64 = 3;

/// Arguments of operations on a one-time initialization: flags.
pub(crate) const ONCE_IGNORES_POISON: u64 = 1;
pub(crate) const ONCE_SETS: u64 = 2;

/// The value of a channel: four counts. Each has to fit, see [`ChannelValue::fits`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChannelValue {
    pub(crate) sent: u64,
    pub(crate) taken: u64,
    /// How many senders were dropped.
    pub(crate) closed: u64,
    pub(crate) receiver_gone: bool,
}

impl ChannelValue {
    const COUNT_BITS: u32 = 24;
    const CLOSED_BITS: u32 = 15;

    pub(crate) fn pack(self) -> u64 {
        self.sent
            | self.taken << Self::COUNT_BITS
            | self.closed << (2 * Self::COUNT_BITS)
            | u64::from(self.receiver_gone) << 63
    }

    pub(crate) fn unpack(value: u64) -> ChannelValue {
        let counts = (1 << Self::COUNT_BITS) - 1;
        ChannelValue {
            sent: value & counts,
            taken: value >> Self::COUNT_BITS & counts,
            closed: value >> (2 * Self::COUNT_BITS) & ((1 << Self::CLOSED_BITS) - 1),
            receiver_gone: value >> 63 != 0,
        }
    }

    /// Whether one more of each can be counted.
    pub(crate) fn fits(self) -> bool {
        let counts = (1 << Self::COUNT_BITS) - 2;
        self.sent < counts && self.taken < counts && self.closed < (1 << Self::CLOSED_BITS) - 2
    }
}

/// The argument of operations on channels: the capacity and how many senders there ever were, or, for
/// `SendComplete`, the number of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChannelArgument {
    /// `None` if it holds any number.
    pub(crate) capacity: Option<usize>,
    pub(crate) senders: u64,
}

impl ChannelArgument {
    const SENDERS_BITS: u32 = 16;

    pub(crate) fn pack(self) -> u64 {
        let capacity = self.capacity.map_or(0, |capacity| capacity as u64 + 1);
        capacity << Self::SENDERS_BITS | self.senders
    }

    pub(crate) fn unpack(argument: u64) -> ChannelArgument {
        let capacity = (argument >> Self::SENDERS_BITS).checked_sub(1);
        ChannelArgument {
            capacity: capacity.map(|capacity| capacity as usize),
            senders: argument & ((1 << Self::SENDERS_BITS) - 1),
        }
    }
}

impl Rule {
    /// What becomes of the location if `value` is found there, and this `choice` is made: the first, 0, unless
    /// the operation has several.
    #[inline]
    pub(crate) fn outcome(&self, value: u64, choice: u32) -> Outcome {
        match *self {
            Rule::Load => Outcome::Reads,
            Rule::Store(new) => Outcome::Writes(new),
            Rule::Modify { apply, operand } => Outcome::Writes(apply(value, operand)),
            Rule::Exchange { expected, new, .. } => {
                if value == expected && choice != FAILS_WEAKLY {
                    Outcome::Writes(new)
                } else {
                    Outcome::Reads
                }
            }
            Rule::Object { outcome, kind, argument } => outcome(kind, argument, value, choice),
            // Who leaves the waiters writes; who is not among them any more was notified.
            Rule::Due { kind: OpKind::CondvarWait, argument, .. } if value >> argument & 1 == 0 => {
                Outcome::Reads
            }
            Rule::Due { outcome, kind, argument } => match outcome(kind, argument, value, choice) {
                Outcome::Blocks => Outcome::Reads,
                outcome => outcome,
            },
        }
    }

    /// Whether a wait whose time is over ends in vain where it finds `value`, so that it learns of nobody.
    pub(crate) fn is_in_vain(&self, value: u64) -> bool {
        match *self {
            Rule::Due { outcome, kind, argument } => outcome(kind, argument, value, 0) == Outcome::Blocks,
            _ => false,
        }
    }

    /// How many choices the operation has where it finds `value`.
    #[inline]
    pub(crate) fn choices(&self, value: u64) -> u32 {
        match *self {
            Rule::Exchange { expected, weak: true, .. } if value == expected => 2,
            Rule::Object { kind: OpKind::NotifyOne, .. } => value.count_ones().max(1),
            Rule::Object { kind: OpKind::PollNext, argument, .. } => ready::choices(argument, value),
            _ => 1,
        }
    }

    /// Whether the operation reads its location.
    #[inline]
    pub(crate) fn reads(&self) -> bool {
        !matches!(self, Rule::Store(_))
    }

    /// The rule with this argument, for an object's.
    pub(crate) fn with_argument(self, argument: u64) -> Rule {
        match self {
            Rule::Object { outcome, kind, .. } => Rule::Object { outcome, kind, argument },
            Rule::Due { outcome, kind, .. } => Rule::Due { outcome, kind, argument },
            other => other,
        }
    }
}

/// What becomes of an operation that waits unless it may go on.
pub(crate) fn wait_unless(goes: bool, outcome: Outcome) -> Outcome {
    if goes { outcome } else { Outcome::Blocks }
}

/// What becomes of an attempt, which writes if it may go on.
pub(crate) fn try_if(goes: bool, new: u64) -> Outcome {
    if goes { Outcome::Writes(new) } else { Outcome::Reads }
}

/// What else an operation waits for than a value of its own location. At most one event can be meant, and
/// which one does not change any more, so there is nothing to choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gate {
    /// Nothing.
    Open,
    /// The last event of a thread.
    Ended(ThreadId),
    /// The notification of the thread's last wait.
    Notified(Place),
    /// The event that wrote this value.
    Written(Place, u64),
    /// The send of message number so and so, counted from 0.
    Sent(Place, u64),
    /// The drops of all senders.
    Closed(Place),
}

/// A location: an object, and which of its values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) object: ObjectId,
    pub(crate) part: u32,
}

/// The value that an object stands for; what else there is of a thread is a part of its own.
pub(crate) const STATE: u32 = 0;
/// Whether a thread has ended.
pub(crate) const ENDED: u32 = 1;

/// What an operation orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Ordered {
    pub(crate) acquires: bool,
    pub(crate) releases: bool,
    pub(crate) is_sc: bool,
}

impl Ordered {
    pub(crate) const ACQUIRE: Ordered = Ordered { acquires: true, releases: false, is_sc: false };
    pub(crate) const RELEASE: Ordered = Ordered { acquires: false, releases: true, is_sc: false };
    pub(crate) const BOTH: Ordered = Ordered { acquires: true, releases: true, is_sc: false };
    pub(crate) const NONE: Ordered = Ordered { acquires: false, releases: false, is_sc: false };
}

impl From<Ordering> for Ordered {
    #[inline]
    fn from(order: Ordering) -> Ordered {
        Ordered {
            acquires: matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst),
            releases: matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst),
            is_sc: order == Ordering::SeqCst,
        }
    }
}

/// An operation as it is about to take effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) kind: OpKind,
    pub(crate) site: &'static Location<'static>,
    pub(crate) place: Option<Place>,
    /// What the place held before anything was done to it in this execution.
    pub(crate) initial: u64,
    pub(crate) rule: Rule,
    /// What is ordered if the location is written, or if there is none.
    pub(crate) success: Ordered,
    /// What is ordered if it is only read.
    pub(crate) failure: Ordered,
    pub(crate) gate: Gate,
    /// Whether the location is an object: its operations are in one order that nothing contradicts. Otherwise it
    /// is an atomic, and the memory model says what is seen of it.
    pub(crate) is_object: bool,
}

impl Access {
    /// A choice that does nothing to any object: of the program's own, a liberty that std takes, a future that is dropped.
    pub(crate) fn of_choice(choice: Choice) -> Access {
        Access {
            kind: match choice {
                Choice::SpuriousWakeup | Choice::LostToken | Choice::WaitingWriter => OpKind::ParkSpuriously,
                Choice::Cancels => OpKind::EndPoll,
                _ => OpKind::Yield,
            },
            site: crate::rt::op::nowhere(),
            place: None,
            initial: 0,
            rule: Rule::Load,
            success: Ordered::NONE,
            failure: Ordered::NONE,
            gate: Gate::Open,
            is_object: true,
        }
    }
}

/// Why an operation has no place in an execution graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// It asks what was taken not to be asked: this is to be seen as well.
    Strict(Strict),
    /// It cannot be explored exhaustively; what, in words.
    Unsupported(&'static str),
}

/// As the argument of `ReadLock`: also waits for writers that wait.
pub(crate) const BEHIND_WRITERS: u32 = 1;

/// As the argument of `WriteLock`: the writer is among those that wait.
pub(crate) const ANNOUNCED: u32 = 1;

/// As bits of the argument of an operation that gives back a lock held alone: the data may be other than before, and the thread
/// has panicked meanwhile.
pub(crate) const CHANGED: u64 = 1;
pub(crate) const POISONS: u64 = 2;

/// The part of the value of a lock that says that it is poisoned, above all counts.
pub(crate) const POISONED: u64 = 1 << 62;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_channel_are_read_as_they_were_written() {
        let value = ChannelValue { sent: 77, taken: 76, closed: 3, receiver_gone: true };
        assert_eq!(ChannelValue::unpack(value.pack()), value);
        for capacity in [None, Some(0), Some(5)] {
            let argument = ChannelArgument { capacity, senders: 9 };
            assert_eq!(ChannelArgument::unpack(argument.pack()), argument);
        }
    }

    #[test]
    fn bits_are_counted_from_the_lowest() {
        assert_eq!((0..3).map(|n| nth_bit(0b1011_0000, n)).collect::<Vec<_>>(), [4, 5, 7]);
    }
}
