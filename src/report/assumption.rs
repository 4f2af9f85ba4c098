//! What a verdict rests on, as data and in words.

use std::fmt;

use super::grouped;

/// Something that a verdict rests on. `docs/verifying.md` says of each when it is told, and how to lift it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Assumption {
    /// Time passes only when no thread can go on, so that waits end in the order of their deadlines.
    DeadlineOrder,
    /// Memory is sequentially consistent, whatever the orderings of atomics say.
    SequentialConsistency,
    /// What std allows but rarely does happens at most so often in an execution.
    Liberties {
        /// Which.
        liberties: Liberties,
        /// How often at most.
        bound: u32,
        /// In how many of the executions something of the kind happens, and whether that is all of them. `None` if
        /// they were counted with the others.
        explored: Option<(u64, bool)>,
    },
    /// What std allows but rarely does never happens.
    NoLiberties {
        /// What.
        liberties: Liberties,
    },
    /// A loop that has gone round often enough without a change goes on like that until something changes, and the test keeps
    /// nothing of such a round: neither how many there were, nor what was found.
    WaitingLoops,
    /// A round that has failed, of a loop that tries again, leaves nothing behind.
    FailedRounds,
    /// Hash maps iterate in one order.
    HashOrder,
    /// Where very many values could be drawn, one was.
    DrawnValues,
    /// Threads do not switch where the test has paused that.
    PausedSwitching,
    /// Unsafe code in the test's body has no data races, and uses no memory after its end: plain memory is not watched.
    PlainMemory,
    /// The test's body asks for the counts of an `Arc`, which are not explored.
    ArcCounts,
    /// Clocks show the time that waits have taken, and none that threads take to run.
    StillClock,
    /// The end of a scope waits until its threads have destroyed their thread locals, too. std's may return before that.
    ScopedLocals,
    /// A task that has yielded is polled before those that were ready at most twice, and otherwise behind them, as tokio does it.
    YieldingTasks,
    /// A task gives way at most twice where it could go on.
    GivingWay,
    /// Tasks that one thread polls share nothing but what drawloom sees: operations on its types. There were too many orders to
    /// run those as well that differ in other data only.
    UnseenData,
    /// The test drops futures itself, and at most so many more are dropped at an await.
    Cancellations {
        /// How many at most in an execution.
        bound: u32,
    },
    /// Tasks that have not ended when their runtime does are dropped in the order in which they were spawned; tokio has no order.
    DropOrder,
    /// How often a sender or receiver was cloned changes without a step, as does the number of tasks that have not ended: others
    /// that ask for it find one of the numbers that they could find.
    EndCounts,
    /// Work of `spawn_blocking` that has not begun when its runtime ends is done. tokio drops it if it has woken a thread that was idle.
    LateWork,
    /// A thread that has panicked unwinds for as long as others that do: whether it has caught its panic meanwhile cannot be seen.
    CaughtPanics,
}

/// What std allows but rarely does.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Liberties {
    /// A wait of a condition variable or `park` ends for no reason.
    pub spurious_wakeup: bool,
    /// A `compare_exchange_weak` fails although the value is equal.
    pub spurious_failure: bool,
    /// Another thread than the first to arrive is the leader of a barrier.
    pub barrier_leader: bool,
    /// A reader of an `RwLock` waits behind a writer that waits.
    pub waiting_writer: bool,
    /// A wait of std's own (`recv`, `send` to a bounded channel, `join`, the end of a scope) takes the park token of its thread.
    pub park_token: bool,
    /// A task is polled although nobody has woken it.
    pub spurious_poll: bool,
}

impl fmt::Display for Liberties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.spurious_wakeup, "a spurious wakeup"),
            (self.spurious_failure, "a spurious failure"),
            (self.barrier_leader, "another barrier leader"),
            (self.waiting_writer, "a reader behind a waiting writer"),
            (self.park_token, "a park token lost to a wait"),
            (self.spurious_poll, "a spurious poll"),
        ];
        let words: Vec<&str> =
            all.into_iter().filter(|&(is_there, _)| is_there).map(|(_, words)| words).collect();
        match words.split_last() {
            Some((last, [])) => f.write_str(last),
            Some((last, front)) => write!(f, "{} or {last}", front.join(", ")),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::DeadlineOrder => f.write_str("timers end in the order of their deadlines"),
            Assumption::SequentialConsistency => f.write_str("memory is sequentially consistent"),
            Assumption::Liberties { liberties, bound, explored } => {
                match explored {
                    None => write!(f, "with {liberties}")?,
                    Some((executions, true)) => {
                        write!(f, "and all {} with {liberties}", grouped(*executions))?
                    }
                    Some((executions, false)) => {
                        write!(f, "and {} more, not all of them, with {liberties}", grouped(*executions))?;
                    }
                }
                match bound {
                    1 => f.write_str(", at most one each"),
                    bound => write!(f, ", at most {bound} each"),
                }
            }
            Assumption::NoLiberties { liberties } => write!(f, "without {liberties}"),
            Assumption::WaitingLoops => {
                f.write_str("loops that wait have no end of their own, and nothing is kept of a round")
            }
            Assumption::FailedRounds => f.write_str("loops that try again keep nothing of a failed round"),
            Assumption::HashOrder => f.write_str("one order of iteration of hash maps"),
            Assumption::DrawnValues => f.write_str("the random values that were tried"),
            Assumption::PlainMemory => f.write_str("plain memory in unsafe code is not watched"),
            Assumption::ArcCounts => f.write_str("the counts of `Arc` are not explored"),
            Assumption::StillClock => f.write_str("clocks show only the time that waits take"),
            Assumption::ScopedLocals => f.write_str("scopes wait for destructors of thread locals"),
            Assumption::CaughtPanics => f.write_str("no panic is caught while another thread is unwinding"),
            Assumption::YieldingTasks => f.write_str("a task that yields overtakes others at most twice"),
            Assumption::UnseenData => f.write_str("tasks share data only through drawloom's types"),
            Assumption::DropOrder => f.write_str("tasks that are left are dropped in the order of spawning"),
            Assumption::LateWork => {
                f.write_str("blocking work that has not begun when its runtime ends is done")
            }
            Assumption::EndCounts => f.write_str("the counts of channel ends and tasks are not explored"),
            Assumption::GivingWay => f.write_str("a task gives way at most twice where it could go on"),
            Assumption::Cancellations { bound: 1 } => {
                f.write_str("at most one future is dropped at an await that could go on")
            }
            Assumption::Cancellations { bound } => {
                write!(f, "at most {bound} futures are dropped at an await that could go on")
            }
            Assumption::PausedSwitching => f.write_str("no switches where they are paused"),
        }
    }
}
