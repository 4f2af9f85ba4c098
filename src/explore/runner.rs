//! The loop over executions: budget, workers, regressions, and what is made of a failure.
//!
//! Every phase runs on OS threads of its own, so that a failure that spoils an OS thread (a double panic leaves
//! std's panic count wrong) ends with it. The reported failure is the lowest execution's, whatever the timing: workers take
//! executions in order, and after a failure only lower ones are finished.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use super::describe::describe;
use super::judge::{Verdict, judge};
use super::profile::{PROFILED, PROFILED_STEPS, Profile};
use super::regressions::Regressions;
use super::replay::{Divergence, Replay, token_of};
use super::seed::ExecutionSeed;
use super::strategy::Start;
use super::token::{Token, TokenError};
use crate::config::{Config, ConfigError, Rerun, StrategyKind};
use crate::report::{Failure, FailureKind, Report};
use crate::rt::execution::Mode;
use crate::rt::op::Event;
use crate::rt::rng::Rng;
use crate::rt::{Execution, current, faults, panic};

/// How many events of a failing execution are kept for the report.
const TRACED_STEPS: usize = 1_000_000;

const QUIET: Mode = Mode { trace_limit: 0, print_panics: false };
const PROFILING: Mode = Mode { trace_limit: PROFILED_STEPS, print_panics: false };
const TRACING: Mode = Mode { trace_limit: TRACED_STEPS, print_panics: false };

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
    let exploration = Exploration { config, body: &body };
    exploration.run().unwrap_or_else(|error| exploration.refuse(&error))
}

struct Exploration<'a> {
    config: Config,
    body: Body<'a>,
}

/// A failing execution, as found.
struct Finding {
    index: u64,
    verdict: Verdict,
    token: Token,
    fingerprints: Vec<u8>,
}

/// What an exploration found, before it is described.
struct Outcome {
    executions: u64,
    steps: u64,
    stopped_by_time: bool,
    finding: Option<Finding>,
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
        panic::install_hook();
        faults::install();
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
        let outcome = self.sample()?;
        let mut report = self.report(&outcome, notes);
        if let Some(finding) = outcome.finding {
            let failure = self.second_run(finding)?;
            if let Some(regressions) = &regressions
                && failure.kind != FailureKind::Nondeterminism
            {
                let comment = format!("{}: {}", failure.kind, failure.message);
                report.notes.push(match regressions.add(&failure.token, &comment) {
                    Ok(()) => format!("the schedule was added to {}", regressions.label()),
                    Err(error) => format!(
                        "the schedule could not be added to {}: {error}; make the folder writable, or keep the token",
                        regressions.label()
                    ),
                });
            }
            report.failure = Some(Box::new(failure));
        }
        Ok(report)
    }

    fn report(&self, outcome: &Outcome, notes: Vec<String>) -> Report {
        Report {
            test: self.config.name.clone(),
            executions: outcome.executions,
            steps: outcome.steps,
            seed: self.config.seed,
            strategy: self.config.strategy_name(),
            replayed: false,
            stopped_by_time: outcome.stopped_by_time,
            notes,
            failure: None,
        }
    }

    /// The report of an exploration that could not be started.
    fn refuse(&self, error: &ConfigError) -> Report {
        let nothing = Outcome { executions: 0, steps: 0, stopped_by_time: false, finding: None };
        let failure = self.failure(Verdict::new(FailureKind::Misuse, error.to_string()), 0);
        Report { failure: Some(Box::new(failure)), ..self.report(&nothing, Vec::new()) }
    }

    /// A failure about which nothing is known but its verdict.
    fn failure(&self, verdict: Verdict, execution: u64) -> Failure {
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
            threads: Vec::new(),
            rows: Vec::new(),
            waits: Vec::new(),
            notes: Vec::new(),
            rerun: match self.config.rerun {
                Rerun::Config => "Config::replay(\"{}\")".to_owned(),
                Rerun::CargoTest => format!("DRAWLOOM_REPLAY={{}} cargo test {name} -- --exact"),
                Rerun::Program => "run the same command with DRAWLOOM_REPLAY={}".to_owned(),
            },
            log: self.config.log,
            replayed: false,
        }
    }

    fn seed(&self, execution: u64) -> ExecutionSeed {
        ExecutionSeed { strategy: self.config.strategy_name(), seed: self.config.seed, execution }
    }

    /// Runs `work` on a new OS thread with an execution of its own.
    fn on_worker<R: Send>(&self, work: impl FnOnce(&mut Execution) -> R + Send) -> Result<R, ConfigError> {
        std::thread::scope(|scope| {
            let worker = self.start_worker(scope, work)?;
            Ok(join(worker))
        })
    }

    /// Runs `work` on `count` new OS threads, each with an execution of its own.
    fn on_workers<R: Send>(
        &self,
        count: usize,
        work: impl Fn(&mut Execution) -> R + Sync,
    ) -> Result<Vec<R>, ConfigError> {
        std::thread::scope(|scope| {
            let start = |_| self.start_worker(scope, &work);
            let workers: Result<Vec<_>, ConfigError> = (0..count).map(start).collect();
            Ok(workers?.into_iter().map(join).collect())
        })
    }

    fn start_worker<'scope, R: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        work: impl FnOnce(&mut Execution) -> R + Send + 'scope,
    ) -> Result<ScopedJoinHandle<'scope, R>, ConfigError> {
        let run = || work(&mut Execution::new(self.config.limits(), self.config.make_strategy()));
        std::thread::Builder::new().name("drawloom".to_owned()).spawn_scoped(scope, run).map_err(|error| {
            ConfigError::new(format!("the operating system gives no thread for a worker: {error}"))
        })
    }

    /// Runs execution `index` of this exploration.
    fn run_index(
        &self,
        execution: &mut Execution,
        index: u64,
        profile: &Profile,
        mode: Mode,
    ) -> Option<Verdict> {
        execution.prepare(Rng::new(self.config.seed, index), mode);
        execution.begin(&Start { execution: index, profile });
        let stop = execution.run(self.body);
        judge(execution, &stop, self.config.allow_leaked_threads)
    }

    /// Samples executions until one fails or the budget is used up.
    fn sample(&self) -> Result<Outcome, ConfigError> {
        let deadline = self.config.time.and_then(|time| Instant::now().checked_add(time));
        let mut outcome = Outcome { executions: 0, steps: 0, stopped_by_time: false, finding: None };
        let profiled = PROFILED.min(self.config.executions);
        let (profile, first) = self.on_worker(|execution| self.profile(execution, profiled))?;
        outcome.executions = first.executions;
        outcome.steps = first.steps;
        outcome.finding = first.finding;
        if outcome.finding.is_some() || profiled == self.config.executions {
            return Ok(outcome);
        }
        let next = AtomicU64::new(profiled);
        let lowest = AtomicU64::new(self.config.executions);
        let finding: Mutex<Option<Finding>> = Mutex::new(None);
        let out_of_time = AtomicU64::new(0);
        let counts = self.on_workers(self.config.workers, |execution| {
            let (mut executions, mut steps) = (0, 0);
            loop {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    out_of_time.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= lowest.load(Ordering::Relaxed) {
                    break;
                }
                let verdict = self.run_index(execution, index, &profile, QUIET);
                executions += 1;
                steps += execution.kernel.steps;
                if let Some(verdict) = verdict {
                    if lowest.fetch_min(index, Ordering::Relaxed) > index {
                        let mut finding = finding.lock().unwrap_or_else(PoisonError::into_inner);
                        if finding.as_ref().is_none_or(|known| known.index > index) {
                            *finding = Some(Finding::new(index, verdict, execution));
                        }
                    }
                    break;
                }
            }
            (executions, steps)
        })?;
        for (executions, steps) in counts {
            outcome.executions += executions;
            outcome.steps += steps;
        }
        outcome.finding = finding.into_inner().unwrap_or_else(PoisonError::into_inner);
        match &outcome.finding {
            // Higher ones may have run as well, or not: that depends on the timing.
            Some(finding) => outcome.executions = finding.index + 1,
            None => outcome.stopped_by_time = out_of_time.into_inner() > 0,
        }
        Ok(outcome)
    }

    /// Runs the first executions, one after the other, and gathers what they look like. The very first is
    /// run twice: if the two differ, something that is not controlled decides.
    fn profile(&self, execution: &mut Execution, count: u64) -> (Profile, Outcome) {
        let mut profile = Profile::default();
        let mut outcome = Outcome { executions: 0, steps: 0, stopped_by_time: false, finding: None };
        let counting = if execution.wants_counts() { PROFILING } else { QUIET };
        for index in 0..count {
            let mode = if index == 0 { PROFILING } else { counting };
            let mut verdict = self.run_index(execution, index, &profile, mode);
            outcome.executions += 1;
            outcome.steps += execution.kernel.steps;
            if verdict.is_none() && index == 0 {
                let first = Record::of(execution);
                verdict = self.run_index(execution, index, &profile, PROFILING);
                let difference = first.difference(&Record::of(execution), execution);
                verdict = match (difference, verdict) {
                    // It says why the two differ.
                    (_, Some(second)) if second.kind == FailureKind::Misuse => Some(second),
                    (Some(difference), Some(second)) => Some(nondeterminism(&format!(
                        "{difference}; the second failed with {}: {}",
                        second.kind, second.message
                    ))),
                    (Some(difference), None) => Some(nondeterminism(&difference)),
                    (None, Some(second)) => Some(nondeterminism(&format!(
                        "no operation differs, but the first passed and the second failed with {}: {}",
                        second.kind, second.message
                    ))),
                    (None, None) => None,
                };
            }
            if let Some(verdict) = verdict {
                outcome.finding = Some(Finding::new(index, verdict, execution));
                break;
            }
            profile.add(execution);
        }
        (profile, outcome)
    }

    /// Runs a failing schedule again, to see that it fails again, and to describe it.
    fn second_run(&self, finding: Finding) -> Result<Failure, ConfigError> {
        let seed = self.seed(finding.index);
        let mut failure = if finding.verdict.kind == FailureKind::Nondeterminism {
            self.failure(finding.verdict, finding.index)
        } else {
            self.on_worker(|execution| {
                let (verdict, divergence) = self.follow(execution, finding.token, TRACING);
                let differs = Record::difference_of_fingerprints(&finding.fingerprints, execution);
                let same = verdict.as_ref().is_some_and(|second| second.kind == finding.verdict.kind);
                let difference = match divergence {
                    Some(Divergence { step, reason }) => Some(format!("at step {step}: {reason}")),
                    None => differs,
                };
                if same && difference.is_none() {
                    let mut failure = self.describe(execution, finding.verdict, finding.index);
                    if let Some(second) = verdict.filter(|second| second.message != failure.message) {
                        failure.notes.push(format!(
                            "the second run of this schedule failed with another message: {}; a value that the schedule does not determine (data in a static, an address, real time) is involved",
                            second.message
                        ));
                    }
                    failure
                } else {
                    let first = format!("{}: {}", finding.verdict.kind, finding.verdict.message);
                    let second = match &verdict {
                        Some(verdict) => format!("failed with {}: {}", verdict.kind, verdict.message),
                        None => "passed".to_owned(),
                    };
                    let difference = difference.unwrap_or_else(|| "no operation differs".to_owned());
                    let verdict = nondeterminism(&format!(
                        "the first run failed with {first}; the second {second}; {difference}"
                    ));
                    self.describe(execution, verdict, finding.index)
                }
            })?
        };
        failure.seed_text = seed.to_string();
        Ok(failure)
    }

    /// Runs the schedule of a token.
    fn follow(
        &self,
        execution: &mut Execution,
        token: Token,
        mode: Mode,
    ) -> (Option<Verdict>, Option<Divergence>) {
        execution.kernel.limits.timeouts = token.timeouts;
        execution.kernel.limits.spurious = token.spurious;
        let divergence = Arc::new(Mutex::new(None));
        execution.set_strategy(Box::new(Replay::new(token, Arc::clone(&divergence))));
        let verdict = self.run_index(execution, 0, &Profile::default(), mode);
        let divergence = divergence.lock().unwrap_or_else(PoisonError::into_inner).take();
        (verdict, divergence)
    }

    fn describe(&self, execution: &Execution, verdict: Verdict, index: u64) -> Failure {
        let description = describe(execution, &verdict);
        Failure {
            place: description.place,
            steps: description.steps,
            threads: description.threads,
            rows: description.rows,
            waits: description.waits,
            notes: description.notes,
            token: token_of(execution).encode(),
            ..self.failure(verdict, index)
        }
    }

    /// Runs the schedules that made this test fail before. A report if one does again.
    fn run_regressions(
        &self,
        regressions: &Regressions,
        notes: &mut Vec<String>,
    ) -> Result<Option<Report>, ConfigError> {
        let tokens = match regressions.tokens() {
            Ok(tokens) => tokens,
            Err(error) => {
                notes.push(format!("{} could not be read: {error}", regressions.label()));
                return Ok(None);
            }
        };
        for (line, text) in tokens {
            let place = format!("line {line} of {}", regressions.label());
            let token = match Token::decode(&text) {
                Ok(token) => token,
                Err(error) => {
                    notes.push(format!("{place} was left out: {error}; or remove the line"));
                    continue;
                }
            };
            let run = |execution: &mut Execution| {
                let (verdict, divergence) = self.follow(execution, token, TRACING);
                (verdict.map(|verdict| self.describe(execution, verdict, 0)), divergence)
            };
            let (failure, divergence) = self.on_worker(run)?;
            if let Some(mut failure) = failure {
                failure.seed_text.clone_from(&failure.token);
                failure.notes.push(format!("the schedule is from {place}"));
                failure.replayed = true;
                let one =
                    Outcome { executions: 1, steps: failure.steps, stopped_by_time: false, finding: None };
                let report = self.report(&one, std::mem::take(notes));
                return Ok(Some(Report { failure: Some(Box::new(failure)), ..report }));
            }
            if let Some(Divergence { step, reason }) = divergence {
                notes.push(format!(
                    "{place} no longer fits the test (step {step}: {reason}) and shows nothing any more; remove the line"
                ));
            }
        }
        Ok(None)
    }

    /// Runs the one execution that `text` names.
    fn replay(&self, text: &str) -> Result<Report, ConfigError> {
        let mode = Mode { print_panics: true, ..TRACING };
        let (index, failure, divergence, steps) = match ExecutionSeed::parse(text) {
            Some(seed) => {
                let mut config = self.config.clone();
                config.seed = seed.seed;
                if seed.strategy != config.strategy_name() {
                    config.strategy = seed.strategy.parse::<StrategyKind>()?;
                    config.custom_strategy = None;
                }
                let this = Exploration { config, body: self.body };
                let run = |execution: &mut Execution| {
                    let (profile, _) = this.profile_before(execution, seed.execution);
                    let verdict = this.run_index(execution, seed.execution, &profile, mode);
                    let failure = verdict.map(|verdict| this.describe(execution, verdict, seed.execution));
                    (failure, execution.kernel.steps)
                };
                let (failure, steps) = this.on_worker(run)?;
                (seed.execution, failure, None, steps)
            }
            None => {
                let token = Token::decode(text).map_err(|error: TokenError| {
                    ConfigError::new(format!("`{text}` cannot be replayed: {error}"))
                })?;
                let run = |execution: &mut Execution| {
                    let (verdict, divergence) = self.follow(execution, token, mode);
                    let failure = verdict.map(|verdict| self.describe(execution, verdict, 0));
                    (failure, divergence, execution.kernel.steps)
                };
                let (failure, divergence, steps) = self.on_worker(run)?;
                (0, failure, divergence, steps)
            }
        };
        let one = Outcome { executions: 1, steps, stopped_by_time: false, finding: None };
        let mut report = self.report(&one, Vec::new());
        report.replayed = true;
        if let Some(Divergence { step, reason }) = divergence {
            report.notes.push(format!(
                "the schedule no longer fits the test: at step {step} the replay {reason}; from there on it went its own way, so what it shows need not be what the schedule showed"
            ));
        }
        report.failure = failure.map(|mut failure| {
            failure.seed_text = text.to_owned();
            failure.execution = index;
            failure.replayed = true;
            Box::new(failure)
        });
        Ok(report)
    }

    /// The profile that execution `index` was run with.
    fn profile_before(&self, execution: &mut Execution, index: u64) -> (Profile, Outcome) {
        self.profile(execution, index.min(PROFILED))
    }
}

fn join<R>(worker: ScopedJoinHandle<'_, R>) -> R {
    worker.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

fn nondeterminism(difference: &str) -> Verdict {
    Verdict::new(
        FailureKind::Nondeterminism,
        format!(
            "two runs of one schedule differ: {difference}; something that drawloom does not control decides: real time, I/O, std's HashMap, data kept in statics, an address, or a thread that it does not know"
        ),
    )
}

impl Finding {
    fn new(index: u64, verdict: Verdict, execution: &mut Execution) -> Finding {
        let token = token_of(execution);
        let fingerprints = std::mem::take(&mut execution.fingerprints);
        Finding { index, verdict, token, fingerprints }
    }
}

/// What an execution did, to compare another run of the same schedule with it.
struct Record {
    fingerprints: Vec<u8>,
    trace: Vec<Event>,
}

impl Record {
    fn of(execution: &Execution) -> Record {
        Record { fingerprints: execution.fingerprints.clone(), trace: execution.trace.clone() }
    }

    /// The first step at which the two differ, with what each did.
    fn difference(&self, second: &Record, execution: &Execution) -> Option<String> {
        let step = first_difference(&self.fingerprints, &second.fingerprints)?;
        let show = |record: &Record| match record.trace.get(step) {
            Some(event) => format!(
                "{} did {} at {}",
                execution.thread_label(event.thread),
                event.op.kind.verb(),
                event.op.location
            ),
            None => "it had ended".to_owned(),
        };
        let (first, second) = (show(self), show(second));
        Some(format!("at step {}, in the first run {first}, in the second {second}", step + 1))
    }

    /// As `difference`, where only the second run, `execution`, was traced.
    fn difference_of_fingerprints(first: &[u8], execution: &Execution) -> Option<String> {
        let step = first_difference(first, &execution.fingerprints)?;
        let second = match execution.trace.get(step) {
            Some(event) => format!(
                "in the second run {} did {} at {}, in the first something else",
                execution.thread_label(event.thread),
                event.op.kind.verb(),
                event.op.location
            ),
            None => "the second run had ended there".to_owned(),
        };
        Some(format!("at step {}, {second}", step + 1))
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let common = a.iter().zip(b).position(|(a, b)| a != b);
    common.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}
