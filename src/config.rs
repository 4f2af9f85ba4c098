//! How a test is explored: settings, their defaults, and how they are checked.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::explore::pct::Pct;
use crate::explore::portfolio::Portfolio;
use crate::explore::pos::Pos;
use crate::explore::random::{RandomWalk, RoundRobin};
use crate::explore::strategy::Strategy;
use crate::explore::surw::{Surw, Urw};
use crate::report::FailureKind;
pub use crate::rt::kernel::Timeouts;
use crate::rt::kernel::{Limits, Strict};
pub use crate::rt::memory::MemoryModel;

/// The strategies that come with drawloom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum StrategyKind {
    /// Every execution, each once, if they are not too many; otherwise [`StrategyKind::Portfolio`].
    #[default]
    Auto,
    /// Every execution, each once. An exploration that cannot be finished fails.
    Exhaustive,
    /// A mix: 40 % SURW, 25 % POS, 15 % PCT, 10 % URW, 10 % random walk.
    Portfolio,
    /// Each thread that can go on is equally likely at each step.
    RandomWalk,
    /// Probabilistic concurrency testing (ASPLOS 2010).
    Pct {
        /// How many orders have to come together for the bug: 1 to about 10.
        depth: u32,
    },
    /// Partial order sampling (CAV 2018).
    Pos,
    /// Uniform random walk (ASPLOS 2025).
    Urw,
    /// Selectively uniform random walk (ASPLOS 2025).
    Surw,
    /// Threads take turns.
    RoundRobin,
}

impl StrategyKind {
    const NAMES: &str = "auto, exhaustive, portfolio, random, pct, pct:DEPTH, pos, urw, surw or round-robin";

    fn make(self) -> Box<dyn Strategy> {
        match self {
            // What there is to sample where not every execution is explored.
            StrategyKind::Auto | StrategyKind::Exhaustive | StrategyKind::Portfolio => {
                Box::new(Portfolio::default())
            }
            StrategyKind::RandomWalk => Box::new(RandomWalk),
            StrategyKind::Pct { depth } => Box::new(Pct::new(depth)),
            StrategyKind::Pos => Box::new(Pos::default()),
            StrategyKind::Urw => Box::new(Urw::default()),
            StrategyKind::Surw => Box::new(Surw::default()),
            StrategyKind::RoundRobin => Box::new(RoundRobin::default()),
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategyKind::Auto => f.write_str("auto"),
            StrategyKind::Portfolio => f.write_str("portfolio"),
            StrategyKind::RandomWalk => f.write_str("random"),
            StrategyKind::Exhaustive => f.write_str("exhaustive"),
            StrategyKind::Pct { depth } => write!(f, "pct:{depth}"),
            StrategyKind::Pos => f.write_str("pos"),
            StrategyKind::Urw => f.write_str("urw"),
            StrategyKind::Surw => f.write_str("surw"),
            StrategyKind::RoundRobin => f.write_str("round-robin"),
        }
    }
}

impl FromStr for StrategyKind {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<StrategyKind, ConfigError> {
        let error = || ConfigError::new(format!("`{text}` is no strategy; it takes {}", Self::NAMES));
        Ok(match text {
            "auto" => StrategyKind::Auto,
            "portfolio" => StrategyKind::Portfolio,
            "random" => StrategyKind::RandomWalk,
            "exhaustive" => StrategyKind::Exhaustive,
            "pct" => StrategyKind::Pct { depth: 3 },
            "pos" => StrategyKind::Pos,
            "urw" => StrategyKind::Urw,
            "surw" => StrategyKind::Surw,
            "round-robin" => StrategyKind::RoundRobin,
            other => {
                let depth = other.strip_prefix("pct:").ok_or_else(error)?;
                let depth = depth.parse().ok().filter(|&depth| depth > 0).ok_or_else(error)?;
                StrategyKind::Pct { depth }
            }
        })
    }
}

/// What becomes of what is no failure in itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Policy {
    /// A note tells of it.
    #[default]
    Warn,
    /// The test fails.
    Deny,
    /// Nothing.
    Allow,
}

/// How much is written about an exploration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[non_exhaustive]
pub enum Log {
    /// Failures only.
    Off,
    /// A line a test, and failures.
    #[default]
    Summary,
    /// As `Summary`, and failures with all their operations, however many.
    Full,
}

impl FromStr for Log {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Log, ConfigError> {
        match text {
            "off" => Ok(Log::Off),
            "summary" => Ok(Log::Summary),
            "full" => Ok(Log::Full),
            _ => Err(ConfigError::new(format!("`{text}` is no level; it takes off, summary or full"))),
        }
    }
}

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
    /// How many inputs are drawn, for a test that has some.
    pub(crate) cases: u32,
    /// How many executions may be explored to verify the test before schedules are sampled; `executions`, if nothing
    /// else.
    pub(crate) verify_within: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) strategy: StrategyKind,
    pub(crate) custom_strategy: Option<MakeStrategy>,
    pub(crate) max_steps: u64,
    pub(crate) max_threads: Option<usize>,
    pub(crate) max_preemptions: Option<u32>,
    pub(crate) time: Option<Duration>,
    pub(crate) timeouts: Timeouts,
    /// `None`: one where schedules are sampled, none where every execution is explored.
    pub(crate) spurious: Option<u32>,
    pub(crate) memory: MemoryModel,
    pub(crate) workers: usize,
    pub(crate) stack_size: usize,
    pub(crate) allow_leaked_threads: bool,
    pub(crate) daemons: bool,
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
            cases: 32,
            verify_within: None,
            seed: 0x5EED,
            strategy: StrategyKind::default(),
            custom_strategy: None,
            max_steps: 1_000_000,
            max_threads: None,
            max_preemptions: None,
            time: None,
            timeouts: Timeouts::default(),
            spurious: None,
            memory: MemoryModel::default(),
            workers: 1,
            stack_size: 1 << 20,
            allow_leaked_threads: false,
            daemons: false,
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

    /// When timeouts fire; by default only when nothing else can run.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Config {
        self.timeouts = timeouts;
        self
    }

    /// How many spurious wakeups of condition variables and `park` an execution may have; by default 1 where
    /// schedules are sampled, and none where every execution is explored. Spurious failures of
    /// `compare_exchange_weak` are not limited where schedules are sampled, and count as well where every execution
    /// is explored.
    pub fn spurious(mut self, spurious: u32) -> Config {
        self.spurious = Some(spurious);
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

    /// What becomes of an execution that ends with locks whose guards were forgotten, or with messages in channels that
    /// nobody has received: a note in the summary by default.
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

    /// What the test's file of regressions is called after.
    pub(crate) fn regression_name(&self) -> &str {
        self.regression_name.as_deref().unwrap_or(&self.name)
    }

    /// What the strategy is called in seeds and summaries.
    pub(crate) fn strategy_name(&self) -> String {
        match &self.custom_strategy {
            Some(make) => make().name().to_owned(),
            // Which samples where it does not verify.
            None if self.strategy == StrategyKind::Auto => StrategyKind::Portfolio.to_string(),
            None => self.strategy.to_string(),
        }
    }

    pub(crate) fn make_strategy(&self) -> Box<dyn Strategy> {
        match &self.custom_strategy {
            Some(make) => make(),
            None => self.strategy.make(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_steps: self.max_steps,
            max_threads: self.max_threads.unwrap_or(usize::MAX),
            max_preemptions: self.max_preemptions,
            timeouts: self.timeouts,
            spurious: self.spurious.unwrap_or(1),
            memory: self.memory,
            directed: false,
            strict: Strict::default(),
            hasty: false,
            stack_size: self.stack_size,
            daemons: self.daemons,
        }
    }

    /// As `limits`, for executions that a director directs.
    pub(crate) fn exhaustive_limits(&self) -> Limits {
        Limits { spurious: self.spurious.unwrap_or(0), directed: true, ..self.limits() }
    }

    /// Finds the settings that nothing can be done with.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            (self.executions > 0, "executions"),
            (self.max_steps > 0, "max_steps"),
            (self.max_threads != Some(0), "max_threads"),
            (self.workers > 0, "workers"),
        ];
        for (holds, name) in positive {
            if !holds {
                return Err(ConfigError::new(format!("`{name}` is 0, but must be at least 1")));
            }
        }
        if self.stack_size < 16 << 10 {
            return Err(ConfigError::new(format!(
                "`stack_size` is {} bytes, but must be at least 16384",
                self.stack_size
            )));
        }
        Ok(())
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

/// A setting that nothing can be done with: which, and what it takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> ConfigError {
        ConfigError { message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_are_named() {
        for (text, kind) in [
            ("portfolio", StrategyKind::Portfolio),
            ("pct:7", StrategyKind::Pct { depth: 7 }),
            ("surw", StrategyKind::Surw),
        ] {
            assert_eq!(text.parse(), Ok(kind));
        }
        let error = "pct:0".parse::<StrategyKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`pct:0` is no strategy; it takes auto, exhaustive, portfolio, random, pct, pct:DEPTH, pos, urw, surw or round-robin"
        );
    }

    #[test]
    fn settings_of_zero_are_refused_by_name() {
        assert!(Config::new().check().is_ok());
        let error = Config::new().max_steps(0).check().unwrap_err();
        assert_eq!(error.to_string(), "`max_steps` is 0, but must be at least 1");
        assert!(Config::new().workers(0).check().is_err());
        assert!(Config::new().stack_size(100).check().is_err());
    }
}
