//! Running known schedules again: a failure that was just found, one that was found earlier, one that somebody
//! asks for.

use std::sync::{Arc, Mutex, PoisonError};

use super::describe::{Rows, describe, tell_cause, trace};
use super::exploration::{Exploration, QUIET, REPORTING, TRACING};
use super::finding::{Finding, Found, Led, Outcome};
use super::judge::{Verdict, nondeterminism};
use super::replay::{Divergence, Replay, token_of};
use crate::config::{ConfigError, Log, StrategyKind};
use crate::explore::replay::record::Record;
use crate::explore::replay::regressions::Regressions;
use crate::explore::replay::seed::ExecutionSeed;
use crate::explore::replay::token::{Token, TokenError};
use crate::report::{Failure, FailureKind, Report, Trace};
use crate::rt::Execution;
use crate::rt::decide::profile::{PROFILED, Profile};
use crate::rt::op::Note;
use crate::rt::op::limits::{MemoryModel, Timeouts};
use crate::rt::record::evidence::STACKED_STEPS;
use crate::rt::run::execution::Mode;
use crate::shrink::NoCause;

/// How often a failing schedule is run in addition, and up to how many steps.
const RUNS: u32 = 20;
const SHORT: usize = 2_000;

/// How many schedules of earlier failures are run at most: some hundred milliseconds.
const MOST_REGRESSIONS: usize = 1_000;

/// How many lines that cannot be read are told one by one.
const SAID_UNREADABLE: u32 = 5;

impl Exploration<'_> {
    /// Runs a failing schedule again, to see that it fails again, and to describe it.
    pub(super) fn second_run(&self, finding: Finding) -> Result<Failure, ConfigError> {
        let seed = self.seed(finding.index);
        let found = finding.found.as_ref().unwrap_or(&finding.token);
        let has_seed = !found.directed && !found.orders_polls && finding.led_into.is_none();
        let led_into = finding.led_into.clone();
        let minimized = finding.minimized;
        let mut failure = if finding.verdict.kind == FailureKind::Nondeterminism {
            self.failure(finding.verdict, finding.index)
        } else {
            self.on_worker(|execution| {
                let goes_on = finding.token.goes_on();
                let steps = finding.fingerprints.len() as u64;
                let mode = Mode { stacks_from: Some(steps.saturating_sub(STACKED_STEPS)), ..TRACING };
                let kind = Some(finding.verdict.kind);
                // It would hang again: what there is to see comes before.
                let hangs = kind == Some(FailureKind::Hang);
                execution.stops_after = hangs.then_some(steps);
                let (verdict, divergence) = self.follow(execution, finding.token.clone(), kind, mode);
                execution.stops_after = None;
                if hangs {
                    execution.hang.clone_from(&finding.hang);
                }
                if goes_on {
                    execution.fingerprints.truncate(finding.fingerprints.len());
                }
                let differs = Record::difference_of_fingerprints(&finding.fingerprints, execution);
                let same = verdict.as_ref().is_some_and(|second| second.kind == finding.verdict.kind);
                let difference = match divergence {
                    Some(Divergence { step, reason }) => Some(format!("at step {step}: {reason}")),
                    None => differs,
                };
                if same && difference.is_none() || hangs {
                    let mut failure = self.describe(execution, finding.verdict.clone(), finding.index, Rows::Last);
                    tell_cause(&mut failure, execution, finding.cause.as_ref());
                    if let Some(verdict) = self.fails_by_luck(execution, &finding) {
                        return self.failure(verdict, finding.index);
                    }
                    if hangs && (!same || difference.is_some()) {
                        // What the first run has left behind, a lock that is held for ever, say, may decide.
                        let difference = difference.unwrap_or_else(|| "it did not come so far".to_owned());
                        failure.notes.push(format!(
                            "the steps are those of a second run of this schedule, which differs from the first: {difference}"
                        ));
                        return failure;
                    }
                    if let Some(second) = verdict.filter(|second| second.message != failure.message && !hangs) {
                        failure.notes.push(format!(
                            "the second run of this schedule failed with another message: {}; a value that the \
                             schedule does not determine (data in a static, an address, real time) is involved",
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
                    self.describe(execution, verdict, finding.index, Rows::Last)
                }
            })?
        };
        // No seed finds one execution of an exhaustive exploration alone, or one that was steered.
        failure.seed_text = if has_seed { seed.to_string() } else { failure.token.clone() };
        if let Some(Led { cycle, has_followed }) = led_into {
            let how = match has_followed {
                true => "what one of them did, with some of it left out, leads into it",
                false => "an execution was steered into it",
            };
            failure.notes.push(format!(
                "this deadlock was predicted from the order of locks in executions that passed, and {how}"
            ));
            failure.lock_cycle = Some(cycle);
        }
        failure.minimized = minimized;
        Ok(failure)
    }

    /// Runs a schedule that has failed twice some times more, if that costs little: if one of them does not fail, something
    /// decides that drawloom does not control, as a drawn number does.
    fn fails_by_luck(&self, execution: &mut Execution, finding: &Finding) -> Option<Verdict> {
        let Finding { verdict, token, fingerprints, .. } = finding;
        let is_short = fingerprints.len() <= SHORT;
        if !is_short || self.is_late() || token.goes_on() || !self.is_to_be_shrunk(verdict.kind) {
            return None;
        }
        for _ in 0..RUNS {
            let (again, _) = self.follow(execution, token.clone(), Some(verdict.kind), QUIET);
            let second = match again {
                Some(again) if again.kind == verdict.kind => continue,
                Some(again) => format!("failed with {}: {}", again.kind, again.message),
                None => "passed".to_owned(),
            };
            return Some(nondeterminism(&format!(
                "some runs failed with {}: {}; one {second}",
                verdict.kind, verdict.message
            )));
        }
        None
    }

    /// Runs the schedule of a token, which failed with `kind`, if that is known.
    fn follow(
        &self,
        execution: &mut Execution,
        token: Token,
        kind: Option<FailureKind>,
        mode: Mode,
    ) -> (Option<Verdict>, Option<Divergence>) {
        self.prepare_for(execution, &token, kind);
        let divergence = Arc::new(Mutex::new(None));
        execution.set_strategy(Box::new(Replay::new(token, Arc::clone(&divergence))));
        let verdict = self.run_index(execution, 0, &Profile::default(), mode);
        let divergence = divergence.lock().unwrap_or_else(PoisonError::into_inner).take();
        (verdict, divergence)
    }

    /// Lets an execution do what the token's schedule may do, and say how to run it again if the process dies.
    pub(super) fn prepare_for(&self, execution: &mut Execution, token: &Token, kind: Option<FailureKind>) {
        let limits = &mut execution.kernel.limits;
        limits.timeouts = token.timeouts;
        limits.spurious = token.spurious;
        limits.cancellations = token.cancellations;
        limits.orders_polls = token.orders_polls;
        limits.strict.composes = token.composes;
        limits.fifo = token.fifo;
        limits.polls_spuriously = token.polls_spuriously;
        limits.eats_tokens = token.eats_tokens;
        limits.memory = token.memory;
        limits.directed = token.directed;
        if token.directed {
            // To see whether threads go round took steps that do not count as the program's.
            limits.max_steps = limits.max_steps.max(token.length());
        }
        if token.goes_on() {
            if kind.is_none_or(|kind| kind == FailureKind::Livelock) {
                // Going round takes other numbers of steps than it did when the livelock was found.
                limits.max_steps = limits.max_steps.saturating_mul(2);
            }
        } else {
            // An exhaustive exploration counts those of the graph's best order, not of the one that was run; and who shrinks
            // a schedule counts otherwise.
            limits.max_preemptions = None;
        }
        let words = format!("{}; replay: DRAWLOOM_REPLAY={}", self.config.name, token.encode());
        execution.set_last_words(words);
    }

    fn describe(&self, execution: &Execution, verdict: Verdict, index: u64, rows: Rows) -> Failure {
        let rows = match rows {
            _ if self.config.log == Log::Full => Rows::All,
            Rows::Last if self.config.artifacts.is_some() => Rows::Kept,
            rows => rows,
        };
        let description = describe(execution, &verdict, rows);
        let token = token_of(execution, verdict.kind);
        Failure {
            place: description.place,
            steps: description.steps,
            effort: description.effort,
            trace: description.trace,
            waits: description.waits,
            spins: description.spins,
            standing: description.standing,
            race: description.race,
            notes: description.notes,
            token: token.encode(),
            ..self.failure(verdict, index)
        }
    }

    /// Runs the schedules that made this test fail before. A report if one does again.
    pub(super) fn run_regressions(
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
        // Those at the end were found last.
        let left_out = tokens.len().saturating_sub(MOST_REGRESSIONS);
        if left_out > 0 {
            notes.push(format!(
                "only the last {MOST_REGRESSIONS} schedules of {} were run; remove lines",
                regressions.label()
            ));
        }
        let mut unreadable = 0;
        for (line, text) in tokens.into_iter().skip(left_out) {
            let place = format!("line {line} of {}", regressions.label());
            let token = match Token::decode(&text) {
                Ok(token) => token,
                Err(error) => {
                    unreadable += 1;
                    if unreadable <= SAID_UNREADABLE {
                        notes.push(format!("{place} was left out: {error}; or remove the line"));
                    }
                    continue;
                }
            };
            let run = |execution: &mut Execution, cause: Option<&Result<Found, NoCause>>| {
                let (verdict, divergence) = self.follow(execution, token.clone(), None, REPORTING);
                let failure = verdict.map(|verdict| {
                    let mut failure = self.describe(execution, verdict, 0, Rows::All);
                    tell_cause(&mut failure, execution, cause);
                    failure
                });
                let misfit = failure.as_ref().and_then(|failure| self.misfit(execution, &token, failure));
                (failure, divergence, misfit)
            };
            let (mut failure, divergence, misfit) = self.on_worker(|execution| run(execution, None))?;
            if let Some(needs) = misfit {
                notes.push(format!("{place} fails, but not with the settings of this run: it needs {needs}"));
                continue;
            }
            if let Some(kind) = failure.as_ref().filter(|_| divergence.is_none()).map(Failure::kind)
                && let Some(cause) = self.on_worker(|execution| self.explain(execution, &token, kind))?
            {
                failure = self.on_worker(|execution| run(execution, Some(&cause)).0)?;
            }
            if let Some(mut failure) = failure {
                failure.seed_text.clone_from(&failure.token);
                failure.notes.push(format!("the schedule is from {place}"));
                failure.replayed = true;
                let one = Outcome::of(1, failure.steps);
                let report = self.report(&one, std::mem::take(notes));
                return Ok(Some(Report { failure: Some(Box::new(failure)), ..report }));
            }
            if let Some(Divergence { step, reason }) = divergence {
                notes.push(format!(
                    "{place} no longer fits the test (step {step}: {reason}) and shows nothing any more; remove the line"
                ));
            }
        }
        if unreadable > SAID_UNREADABLE {
            let (more, label) = (unreadable - SAID_UNREADABLE, regressions.label());
            notes.push(format!(
                "{more} more lines of {label} were left out, for they are no schedules either"
            ));
        }
        Ok(None)
    }

    /// Which setting the execution that has just followed a token needs, that this exploration does not have.
    fn misfit(&self, execution: &Execution, token: &Token, failure: &Failure) -> Option<String> {
        let notes = || execution.trace.iter().map(|event| event.note);
        let is_weak = |note: Note| {
            use Note::{FailedStale, ReadStale, WroteEarlier, WroteStale};
            matches!(note, ReadStale { .. } | WroteStale { .. } | FailedStale { .. } | WroteEarlier { .. })
        };
        if self.config.memory == MemoryModel::SequentiallyConsistent && notes().any(is_weak) {
            return Some("`memory = \"rc11\"`, as loads read older stores than the last".to_owned());
        }
        let has_any = token.timeouts == Timeouts::Any && self.config.timeouts == Timeouts::Last;
        if has_any && notes().any(|note| note == Note::TimedOut) {
            return Some("`timeouts = \"any\"`".to_owned());
        }
        let is_spurious = |&note: &Note| matches!(note, Note::Spurious | Note::FailedSpuriously);
        let spurious = notes().filter(is_spurious).count() as u64;
        if spurious > u64::from(self.config.limits().spurious) {
            return Some(format!("`spurious = {spurious}`"));
        }
        let cancellations = u64::from(execution.kernel.tasks.doomed);
        if cancellations > u64::from(self.config.cancellations) {
            return Some(format!("`cancel = {cancellations}`"));
        }
        // A director's schedule has others than those that count.
        let preemptions = failure.effort.preemptions;
        let bound = self.config.max_preemptions.filter(|_| !token.directed);
        if bound.is_some_and(|bound| preemptions > u64::from(bound)) {
            return Some(format!("`max_preemptions = {preemptions}`"));
        }
        None
    }

    /// Runs the one execution that `text` names.
    pub(super) fn replay(&self, text: &str) -> Result<Report, ConfigError> {
        let mode = Mode { print_panics: true, ..REPORTING };
        let replayed = match ExecutionSeed::parse(text) {
            Some(seed) => {
                let mut config = self.config.clone();
                config.seed = seed.seed;
                if seed.strategy == StrategyKind::Exhaustive.to_string() {
                    return Err(ConfigError::new(format!(
                        "`{text}` cannot be replayed: an exhaustive exploration's executions have no seeds of their own; \
                         use the token that the failure printed"
                    )));
                }
                if seed.strategy != config.strategy_name() {
                    config.strategy = seed.strategy.parse::<StrategyKind>()?;
                    config.custom_strategy = None;
                }
                let this = Exploration::new(config, self.body);
                this.on_worker(|execution| {
                    let (profile, _) = this.profile(execution, seed.execution.min(PROFILED));
                    let verdict = this.run_index(execution, seed.execution, &profile, mode);
                    this.replayed(execution, verdict, None, seed.execution)
                })?
            }
            None => {
                let token = Token::decode(text).map_err(|error: TokenError| {
                    ConfigError::new(format!("`{text}` cannot be replayed: {error}"))
                })?;
                self.on_worker(|execution| {
                    let (verdict, divergence) = self.follow(execution, token.clone(), None, mode);
                    let divergence = divergence.or_else(|| ended_early(execution, &token));
                    let mut replayed = self.replayed(execution, verdict, divergence, 0);
                    if let Some(failure) = &mut replayed.failure
                        && let Some(needs) = self.misfit(execution, &token, failure)
                    {
                        failure.notes.push(format!(
                            "the schedule does not fit the settings of this run: it needs {needs}, and was run so"
                        ));
                    }
                    replayed
                })?
            }
        };
        let one = Outcome::of(1, replayed.steps);
        let mut report = self.report(&one, Vec::new());
        report.replayed = true;
        report.trace = replayed.trace;
        if let Some(Divergence { step, reason }) = replayed.divergence {
            report.notes.push(format!(
                "the schedule no longer fits the test: at step {step} the replay {reason}; from there on it went its own \
                 way, so what it shows need not be what the schedule showed"
            ));
        }
        report.failure = replayed.failure.map(|mut failure| {
            failure.seed_text = text.to_owned();
            failure.replayed = true;
            Box::new(failure)
        });
        Ok(report)
    }

    /// What is told of the execution that was replayed just now.
    fn replayed(
        &self,
        execution: &Execution,
        verdict: Option<Verdict>,
        divergence: Option<Divergence>,
        index: u64,
    ) -> Replayed {
        let steps = execution.kernel.steps;
        match verdict {
            Some(verdict) => {
                let failure = Some(self.describe(execution, verdict, index, Rows::All));
                Replayed { failure, divergence, steps, trace: Trace::default() }
            }
            None => Replayed { failure: None, divergence, steps, trace: trace(execution, Rows::All) },
        }
    }
}

/// An execution that somebody asked for.
struct Replayed {
    failure: Option<Failure>,
    divergence: Option<Divergence>,
    steps: u64,
    /// What it did, if it did not fail; otherwise the failure has it.
    trace: Trace,
}

/// How an execution that has followed a schedule to its own end has not come to that of the schedule.
fn ended_early(execution: &Execution, token: &Token) -> Option<Divergence> {
    let steps = execution.kernel.steps;
    let left = token.length().checked_sub(steps).filter(|&left| left > 0 && !token.goes_on())?;
    let reason = format!("ends, where the schedule has {left} more steps; it may be another test's");
    Some(Divergence { step: steps, reason })
}
