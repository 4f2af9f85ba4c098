//! What kinds of operations there are: one table, with all that is asked of a kind wherever it is used. A property is a set of kinds,
//! made when this is compiled; to ask for it is one shift.
//!
//! A token stores kinds by their place in the table.

/// Nothing of the following.
const NONE: u16 = 0;
/// An operation of this kind can be disabled: its thread then waits for its object to change.
const BLOCKS: u16 = 1;
/// It is there only because std takes a liberty, which it takes only where there is an occasion: an execution without one is
/// none.
const NEEDS_OCCASION: u16 = 1 << 1;
/// It never changes its object.
const READS: u16 = 1 << 2;
/// On a synchronization object it may leave that as it is: what it finds then can be shown to it (`Kernel::shown`).
const LOOKS: u16 = 1 << 3;
/// It gives a lock back.
const GIVES_LOCK: u16 = 1 << 4;
/// The thread says that it cannot go on usefully until another one has run.
const YIELDS: u16 = 1 << 5;
/// Others wait for this who do not know by whom, or it shows that it could be done.
const ENDS_WAITS: u16 = 1 << 6;

macro_rules! op_kinds {
    ($($(#[$doc:meta])* $name:ident = $verb:literal [$($property:ident)*],)*) => {
        /// What an operation does to its object.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum OpKind { $($(#[$doc])* $name,)* }

        /// What each kind has, in the order of the table.
        const PROPERTIES: &[u16] = &[$(NONE $(| $property)*,)*];

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

op_kinds! {
    /// Waits until another thread has ended.
    Join = "join" [BLOCKS],
    /// Waits for the thread's park token.
    Park = "park" [BLOCKS],
    /// Waits until a point in virtual time.
    Sleep = "sleep" [BLOCKS],
    /// Takes a mutex.
    Lock = "lock" [BLOCKS],
    /// Takes a reader-writer lock for reading.
    ReadLock = "read" [BLOCKS],
    /// Takes a reader-writer lock for writing.
    WriteLock = "write" [BLOCKS],
    /// Waits to be notified by a condition variable.
    CondvarWait = "wait" [BLOCKS],
    /// Takes permits from a semaphore.
    Acquire = "acquire" [BLOCKS ENDS_WAITS],
    /// Waits until all have arrived at a barrier.
    BarrierLeave = "leave barrier" [BLOCKS],
    /// Enters a one-time initialization, or finds it done.
    OnceEnter = "enter once" [BLOCKS],
    /// Waits until a one-time initialization is done.
    OnceWait = "wait for once" [BLOCKS],
    /// Puts a message into a channel.
    Send = "send" [BLOCKS ENDS_WAITS],
    /// Waits until the message of a rendezvous channel was taken.
    SendComplete = "complete send" [BLOCKS],
    /// Takes a message from a channel.
    Receive = "receive" [BLOCKS ENDS_WAITS],
    /// Waits for a task's waker to be called.
    AwaitWake = "await wake" [BLOCKS],
    /// The first step of a thread.
    Begin = "begin" [READS],
    /// Does not wait for the park token although it is not there.
    ParkSpuriously = "park" [],
    /// The last step of a thread.
    End = "end" [],
    /// Makes a new thread.
    Spawn = "spawn" [],
    /// Asks whether a thread has ended.
    IsFinished = "is finished" [READS LOOKS],
    /// Gives another thread its park token.
    Unpark = "unpark" [ENDS_WAITS],
    /// Lets others run.
    Yield = "yield" [YIELDS],
    /// Says that the thread spins.
    SpinLoop = "spin" [YIELDS],
    /// Reads an atomic.
    Load = "load" [READS LOOKS],
    /// Writes an atomic.
    Store = "store" [],
    /// Reads and writes an atomic in one step.
    ReadModifyWrite = "modify" [],
    /// Compares an atomic and, if equal, writes it.
    CompareExchange = "compare-exchange" [],
    /// Orders memory accesses.
    Fence = "fence" [],
    /// Takes a mutex if it is free.
    TryLock = "try lock" [LOOKS],
    /// Releases a mutex.
    Unlock = "unlock" [GIVES_LOCK],
    /// Takes a reader-writer lock for reading if it is free.
    TryReadLock = "try read" [LOOKS],
    /// Takes a reader-writer lock for writing if it is free.
    TryWriteLock = "try write" [LOOKS],
    /// Releases a lock held for reading.
    ReadUnlock = "unlock read" [GIVES_LOCK],
    /// Releases a lock held for writing.
    WriteUnlock = "unlock write" [GIVES_LOCK],
    /// Turns a lock held for writing into one held for reading.
    Downgrade = "downgrade" [],
    /// Releases the mutex and joins the waiters of a condition variable.
    CondvarEnqueue = "wait" [ENDS_WAITS],
    /// Wakes one waiter.
    NotifyOne = "notify one" [ENDS_WAITS],
    /// Wakes every waiter.
    NotifyAll = "notify all" [ENDS_WAITS],
    /// Takes permits from a semaphore if there are enough.
    TryAcquire = "try acquire" [LOOKS ENDS_WAITS],
    /// Gives permits back to a semaphore.
    Release = "release" [ENDS_WAITS],
    /// Arrives at a barrier.
    BarrierArrive = "arrive" [ENDS_WAITS],
    /// Ends a one-time initialization.
    OnceLeave = "leave once" [],
    /// Asks whether a one-time initialization is done.
    OnceGet = "get once" [READS LOOKS],
    /// Puts a message into a channel if there is room.
    TrySend = "try send" [LOOKS ENDS_WAITS],
    /// Takes a message from a channel if there is one.
    TryReceive = "try receive" [LOOKS ENDS_WAITS],
    /// Drops one sender of a channel.
    CloseSender = "drop sender" [ENDS_WAITS],
    /// Drops the receiver of a channel.
    CloseReceiver = "drop receiver" [ENDS_WAITS],
    /// Calls a waker.
    Wake = "wake" [ENDS_WAITS],
    /// Asks what time it is.
    ReadClock = "read clock" [READS],
    /// Comes to take a reader-writer lock for writing, and will wait if it has to.
    AnnounceWrite = "come to write" [],
    /// Comes to take a reader-writer lock for reading, while a writer waits for it.
    ArriveToRead = "come to read" [BLOCKS NEEDS_OCCASION READS],
    /// Comes to take a message from a channel that hands over, and will wait if it has to.
    ArriveToReceive = "come to receive" [READS],
    /// Loses the park token, which is there, to a wait of std's own.
    LoseToken = "lose park token" [BLOCKS NEEDS_OCCASION],
    /// Asks whether a thread has panicked while it held a lock.
    IsPoisoned = "is poisoned" [READS LOOKS],
    /// Forgets that a thread has panicked while it held a lock.
    ClearPoison = "clear poison" [],
    /// Waits for a ready task of a runtime and begins to poll it.
    PollNext = "poll" [BLOCKS],
    /// Ends the poll of a task.
    EndPoll = "end poll" [ENDS_WAITS],
    /// Does something to a primitive of async code; the argument says what.
    Operate = "operate" [ENDS_WAITS],
}

/// The kinds that have this property, as bits.
const fn kinds_that(property: u16) -> u64 {
    let (mut kinds, mut code) = (0, 0);
    while code < PROPERTIES.len() {
        if PROPERTIES[code] & property != 0 {
            kinds |= 1 << code;
        }
        code += 1;
    }
    kinds
}

impl OpKind {
    #[inline(always)]
    fn is_among(self, kinds: u64) -> bool {
        kinds >> self as u32 & 1 == 1
    }

    /// Whether an operation of this kind can be disabled: its thread then waits for its object to change.
    #[inline]
    pub fn may_block(self) -> bool {
        self.is_among(const { kinds_that(BLOCKS) })
    }

    /// Whether an operation of this kind is there only because std takes a liberty, for which there has to be an occasion.
    pub(crate) fn needs_occasion(self) -> bool {
        self.is_among(const { kinds_that(NEEDS_OCCASION) })
    }

    /// Whether it makes sense to hold an operation of this kind back, so that its order with others is another one. Not where a
    /// lock is released: that can only follow its acquisition, and everybody would wait.
    pub(crate) fn can_be_held_back(self) -> bool {
        !(self.gives_lock_back() || self == OpKind::OnceLeave)
    }

    /// Whether an operation of this kind gives a lock back.
    pub(crate) fn gives_lock_back(self) -> bool {
        self.is_among(const { kinds_that(GIVES_LOCK) })
    }

    /// Whether an operation of this kind on a synchronization object may leave it as it is.
    pub(crate) fn may_look(self) -> bool {
        self.is_among(const { kinds_that(LOOKS) })
    }

    /// Whether the operation can change its object. Reads of one object commute with each other.
    #[inline]
    pub fn is_write(self) -> bool {
        !self.is_among(const { kinds_that(READS) })
    }

    /// Whether the thread says that it cannot go on usefully until another one has run.
    #[inline]
    pub fn is_yield(self) -> bool {
        self.is_among(const { kinds_that(YIELDS) })
    }

    /// Whether this is something that others wait for who do not know by whom, or that shows that it could be done.
    #[inline]
    pub(in crate::rt) fn is_use(self) -> bool {
        self.is_among(const { kinds_that(ENDS_WAITS) })
    }

    /// The number by which tokens name this kind.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_kinds() {
        let kinds: Vec<OpKind> = (0..).map_while(OpKind::from_code).collect();
        assert!(kinds.iter().enumerate().all(|(code, kind)| kind.code() as usize == code));
        // A property is a set in one word.
        assert!(kinds.len() <= u64::BITS as usize);
    }

    #[test]
    fn properties_are_those_of_the_table() {
        assert!(OpKind::Lock.may_block() && !OpKind::TryLock.may_block() && OpKind::TryLock.may_look());
        assert!(OpKind::ArriveToRead.may_block() && OpKind::ArriveToRead.needs_occasion());
        assert!(OpKind::Store.is_write() && !OpKind::Load.is_write() && !OpKind::IsPoisoned.is_write());
        assert!(OpKind::SpinLoop.is_yield() && OpKind::Unlock.gives_lock_back() && OpKind::Send.is_use());
    }
}
