//! What the executions of a test rest on: what std or the settings would allow besides, and how far that was explored.
//!
//! Noted where it comes up in an execution, so that a verdict names what concerns this test, and nothing else. The
//! *liberties* are what std's documentation allows and a test rarely meets: wakeups without a reason, attempts that fail
//! without one, a reader kept behind a writer that only waits, a park token taken by a wait of std's own, any leader of a
//! barrier.

/// A set of such things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Basis(u32);

impl Basis {
    /// A wait of a condition variable or of `park` may end for no reason.
    pub(crate) const SPURIOUS_WAKEUP: Basis = Basis(1);
    /// A weak compare-exchange may fail although the value is equal.
    pub(crate) const SPURIOUS_FAILURE: Basis = Basis(1 << 1);
    /// Any of the threads may be the leader of a barrier.
    pub(crate) const BARRIER_LEADER: Basis = Basis(1 << 2);
    /// A reader may have to wait behind a writer that waits.
    pub(crate) const WAITING_WRITER: Basis = Basis(1 << 3);
    /// A wait of std's own may take the park token of its thread.
    pub(crate) const PARK_TOKEN: Basis = Basis(1 << 4);
    /// A task may be polled although nobody has woken it.
    pub(crate) const SPURIOUS_POLL: Basis = Basis(1 << 23);
    /// All of the above.
    pub(crate) const LIBERTIES: Basis = Basis(((1 << 5) - 1) | Basis::SPURIOUS_POLL.0);
    /// Time passes when nobody can go on, and waits end in the order of their deadlines.
    pub(crate) const DEADLINES: Basis = Basis(1 << 5);
    /// Orderings weaker than `SeqCst` were taken for `SeqCst`.
    pub(crate) const STRONG_MEMORY: Basis = Basis(1 << 6);
    /// A loop that has come back to the same place often enough never ends by itself.
    pub(crate) const WAITING_LOOP: Basis = Basis(1 << 7);
    /// A round that has failed, of a loop that tries again, has left nothing behind.
    pub(crate) const FAILED_ROUND: Basis = Basis(1 << 8);
    /// Hash maps iterate in one order.
    pub(crate) const HASH_ORDER: Basis = Basis(1 << 9);
    /// Not all values were drawn that could have been.
    pub(crate) const DRAWN_VALUE: Basis = Basis(1 << 10);
    /// In some part of the test threads do not switch.
    pub(crate) const PAUSED: Basis = Basis(1 << 11);
    /// There are executions with more preemptions.
    pub(crate) const PREEMPTIONS: Basis = Basis(1 << 12);
    /// There are several threads.
    pub(crate) const THREADS: Basis = Basis(1 << 13);
    /// Nobody watches the plain memory that they use.
    pub(crate) const PLAIN_MEMORY: Basis = Basis(1 << 14);
    /// Nobody sees how the counts of an `Arc` change.
    pub(crate) const ARC_COUNTS: Basis = Basis(1 << 15);
    /// Clocks show the time that waits have taken, and no other.
    pub(crate) const CLOCK: Basis = Basis(1 << 16);
    /// A thread that had panicked went on while another one was unwinding: whether it has caught its panic was not seen.
    pub(crate) const CAUGHT_PANIC: Basis = Basis(1 << 17);
    /// The end of a scope has waited until a thread had destroyed its thread locals.
    pub(crate) const SCOPED_LOCALS: Basis = Basis(1 << 18);
    /// A task has yielded while others were ready: it may overtake them, but not for ever.
    pub(crate) const YIELDS: Basis = Basis(1 << 19);
    /// A task may give way although it could go on, but not for ever.
    pub(crate) const GIVES_WAY: Basis = Basis(1 << 20);
    /// A future may be dropped at an await, but only so often.
    pub(crate) const CANCELS: Basis = Basis(1 << 21);
    /// Orders of tasks that differ in nothing that is seen were taken for one.
    pub(crate) const UNSEEN_DATA: Basis = Basis(1 << 22);
    /// Tasks that were left when their runtime ended were dropped in one order.
    pub(crate) const DROP_ORDER: Basis = Basis(1 << 24);
    /// Nobody sees how the counts of ends of channels, and of tasks, change.
    pub(crate) const END_COUNTS: Basis = Basis(1 << 25);
    /// Work of threads that may block was done although its runtime had ended before it has begun.
    pub(crate) const LATE_WORK: Basis = Basis(1 << 26);
    /// What leaves executions out that schedules which are sampled may show.
    const BOUNDS: Basis =
        Basis(Basis::HASH_ORDER.0 | Basis::DRAWN_VALUE.0 | Basis::PAUSED.0 | Basis::PREEMPTIONS.0);

    /// Those that are there.
    pub(crate) fn of<const N: usize>(all: [(bool, Basis); N]) -> Basis {
        let there = all.into_iter().filter(|&(is_there, _)| is_there);
        Basis(there.fold(0, |bits, (_, basis)| bits | basis.0))
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn from_bits(bits: u32) -> Basis {
        Basis(bits)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in both.
    pub(crate) fn among(self, others: Basis) -> Basis {
        Basis(self.0 & others.0)
    }

    pub(crate) fn has(self, other: Basis) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn add(&mut self, other: Basis) {
        self.0 |= other.0;
    }

    pub(crate) fn liberties(self) -> Basis {
        self.among(Basis::LIBERTIES)
    }

    /// Whether executions were left out on purpose.
    pub(crate) fn is_bounded(self) -> bool {
        self.has(Basis::BOUNDS)
    }

    /// Whether rounds of loops were left out, of which the test may keep something.
    pub(crate) fn leaves_out_rounds(self) -> bool {
        self.has(Basis::WAITING_LOOP) || self.has(Basis::FAILED_ROUND)
    }

    /// Whether sampling may show what was left out.
    pub(crate) fn is_sampled_otherwise(self) -> bool {
        self.has(Basis::HASH_ORDER) || self.has(Basis::DRAWN_VALUE)
    }
}
