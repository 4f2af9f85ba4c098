//! The explorer: a worker's graph, and what there is to know of the run that follows it. What it does is in the files of each
//! concern: following and deciding (`director`), going on (`extend`), the end (`ending`), loops (`spin`, `retry`, `sections`).

use std::panic::Location;

use super::made::Made;
use super::probe::{Probe, ProbedLocks, ProbedOp, PutOff, StraightSites};
use crate::explore::exhaustive::graph::Graph;
use crate::explore::exhaustive::graph::change::Change;
use crate::explore::exhaustive::graph::consistency::Checker;
use crate::explore::exhaustive::graph::effort::Effort;
use crate::explore::exhaustive::graph::event::{Event, EventId};
use crate::rt::op::ThreadId;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Strict;

/// The graph of a worker and the execution that follows it.
#[derive(Debug)]
pub(in crate::explore::exhaustive) struct Explorer {
    pub(in crate::explore::exhaustive) graph: Graph,
    pub(in crate::explore::exhaustive) checker: Checker,
    /// What else there is to explore, found in this run.
    pub(in crate::explore::exhaustive) found: Vec<Change>,
    /// What threads wait in at the end of this run, on objects that others have used.
    pub(in crate::explore::exhaustive) waiting: Vec<Event>,
    /// How many spurious wakeups and failures an execution may have.
    pub(in crate::explore::exhaustive) spurious: u32,
    /// How much a graph may take: events times threads.
    pub(in crate::explore::exhaustive) max_size: usize,
    /// How many events were looked at in this run.
    pub(in crate::explore::exhaustive) effort: Effort,
    /// Why the run is of no use, if it is not.
    pub(in crate::explore::exhaustive) end: Option<RunEnd>,
    /// What was found to rest on something, besides what executions say themselves.
    pub(in crate::explore::exhaustive) basis: Basis,
    /// Which step of the order is next.
    pub(in crate::explore::exhaustive) next_step: usize,
    /// The threads before this one were looked at, whether the graph leaves them in a loop.
    pub(in crate::explore::exhaustive) next_look: u32,
    /// The number of each thread in the graph, by the kernel's, and the other way round.
    pub(in crate::explore::exhaustive) lines: Vec<u32>,
    pub(in crate::explore::exhaustive) threads: Vec<ThreadId>,
    /// The next event of each thread that it is to follow.
    pub(in crate::explore::exhaustive) expected: Vec<EventId>,
    /// The location of each place of an object.
    pub(in crate::explore::exhaustive) bound: Vec<u32>,
    /// The stores that this run has made, by location.
    pub(super) made: Vec<Made>,
    /// Whether each event has happened in this run.
    pub(in crate::explore::exhaustive) has_happened: Vec<bool>,
    pub(in crate::explore::exhaustive) candidates: Vec<EventId>,
    pub(in crate::explore::exhaustive) put_off: Vec<PutOff>,
    /// Whether threads begin and end as early as they can once all are there, the last ones first: to see whether that makes
    /// a difference.
    pub(in crate::explore::exhaustive) is_eager: bool,
    /// The thread that has gone on last, and how many hints in a row it has given.
    pub(in crate::explore::exhaustive) hints: (u32, u32),
    /// How often time has passed in this run.
    pub(in crate::explore::exhaustive) epoch: u32,
    pub(in crate::explore::exhaustive) probe: Option<Probe>,
    /// How many steps of this run were those of probes.
    pub(in crate::explore::exhaustive) probe_steps: u64,
    /// What the probed thread has done so far.
    pub(in crate::explore::exhaustive) probed: Vec<ProbedOp>,
    pub(in crate::explore::exhaustive) probed_locks: ProbedLocks,
    /// Whether a probe has read what is not there any more, and no schedule does so: of an object, or of an atomic if memory
    /// is sequentially consistent.
    pub(in crate::explore::exhaustive) has_read_stale: bool,
    /// Whether a probe has read what is not the last any more: a thread that is no loop must not go on with that.
    pub(super) has_looked_back: bool,
    /// Whether the run ends at once, and not when all threads have ended.
    pub(in crate::explore::exhaustive) is_cut_off: bool,
    /// The events after which threads were found to do again in vain what had failed; what they read in between, no
    /// schedule reads.
    pub(in crate::explore::exhaustive) retried: Vec<EventId>,
    /// Hints that were seen not to be in a loop.
    pub(in crate::explore::exhaustive) straight: StraightSites,
    /// Where loops are that were seen not to end by themselves.
    pub(in crate::explore::exhaustive) endless: Vec<&'static Location<'static>>,
    /// The places of those that have gone round for long where nobody could end the wait.
    pub(in crate::explore::exhaustive) confirmed: Vec<&'static Location<'static>>,
}

/// Why a run ended without being an execution to judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::explore::exhaustive) enum RunEnd {
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
    pub(in crate::explore::exhaustive) fn new(is_sc: bool, spurious: u32, max_size: usize) -> Explorer {
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
            made: Vec::new(),
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
            has_looked_back: false,
            is_cut_off: false,
            retried: Vec::new(),
            straight: StraightSites::default(),
            endless: Vec::new(),
            confirmed: Vec::new(),
        }
    }
}
