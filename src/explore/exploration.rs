//! One test under one configuration: how one of its executions is run and judged.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::finding::Outcome;
use super::judge::{Verdict, judge};
use crate::config::{Config, Log, Policy, Rerun};
use crate::detect::leak;
use crate::detect::leak::Leaks;
use crate::explore::progress::long::Long;
use crate::explore::replay::seed::ExecutionSeed;
use crate::report::{Effort, Failure, FailureKind, Report, Trace};
use crate::rt::Execution;
use crate::rt::decide::profile::{PROFILED_STEPS, Profile};
use crate::rt::decide::strategy::Start;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rng::Rng;
use crate::rt::run::execution::Mode;
use crate::rt::tasks::BlockingPoll;

/// How many events of a failing execution are kept for the report.
const TRACED_STEPS: usize = 1_000_000;

pub(super) const QUIET: Mode = Mode { trace_limit: 0, print_panics: false, stacks_from: None };
pub(super) const PROFILING: Mode = Mode { trace_limit: PROFILED_STEPS, ..QUIET };
pub(super) const TRACING: Mode = Mode { trace_limit: TRACED_STEPS, ..QUIET };
/// As `TRACING`, for a report of whatever comes of it.
pub(super) const REPORTING: Mode = Mode { stacks_from: Some(0), ..TRACING };

/// From how many messages on a channel without bound is noted.
const MANY_MESSAGES: u64 = 100;

/// The body of a test.
type Body<'a> = &'a (dyn Fn() + Sync);

pub(super) struct Exploration<'a> {
    pub(super) config: Config,
    pub(super) body: Body<'a>,
    /// When all of it has to be over.
    pub(super) deadline: Option<Instant>,
    /// Tells that it takes long.
    pub(super) long: Arc<Long>,
    /// What was left in executions that passed.
    pub(super) leaks: Mutex<Leaks>,
    /// How many messages a channel without bound has held at most, and where it was made.
    pub(super) longest_queue: Mutex<Option<(u64, &'static Location<'static>)>>,
    /// Polls that block their threads, in the order of the places.
    pub(super) blocking: Mutex<BTreeSet<BlockingPoll>>,
}

impl<'a> Exploration<'a> {
    pub(super) fn new(config: Config, body: Body<'a>) -> Exploration<'a> {
        let deadline = config.time.and_then(|time| Instant::now().checked_add(time));
        let long = Long::new(&config.name);
        Exploration {
            config,
            body,
            deadline,
            long,
            leaks: Mutex::default(),
            longest_queue: Mutex::default(),
            blocking: Mutex::default(),
        }
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Exploration<'_> {
    pub(super) fn report(&self, outcome: &Outcome, notes: Vec<String>) -> Report {
        Report {
            test: self.config.name.clone(),
            executions: outcome.executions,
            steps: outcome.steps,
            seed: self.config.seed,
            strategy: self.config.strategy_name(),
            replayed: false,
            stopped_by: outcome.stopped_by,
            coverage: outcome.coverage,
            assumptions: outcome.assumptions.clone(),
            max_preemptions: self.config.max_preemptions,
            inputs: None,
            notes,
            files: outcome.files.clone(),
            lock_graph: outcome.lock_graph.clone(),
            trace: Trace::default(),
            failure: None,
        }
    }

    /// A failure about which nothing is known but its verdict.
    pub(super) fn failure(&self, verdict: Verdict, execution: u64) -> Failure {
        let name = &self.config.name;
        Failure {
            test: name.clone(),
            kind: verdict.kind,
            message: verdict.message,
            place: None,
            execution,
            seed: self.config.seed,
            seed_text: String::new(),
            token: String::new(),
            steps: 0,
            effort: Effort::default(),
            minimized: None,
            trace: Trace::default(),
            waits: Vec::new(),
            spins: Vec::new(),
            standing: None,
            race: None,
            cause: None,
            no_cause: None,
            lock_cycle: None,
            notes: Vec::new(),
            rerun: match &self.config.rerun {
                Rerun::Config => "Config::replay(\"{}\")".to_owned(),
                Rerun::CargoTest => format!("DRAWLOOM_REPLAY={{}} cargo test {name} -- --exact"),
                Rerun::Program => "run the same command with DRAWLOOM_REPLAY={}".to_owned(),
                Rerun::Command(command) => command.clone(),
            },
            shows_all: self.config.log == Log::Full,
            replayed: false,
        }
    }

    pub(super) fn seed(&self, execution: u64) -> ExecutionSeed {
        ExecutionSeed { strategy: self.config.strategy_name(), seed: self.config.seed, execution }
    }

    /// Runs execution `index` of this exploration.
    pub(super) fn run_index(
        &self,
        execution: &mut Execution,
        index: u64,
        profile: &Profile,
        mode: Mode,
    ) -> Option<Verdict> {
        if execution.has_hung() {
            return Some(Verdict::new(FailureKind::Hang, "an execution before this one has not come back"));
        }
        self.long.begin(index);
        execution.prepare(index, Rng::new(self.config.seed, index), mode);
        execution.begin(&Start { execution: index, profile });
        let stop = execution.run(self.body);
        self.judge(execution, &stop)
    }

    /// Judges the execution that has just ended with `stop`, and notes what it left if that is no failure.
    pub(super) fn judge(&self, execution: &Execution, stop: &Stop) -> Option<Verdict> {
        let verdict = judge(execution, stop, &self.config);
        let is_to_tell = verdict.is_none()
            && matches!(stop, Stop::Finished)
            && self.config.leaks == Policy::Warn
            && leak::is_any_left(execution);
        if is_to_tell {
            self.leaks.lock().unwrap_or_else(PoisonError::into_inner).add(execution);
        }
        if let Some(longest) = execution.kernel.longest_queue.filter(|&(count, _)| count >= MANY_MESSAGES) {
            let mut known = self.longest_queue.lock().unwrap_or_else(PoisonError::into_inner);
            *known = (*known).max(Some(longest));
        }
        if let (None, Some(poll)) = (&verdict, execution.kernel.tasks.blocking) {
            self.blocking.lock().unwrap_or_else(PoisonError::into_inner).insert(poll);
        }
        verdict
    }
}
