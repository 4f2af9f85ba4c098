//! What is noted of tasks while an execution runs, for those who tell of it afterwards: where they wait, what they keep, how they end.

use std::panic::Location;
use std::sync::Arc;

use crate::rt::op::outcome::PanicRecord;
use crate::rt::op::verb::Verb;
use crate::rt::op::{ObjectId, ThreadId};

/// A place where a task waits: what it awaits there, and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Await {
    pub(crate) object: ObjectId,
    pub(crate) verb: Verb,
    pub(crate) location: &'static Location<'static>,
    pub(crate) since: u64,
}

/// What a future has taken that has given way before it could hand it out; for reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    /// Of the task.
    pub(crate) number: u64,
    pub(crate) object: ObjectId,
    pub(crate) location: &'static Location<'static>,
}

/// A future that was dropped at an await because the test wants that explored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancellation {
    /// What would do it in production; see `Current::drops_doomed`.
    pub(crate) verb: Verb,
    /// Of the task.
    pub(crate) number: u64,
    /// Where the future waited, and for what.
    pub(crate) awaited: Option<Await>,
    /// Of the timer, or where the task was spawned.
    pub(crate) place: &'static Location<'static>,
    pub(crate) step: u64,
}

/// A task, for a report.
#[derive(Clone, Debug)]
pub(crate) struct ToldTask {
    pub(crate) number: u64,
    /// What its end is told by.
    pub(crate) object: ObjectId,
    pub(crate) name: Option<Arc<str>>,
    /// The thread whose `block_on` it is, if it was not spawned.
    pub(crate) main_of: Option<ThreadId>,
    /// Its spawn path, as a number that is the same in other executions.
    pub(crate) lineage: u64,
    /// The number of the task that has spawned it, if one has.
    pub(crate) parent: Option<u64>,
    /// How many tasks it has spawned.
    pub(crate) spawned_tasks: u32,
    /// How often it was polled.
    pub(crate) polls: u64,
}

/// A task that had not ended when its runtime did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftTask {
    pub(crate) spawned_at: &'static Location<'static>,
    /// The await at which it was dropped, if it has come to one that is known.
    pub(crate) awaited: Option<&'static Location<'static>>,
    /// Whether somebody has awaited its handle.
    pub(crate) is_awaited: bool,
}

/// Messages that were in a channel when its receiver was dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unreceived {
    pub(crate) kind: &'static str,
    pub(crate) made_at: &'static Location<'static>,
    pub(crate) count: usize,
}

/// A timer has ended, and the task that waited for it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerOver {
    pub(crate) step: u64,
    pub(crate) thread: ThreadId,
    /// The number of the task.
    pub(crate) task: u64,
    /// In words.
    pub(crate) what: &'static str,
    /// Where it was made, or is awaited.
    pub(crate) location: &'static Location<'static>,
    /// The virtual time, in nanoseconds.
    pub(crate) now: u64,
}

/// A waker of a task was called after that had ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StaleWake {
    /// Of the task.
    pub(crate) number: u64,
    pub(crate) step: u64,
    /// Who has called it: a thread, and the number of the task that this polled.
    pub(crate) by: (ThreadId, u64),
}

/// A poll that has blocked its thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct BlockingPoll {
    pub(crate) location: &'static Location<'static>,
    pub(crate) verb: &'static str,
}

/// A task that has panicked.
#[derive(Debug)]
pub(crate) struct TaskPanic {
    /// Of the task.
    pub(crate) number: u64,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) panic: PanicRecord,
    /// Whether somebody has learnt of it, from the task's handle.
    pub(crate) is_told: bool,
}
