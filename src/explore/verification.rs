//! Verification: every execution of a test, if they are few enough; otherwise why not.

use super::confirm::{Explored, Told};
use super::exhaustive::{Budget, End, Exhausted};
use super::finding::Outcome;
use super::judge::Verdict;
use super::runner::Exploration;
use crate::config::{ConfigError, StrategyKind};
use crate::report::{Coverage, FailureKind, grouped};

impl Exploration<'_> {
    /// Explores every execution, if that is wanted. `None` if schedules are to be sampled instead.
    pub(super) fn verify(&self) -> Result<Option<Outcome>, ConfigError> {
        let is_either = matches!(self.config.strategy, StrategyKind::Auto | StrategyKind::Exhaustive);
        if self.config.custom_strategy.is_some() || !is_either {
            return Ok(None);
        }
        let is_auto = self.config.strategy == StrategyKind::Auto && self.config.checkpoint.is_none();
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
}

/// A number with two digits that mean something.
fn about(number: f64) -> String {
    let digits = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    grouped(((number / digits).round() * digits) as u64)
}
