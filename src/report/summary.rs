//! What came of an exploration, as data.

use super::assumption::Assumption;
use super::facts::Trace;
use super::failure::Failure;
use super::kind::FailureKind;
use super::lock_graph::LockGraph;

/// How many rows of a trace files of a failure have, the last ones.
pub(crate) const KEPT_ROWS: usize = 20_000;

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

/// What ends an exploration before all executions were run that it was allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Limit {
    /// [`Config::time`](crate::Config::time).
    Time,
    /// [`Config::steps`](crate::Config::steps): so many.
    Steps(u64),
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
    pub(crate) stopped_by: Option<Limit>,
    pub(crate) coverage: Option<Coverage>,
    pub(crate) assumptions: Vec<Assumption>,
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

    /// What [`Report::coverage`] rests on, as far as it concerns this test.
    pub fn assumptions(&self) -> &[Assumption] {
        if self.passed() { &self.assumptions } else { &[] }
    }

    /// What has ended the exploration before it had run all executions that it was allowed.
    pub fn stopped_by(&self) -> Option<Limit> {
        self.stopped_by
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
