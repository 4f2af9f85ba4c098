//! What an execution that is run for its report keeps besides its trace: what threads knew, and where they stood.
//!
//! Nothing of this is gathered while exploring. Stacks are captured without being resolved; whoever reports resolves the few
//! that are shown. They are kept for what happens near the end only, since each costs as much as some thousand steps.

use std::backtrace::Backtrace;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;
use std::rc::Rc;

use crate::rt::clocks::clock::Clock;
use crate::rt::op::lock::Held;
use crate::rt::op::outcome::AccessKind;
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::threads::timers::Instant;

/// How many events' clocks are kept: more would take more memory than the trace itself.
pub(in crate::rt) const KNOWN: usize = 200_000;

/// How many stacks are captured at most.
pub(in crate::rt) const STACKS: usize = 10_000;

/// How long before its end an execution's stacks are captured.
pub(crate) const STACKED_STEPS: u64 = 5_000;

/// What the thread of an event knew when the event was over.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The thread's own component of the clock.
    pub(crate) slot: u32,
    pub(crate) clock: Clock,
}

/// What an execution took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Effort {
    /// How often another thread went on.
    pub(crate) switches: u64,
    /// How often one that could have gone on did not.
    pub(crate) preemptions: u64,
    /// The virtual time that threads have waited, together.
    pub(crate) waited: Instant,
}

/// The evidence of one execution.
#[derive(Default, Debug)]
pub(crate) struct Evidence {
    /// One for each event of the trace, unless there are too many.
    pub(crate) known: Vec<Known>,
    /// Where each thread was when it last came to something that it may have to wait for.
    pub(crate) waits: BTreeMap<ThreadId, Rc<Backtrace>>,
    pub(in crate::rt) captured: usize,
    pub(crate) effort: Effort,
    /// Which threads were notified, and by which step.
    pub(crate) woken: Vec<(u64, ThreadId)>,
    /// The steps after which a thread could have gone on, and another did.
    pub(crate) preempted: BTreeSet<u64>,
    /// Since when each thread has waited.
    pub(in crate::rt) since: BTreeMap<ThreadId, Instant>,
}

impl Evidence {
    /// Whom step `step` has notified.
    pub(crate) fn woken_by(&self, step: u64) -> impl Iterator<Item = ThreadId> {
        let from = self.woken.partition_point(|&(by, _)| by < step);
        self.woken[from..].iter().take_while(move |&&(by, _)| by == step).map(|&(_, thread)| thread)
    }

    pub(in crate::rt) fn clear(&mut self) {
        self.known.clear();
        self.waits.clear();
        self.captured = 0;
        self.effort = Effort::default();
        self.preempted.clear();
        self.woken.clear();
        self.since.clear();
    }
}

/// A plain access, kept for the report's trace.
#[derive(Clone, Debug)]
pub(crate) struct TracedAccess {
    pub(crate) step: u64,
    pub(crate) thread: ThreadId,
    pub(crate) kind: AccessKind,
    pub(crate) object: ObjectId,
    pub(crate) location: &'static Location<'static>,
    /// The locks that the thread had.
    pub(crate) held: Vec<Held>,
    pub(crate) stack: Option<Rc<Backtrace>>,
}
