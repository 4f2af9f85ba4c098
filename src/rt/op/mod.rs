//! Operations: what a thread is about to do, as pure data.
//!
//! Strategies, detectors and reports know the program only through these types; none of them knows a
//! `Mutex`. The dependency relation (`Op::conflicts_with`) is the one POS, SURW and partial-order
//! reduction share: same object, and at least one of the two changes it.

pub(crate) mod basis;
pub(crate) mod key;
mod kind;
pub(crate) mod limits;
pub(crate) mod lock;
pub(crate) mod outcome;
pub(crate) mod ready;
pub(crate) mod rng;
pub(crate) mod rule;
pub(crate) mod schedule;
pub(crate) mod thread_set;
pub(crate) mod verb;

pub use kind::OpKind;
use verb::Verb;

use std::panic::Location;
use std::sync::atomic::Ordering;

/// A model thread within one execution, numbered in the order of spawning; the test body is thread 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ThreadId(pub(crate) u32);

impl ThreadId {
    /// The thread that runs the test body.
    pub const MAIN: ThreadId = ThreadId(0);

    /// The position of this thread in the order of spawning, for use as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An object of one execution (a lock, an atomic, a channel, …), numbered in the order of first use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId(pub(crate) u32);

impl ObjectId {
    /// The object of an operation that touches none, such as a yield.
    pub const NONE: ObjectId = ObjectId(u32::MAX);

    /// The position of this object in the order of first use, for use as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One visible action on one object, as published before it is executed.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What is done.
    pub kind: OpKind,
    /// To which object; [`ObjectId::NONE`] if to none.
    pub object: ObjectId,
    /// What `kind` needs to know besides: permits asked of a semaphore, the ticket of a rendezvous.
    pub(crate) argument: u32,
    /// Where in the source.
    pub location: &'static Location<'static>,
}

impl Op {
    #[inline]
    pub(crate) fn new(kind: OpKind, object: ObjectId, location: &'static Location<'static>) -> Op {
        Op { kind, object, argument: 0, location }
    }

    /// No operation, but a place where others may go first.
    pub(crate) fn pause(location: &'static Location<'static>) -> Op {
        Op::new(OpKind::Begin, ObjectId::NONE, location)
    }

    /// How reports and logs write what is done.
    pub fn verb(&self) -> &'static str {
        match Verb::of_argument(self.argument) {
            Some(verb) if self.kind == OpKind::Operate => verb.text(),
            _ => self.kind.verb(),
        }
    }

    /// Whether it can change its object.
    pub(crate) fn changes(&self) -> bool {
        let looks = [Verb::Look as u32, Verb::LookAgain as u32].contains(&self.argument);
        self.kind.is_write() && !(self.kind == OpKind::Operate && looks)
    }

    /// Whether it is a [`pause`](Op::pause).
    pub(crate) fn is_pause(&self) -> bool {
        self.kind == OpKind::Begin && self.object == ObjectId::NONE
    }

    /// Whether the order of the two operations can matter: same object, and one of them changes it.
    #[inline]
    pub fn conflicts_with(&self, other: &Op) -> bool {
        self.object == other.object
            && self.object != ObjectId::NONE
            && (self.kind.is_write() || other.kind.is_write())
    }
}

/// What an operation found or did, kept for logs and reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Note {
    /// Nothing to add.
    None,
    /// The value that was read.
    Read(u64),
    /// The value that was read, and the last one in modification order, which it is not.
    ReadStale {
        /// What was read.
        value: u64,
        /// What a sequentially consistent load would have read.
        last: u64,
    },
    /// As `Wrote`, where the value before was not the last one in modification order.
    WroteStale {
        /// Before.
        old: u64,
        /// After.
        new: u64,
        /// The last one.
        last: u64,
    },
    /// A compare-exchange that failed because of a value that was not the last one in modification order.
    FailedStale {
        /// What was found.
        value: u64,
        /// The last one.
        last: u64,
    },
    /// The value that was written before others in modification order, and the last of those.
    WroteEarlier {
        /// What was written.
        new: u64,
        /// What stays last.
        last: u64,
    },
    /// The value before and after.
    Wrote {
        /// Before.
        old: u64,
        /// After.
        new: u64,
    },
    /// A `try_` operation or a compare-exchange that failed; with the value found.
    Failed(u64),
    /// A weak compare-exchange that failed although the value was equal.
    FailedSpuriously,
    /// The wait ended because its time was over.
    TimedOut,
    /// The wait ended without any reason, as std allows.
    Spurious,
    /// The thread that was made, joined, woken or notified.
    Thread(ThreadId),
    /// The operation of a task has to wait: it will be tried again.
    Waits,
    /// The task of this number was made.
    Spawned(u64),
    /// So many messages are in the channel, which nobody can receive any more.
    Unreceived(u64),
}

/// An operation that was executed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// The step of the execution, counted from 1.
    pub(crate) step: u64,
    /// The thread that executed it.
    pub(crate) thread: ThreadId,
    /// The number of the task that it polled meanwhile; 0 if it polled none.
    pub(crate) task: u64,
    /// The operation.
    pub(crate) op: Op,
    /// What it found or did.
    pub(crate) note: Note,
    /// More about it, if it is an operation on an atomic, or a fence.
    pub(crate) atomic: Option<AtomicAccess>,
}

/// What an operation on an atomic did to the order of events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtomicAccess {
    /// The step that made the store which was read; 0 for the initial value, or if none was read.
    pub(crate) source: u64,
    /// Its ordering; of a compare-exchange, the one of how it ended.
    pub(crate) order: Ordering,
}

/// A choice that was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TracedChoice {
    /// How many events of the trace came before.
    pub(crate) after: usize,
    pub(crate) choice: Choice,
    pub(crate) value: usize,
}

/// A choice of an execution other than the next thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Choice {
    /// Which waiter `notify_one` wakes.
    Notified,
    /// Whether a wait ends without a reason (alternative 1).
    SpuriousWakeup,
    /// Which task is polled although nobody has woken it; 0 is none.
    SpuriousPoll,
    /// Whether a weak compare-exchange fails although the value is equal (alternative 1).
    WeakFailure,
    /// Which thread is the leader of a barrier.
    BarrierLeader,
    /// Whether a reader waits behind a writer that only waits (alternative 1).
    WaitingWriter,
    /// Whether a wait of std's own takes the park token of its thread (alternative 1).
    LostToken,
    /// Which of the stores that it may read an atomic operation reads; 0 is the latest.
    ReadsFrom,
    /// Where in modification order a store goes; 0 is the end.
    Placement,
    /// Which of the ready tasks of a runtime is polled next.
    NextTask,
    /// Whether a task gives way although it could go on (alternative 1), as tokio's cooperative budget has it.
    GivesWay,
    /// The same in a future that polls several, which see of each other that one gives way.
    GivesWayWithin,
    /// Whether a task that yields may be polled again before those that are ready (alternative 1): tokio puts it behind them, but
    /// promises nothing.
    Overtakes,
    /// Whether a task that has aborted itself waits at an operation that could go on (alternative 1): it is dropped there then.
    StopsAborted,
    /// Whether a future is dropped at an await although the test drops none: alternative 0 is none, the others are the futures
    /// that may be, the innermost first.
    Cancels,
    /// A value asked for by the program: [`crate::choose`], [`crate::rand`].
    Program,
}

/// Whether two places in the source are the same. Mostly they are one in memory, and their names need not be compared.
#[inline]
pub(crate) fn is_same_place(one: &'static Location<'static>, other: &'static Location<'static>) -> bool {
    std::ptr::eq(one, other) || one.line() == other.line() && one == other
}

/// Where operations without a place in the source are said to be.
pub(crate) fn nowhere() -> &'static Location<'static> {
    Location::caller()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_of_one_object_commute() {
        let here = Location::caller();
        let load = Op::new(OpKind::Load, ObjectId(1), here);
        let store = Op::new(OpKind::Store, ObjectId(1), here);
        let elsewhere = Op::new(OpKind::Store, ObjectId(2), here);
        assert!(!load.conflicts_with(&load));
        assert!(load.conflicts_with(&store));
        assert!(!load.conflicts_with(&elsewhere));
        let yielded = Op::new(OpKind::Yield, ObjectId::NONE, here);
        assert!(!yielded.conflicts_with(&yielded));
    }
}
