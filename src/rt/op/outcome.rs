//! What came of one execution, as plain data for whoever judges and reports it.

use std::panic::Location;

use super::key::Entry;
use crate::rt::op::{ObjectId, Op, ThreadId};

/// A thread that holds something, and where it took it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) thread: ThreadId,
    pub(crate) location: &'static Location<'static>,
}

impl From<&Entry> for Holder {
    fn from(entry: &Entry) -> Holder {
        Holder { thread: entry.thread, location: entry.location }
    }
}

/// A thread that waits, for what, and who holds it.
#[derive(Clone, Debug)]
pub(crate) struct Blocked {
    pub(crate) thread: ThreadId,
    pub(crate) op: Op,
    pub(crate) holders: Vec<Holder>,
}

/// A panic as the panic hook saw it.
#[derive(Clone, Debug)]
pub(crate) struct PanicRecord {
    pub(crate) thread: ThreadId,
    pub(crate) step: u64,
    pub(crate) message: String,
    pub(crate) location: Option<SourceLocation>,
}

/// A place in the source that is not a `&'static Location`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SourceLocation {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// One of the two accesses of a data race.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RaceSide {
    pub(crate) thread: ThreadId,
    pub(crate) access: AccessKind,
    pub(crate) location: &'static Location<'static>,
    /// The step after which it was made.
    pub(crate) step: u64,
}

/// Two accesses to memory that are not ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Race {
    pub(crate) object: ObjectId,
    pub(crate) first: RaceSide,
    pub(crate) second: RaceSide,
    /// Whether the first had not ended when the second began.
    pub(crate) overlap: bool,
}

/// Why an execution ended.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Every thread has ended.
    Finished,
    /// Threads spin for ever: nothing is left that could change what they read.
    Livelock,
    /// The execution did not do what its graph says; what instead.
    Diverged(String),
    /// Threads are left and none can go on, the test body's among them.
    Deadlock,
    /// Threads can never go on, and others can.
    Stuck(Stuck),
    /// The step limit was reached, while threads wait for each other; which, the execution says.
    Knot,
    /// The test body has returned, and threads are left that can never go on.
    Leaked,
    /// Daemons are left, and were cut off.
    Daemons,
    /// The time for the whole exploration was over.
    OutOfTime,
    /// More steps than allowed.
    StepLimit,
    /// More threads than allowed; where the one too many was spawned.
    ThreadLimit(&'static Location<'static>),
    /// This send would make a channel, made there, hold more messages than the limit.
    QueueLimit { location: &'static Location<'static>, made_at: &'static Location<'static> },
    /// A data race; which, the execution says.
    DataRace,
    /// A panic left a destructor that ran because of another panic.
    DoublePanic,
    /// A thread aborted the process: it asked for it, or panicked where it cannot unwind.
    Abort,
    /// A thread ran out of stack.
    StackOverflow,
    /// A thread used an instrumented value whose memory has been overwritten; its type, or watched memory.
    UseAfterFree(Option<&'static str>),
    /// A thread used memory that is not there, or executed what is no instruction; the signal's name.
    Crash(&'static str),
    /// The running thread has not come back from the program's code; where it stands, the execution says.
    Hang,
    /// drawloom was used in a way that it cannot work with.
    Misuse(String),
}

/// How memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AccessKind {
    Read,
    Write,
    AtomicRead,
    AtomicWrite,
}

impl AccessKind {
    fn is_write(self) -> bool {
        matches!(self, AccessKind::Write | AccessKind::AtomicWrite)
    }

    pub(crate) fn is_atomic(self) -> bool {
        matches!(self, AccessKind::AtomicRead | AccessKind::AtomicWrite)
    }

    /// Whether two accesses race unless one is ordered before the other (C++20 [intro.races]).
    pub(crate) fn conflicts_with(self, other: AccessKind) -> bool {
        (self.is_write() || other.is_write()) && !(self.is_atomic() && other.is_atomic())
    }

    /// Whether everything that conflicts with `other` conflicts with `self`.
    pub(in crate::rt) fn covers(self, other: AccessKind) -> bool {
        match self {
            AccessKind::Write => true,
            AccessKind::AtomicWrite => other.is_atomic(),
            _ => other == self,
        }
    }

    pub(crate) fn verb(self) -> &'static str {
        match self {
            AccessKind::Read => "read",
            AccessKind::Write => "write",
            AccessKind::AtomicRead => "load",
            AccessKind::AtomicWrite => "store",
        }
    }
}

/// Threads that can never go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stuck {
    /// They wait for each other.
    Circle(Vec<ThreadId>),
    /// `waiter` waits for a lock that `owner`, which has ended, has.
    Abandoned { waiter: ThreadId, owner: ThreadId },
}

/// Threads that wait for each other, or for what only threads have used that have ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Knot {
    pub(crate) threads: Vec<ThreadId>,
    /// When the last of them came to wait, or the last of the others who could have ended that had ended.
    pub(crate) closed: Settled,
}

/// From where on nothing new happens: a step, and how long the list of choices was then.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Settled {
    pub(crate) step: u64,
    pub(crate) choices: usize,
}

/// How a blocking operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grant {
    /// The object permitted it.
    Granted,
    /// Its deadline passed first.
    TimedOut,
}
