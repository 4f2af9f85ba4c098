//! What an exploration tells: plain data, and its text.

mod cause;
#[cfg(feature = "artifacts")]
mod document;
#[cfg(feature = "artifacts")]
mod html;
mod lock_drawing;
mod lock_graph;
mod lock_layout;
mod locks;
mod names;
mod pinned;
mod race;
mod repeats;
mod snippets;
mod source;
mod stack;
mod style;
mod text;
mod trace;
mod width;

use std::fmt;
use std::time::Duration;

use crate::config::Log;
#[cfg(feature = "artifacts")]
pub(crate) use document::json;
#[cfg(feature = "artifacts")]
pub(crate) use html::html;
pub(crate) use lock_graph::{LockEdge, LockGraph};
pub(crate) use locks::{CycleVerdict, LockCycle, LockName, LockRequest, prediction};
pub(crate) use pinned::pinned;
pub use style::for_terminal;
pub(crate) use text::{grouped, shortened};

/// How many rows of a trace files of a failure have, the last ones.
pub(crate) const KEPT_ROWS: usize = 20_000;

/// The longest token that is shown in place of the seed.
const TOKEN_LENGTH: usize = 240;

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
    /// More steps than `max_steps`, and a thread has run the last thousand of them and more alone, without yielding, while
    /// others could go on: no good samaritan, in the words of Musuvathi and Qadeer ("Fair Stateless Model Checking", PLDI
    /// 2008).
    GoodSamaritan,
    /// More steps than `max_steps`: what comes after them is not known.
    StepLimit,
    /// More threads at once than `max_threads`.
    ThreadLimit,
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
    /// A thread used memory that is not there, or executed what is no instruction.
    Crash,
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
            FailureKind::DataRace => "data-race",
            FailureKind::LockOrder => "lock-order",
            FailureKind::LeakedThread => "leaked-thread",
            FailureKind::Leak => "leak",
            FailureKind::Unverified => "unverified",
            FailureKind::Nondeterminism => "nondeterminism",
            FailureKind::DoublePanic => "double-panic",
            FailureKind::StackOverflow => "stack-overflow",
            FailureKind::Crash => "crash",
            FailureKind::Misuse => "misuse",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A place in the source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// Whether it is in std, and says little: an iterator's method that std calls is called from there.
    fn is_in_std(&self) -> bool {
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
}

/// A failing execution: what went wrong, and how to see it again.
///
/// As text it is 100 columns wide, whoever prints it; `format!("{failure:80}")` makes it narrower, 80 columns at least. Paths,
/// the replay command and a message that has line breaks of its own are never broken.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) test: String,
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    pub(crate) execution: u64,
    pub(crate) seed: u64,
    pub(crate) seed_text: String,
    pub(crate) token: String,
    pub(crate) steps: u64,
    pub(crate) effort: Effort,
    pub(crate) minimized: Option<Minimized>,
    pub(crate) trace: Trace,
    pub(crate) waits: Vec<Wait>,
    pub(crate) spins: Vec<Spin>,
    pub(crate) race: Option<Race>,
    pub(crate) cause: Option<Cause>,
    /// The order of locks that led to it.
    pub(crate) lock_cycle: Option<LockCycle>,
    /// Whatever else there is to say, a paragraph each.
    pub(crate) notes: Vec<String>,
    /// How to run it again, with `{}` for the token or seed.
    pub(crate) rerun: String,
    pub(crate) log: Log,
    /// Whether this is what a replay showed.
    pub(crate) replayed: bool,
}

impl Failure {
    /// What went wrong.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// In words: a panic's message, who waits in a deadlock, ….
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The number of the execution that failed, from 0.
    pub fn execution(&self) -> u64 {
        self.execution
    }

    /// The seed of the exploration.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The text that replays this schedule: for `DRAWLOOM_REPLAY` or [`Config::replay`](crate::Config::replay).
    /// Empty if the failing execution could not be run again.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How many steps the failing execution had; until it began to go on for ever, if that is what failed it.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether no schedule with fewer preemptions fails in the same way: all of them were tried, other choices being as they
    /// are.
    pub fn is_minimal(&self) -> bool {
        self.minimized.is_some_and(|minimized| minimized.is_minimal)
    }

    /// How many replays it took to minimize the schedule; 0 if it is as it was found.
    pub fn replays(&self) -> u32 {
        self.minimized.map_or(0, |minimized| minimized.replays)
    }

    /// How many steps and preemptions the schedule had that was found, before it was minimized.
    pub fn found(&self) -> (u64, u64) {
        let as_it_is = (self.steps, self.effort.preemptions);
        self.minimized.map_or(as_it_is, |minimized| (minimized.steps, minimized.preemptions))
    }

    /// How often another thread went on in the failing execution; until the panic, or until it began to go on for ever, if that
    /// is what failed it.
    pub fn switches(&self) -> u64 {
        self.effort.switches
    }

    /// How many of the switches were preemptions: away from a thread that could have gone on, and did not seem to wait in a
    /// loop.
    pub fn preemptions(&self) -> u64 {
        self.effort.preemptions
    }

    /// The virtual time that threads have waited for something or slept in the failing execution, all together.
    pub fn waited(&self) -> Duration {
        self.effort.waited
    }
}

impl Failure {
    /// What replays it, and is not too long to be shown: the token, or else the seed.
    fn exact(&self) -> &str {
        let by_token = !self.token.is_empty() && self.token.len() <= TOKEN_LENGTH;
        if by_token { &self.token } else { &self.seed_text }
    }

    /// What to do to see it again.
    fn rerun_command(&self) -> String {
        self.rerun.replace("{}", self.exact())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_failure(self, f)
    }
}

/// How much of what a test can do was explored.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Coverage {
    /// Every execution: there is none that fails.
    Verified,
    /// Every execution but for those with more preemptions than allowed, and for random values that are too many
    /// to be tried one by one.
    Bounded,
    /// Some schedules, drawn at random.
    Sampled {
        /// How many of the executions differed for some thread: in what was read, or in the order of operations on
        /// one object.
        distinct: u64,
        /// The estimated probability that one more shows something new (Good 1953): the part of the executions
        /// that were the only ones of their kind.
        unseen: f64,
    },
}

/// What came of an exploration.
///
/// As text it is a line if nothing failed, and otherwise the [`Failure`], with the same width: 100 columns, or that of
/// `format!("{report:80}")`.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) test: String,
    pub(crate) executions: u64,
    pub(crate) steps: u64,
    pub(crate) seed: u64,
    pub(crate) strategy: String,
    pub(crate) replayed: bool,
    pub(crate) stopped_by_time: bool,
    pub(crate) coverage: Option<Coverage>,
    pub(crate) max_preemptions: Option<u32>,
    /// How many inputs were drawn, and for how many of them every execution was explored.
    pub(crate) inputs: Option<(u64, u64)>,
    pub(crate) notes: Vec<String>,
    /// Where files were written.
    pub(crate) files: Vec<String>,
    /// The order of locks, if it is to be drawn.
    #[cfg_attr(not(feature = "artifacts"), expect(dead_code, reason = "only files of reports have it"))]
    pub(crate) lock_graph: Option<LockGraph>,
    /// What a replayed execution did, if it did not fail.
    pub(crate) trace: Trace,
    pub(crate) failure: Option<Box<Failure>>,
}

impl Report {
    /// The failure that was found, if any: that of the lowest execution.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// Whether no failure was found.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// How much was explored, if nothing failed.
    pub fn coverage(&self) -> Option<Coverage> {
        self.coverage.filter(|_| self.passed())
    }

    /// How many executions were run, up to and including the failing one.
    pub fn executions(&self) -> u64 {
        self.executions
    }

    /// How many steps these executions had in all.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether `kind` is the failure that was found.
    pub fn failed_with(&self, kind: FailureKind) -> bool {
        self.failure().is_some_and(|failure| failure.kind() == kind)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure() {
            Some(failure) => failure.fmt(f)?,
            None => text::write_summary(self, f)?,
        }
        for note in self.notes.iter().chain(&self.files) {
            write!(f, "\n{}", width::fit(&format!("note: {note}"), width::of(f), 2))?;
        }
        Ok(())
    }
}
