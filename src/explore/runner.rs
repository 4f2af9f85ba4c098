//! The loop over executions: budget, workers, regressions, and what is made of a failure.
//!
//! Every phase runs on OS threads of its own, so that a failure that spoils an OS thread (a double panic leaves
//! std's panic count wrong) ends with it. The reported failure is the lowest execution's, whatever the timing:
//! workers take executions in order, and after a failure only lower ones are finished.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Instant;

use super::artifacts::keep_report;
use super::confirm::{Explored, Told, graph_of};
use super::exhaustive::{Budget, End, Exhausted};
use super::judge::{Verdict, judge};
use super::minimize::Found;
use super::profile::{PROFILED, PROFILED_STEPS, Profile};
use super::progress::{Progress, Total};
use super::record::Record;
use super::regressions::{Regressions, file_name};
use super::replay::token_of;
use super::seed::ExecutionSeed;
use super::strategy::Start;
use super::token::Token;
use crate::config::{Config, ConfigError, Policy, Rerun, StrategyKind, Timeouts};
use crate::detect::leak::{self, Leaks};
use crate::detect::lock_order::LockOrder;
use crate::report::{
    Coverage, Effort, Failure, FailureKind, LockCycle, LockGraph, Minimized, Report, Trace, grouped,
};
use crate::rt::behaviour::Behaviours;
use crate::rt::execution::Mode;
use crate::rt::outcome::Stop;
use crate::rt::rng::Rng;
use crate::rt::{Execution, current, faults, panic};

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
    /// What was left in executions that passed.
    leaks: Mutex<Leaks>,
}

impl<'a> Exploration<'a> {
    pub(super) fn new(config: Config, body: Body<'a>) -> Exploration<'a> {
        Exploration { config, body, leaks: Mutex::default() }
    }
}

/// A failing execution, as found.
pub(super) struct Finding {
    pub(super) index: u64,
    pub(super) verdict: Verdict,
    pub(super) token: Token,
    pub(super) fingerprints: Vec<u8>,
    /// The predicted deadlock that it was led into, if it was.
    pub(super) led_into: Option<Led>,
    /// The schedule that was found, if this is a smaller one.
    pub(super) found: Option<Token>,
    pub(super) minimized: Option<Minimized>,
    pub(super) cause: Option<Found>,
}

/// A predicted deadlock, and how an execution was led into it.
#[derive(Clone)]
pub(super) struct Led {
    pub(super) cycle: LockCycle,
    /// Whether it followed what another one had done.
    pub(super) has_followed: bool,
}

/// What an exploration found, before it is described.
pub(super) struct Outcome {
    pub(super) executions: u64,
    pub(super) steps: u64,
    pub(super) stopped_by_time: bool,
    pub(super) coverage: Option<Coverage>,
    /// Whatever else there is to say.
    pub(super) notes: Vec<String>,
    /// What files were written.
    pub(super) files: Vec<String>,
    /// The order of locks, if it is to be drawn.
    pub(super) lock_graph: Option<LockGraph>,
    pub(super) finding: Option<Finding>,
    /// What is wrong, if it is not an execution.
    pub(super) verdict: Option<Verdict>,
}

impl Outcome {
    /// So many executions, and nothing else to tell.
    pub(super) fn of(executions: u64, steps: u64) -> Outcome {
        Outcome {
            executions,
            steps,
            stopped_by_time: false,
            coverage: None,
            notes: Vec::new(),
            files: Vec::new(),
            lock_graph: None,
            finding: None,
            verdict: None,
        }
    }
}

/// A number with two digits that mean something.
fn about(number: f64) -> String {
    let digits = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    grouped(((number / digits).round() * digits) as u64)
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
        let mut outcome = match self.verify()? {
            Some(outcome) => outcome,
            None => self.sample()?,
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
            stopped_by_time: outcome.stopped_by_time,
            coverage: outcome.coverage,
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
            race: None,
            cause: None,
            lock_cycle: None,
            notes: Vec::new(),
            rerun: match &self.config.rerun {
                Rerun::Config => "Config::replay(\"{}\")".to_owned(),
                Rerun::CargoTest => format!("DRAWLOOM_REPLAY={{}} cargo test {name} -- --exact"),
                Rerun::Program => "run the same command with DRAWLOOM_REPLAY={}".to_owned(),
                Rerun::Command(command) => command.clone(),
            },
            log: self.config.log,
            replayed: false,
        }
    }

    pub(super) fn seed(&self, execution: u64) -> ExecutionSeed {
        ExecutionSeed { strategy: self.config.strategy_name(), seed: self.config.seed, execution }
    }

    /// Runs `work` on a new OS thread with an execution of its own.
    pub(super) fn on_worker<R: Send>(
        &self,
        work: impl FnOnce(&mut Execution) -> R + Send,
    ) -> Result<R, ConfigError> {
        std::thread::scope(|scope| {
            let worker = self.start_worker(scope, work)?;
            Ok(join(worker))
        })
    }

    /// Runs `work` on `count` new OS threads, each with an execution of its own.
    pub(super) fn on_workers<R: Send>(
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
        let run = || {
            let mut execution = Execution::new(self.config.limits(), self.config.make_strategy());
            let seed = self.seed(0).to_string();
            let all = seed.strip_suffix('0').unwrap_or(&seed);
            execution.set_last_words(format!("{}; replay: DRAWLOOM_REPLAY={all}", self.config.name));
            work(&mut execution)
        };
        std::thread::Builder::new().name("drawloom".to_owned()).spawn_scoped(scope, run).map_err(|error| {
            ConfigError::new(format!("the operating system gives no thread for a worker: {error}"))
        })
    }

    /// Runs execution `index` of this exploration.
    pub(super) fn run_index(
        &self,
        execution: &mut Execution,
        index: u64,
        profile: &Profile,
        mode: Mode,
    ) -> Option<Verdict> {
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

    /// Explores every execution, if that is wanted. `None` if schedules are to be sampled instead.
    fn verify(&self) -> Result<Option<Outcome>, ConfigError> {
        let is_either = matches!(self.config.strategy, StrategyKind::Auto | StrategyKind::Exhaustive);
        if self.config.custom_strategy.is_some() || !is_either {
            return Ok(None);
        }
        let is_auto = self.config.strategy == StrategyKind::Auto && self.config.checkpoint.is_none();
        if self.config.timeouts == Timeouts::Any {
            let what = "timeouts that fire at any time (`timeouts = \"any\"`)";
            return Ok((!is_auto).then(|| self.unverified(None, what)));
        }
        let is_limited = is_auto || self.config.limits_executions;
        let budget = Budget {
            executions: match self.config.verify_within {
                Some(executions) if is_auto => executions,
                _ if is_limited => self.config.executions,
                _ => u64::MAX,
            },
            gives_up_early: is_auto,
            // Sampling is to have its part.
            time: if is_auto { self.config.time.map(|time| time / 2) } else { self.config.time },
        };
        let mut exhausted = self.exhaust(&budget)?;
        let notes = std::mem::take(&mut exhausted.notes);
        let reason = match &exhausted.end {
            End::Budget => format!("the {} executions that it was allowed", grouped(self.config.executions)),
            End::Time => "the time that it was allowed".to_owned(),
            End::Unsupported(what) => what.clone(),
            _ => String::new(),
        };
        let Exhausted { executions, steps, .. } = exhausted;
        let outcome = |coverage| Outcome { coverage, ..Outcome::of(executions, steps) };
        let lock_order = std::mem::take(&mut exhausted.lock_order);
        let mut explored = Explored::Some;
        let outcome = match exhausted.end {
            End::Complete => {
                explored = Explored::All;
                outcome(Some(Coverage::Verified))
            }
            End::Bounded => {
                explored = Explored::Bounded;
                outcome(Some(Coverage::Bounded))
            }
            End::Failed(finding) => {
                // Those counted so far passed.
                let executions = finding.index + 1;
                Outcome { executions, finding: Some(*finding), ..outcome(None) }
            }
            _ if is_auto => return Ok(None),
            _ => self.unverified(Some(&exhausted), &reason),
        };
        let mut outcome = Outcome { notes, ..outcome };
        if explored != Explored::Some {
            self.judge_lock_order(&lock_order, explored, &mut Told::new(), &mut outcome)?;
        }
        self.keep_lock_order(&lock_order, &mut outcome);
        Ok(Some(outcome))
    }

    /// The failure of an exploration that was to be exhaustive and is not.
    fn unverified(&self, exhausted: Option<&Exhausted>, reason: &str) -> Outcome {
        let (executions, steps) =
            exhausted.map_or((0, 0), |exhausted| (exhausted.executions, exhausted.steps));
        let is_unsupported = exhausted.is_none_or(|exhausted| matches!(exhausted.end, End::Unsupported(_)));
        let message = if is_unsupported {
            format!(
                "the test cannot be explored exhaustively because of {reason}; do without that, or let drawloom sample \
                 by `strategy = \"portfolio\"`"
            )
        } else {
            let share = exhausted.map_or(0.0, |exhausted| exhausted.share);
            let nowhere = match exhausted.map_or(0, |exhausted| exhausted.blocked) {
                0 => String::new(),
                blocked => format!(" and {} begun that led to no other", grouped(blocked)),
            };
            let estimate = match share {
                share if share > 0.0 => {
                    format!(", of probably more than {}", about(executions as f64 / share))
                }
                _ => String::new(),
            };
            format!(
                "there are more executions than {reason}: {} were explored{nowhere}{estimate}, and none failed; make the test \
                 smaller (fewer threads, fewer operations), raise `executions` or `time`, or let drawloom sample by \
                 `strategy = \"portfolio\"`",
                grouped(executions),
            )
        };
        let verdict = Verdict::new(FailureKind::Unverified, message);
        Outcome { verdict: Some(verdict), ..Outcome::of(executions, steps) }
    }

    /// Samples executions until one fails or the budget is used up.
    fn sample(&self) -> Result<Outcome, ConfigError> {
        let deadline = self.config.time.and_then(|time| Instant::now().checked_add(time));
        let mut outcome = Outcome::of(0, 0);
        let profiled = PROFILED.min(self.config.executions);
        let (profile, first) = self.on_worker(|execution| {
            execution.kernel.behaviour.is_wanted = true;
            self.profile(execution, profiled)
        })?;
        let Profiled { outcome: first, mut behaviours, mut lock_order } = first;
        outcome.executions = first.executions;
        outcome.steps = first.steps;
        outcome.finding = first.finding;
        let mut told = Told::new();
        self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
        if outcome.finding.is_some() || outcome.verdict.is_some() {
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        if profiled == self.config.executions {
            outcome.coverage = Some(sampled(behaviours));
            self.keep_lock_order(&lock_order, &mut outcome);
            return Ok(outcome);
        }
        let progress = Progress::new(&self.config.name);
        let next = AtomicU64::new(profiled);
        let lowest = AtomicU64::new(self.config.executions);
        let finding: Mutex<Option<Finding>> = Mutex::new(None);
        let out_of_time = AtomicU64::new(0);
        let counts = self.on_workers(self.config.workers, |execution| {
            let (mut executions, mut steps) = (0, 0);
            let mut behaviours = Behaviours::default();
            let mut lock_order = LockOrder::default();
            execution.kernel.behaviour.is_wanted = true;
            loop {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    out_of_time.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= lowest.load(Ordering::Relaxed) {
                    break;
                }
                if index.is_multiple_of(64) {
                    progress.show(index, Total::Exactly(self.config.executions));
                }
                let verdict = self.run_index(execution, index, &profile, QUIET);
                executions += 1;
                steps += execution.kernel.steps;
                behaviours.add(execution.kernel.behaviour.sum());
                lock_order.add(execution, index);
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
            (executions, steps, behaviours, lock_order)
        })?;
        progress.finish();
        for (executions, steps, seen, locks) in counts {
            behaviours.append(seen);
            lock_order.merge(locks);
            outcome.executions += executions;
            outcome.steps += steps;
        }
        outcome.finding = finding.into_inner().unwrap_or_else(PoisonError::into_inner);
        match &outcome.finding {
            // Higher ones may have run as well, or not: that depends on the timing.
            Some(finding) => outcome.executions = finding.index + 1,
            None => {
                outcome.stopped_by_time = out_of_time.into_inner() > 0;
                outcome.coverage = Some(sampled(behaviours));
                self.judge_lock_order(&lock_order, Explored::Some, &mut told, &mut outcome)?;
            }
        }
        self.keep_lock_order(&lock_order, &mut outcome);
        Ok(outcome)
    }

    /// Draws the order of locks where artifacts go.
    fn keep_lock_order(&self, lock_order: &LockOrder, outcome: &mut Outcome) {
        let Some(folder) = &self.config.artifacts else { return };
        let Some(graph) = graph_of(lock_order) else { return };
        let path = folder.join(format!("{}.lock-order.svg", file_name(&self.config.name)));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(path.with_extension("dot"), graph.dot()))
            .and_then(|()| std::fs::write(&path, graph.svg()));
        outcome.files.push(match written {
            Ok(()) => format!("the order of locks is drawn in {}", path.display()),
            Err(error) => format!("the order of locks could not be written to {}: {error}", path.display()),
        });
        outcome.lock_graph = Some(graph);
    }

    /// Runs the first executions, one after the other, and gathers what they look like. The very first is
    /// run twice: if the two differ, something that is not controlled decides.
    pub(super) fn profile(&self, execution: &mut Execution, count: u64) -> (Profile, Profiled) {
        let mut profile = Profile::default();
        let mut behaviours = Behaviours::default();
        let mut lock_order = LockOrder::default();
        let mut outcome = Outcome::of(0, 0);
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
            behaviours.add(execution.kernel.behaviour.sum());
            lock_order.add(execution, index);
            profile.add(execution);
        }
        (profile, Profiled { outcome, behaviours, lock_order })
    }
}

/// What came of the first executions.
pub(super) struct Profiled {
    outcome: Outcome,
    behaviours: Behaviours,
    lock_order: LockOrder,
}

fn sampled(behaviours: Behaviours) -> Coverage {
    let (distinct, unseen) = behaviours.estimate();
    Coverage::Sampled { distinct, unseen }
}

fn join<R>(worker: ScopedJoinHandle<'_, R>) -> R {
    worker.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
}

pub(super) fn nondeterminism(difference: &str) -> Verdict {
    Verdict::new(
        FailureKind::Nondeterminism,
        format!(
            "two runs of one schedule differ: {difference}; something that drawloom does not control decides: real \
             time, I/O, std's HashMap, data kept in statics, an address, or a thread that it does not know"
        ),
    )
}

impl Finding {
    pub(super) fn new(index: u64, verdict: Verdict, execution: &mut Execution) -> Finding {
        let token = token_of(execution, verdict.kind == FailureKind::Livelock);
        let mut fingerprints = std::mem::take(&mut execution.fingerprints);
        if token.goes_on() {
            fingerprints.truncate(token.length() as usize);
        }
        Finding {
            index,
            verdict,
            token,
            fingerprints,
            led_into: None,
            found: None,
            minimized: None,
            cause: None,
        }
    }
}
