//! How a test is explored: settings, and their defaults.

mod error;
mod level;
mod meaning;
mod strategy_kind;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use error::ConfigError;
pub use level::{Log, Policy};
pub use strategy_kind::StrategyKind;

use crate::report::FailureKind;
use crate::rt::decide::strategy::Strategy;
use crate::rt::op::basis::Basis;
pub use crate::rt::op::limits::MemoryModel;
pub use crate::rt::op::limits::Timeouts;

type MakeStrategy = Arc<dyn Fn() -> Box<dyn Strategy> + Send + Sync>;

/// How a test is explored.
///
/// ```
/// use drawloom::{Config, StrategyKind};
///
/// let config = Config::new().executions(1_000).seed(7).strategy(StrategyKind::Pct { depth: 3 });
/// let report = drawloom::explore(config, || assert_eq!(1 + 1, 2));
/// assert!(report.passed());
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) name: String,
    /// Whether the number of executions was asked for.
    pub(crate) limits_executions: bool,
    pub(crate) executions: u64,
    /// How many steps all executions may have in all.
    pub(crate) steps: u64,
    /// How many inputs are drawn, for a test that has some.
    pub(crate) cases: u32,
    /// How many executions may be explored to verify the test before schedules are sampled; `executions`, if nothing
    /// else.
    pub(crate) verify_within: Option<u64>,
    /// What the test's body does that nobody sees.
    pub(crate) unseen: Basis,
    pub(crate) seed: u64,
    pub(crate) strategy: StrategyKind,
    pub(crate) custom_strategy: Option<MakeStrategy>,
    pub(crate) max_steps: u64,
    pub(crate) max_threads: Option<usize>,
    pub(crate) max_preemptions: Option<u32>,
    pub(crate) time: Option<Duration>,
    /// How long an operation of the test's code may take to come; `None` for as long as it likes.
    pub(crate) hang_after: Option<Duration>,
    pub(crate) timeouts: Timeouts,
    /// `None`: one; where every execution is explored, none first.
    pub(crate) spurious: Option<u32>,
    /// How often in an execution a future may be dropped at an await although the test drops none.
    pub(crate) cancellations: u32,
    /// How many messages a bounded channel holds at most, whatever it was made with.
    pub(crate) capacity: Option<usize>,
    pub(crate) max_queued: Option<u64>,
    pub(crate) fifo: bool,
    pub(crate) memory: MemoryModel,
    pub(crate) workers: usize,
    pub(crate) stack_size: usize,
    pub(crate) allow_leaked_threads: bool,
    pub(crate) daemons: bool,
    pub(crate) check_exclusive: bool,
    pub(crate) leaks: Policy,
    pub(crate) shrink: bool,
    pub(crate) expect: Option<FailureKind>,
    pub(crate) replay: Option<String>,
    pub(crate) checkpoint: Option<PathBuf>,
    pub(crate) artifacts: Option<PathBuf>,
    pub(crate) lock_order: Policy,
    pub(crate) regressions: Option<PathBuf>,
    /// What the test's file there is called after; the test's name, if nothing else.
    pub(crate) regression_name: Option<String>,
    pub(crate) log: Log,
    pub(crate) rerun: Rerun,
    /// Whether nobody has written the test for drawloom: then one whose executions are too long may be one that works hard.
    pub(crate) is_of_unmodified_code: bool,
}

/// How a person runs a test again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Rerun {
    /// By setting the configuration.
    #[default]
    Config,
    /// By `cargo test`, with environment variables.
    CargoTest,
    /// By running the program again, with environment variables.
    Program,
    /// By this command, with `{}` for the token or seed.
    Command(String),
}

impl Default for Config {
    fn default() -> Config {
        Config {
            name: String::new(),
            limits_executions: false,
            executions: 10_000,
            steps: 30_000_000,
            cases: 32,
            verify_within: None,
            unseen: Basis::default(),
            seed: 0x5EED,
            strategy: StrategyKind::default(),
            custom_strategy: None,
            max_steps: 1_000_000,
            max_threads: None,
            max_preemptions: None,
            time: None,
            hang_after: Some(Duration::from_secs(5)),
            timeouts: Timeouts::default(),
            spurious: None,
            cancellations: 0,
            capacity: None,
            max_queued: None,
            fifo: false,
            memory: MemoryModel::default(),
            workers: 1,
            stack_size: 1 << 20,
            allow_leaked_threads: false,
            daemons: false,
            check_exclusive: false,
            leaks: Policy::default(),
            shrink: true,
            expect: None,
            replay: None,
            checkpoint: None,
            artifacts: None,
            lock_order: Policy::default(),
            regressions: None,
            regression_name: None,
            log: Log::default(),
            rerun: Rerun::default(),
            is_of_unmodified_code: false,
        }
    }
}

impl Config {
    /// The defaults: every execution, or 10,000 of the portfolio, each of a million steps at most.
    pub fn new() -> Config {
        Config::default()
    }

    /// What reports call the test.
    pub fn name(mut self, name: impl Into<String>) -> Config {
        self.name = name.into();
        self
    }

    /// How many executions to run; default 10,000. An exhaustive exploration has no limit by default.
    pub fn executions(mut self, executions: u64) -> Config {
        self.executions = executions;
        self.limits_executions = true;
        self.verify_within = None;
        self
    }

    /// How many steps the executions of a sampled test may have in all; default 30,000,000, which takes about half a
    /// minute where drawloom is not optimized. The execution that reaches the limit is the last one.
    pub fn steps(mut self, steps: u64) -> Config {
        self.steps = steps;
        self
    }

    /// How many inputs are drawn for a test that has some (with the feature `proptest`); default 32. Each is explored.
    pub fn cases(mut self, cases: u32) -> Config {
        self.cases = cases;
        self
    }

    /// What all random choices derive from; default `0x5EED`.
    pub fn seed(mut self, seed: u64) -> Config {
        self.seed = seed;
        self
    }

    /// Who makes the choices; by default every execution is explored, if there are not more than
    /// [`Config::executions`], and otherwise a portfolio of strategies samples as many.
    pub fn strategy(mut self, strategy: StrategyKind) -> Config {
        self.strategy = strategy;
        self.custom_strategy = None;
        self
    }

    /// A strategy of your own; called once for each worker. See [`Strategy`](crate::strategy::Strategy).
    pub fn custom_strategy(mut self, make: impl Fn() -> Box<dyn Strategy> + Send + Sync + 'static) -> Config {
        self.custom_strategy = Some(Arc::new(make));
        self
    }

    /// How many steps an execution may have before it fails; default 1,000,000.
    pub fn max_steps(mut self, max_steps: u64) -> Config {
        self.max_steps = max_steps;
        self
    }

    /// How many threads may be alive at once, the test body's included; default no limit.
    pub fn max_threads(mut self, max_threads: usize) -> Config {
        self.max_threads = Some(max_threads);
        self
    }

    /// How many preemptions an execution may have: switches away from a thread that could have gone on and did
    /// not yield; default no limit. Most bugs need few (Musuvathi and Qadeer, PLDI 2007).
    pub fn max_preemptions(mut self, max_preemptions: u32) -> Config {
        self.max_preemptions = Some(max_preemptions);
        self
    }

    /// When to stop, at the latest, after the execution that runs then; default no limit. How many
    /// executions fit depends on the machine.
    pub fn time(mut self, time: Duration) -> Config {
        self.time = Some(time);
        self
    }

    /// After which time the test fails if its code does not come back, as a [`FailureKind::Hang`]; default 5 s, `None` for
    /// never. What counts is the time in which a thread that runs comes to no operation that drawloom sees: it waits for a real
    /// lock, for I/O, or goes round in a loop without operations. The report says where it stands.
    pub fn hang_after(mut self, time: Option<Duration>) -> Config {
        self.hang_after = time;
        self
    }

    /// When timeouts fire; by default only when nothing else can run.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Config {
        self.timeouts = timeouts;
        self
    }

    /// How often in an execution std may do what its documentation allows and a test rarely meets: end a wait of a
    /// condition variable or `park` for no reason, fail a `compare_exchange_weak` although the value is equal, keep a
    /// reader behind a writer that waits, take a park token in a wait of its own. By default each once; where every
    /// execution is explored, first none of it, and then each once, as far as the budget goes: the report says how far.
    /// With a number here that is explored at once; 0 is none. Only then a task of async code may also be polled although nobody has
    /// woken it, so often in an execution, as the contract of [`Future`] allows.
    pub fn spurious(mut self, spurious: u32) -> Config {
        self.spurious = Some(spurious);
        self
    }

    /// How often in an execution a future may be dropped at an await although the test drops none; default never. Each await of a
    /// spawned task is a place where the task may be cancelled, as `abort` or the end of its runtime would do it. Each poll of a
    /// `timeout` is one where it may be over, and each poll of a `select!` one where a timer in one of its branches may be,
    /// whatever their durations are. Where schedules are sampled, how many awaits a task comes past without that differs from
    /// execution to execution.
    pub fn cancel(mut self, times: u32) -> Config {
        self.cancellations = times;
        self
    }

    /// How many messages a bounded channel holds at most, whatever it was made with: `mpsc::sync_channel`, and tokio's `mpsc` and
    /// `broadcast`; default no limit. A program that deadlocks if a channel is full does so with few messages then. A channel that
    /// holds none stays as it is.
    pub fn capacity(mut self, capacity: usize) -> Config {
        self.capacity = Some(capacity);
        self
    }

    /// How many messages a channel without bound holds at most: with more the execution fails, at the send. Default no limit; the
    /// summary notes a channel that has held many. A sender that is faster than its receiver is seen so in a short test.
    pub fn max_queued(mut self, max_queued: u64) -> Config {
        self.max_queued = Some(max_queued);
        self
    }

    /// Whether async tasks are polled in the order in which they became ready; default not: then any that is ready may be next. The
    /// order is that of tokio's `current_thread` runtime: the future of `block_on` comes when no other task is ready, and a task that
    /// yields comes after both. tokio promises none of that. So this is not for finding bugs, but for finding out whether a bug is
    /// met with that order.
    pub fn fifo(mut self, fifo: bool) -> Config {
        self.fifo = fifo;
        self
    }

    /// Which memory model atomics follow; by default RC11, in which a load may read an older store where the
    /// orderings allow it.
    pub fn memory(mut self, memory: MemoryModel) -> Config {
        self.memory = memory;
        self
    }

    /// How many OS threads explore; default 1. The result does not depend on it.
    pub fn workers(mut self, workers: usize) -> Config {
        self.workers = workers;
        self
    }

    /// The size of each thread's stack in bytes; default 1 MiB. Only what is used takes memory.
    pub fn stack_size(mut self, stack_size: usize) -> Config {
        self.stack_size = stack_size;
        self
    }

    /// Whether an execution may leave threads that wait for ever; default not.
    pub fn allow_leaked_threads(mut self, allow: bool) -> Config {
        self.allow_leaked_threads = allow;
        self
    }

    /// Whether all threads that the test spawns are daemons: an execution ends with the test body, whatever the others do;
    /// default not. See [`BuilderExt::daemon`](crate::thread::BuilderExt::daemon) for one thread.
    pub fn daemons(mut self, daemons: bool) -> Config {
        self.daemons = daemons;
        self
    }

    /// Whether `get_mut` and `into_inner` of atomics are accesses that race with operations which are not ordered before
    /// them, or after; default not. In safe code an exclusive reference proves the order. Where unsafe code makes one it may
    /// not: by a reference count of one's own, say, whose last decrement lacks an `Acquire`. The counts of std's
    /// [`Arc`](std::sync::Arc) are not seen, so an atomic that is in one, and whose destructor uses `get_mut`, would be a false
    /// alarm. (Cells have [`with_mut`](crate::cell::CellExt::with_mut), which is always checked.)
    pub fn check_exclusive(mut self, check: bool) -> Config {
        self.check_exclusive = check;
        self
    }

    /// What becomes of an execution that ends with locks whose guards were forgotten, with messages in channels that nobody has received,
    /// or with async tasks that had not ended when their runtime did: a note in the summary by default.
    pub fn leaks(mut self, policy: Policy) -> Config {
        self.leaks = policy;
        self
    }

    /// The failure that has to be found for the test to pass; default none. [`explore`](crate::explore) reports
    /// failures as they are; the attribute `#[drawloom::test]` heeds this.
    pub fn expect(mut self, kind: FailureKind) -> Config {
        self.expect = Some(kind);
        self
    }

    /// Whether the schedule of a failure is shrunk before it is reported; default yes.
    pub fn shrink(mut self, shrink: bool) -> Config {
        self.shrink = shrink;
        self
    }

    /// Runs one execution only: the one of this token, or of this seed (`0x5eed/41`: seed and execution).
    pub fn replay(mut self, replay: impl Into<String>) -> Config {
        self.replay = Some(replay.into());
        self
    }

    /// Keeps failing schedules in this folder, and runs those that are there first; default not. The
    /// attribute `#[drawloom::test]` uses `drawloom-regressions` in the package's folder.
    pub fn regressions(mut self, folder: impl Into<PathBuf>) -> Config {
        self.regressions = Some(folder.into());
        self
    }

    /// Keeps what is left of an exhaustive exploration in this file, or, if it is a folder, in a file of the test's own
    /// there, every few seconds and when the exploration is stopped by its budget; default not. An exploration that
    /// finds such a file goes on from there, and one that ends removes it. With [`StrategyKind::Auto`] the exploration
    /// is exhaustive then, and does not turn to sampling.
    ///
    /// The program has to be the same, and so have the settings that its executions depend on; it does not matter
    /// how many workers there are.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Config {
        self.checkpoint = Some(path.into());
        self
    }

    /// What becomes of an order of locks that may end in a deadlock; default [`Policy::Warn`]. Unless that is allowed,
    /// executions are led towards the deadlock where schedules are sampled. If they meet it, the test fails, and also if what
    /// an execution did shows that it is possible; otherwise a note tells of it, or the test fails, if it is denied. Where
    /// every execution was explored and none deadlocks, there is nothing to tell, but an order that is denied is to have no
    /// cycle; [`lock_order::assert_acyclic`](crate::lock_order::assert_acyclic) denies it from within a test.
    pub fn lock_order(mut self, policy: Policy) -> Config {
        self.lock_order = policy;
        self
    }

    /// Writes files into this folder; default not. The order of locks, as a picture (`<test>.lock-order.svg`) and for
    /// Graphviz (`<test>.lock-order.dot`); and, with drawloom's feature `artifacts`, a failure or what a replay has shown,
    /// as a page for a browser (`<test>.html`) and as JSON (`<test>.json`, described by `docs/report.schema.json` in the
    /// repository). `::` in the test's name becomes `--`. If a file cannot be written, the report says so.
    pub fn artifacts(mut self, folder: impl Into<PathBuf>) -> Config {
        self.artifacts = Some(folder.into());
        self
    }

    /// How much is written; default a line a test, and failures.
    pub fn log(mut self, log: Log) -> Config {
        self.log = log;
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("executions", &self.executions)
            .field("seed", &self.seed)
            .field("strategy", &self.strategy)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
