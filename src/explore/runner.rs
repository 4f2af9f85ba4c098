//! An exploration from its beginning to its report: what is run, in which order, and what is made of a failure.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::artifacts::keep_report;
use super::finding::Outcome;
use super::judge::{Verdict, judge};
use super::long::Long;
use super::regressions::Regressions;
use super::replay::token_of;
use super::seed::ExecutionSeed;
use super::verification::Verification;
use crate::config::{Config, ConfigError, Log, Policy, Rerun};
use crate::detect::leak::{self, Leaks};
use crate::report::{Effort, Failure, FailureKind, Report, Trace};
use crate::rt::decide::profile::{PROFILED_STEPS, Profile};
use crate::rt::decide::strategy::Start;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rng::Rng;
use crate::rt::process::faults;
use crate::rt::process::last_words;
use crate::rt::run::execution::Mode;
use crate::rt::run::panic;
use crate::rt::{Execution, current};

/// How many events of a failing execution are kept for the report.
const TRACED_STEPS: usize = 1_000_000;

/// The longest token that is kept in the regressions folder: the schedule of some ten thousand steps.
const KEPT_TOKEN_LENGTH: usize = 1 << 16;

pub(super) const QUIET: Mode = Mode { trace_limit: 0, print_panics: false, stacks_from: None };
pub(super) const PROFILING: Mode = Mode { trace_limit: PROFILED_STEPS, ..QUIET };
pub(super) const TRACING: Mode = Mode { trace_limit: TRACED_STEPS, ..QUIET };
/// As `TRACING`, for a report of whatever comes of it.
pub(super) const REPORTING: Mode = Mode { stacks_from: Some(0), ..TRACING };

/// The body of a test.
type Body<'a> = &'a (dyn Fn() + Sync);

/// Runs `body` many times under the control of `config`'s strategy and tells what came of it.
///
/// Every use of a type of this crate inside `body`, and in the threads that it spawns, is a scheduling
/// point. Never panics: a wrong setting, or an exploration inside an exploration, is reported as a failure of
/// kind [`FailureKind::Misuse`].
///
/// # Example
///
/// ```
/// use drawloom::sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}};
/// use drawloom::{Config, FailureKind, explore, thread};
///
/// let report = explore(Config::new(), || {
///     let count = Arc::new(AtomicU32::new(0));
///     let other = Arc::clone(&count);
///     let thread = thread::spawn(move || other.store(other.load(SeqCst) + 1, SeqCst));
///     count.store(count.load(SeqCst) + 1, SeqCst);
///     thread.join().unwrap();
///     assert_eq!(count.load(SeqCst), 2);
/// });
/// assert!(report.failed_with(FailureKind::Panic));
/// ```
pub fn explore<F>(config: Config, body: F) -> Report
where
    F: Fn() + Send + Sync,
{
    let mut report = explore_only(config.clone(), body);
    keep_report(&config, &mut report);
    report
}

/// As `explore`, for one that is a part of another: nothing is written of its report.
pub(crate) fn explore_only<F>(config: Config, body: F) -> Report
where
    F: Fn() + Send + Sync,
{
    let exploration = Exploration::new(config, &body);
    exploration.run().unwrap_or_else(|error| exploration.refuse(&error))
}

pub(super) struct Exploration<'a> {
    pub(super) config: Config,
    pub(super) body: Body<'a>,
    /// When all of it has to be over.
    pub(super) deadline: Option<Instant>,
    /// Tells that it takes long.
    pub(super) long: Arc<Long>,
    /// What was left in executions that passed.
    leaks: Mutex<Leaks>,
}

impl<'a> Exploration<'a> {
    pub(super) fn new(config: Config, body: Body<'a>) -> Exploration<'a> {
        let deadline = config.time.and_then(|time| Instant::now().checked_add(time));
        let long = Long::new(&config.name);
        Exploration { config, body, deadline, long, leaks: Mutex::default() }
    }

    /// Whether the time is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Exploration<'_> {
    fn run(&self) -> Result<Report, ConfigError> {
        self.config.check()?;
        if let Some(outer) = current() {
            let message = "an exploration inside an exploration; `explore` and `#[drawloom::test]` cannot be nested: \
                           call the inner test's body as a plain function";
            outer.note_misuse(message.to_owned());
            return Err(ConfigError::new(message));
        }
        if self.config.log != Log::Off {
            self.long.listen();
        }
        panic::install_hook();
        faults::install();
        last_words::prepare(|execution| token_of(execution, FailureKind::Crash).encode());
        if let Some(replay) = &self.config.replay {
            return self.replay(replay);
        }
        let mut notes = Vec::new();
        let regressions = self
            .config
            .regressions
            .as_ref()
            .map(|folder| Regressions::new(folder, self.config.regression_name()));
        if let Some(regressions) = &regressions
            && let Some(report) = self.run_regressions(regressions, &mut notes)?
        {
            return Ok(report);
        }
        let mut outcome = match self.verify()? {
            Verification::Done(outcome) => outcome,
            Verification::Sample(reason) => {
                let outcome = self.sample(self.config.executions)?;
                notes.extend(reason.map(|reason| format!("not verified, because of {reason}")));
                outcome
            }
            Verification::SampleAsWell(verified, executions) => {
                let sampled = self.sample(executions)?;
                if sampled.has_failed() {
                    sampled
                } else {
                    Outcome { steps: verified.steps + sampled.steps, ..verified }
                }
            }
        };
        notes.append(&mut outcome.notes);
        if outcome.finding.is_none() {
            let leaks = std::mem::take(&mut *self.leaks.lock().unwrap_or_else(PoisonError::into_inner));
            notes.extend(leaks.into_words());
        }
        let mut report = self.report(&outcome, notes);
        if let Some(verdict) = outcome.verdict {
            report.failure = Some(Box::new(self.failure(verdict, outcome.executions)));
        }
        if let Some(finding) = outcome.finding {
            let failure = self.second_run(self.minimize(finding)?)?;
            if let Some(regressions) = &regressions
                && failure.kind != FailureKind::Nondeterminism
            {
                let comment = format!("{}: {}", failure.kind, failure.message);
                report.notes.push(if failure.token.len() > KEPT_TOKEN_LENGTH {
                    format!(
                        "the schedule is too long to be kept in {} ({} characters); replay it by its seed",
                        regressions.label(),
                        failure.token.len()
                    )
                } else {
                    match regressions.add(&failure.token, &comment) {
                        Ok(()) => format!("the schedule was added to {}", regressions.label()),
                        Err(error) => format!(
                            "the schedule could not be added to {}: {error}; make the folder writable, or keep the token",
                            regressions.label()
                        ),
                    }
                });
            }
            report.failure = Some(Box::new(failure));
        }
        Ok(report)
    }

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

    /// The report of an exploration that could not be started.
    fn refuse(&self, error: &ConfigError) -> Report {
        let nothing = Outcome::of(0, 0);
        let failure = self.failure(Verdict::new(FailureKind::Misuse, error.to_string()), 0);
        Report { failure: Some(Box::new(failure)), ..self.report(&nothing, Vec::new()) }
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
            && leak::left(execution).next().is_some();
        if is_to_tell {
            self.leaks.lock().unwrap_or_else(PoisonError::into_inner).add(execution);
        }
        verdict
    }
}
