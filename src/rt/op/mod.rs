//! Operations: what a thread is about to do, as pure data.
//!
//! Strategies, detectors and reports know the program only through these types; none of them knows a
//! `Mutex`. The dependency relation (`Op::conflicts_with`) is the one POS, SURW and partial-order
//! reduction share: same object, and at least one of the two changes it.

pub(crate) mod basis;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod lock;
pub(crate) mod outcome;
pub(crate) mod rng;
pub(crate) mod rule;
pub(crate) mod schedule;
pub(crate) mod thread_set;

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

macro_rules! op_kinds {
    ($($(#[$doc:meta])* $name:ident = $verb:literal,)*) => {
        /// What an operation does to its object.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum OpKind { $($(#[$doc])* $name,)* }

        impl OpKind {
            /// How reports and logs write this operation: `lock`, `fetch-modify`, ….
            pub fn verb(self) -> &'static str {
                match self { $(OpKind::$name => $verb,)* }
            }

            /// The kind that [`OpKind::code`] gave this number.
            pub(crate) fn from_code(code: u8) -> Option<OpKind> {
                const ALL: &[OpKind] = &[$(OpKind::$name,)*];
                ALL.get(code as usize).copied()
            }
        }
    };
}

// The kinds that can block come first: `may_block` is one comparison on the path of a step.
op_kinds! {
    /// Waits until another thread has ended.
    Join = "join",
    /// Waits for the thread's park token.
    Park = "park",
    /// Waits until a point in virtual time.
    Sleep = "sleep",
    /// Takes a mutex.
    Lock = "lock",
    /// Takes a reader-writer lock for reading.
    ReadLock = "read",
    /// Takes a reader-writer lock for writing.
    WriteLock = "write",
    /// Waits to be notified by a condition variable.
    CondvarWait = "wait",
    /// Takes permits from a semaphore.
    Acquire = "acquire",
    /// Waits until all have arrived at a barrier.
    BarrierLeave = "leave barrier",
    /// Enters a one-time initialization, or finds it done.
    OnceEnter = "enter once",
    /// Waits until a one-time initialization is done.
    OnceWait = "wait for once",
    /// Puts a message into a channel.
    Send = "send",
    /// Waits until the message of a rendezvous channel was taken.
    SendComplete = "complete send",
    /// Takes a message from a channel.
    Receive = "receive",
    /// Waits for a task's waker to be called.
    AwaitWake = "await wake",
    /// The first step of a thread.
    Begin = "begin",
    /// Does not wait for the park token although it is not there.
    ParkSpuriously = "park",
    /// The last step of a thread.
    End = "end",
    /// Makes a new thread.
    Spawn = "spawn",
    /// Asks whether a thread has ended.
    IsFinished = "is finished",
    /// Gives another thread its park token.
    Unpark = "unpark",
    /// Lets others run.
    Yield = "yield",
    /// Says that the thread spins.
    SpinLoop = "spin",
    /// Reads an atomic.
    Load = "load",
    /// Writes an atomic.
    Store = "store",
    /// Reads and writes an atomic in one step.
    ReadModifyWrite = "modify",
    /// Compares an atomic and, if equal, writes it.
    CompareExchange = "compare-exchange",
    /// Orders memory accesses.
    Fence = "fence",
    /// Takes a mutex if it is free.
    TryLock = "try lock",
    /// Releases a mutex.
    Unlock = "unlock",
    /// Takes a reader-writer lock for reading if it is free.
    TryReadLock = "try read",
    /// Takes a reader-writer lock for writing if it is free.
    TryWriteLock = "try write",
    /// Releases a lock held for reading.
    ReadUnlock = "unlock read",
    /// Releases a lock held for writing.
    WriteUnlock = "unlock write",
    /// Turns a lock held for writing into one held for reading.
    Downgrade = "downgrade",
    /// Releases the mutex and joins the waiters of a condition variable.
    CondvarEnqueue = "wait",
    /// Wakes one waiter.
    NotifyOne = "notify one",
    /// Wakes every waiter.
    NotifyAll = "notify all",
    /// Takes permits from a semaphore if there are enough.
    TryAcquire = "try acquire",
    /// Gives permits back to a semaphore.
    Release = "release",
    /// Arrives at a barrier.
    BarrierArrive = "arrive",
    /// Ends a one-time initialization.
    OnceLeave = "leave once",
    /// Asks whether a one-time initialization is done.
    OnceGet = "get once",
    /// Puts a message into a channel if there is room.
    TrySend = "try send",
    /// Takes a message from a channel if there is one.
    TryReceive = "try receive",
    /// Drops one sender of a channel.
    CloseSender = "drop sender",
    /// Drops the receiver of a channel.
    CloseReceiver = "drop receiver",
    /// Calls a waker.
    Wake = "wake",
    /// Asks what time it is.
    ReadClock = "read clock",
    /// Comes to take a reader-writer lock for writing, and will wait if it has to.
    AnnounceWrite = "come to write",
    /// Comes to take a reader-writer lock for reading, while a writer waits for it.
    ArriveToRead = "come to read",
    /// Comes to take a message from a channel that hands over, and will wait if it has to.
    ArriveToReceive = "come to receive",
    /// Loses the park token, which is there, to a wait of std's own.
    LoseToken = "lose park token",
    /// Asks whether a thread has panicked while it held a lock.
    IsPoisoned = "is poisoned",
    /// Forgets that a thread has panicked while it held a lock.
    ClearPoison = "clear poison",
}

impl OpKind {
    /// Whether an operation of this kind can be disabled: its thread then waits for its object to change.
    #[inline]
    pub fn may_block(self) -> bool {
        self as u8 <= OpKind::AwaitWake as u8 || self.needs_occasion()
    }

    /// Whether an operation of this kind is there only because std takes a liberty, which it takes only where there is an occasion:
    /// an execution without one is none.
    pub(crate) fn needs_occasion(self) -> bool {
        matches!(self, OpKind::ArriveToRead | OpKind::LoseToken)
    }

    /// Whether it makes sense to hold an operation of this kind back, so that its order with others is another one. Not where a
    /// lock is released: that can only follow its acquisition, and everybody would wait.
    pub(crate) fn can_be_held_back(self) -> bool {
        !(self.gives_lock_back() || self == OpKind::OnceLeave)
    }

    /// Whether an operation of this kind gives a lock back.
    pub(crate) fn gives_lock_back(self) -> bool {
        matches!(self, OpKind::Unlock | OpKind::ReadUnlock | OpKind::WriteUnlock)
    }

    /// Whether an operation of this kind on a synchronization object may leave it as it is: what it finds then can be
    /// shown to it (`Kernel::shown`).
    pub(crate) fn may_look(self) -> bool {
        matches!(
            self,
            OpKind::TryLock
                | OpKind::TryReadLock
                | OpKind::TryWriteLock
                | OpKind::TryAcquire
                | OpKind::TrySend
                | OpKind::TryReceive
                | OpKind::IsFinished
                | OpKind::OnceGet
                | OpKind::Load
                | OpKind::IsPoisoned
        )
    }

    /// Whether the operation can change its object. Reads of one object commute with each other.
    #[inline]
    pub fn is_write(self) -> bool {
        !matches!(
            self,
            OpKind::Load
                | OpKind::IsFinished
                | OpKind::OnceGet
                | OpKind::Begin
                | OpKind::ReadClock
                | OpKind::ArriveToRead
                | OpKind::ArriveToReceive
                | OpKind::IsPoisoned
        )
    }

    /// Whether the thread says that it cannot go on usefully until another one has run.
    #[inline]
    pub fn is_yield(self) -> bool {
        matches!(self, OpKind::Yield | OpKind::SpinLoop)
    }

    /// The number by which tokens name this kind.
    pub(crate) fn code(self) -> u8 {
        self as u8
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
}

/// An operation that was executed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// The step of the execution, counted from 1.
    pub(crate) step: u64,
    /// The thread that executed it.
    pub(crate) thread: ThreadId,
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
    /// A value asked for by the program: [`crate::choose`], [`crate::rand`].
    Program,
}

/// Where operations without a place in the source are said to be.
pub(crate) fn nowhere() -> &'static Location<'static> {
    Location::caller()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_kinds() {
        for code in 0..=OpKind::ClearPoison.code() {
            assert_eq!(OpKind::from_code(code).unwrap().code(), code);
        }
        assert_eq!(OpKind::from_code(OpKind::ClearPoison.code() + 1), None);
    }

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
