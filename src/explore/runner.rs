//! An exploration from its beginning to its report: what is run, in which order, and what is made of a failure.

use std::sync::PoisonError;

use super::artifacts::keep_report;
use super::exploration::Exploration;
use super::finding::Outcome;
use super::judge::Verdict;
use super::replay::token_of;
use super::verification::Verification;
use crate::config::{Config, ConfigError, Log};
use crate::explore::replay::regressions::Regressions;
use crate::report::{FailureKind, Report, grouped};
use crate::rt::current;
use crate::rt::process::{faults, last_words};
use crate::rt::run::panic;
use crate::rt::tasks::BlockingPoll;

/// The longest token that is kept in the regressions folder: the schedule of some ten thousand steps.
const KEPT_TOKEN_LENGTH: usize = 1 << 16;

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
            let blocking = std::mem::take(&mut *self.blocking.lock().unwrap_or_else(PoisonError::into_inner));
            notes.extend(blocking.into_iter().map(|BlockingPoll { location, verb }| {
                format!(
                    "a poll blocks its thread at {location} ({verb}): no other task of the thread goes on meanwhile. Await instead, \
                     or move the call to `spawn_blocking`"
                )
            }));
            let longest = *self.longest_queue.lock().unwrap_or_else(PoisonError::into_inner);
            notes.extend(longest.map(|(count, made_at)| {
                format!(
                    "the channel without bound that was made at {made_at} held up to {} messages; `max_queued` sets a limit",
                    grouped(count)
                )
            }));
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

    /// The report of an exploration that could not be started.
    fn refuse(&self, error: &ConfigError) -> Report {
        let nothing = Outcome::of(0, 0);
        let failure = self.failure(Verdict::new(FailureKind::Misuse, error.to_string()), 0);
        Report { failure: Some(Box::new(failure)), ..self.report(&nothing, Vec::new()) }
    }
}
