//! Programs over synchronization objects, as data; what runs them (`objects`) and what enumerates their
//! interleavings (`interleavings`) have nothing else in common.

/// How many objects of a kind a program has, where it may have several.
pub(crate) const OBJECTS: usize = 2;

/// What is logged in place of a value that is not there.
pub(crate) const EMPTY: u64 = 98;
pub(crate) const DISCONNECTED: u64 = 99;

/// One operation. Those that come in pairs are well nested in a thread, and those that may fail skip the next
/// operations, so many, if they do. Unless they say so, they log nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Act {
    /// Logs the value.
    Load(usize),
    Store(usize, u64),
    /// Adds one. Logs what it found.
    Add(usize),
    /// The same, by loads and compare-exchanges until one succeeds.
    Retry(usize),
    /// Writes the second value if it finds the first, by a weak compare-exchange. Logs whether it has.
    Exchange(usize, u64, u64),
    /// Goes round until the atomic has this value.
    Await(usize, u64),
    /// The same, where the first round looks at the other atomic only, and the others at both.
    AwaitLater(usize, u64),
    /// The same, where each round writes the value that it has found.
    AwaitModifying(usize, u64),
    /// The same as those without the end of the name, in loops that try until an attempt succeeds.
    LockByTrying(usize),
    ReadByTrying(usize),
    WriteByTrying(usize),
    AcquireByTrying(usize),
    SendByTrying(u64),
    ReceiveByTrying,
    /// Goes round until the number under the mutex is this one: each round locks.
    AwaitLocked(usize, u64),
    /// The same, where each round loads the atomic of the same number while it has the mutex.
    AwaitUnder(usize, u64),
    /// Of a mutex.
    Lock(usize),
    Unlock(usize),
    /// Sets the number under the mutex, which is held.
    Put(usize, u64),
    /// Logs whether it has locked.
    TryLock(usize, usize),
    /// Panics while it holds the mutex, and catches that: the mutex is poisoned then, which is no concern of those that lock it.
    Poison(usize),
    /// Logs whether it is poisoned.
    IsPoisoned(usize),
    ClearPoison(usize),
    /// Of a reader-writer lock.
    Read(usize),
    ReadUnlock(usize),
    Write(usize),
    WriteUnlock(usize),
    /// Logs whether it has locked.
    TryRead(usize, usize),
    TryWrite(usize, usize),
    /// Of a semaphore that starts with one permit.
    Acquire(usize),
    Release(usize),
    /// On the one condition variable, with mutex 0, which is held.
    Wait,
    NotifyOne,
    NotifyAll,
    Park,
    /// Of the thread with this number.
    Unpark(usize),
    /// At the one barrier. Logs whether it is the leader.
    Arrive,
    /// Of a cell that is initialized once: with this number and, a tenfold, what the initialization loads from
    /// the atomic of the same number and logs. Logs what the cell holds then.
    Initialize(usize, u64),
    /// Logs whether the cell was empty.
    Set(usize, u64),
    /// Logs what it holds, or that it is empty.
    Get(usize),
    /// Waits until it is initialized. Logs what it holds.
    WaitFor(usize),
    /// On the one channel. Logs if there is no receiver.
    Send(u64),
    /// Logs what became of the message.
    TrySend(u64),
    /// Drops the sender of the thread: the last operation on the channel of each thread that sends.
    CloseSender,
    /// Logs the message or that there is none; one thread receives.
    Receive,
    TryReceive,
    CloseReceiver,
    /// For so many seconds.
    Sleep(u64),
    /// For at most so many seconds. Logs whether it was in time.
    AcquireTimeout(usize, u64, usize),
    /// As `Wait`. Logs whether it was in vain.
    WaitTimeout(u64),
    ParkTimeout(u64),
    /// Makes a thread that sleeps so long and then unparks this one, and joins it.
    JoinSleeper(u64),
    ReceiveTimeout(u64),
    /// Logs how many seconds have passed.
    ReadClock,
}

impl Act {
    /// For how many seconds it waits at most.
    pub(crate) fn length(self) -> Option<u64> {
        match self {
            Act::Sleep(length)
            | Act::AcquireTimeout(_, length, _)
            | Act::WaitTimeout(length)
            | Act::ParkTimeout(length)
            | Act::JoinSleeper(length)
            | Act::ReceiveTimeout(length) => Some(length),
            _ => None,
        }
    }
}

impl Act {
    /// Whether the operation orders its thread after those whose effect it finds, whatever it finds. An attempt that fails does
    /// not, nor does a wait that ends in vain.
    fn always_orders(&self) -> bool {
        matches!(
            self,
            Act::Load(_)
                | Act::Store(..)
                | Act::Add(_)
                | Act::Await(..)
                | Act::Lock(_)
                | Act::Unlock(_)
                | Act::Read(_)
                | Act::ReadUnlock(_)
                | Act::Write(_)
                | Act::WriteUnlock(_)
                | Act::Acquire(_)
                | Act::Release(_)
                | Act::Wait
                | Act::NotifyOne
                | Act::NotifyAll
                | Act::Park
                | Act::Unpark(_)
                | Act::Arrive
                | Act::Initialize(..)
                | Act::WaitFor(_)
                | Act::Send(_)
                | Act::Receive
                | Act::CloseSender
                | Act::CloseReceiver
        )
    }
}

impl Act {
    fn locks_to_look(&self) -> bool {
        matches!(self, Act::AwaitLocked(..) | Act::AwaitUnder(..))
    }

    /// The operation that waits, if it goes round until an attempt succeeds: the rounds that fail leave nothing behind.
    pub(crate) fn that_waits(self) -> Option<Act> {
        Some(match self {
            Act::LockByTrying(at) => Act::Lock(at),
            Act::ReadByTrying(at) => Act::Read(at),
            Act::WriteByTrying(at) => Act::Write(at),
            Act::AcquireByTrying(at) => Act::Acquire(at),
            Act::SendByTrying(value) => Act::Send(value),
            Act::ReceiveByTrying => Act::Receive,
            _ => return None,
        })
    }
}

/// A program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Program {
    pub(crate) threads: Vec<Vec<Act>>,
    /// How many messages the channel holds; `None` if any number.
    pub(crate) capacity: Option<usize>,
    /// How many threads go on together at the barrier.
    pub(crate) party: usize,
    /// Whether std may do once what it is allowed to: end a wait for no reason, fail a weak compare-exchange, keep a reader
    /// behind a writer that waits, take the park token of a thread that waits for a message
    /// or for a thread to end.
    pub(crate) liberties: bool,
    /// Whether waits with a deadline may end at any time, and not only when nobody can go on.
    pub(crate) any_time: bool,
}

impl Program {
    /// Whether weak memory shows nothing that sequential consistency does not: all atomics are SeqCst, and all else orders.
    /// Nobody who sends without waiting for room learns of others who send.
    pub(crate) fn always_orders(&self) -> bool {
        let sends = |acts: &&Vec<Act>| acts.iter().any(|act| matches!(act, Act::Send(_)));
        let has_unordered_sends = self.capacity.is_none() && self.threads.iter().filter(sends).count() > 1;
        !has_unordered_sends && self.threads.iter().flatten().all(Act::always_orders)
    }
}

impl Program {
    pub(crate) fn any(&self, is_it: impl Fn(&Act) -> bool) -> bool {
        self.threads.iter().flatten().any(is_it)
    }

    /// Whether some loop changes something in each round, though nothing is left of it.
    pub(crate) fn has_rounds_that_lock(&self) -> bool {
        self.any(Act::locks_to_look)
    }

    /// How many threads have a sender.
    pub(crate) fn senders(&self) -> usize {
        self.threads.iter().flatten().filter(|&&act| act == Act::CloseSender).count()
    }

    /// Whether all operations on the channel are in one order: someone asks what there is without waiting.
    pub(crate) fn has_strict_channel(&self) -> bool {
        self.any(|act| matches!(act, Act::TryReceive | Act::ReceiveByTrying | Act::ReceiveTimeout(_)))
    }

    /// Whether it is said which executions are the same, so that they can be counted. Of reader-writer locks and
    /// barriers some orders do not count, of loops some rounds do, loads before a compare-exchange may read another store
    /// of the same value, and it is enough here that the outcomes are right.
    pub(crate) fn is_countable(&self) -> bool {
        use Act::{
            Arrive, AwaitLater, AwaitModifying, Read, ReceiveTimeout, Retry, TryRead, TryWrite, Write,
        };
        let has_orders = |act: &Act| {
            // A channel of which it is not known beforehand whether it is asked without waiting.
            matches!(act, Read(_) | Write(_) | TryRead(..) | TryWrite(..) | Arrive | ReceiveTimeout(_))
        };
        let has_rounds = |act: &Act| matches!(act, Retry(_) | AwaitLater(..) | AwaitModifying(..));
        !self.liberties
            && !self.any(|act| {
                has_orders(act) || has_rounds(act) || act.that_waits().is_some() || act.locks_to_look()
            })
    }
}
