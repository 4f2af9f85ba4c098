//! What an operation does to the value of its object, as pure data and a pure function.
//!
//! Exhaustive exploration asks what an operation would have done had it found another value than it did. So each
//! object is seen as a location whose value stands for its whole state, and each operation as a read, or a read
//! and a write in one step, of that location (a store, which reads nothing, is the exception). What the state
//! machines in `state` do with an object is said here once more, on values; a disagreement between the two
//! shows as a replay that does not follow its graph.

use std::panic::Location;
use std::sync::atomic::Ordering;

use super::op::{ObjectId, OpKind, ThreadId};
use super::state::{ANNOUNCED, BEHIND_WRITERS};

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
    Object { kind: OpKind, argument: u64 },
    /// The same, for a wait whose time is over: where it would have to wait, it ends in vain.
    Due { kind: OpKind, argument: u64 },
}

/// The choice of a compare-exchange that fails although it finds what it expected.
pub(crate) const FAILS_WEAKLY: u32 = 1;

/// A held mutex.
const HELD: u64 = 1;
/// A reader-writer lock held for writing; below that bit writers that wait are counted, and readers.
pub(crate) const WRITER: u64 = 1 << 63;
pub(crate) const WAITING_WRITER: u64 = 1 << 32;
const READERS: u64 = WAITING_WRITER - 1;

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

    fn unpack(argument: u64) -> ChannelArgument {
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
            Rule::Object { kind, argument } => object_outcome(kind, argument, value, choice),
            // Who leaves the waiters writes; who is not among them any more was notified.
            Rule::Due { kind: OpKind::CondvarWait, argument } if value >> argument & 1 == 0 => Outcome::Reads,
            Rule::Due { kind, argument } => match object_outcome(kind, argument, value, choice) {
                Outcome::Blocks => Outcome::Reads,
                outcome => outcome,
            },
        }
    }

    /// Whether a wait whose time is over ends in vain where it finds `value`, so that it learns of nobody.
    pub(crate) fn is_in_vain(&self, value: u64) -> bool {
        match *self {
            Rule::Due { kind, argument } => object_outcome(kind, argument, value, 0) == Outcome::Blocks,
            _ => false,
        }
    }

    /// How many choices the operation has where it finds `value`.
    #[inline]
    pub(crate) fn choices(&self, value: u64) -> u32 {
        match *self {
            Rule::Exchange { expected, weak: true, .. } if value == expected => 2,
            Rule::Object { kind: OpKind::NotifyOne, .. } => value.count_ones().max(1),
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
            Rule::Object { kind, .. } => Rule::Object { kind, argument },
            Rule::Due { kind, .. } => Rule::Due { kind, argument },
            other => other,
        }
    }
}

fn object_outcome(kind: OpKind, argument: u64, value: u64, choice: u32) -> Outcome {
    use Outcome::{Blocks, Reads, Writes};
    let wait_unless = |goes: bool, outcome| if goes { outcome } else { Blocks };
    let try_if = |goes: bool, new| if goes { Writes(new) } else { Reads };
    match kind {
        OpKind::Lock => wait_unless(value != HELD, Writes(HELD)),
        OpKind::TryLock => try_if(value != HELD, HELD),
        OpKind::Unlock => Writes(0),
        OpKind::WriteUnlock => Writes(value & !WRITER),
        OpKind::ReadLock if argument == u64::from(BEHIND_WRITERS) => {
            wait_unless(value <= READERS, Writes(value.wrapping_add(1)))
        }
        OpKind::ReadLock => wait_unless(value & WRITER == 0, Writes(value.wrapping_add(1))),
        OpKind::TryReadLock => try_if(value & WRITER == 0, value.wrapping_add(1)),
        OpKind::ArriveToRead => wait_unless(value & WRITER == 0 && value > READERS, Reads),
        OpKind::AnnounceWrite => Writes(value.wrapping_add(WAITING_WRITER)),
        OpKind::WriteLock => {
            let waiting = if argument == u64::from(ANNOUNCED) { WAITING_WRITER } else { 0 };
            wait_unless(value & (WRITER | READERS) == 0, Writes(value.wrapping_sub(waiting) | WRITER))
        }
        OpKind::TryWriteLock => try_if(value & (WRITER | READERS) == 0, value | WRITER),
        OpKind::ReadUnlock => Writes(value.wrapping_sub(1)),
        OpKind::Downgrade => Writes((value & !WRITER).wrapping_add(1)),
        OpKind::Acquire => wait_unless(value >= argument, Writes(value.wrapping_sub(argument))),
        OpKind::TryAcquire => try_if(value >= argument, value.wrapping_sub(argument)),
        OpKind::Release => Writes(value.wrapping_add(argument)),
        OpKind::Park | OpKind::AwaitWake | OpKind::LoseToken => wait_unless(value != 0, Writes(0)),
        OpKind::Unpark | OpKind::Wake | OpKind::End => Writes(1),
        OpKind::BarrierArrive => Writes(value + 1),
        // The waiters are bits; the argument is one of them.
        OpKind::CondvarEnqueue => Writes(value | 1 << argument),
        OpKind::CondvarWait => Writes(value & !(1 << argument)),
        OpKind::NotifyOne => try_if(value != 0, value & !(1 << nth_bit(value, choice))),
        OpKind::NotifyAll => try_if(value != 0, 0),
        OpKind::OnceEnter => match value {
            ONCE_RUNNING => Blocks,
            ONCE_COMPLETE => Reads,
            ONCE_POISONED if argument & (ONCE_IGNORES_POISON | ONCE_SETS) == 0 => Reads,
            _ if argument & ONCE_SETS != 0 => Writes(ONCE_COMPLETE),
            _ => Writes(ONCE_RUNNING),
        },
        // The argument is how far it has come.
        OpKind::OnceLeave => Writes(argument),
        OpKind::OnceWait => {
            let poisoned = value == ONCE_POISONED && argument & ONCE_IGNORES_POISON == 0;
            wait_unless(value == ONCE_COMPLETE || poisoned, Reads)
        }
        OpKind::Send
        | OpKind::TrySend
        | OpKind::SendComplete
        | OpKind::Receive
        | OpKind::TryReceive
        | OpKind::CloseSender
        | OpKind::CloseReceiver => channel_outcome(kind, argument, ChannelValue::unpack(value)),
        // What is left reads, or has no location.
        _ => Reads,
    }
}

fn channel_outcome(kind: OpKind, argument: u64, value: ChannelValue) -> Outcome {
    let ChannelArgument { capacity, senders } = ChannelArgument::unpack(argument);
    let on_the_way = value.sent - value.taken;
    let has_room = capacity.is_none_or(|capacity| on_the_way < capacity.max(1) as u64);
    let write = |value: ChannelValue| Outcome::Writes(value.pack());
    match kind {
        OpKind::Send | OpKind::TrySend if value.receiver_gone => Outcome::Reads,
        OpKind::Send | OpKind::TrySend if has_room => write(ChannelValue { sent: value.sent + 1, ..value }),
        OpKind::Send => Outcome::Blocks,
        // The argument is the number of the message.
        OpKind::SendComplete if value.taken >= argument || value.receiver_gone => Outcome::Reads,
        OpKind::SendComplete => Outcome::Blocks,
        OpKind::Receive | OpKind::TryReceive if on_the_way > 0 => {
            write(ChannelValue { taken: value.taken + 1, ..value })
        }
        OpKind::Receive if value.closed < senders => Outcome::Blocks,
        OpKind::CloseSender => write(ChannelValue { closed: value.closed + 1, ..value }),
        OpKind::CloseReceiver => write(ChannelValue { receiver_gone: true, ..value }),
        _ => Outcome::Reads,
    }
}

/// The position of the `n`-th lowest bit that is set.
pub(crate) fn nth_bit(value: u64, n: u32) -> u32 {
    let mut left = value;
    for _ in 0..n {
        left &= left.wrapping_sub(1);
    }
    left.trailing_zeros() & 63
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
    /// A choice of the program's own, or a liberty that std takes, which does nothing to any object.
    pub(crate) fn of_choice(is_liberty: bool) -> Access {
        Access {
            kind: if is_liberty { OpKind::ParkSpuriously } else { OpKind::Yield },
            site: super::kernel::nowhere(),
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
