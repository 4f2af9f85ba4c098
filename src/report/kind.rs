//! The kinds of failures.

use std::fmt;

/// The ways in which an execution can fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FailureKind {
    /// A thread panicked, and nobody handled it.
    Panic,
    /// Threads are left, the test body's among them, and none can ever go on.
    Deadlock,
    /// Threads wait in loops, and nothing is left that could change what they read there.
    Livelock,
    /// More steps than `max_steps`, most of which were fair, and a thread has run the last thousand of them and more alone,
    /// without yielding, while others could go on: no good samaritan, in the words of Musuvathi and Qadeer ("Fair Stateless Model Checking", PLDI
    /// 2008).
    GoodSamaritan,
    /// More steps than `max_steps`: what comes after them is not known.
    StepLimit,
    /// More threads at once than `max_threads`.
    ThreadLimit,
    /// More messages in a channel without bound than `max_queued`.
    QueueLimit,
    /// Two accesses to plain memory, one of them a write, are not ordered.
    DataRace,
    /// Threads take locks in an order that can end in a deadlock, which no execution has met; or in one that may, or that
    /// has a cycle at all, if that is not allowed.
    LockOrder,
    /// The test body has returned, and threads are left that can never go on.
    LeakedThread,
    /// Something that has to be gone when the execution ends is left: see [`alloc`](crate::alloc).
    Leak,
    /// Not every execution could be explored, although that was asked for.
    Unverified,
    /// Two runs of one schedule differ: something that is not controlled decides.
    Nondeterminism,
    /// A destructor panicked during unwinding, which would abort the process.
    DoublePanic,
    /// A thread used up its stack.
    StackOverflow,
    /// A thread used memory that is not there, executed what is no instruction, or was about to abort the process: by `abort`,
    /// because an allocation failed, or by a panic that cannot unwind, as those of rustc's own checks.
    Crash,
    /// A thread that runs has come to no operation that drawloom sees for longer than `hang_after`: it waits for something real, a
    /// lock of std's or I/O, or goes round in a loop without operations.
    Hang,
    /// drawloom was used in a way that it cannot work with.
    Misuse,
}

impl FailureKind {
    /// The kind's name, as attributes and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Livelock => "livelock",
            FailureKind::GoodSamaritan => "good-samaritan",
            FailureKind::StepLimit => "step-limit",
            FailureKind::ThreadLimit => "thread-limit",
            FailureKind::QueueLimit => "queue-limit",
            FailureKind::DataRace => "data-race",
            FailureKind::LockOrder => "lock-order",
            FailureKind::LeakedThread => "leaked-thread",
            FailureKind::Leak => "leak",
            FailureKind::Unverified => "unverified",
            FailureKind::Nondeterminism => "nondeterminism",
            FailureKind::DoublePanic => "double-panic",
            FailureKind::StackOverflow => "stack-overflow",
            FailureKind::Crash => "crash",
            FailureKind::Hang => "hang",
            FailureKind::Misuse => "misuse",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
