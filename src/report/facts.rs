//! What is known of a failing execution: plain data, from which all forms of a report are made.

use std::fmt;
use std::time::Duration;

/// A place in the source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// Whether it is in std, and says little: an iterator's method that std calls is called from there.
    pub(super) fn is_in_std(&self) -> bool {
        self.file.starts_with("library/")
    }
}

impl From<&std::panic::Location<'_>> for Place {
    /// Of std's files, where they were compiled or are installed is left out.
    fn from(location: &std::panic::Location<'_>) -> Place {
        let file = location.file();
        let compiled = file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/'));
        let in_std = compiled.or_else(|| file.split_once("/lib/rustlib/src/rust/")).map(|(_, file)| file);
        Place { file: in_std.unwrap_or(file).to_owned(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// An object as a report names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ObjectName {
    /// `Mutex`, `AtomicU32`, …
    pub(crate) kind: &'static str,
    pub(crate) made_at: Place,
    /// Among the objects of its kind made at the same place: which, of how many.
    pub(crate) ordinal: (u32, u32),
}

/// One row of the trace.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) step: u64,
    /// Position in `Trace::threads`.
    pub(crate) thread: usize,
    pub(crate) verb: &'static str,
    pub(crate) object: Option<ObjectName>,
    /// What was found or done.
    pub(crate) note: String,
    /// The same in parts.
    #[cfg_attr(not(feature = "artifacts"), expect(dead_code, reason = "only files of reports have it"))]
    pub(crate) found: Found,
    /// Where, if the operation has a place in the program.
    pub(crate) place: Option<Place>,
    /// Whether the thread could have gone on after it, and another did.
    pub(crate) preempted: bool,
    /// What has become of objects, in words: of the operation's own and, if it waits for a notification, of a mutex.
    pub(crate) states: Vec<(ObjectName, String)>,
}

/// What an operation found and did. Values are written as reports write them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Found {
    /// What stood there before.
    pub(crate) old: Option<String>,
    /// What was written.
    pub(crate) new: Option<String>,
    /// What was read, if nothing was written.
    pub(crate) read: Option<String>,
    /// What is last in modification order, if that is not what was read or written.
    pub(crate) last: Option<String>,
    /// How it ended, if it did not do what it is there for.
    pub(crate) ended: Option<Ended>,
    /// The thread that was made, joined, woken or notified.
    pub(crate) other: Option<usize>,
    /// The step that wrote what was read; 0 for what was there from the beginning.
    pub(crate) source: Option<u64>,
    /// `Relaxed`, ….
    pub(crate) ordering: Option<&'static str>,
}

/// How an operation ended that did not do what it is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Failed,
    FailedSpuriously,
    TimedOut,
    Spuriously,
}

/// An operation that made another one possible, or that the other one learns from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Handover {
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// `lock`, `spawn`, `join`, `notify`, ….
    pub(crate) kind: &'static str,
}

/// The operations of an execution, in order.
#[derive(Clone, Default, Debug)]
pub(crate) struct Trace {
    /// What the threads are called.
    pub(crate) threads: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What threads have handed over to each other, by the later step.
    #[cfg_attr(not(feature = "artifacts"), expect(dead_code, reason = "only files of reports have it"))]
    pub(crate) handovers: Vec<Handover>,
    /// How many earlier operations have no row.
    pub(crate) left_out: usize,
    /// Later ones that have none.
    pub(crate) left_out_after: LeftOut,
}

/// Operations that are not shown.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct LeftOut {
    pub(crate) steps: usize,
    /// What there is to say of them: `after the panic`.
    pub(crate) why: &'static str,
}

/// A thread that goes round in a loop for ever.
#[derive(Clone, Debug)]
pub(crate) struct Spin {
    pub(crate) thread: usize,
    /// What it does each time.
    pub(crate) rows: Vec<Row>,
}

/// Where a thread stands that has not come back from the program's code.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// What it is called.
    pub(crate) thread: String,
    /// The program's functions, the innermost first.
    pub(crate) frames: Vec<Frame>,
}

/// What a task waits for at an await of a future that is not drawloom's. The place of that is not known: it is told where its last
/// operation was.
pub(crate) const CALL_OF_WAKER: &str = "for a call of its waker, after its last operation";

/// A thread that waits at the end.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) thread: usize,
    /// `to lock`, `to be notified by`, ….
    pub(crate) what: &'static str,
    pub(crate) object: Option<ObjectName>,
    /// The thread that is waited for, when the operation is to join it.
    pub(crate) joins: Option<usize>,
    pub(crate) place: Place,
    /// The threads that hold the object, and where they took it.
    pub(crate) holders: Vec<(usize, Place)>,
    /// Whether it is a task that waits: then those have taken the object, and a guard of it may have gone to others.
    pub(crate) is_of_task: bool,
    /// What was done last that could have ended the wait.
    pub(crate) history: Option<String>,
    /// The program's own functions that were being executed, the innermost first.
    pub(crate) stack: Vec<Frame>,
}

/// Two accesses that are not ordered.
#[derive(Clone, Debug)]
pub(crate) struct Race {
    pub(crate) object: ObjectName,
    pub(crate) sides: [RaceSide; 2],
    /// Whether the first had not ended when the second began.
    pub(crate) overlap: bool,
    /// Operations on the way from the first to the second whose orderings are too weak to order them.
    pub(crate) weak: Vec<WeakOrdering>,
}

/// An operation on an atomic that would have to order more than it does.
#[derive(Clone, Debug)]
pub(crate) struct WeakOrdering {
    pub(crate) thread: usize,
    pub(crate) verb: &'static str,
    pub(crate) object: ObjectName,
    pub(crate) place: Place,
    /// `Relaxed`, ….
    pub(crate) order: String,
    /// `Release`, `Acquire` or `AcqRel`.
    pub(crate) needed: &'static str,
}

/// A function that was being executed, and where in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) function: String,
    /// File and line, if they are known.
    pub(crate) place: Option<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct RaceSide {
    pub(crate) thread: usize,
    /// `read`, `write`, ….
    pub(crate) verb: &'static str,
    /// The step after which it was made.
    pub(crate) step: u64,
    pub(crate) place: Place,
    /// The locks that the thread had, and where it took them, if that is known.
    pub(crate) held: Option<Vec<(ObjectName, Place)>>,
    /// The program's own functions that were being executed, the innermost first.
    pub(crate) stack: Vec<Frame>,
}

/// What an execution took besides steps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Effort {
    pub(crate) switches: u64,
    pub(crate) preemptions: u64,
    pub(crate) waited: Duration,
}

/// Why an execution fails.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    /// All of which have to hold.
    pub(crate) orders: Vec<CauseOrder>,
    /// What else was needed: older stores that were read, what happened spuriously, with what was found.
    pub(crate) oddities: Vec<(Doing, String)>,
    /// Whether all schedules with these orders were tried, not only `screened` random ones.
    pub(crate) is_proved: bool,
    pub(crate) screened: u64,
    /// Whether the test has drawn random numbers, which were the same in all of these.
    pub(crate) keeps_draws: bool,
    /// A schedule that passes, as near to the failing one as was found.
    #[cfg_attr(not(feature = "artifacts"), allow(dead_code, reason = "only files of reports have it"))]
    pub(crate) passing: Option<Passing>,
}

/// One operation that comes before another.
#[derive(Clone, Debug)]
pub(crate) struct CauseOrder {
    pub(crate) before: Doing,
    pub(crate) after: Doing,
    /// Whether a schedule passes in which the two are the other way round.
    pub(crate) is_needed: bool,
    /// Whether another one does, and fails as well.
    pub(crate) fails_too: bool,
}

/// An operation of the failing execution.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    pub(crate) thread: usize,
    pub(crate) verb: &'static str,
    pub(crate) object: Option<ObjectName>,
    pub(crate) place: Place,
    /// When it was executed; `None` if the thread waits to do it.
    pub(crate) step: Option<u64>,
}

/// An execution that passes.
#[cfg_attr(not(feature = "artifacts"), allow(dead_code, reason = "only files of reports have it"))]
#[derive(Clone, Debug)]
pub(crate) struct Passing {
    pub(crate) trace: Trace,
    /// Which of the orders is the other way round in it.
    pub(crate) turned: usize,
}

/// What the schedule was that was found, if the one that is reported is a smaller one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Minimized {
    pub(crate) steps: u64,
    pub(crate) preemptions: u64,
    /// How many replays it took.
    pub(crate) replays: u32,
    /// Whether all schedules with fewer preemptions were tried.
    pub(crate) is_minimal: bool,
    /// Whether the failure needs weak memory, where that is a question.
    pub(crate) memory: Option<MemoryNeed>,
}

/// Whether a failure happens under sequential consistency as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MemoryNeed {
    /// It does, as reported.
    Sequential,
    /// So many schedules in which every load reads the last store were tried, and none fails so; whether these are all.
    Weak { tried: u32, all: bool },
}
