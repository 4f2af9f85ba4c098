//! What an execution may do: settings of the user, and what an exploration asks for besides.

/// When timeouts may fire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeouts {
    /// Only when nothing else can run.
    #[default]
    Last,
    /// At any scheduling point, whatever else can run.
    Any,
}

/// What the user allows an execution.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) max_steps: u64,
    pub(crate) max_threads: usize,
    pub(crate) max_preemptions: Option<u32>,
    pub(crate) timeouts: Timeouts,
    /// How often in an execution std may take each of its liberties; see `basis`.
    pub(crate) spurious: u32,
    /// How often in an execution a future may be dropped at an await although the test drops none.
    pub(crate) cancellations: u32,
    /// How many messages a bounded channel holds at most, whatever it was made with.
    pub(crate) capacity: usize,
    /// How many messages a channel without bound holds at most before the execution fails.
    pub(crate) max_queued: u64,
    /// Whether the task that is polled next is the one that has been ready longest, as in tokio's `current_thread`.
    pub(crate) fifo: bool,
    /// Whether a task may be polled although nobody has woken it: so often as `spurious` says.
    pub(crate) polls_spuriously: bool,
    /// Whether any thread may be the leader of a barrier, and not only the first to arrive.
    pub(crate) free_leaders: bool,
    /// Whether waits of std's own may take the park token.
    pub(crate) eats_tokens: bool,
    pub(crate) stack_size: usize,
    /// Whether all threads but the first are daemons.
    pub(crate) daemons: bool,
    pub(crate) memory: MemoryModel,
    /// Whether what a thread does with a mutable reference to an atomic is an access.
    pub(crate) check_exclusive: bool,
    /// Whether a director decides, or one has decided what is replayed: then every store may be read and every
    /// place in modification order taken, because whoever decides has checked what the memory model allows.
    pub(crate) directed: bool,
    /// Whether the order in which tasks are polled is explored by itself: then one that gives way may do so as often as it likes, and
    /// is ready like the others.
    pub(crate) orders_polls: bool,
    /// What a director has to see more of.
    pub(crate) strict: Strict,
    /// Whether the kernel keeps clocks and stores. With a director whose graph has both, they are needed for plain memory
    /// only.
    pub(crate) keeps_clocks: bool,
    /// Whether threads are taken to go round in loops for ever after few rounds; see `spinloops`.
    pub(crate) hasty: bool,
    /// Whether an execution that reaches the step limit is looked at for threads that seem to wait for ever.
    pub(crate) judges_at_limit: bool,
    /// Whether a weak compare-exchange may fail although it finds what it expects.
    pub(crate) fails_weakly: bool,
    /// Whether it is kept where atomics are, for code that tells the operating system their addresses.
    pub(crate) keeps_addresses: bool,
}

impl Limits {
    /// Whether a task may have the place and the object of one that has ended: not where executions are compared by their objects.
    pub(crate) fn reuses_tasks(&self) -> bool {
        !self.directed && !self.orders_polls
    }
}

/// What most tests can do without, and makes more executions where a director sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Strict {
    /// All operations of a channel are in one order; otherwise only the sends, if it is unbounded.
    pub(crate) channels: bool,
    /// Threads are asked whether they have ended; otherwise only waited for.
    pub(crate) ends: bool,
    /// Plain memory is watched: who knows of what is kept.
    pub(crate) clocks: bool,
    /// Any future may be one of several that its task polls in turn, by other means than tokio's macros: what gives way is seen by the
    /// others.
    pub(crate) composes: bool,
}

impl Strict {
    /// All of both.
    pub(crate) fn and(self, other: Strict) -> Strict {
        Strict {
            channels: self.channels || other.channels,
            ends: self.ends || other.ends,
            clocks: self.clocks || other.clocks,
            composes: self.composes || other.composes,
        }
    }
}

/// Which memory model an exploration follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MemoryModel {
    /// RC11: what the orderings of Rust's atomics allow.
    #[default]
    Rc11,
    /// Sequential consistency: every load reads the last store, whatever the orderings.
    SequentiallyConsistent,
}
