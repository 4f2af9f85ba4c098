//! The explorer: a worker's graph, and what there is to know of the run that follows it. What it does is in the files of each
//! concern: following and deciding (`director`), going on (`extend`), the end (`ending`), loops (`spin`, `retry`, `sections`).

use std::panic::Location;

use super::change::Change;
use super::consistency::Checker;
use super::effort::Effort;
use super::event::{Event, EventId};
use super::graph::Graph;
use super::probe::{Probe, ProbedLocks, ProbedOp, PutOff, StraightSites};
use crate::rt::op::ThreadId;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Strict;

/// The graph of a worker and the execution that follows it.
#[derive(Debug)]
pub(super) struct Explorer {
    pub(super) graph: Graph,
    pub(super) checker: Checker,
    /// What else there is to explore, found in this run.
    pub(super) found: Vec<Change>,
    /// What threads wait in at the end of this run, on objects that others have used.
    pub(super) waiting: Vec<Event>,
    /// How many spurious wakeups and failures an execution may have.
    pub(super) spurious: u32,
    /// How much a graph may take: events times threads.
    pub(super) max_size: usize,
    /// How many events were looked at in this run.
    pub(super) effort: Effort,
    /// Why the run is of no use, if it is not.
    pub(super) end: Option<RunEnd>,
    /// What was found to rest on something, besides what executions say themselves.
    pub(super) basis: Basis,
    /// Which step of the order is next.
    pub(super) next_step: usize,
    /// The threads before this one were looked at, whether the graph leaves them in a loop.
    pub(super) next_look: u32,
    /// The number of each thread in the graph, by the kernel's, and the other way round.
    pub(super) lines: Vec<u32>,
    pub(super) threads: Vec<ThreadId>,
    /// The next event of each thread that it is to follow.
    pub(super) expected: Vec<EventId>,
    /// The location of each place of an object.
    pub(super) bound: Vec<u32>,
    /// The last store in modification order of those that this run has made, by location.
    pub(super) newest: Vec<EventId>,
    /// The stores after each of which a probed thread has put back what it read there: no graph has that.
    pub(super) restored: Vec<EventId>,
    /// Whether each event has happened in this run.
    pub(super) has_happened: Vec<bool>,
    pub(super) candidates: Vec<EventId>,
    pub(super) put_off: Vec<PutOff>,
    /// Whether threads begin and end as early as they can once all are there, the last ones first: to see whether that makes
    /// a difference.
    pub(super) is_eager: bool,
    /// The thread that has gone on last, and how many hints in a row it has given.
    pub(super) hints: (u32, u32),
    /// How often time has passed in this run.
    pub(super) epoch: u32,
    pub(super) probe: Option<Probe>,
    /// How many steps of this run were those of probes.
    pub(super) probe_steps: u64,
    /// What the probed thread has done so far.
    pub(super) probed: Vec<ProbedOp>,
    pub(super) probed_locks: ProbedLocks,
    /// Whether a probe has read what is not there any more, and no schedule does so: of an object, or of an atomic if memory
    /// is sequentially consistent.
    pub(super) has_read_stale: bool,
    /// Whether the run ends at once, and not when all threads have ended.
    pub(super) is_cut_off: bool,
    /// The events after which threads were found to do again in vain what had failed; what they read in between, no
    /// schedule reads.
    pub(super) retried: Vec<EventId>,
    /// Hints that were seen not to be in a loop.
    pub(super) straight: StraightSites,
    /// Where loops are that were seen not to end by themselves.
    pub(super) endless: Vec<&'static Location<'static>>,
}

/// Why a run ended without being an execution to judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum RunEnd {
    /// A thread waits for what another execution shows, or does not wait after all.
    Blocked,
    /// The exploration has to start again, and to see more.
    Strict(Strict),
    /// One execution alone is too large.
    TooLarge,
    /// The test does what cannot be explored exhaustively.
    Unsupported(String),
    /// The run is not what the graph says.
    Diverged(String),
}

impl Explorer {
    pub(super) fn new(is_sc: bool, spurious: u32, max_size: usize) -> Explorer {
        Explorer {
            graph: Graph::new(is_sc),
            checker: Checker::default(),
            found: Vec::new(),
            waiting: Vec::new(),
            spurious,
            max_size,
            effort: Effort::default(),
            end: None,
            basis: Basis::default(),
            next_step: 0,
            next_look: 0,
            lines: Vec::new(),
            threads: Vec::new(),
            expected: Vec::new(),
            bound: Vec::new(),
            newest: Vec::new(),
            restored: Vec::new(),
            has_happened: Vec::new(),
            candidates: Vec::new(),
            put_off: Vec::new(),
            is_eager: false,
            hints: (0, 0),
            epoch: 0,
            probe: None,
            probe_steps: 0,
            probed: Vec::new(),
            probed_locks: ProbedLocks::default(),
            has_read_stale: false,
            is_cut_off: false,
            retried: Vec::new(),
            straight: StraightSites::default(),
            endless: Vec::new(),
        }
    }
}
