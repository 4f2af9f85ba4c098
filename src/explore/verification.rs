//! Verification: every execution of a test, if they are few enough; otherwise why not.
//!
//! What std allows but rarely does (a wakeup for no reason, say) makes many more executions. So there are two stages: first
//! all executions without, then, if the test meets any of it, those in which it happens, as far as the budget goes. The
//! report says how far each came.
//!
//! Where either exploring or sampling may find a failure soon, nobody knows which. So by default they take turns, first for a
//! few executions each, then for more, each time from the beginning: what one of them finds is not kept waiting for long by
//! the other.

use std::time::Instant;

use super::exhaustive::{Budget, End, Exhausted};
use super::exploration::Exploration;
use super::finding::Outcome;
use super::judge::Verdict;
use crate::config::{ConfigError, StrategyKind};
use crate::explore::predict::confirm::{Explored, Told};
use crate::report::{Assumption, Coverage, FailureKind, Liberties, grouped};
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::MemoryModel;

/// How much larger than the first stage the second one may be, if nothing else limits it.
const SECOND_STAGE: u64 = 10;

/// How many executions are sampled of a test that is verified but for what its loops keep of a round that waits: most of what
/// there is to see shows soon, and such tests are to stay quick.
const OF_ROUNDS: u64 = 256;

/// How many executions are explored, and how many are sampled then, before more are; in the end as many as are allowed.
const TURNS: [(u64, u64); 2] = [(64, 96), (1_024, 1_024)];

/// What became of the attempt to run every execution.
pub(super) enum Verification {
    /// It says all there is to say.
    Done(Outcome),
    /// Schedules are to be sampled, for this reason, if it is one that the user can do something about.
    Sample(Option<String>),
    /// All were run within bounds that sampling does not have: it may find what was left out, in so many executions.
    SampleAsWell(Outcome, u64),
}

impl Exploration<'_> {
    /// Explores every execution, if that is wanted.
    pub(super) fn verify(&self) -> Result<Verification, ConfigError> {
        let is_either = matches!(self.config.strategy, StrategyKind::Auto | StrategyKind::Exhaustive);
        if self.config.custom_strategy.is_some() || !is_either {
            return Ok(Verification::Sample(None));
        }
        let is_auto = self.config.strategy == StrategyKind::Auto && self.config.checkpoint.is_none();
        let is_limited = is_auto || self.config.limits_executions;
        let allowed = match self.config.verify_within {
            Some(executions) if is_auto => executions,
            _ if is_limited => self.config.executions,
            _ => u64::MAX,
        };
        // Within a time limit nothing is to be done twice.
        let takes_turns = is_auto && self.config.verify_within.is_none() && self.deadline.is_none();
        let turns = TURNS.into_iter().filter(|&(executions, _)| takes_turns && executions <= allowed / 4);
        let mut doubtful = None;
        for (executions, samples) in turns {
            let budget = self.budget(executions, is_auto);
            let start = Instant::now();
            let exhausted = self.exhaust(&budget, &self.config.exhaustive_limits())?;
            if !matches!(exhausted.end, End::Budget) {
                return self.conclude(exhausted, &self.budget(allowed, is_auto), start, is_auto);
            }
            let sampled = self.sample(samples)?;
            // What does not end may be a livelock, which exploring can tell.
            if sampled.finding.as_ref().is_some_and(|finding| finding.verdict.kind == FailureKind::StepLimit)
            {
                doubtful = Some(sampled);
                break;
            }
            if sampled.has_failed() {
                return Ok(Verification::Done(sampled));
            }
        }
        let budget = self.budget(allowed, is_auto);
        let start = Instant::now();
        let exhausted = self.exhaust(&budget, &self.config.exhaustive_limits())?;
        match doubtful {
            Some(sampled) if !matches!(exhausted.end, End::Failed(_)) => Ok(Verification::Done(sampled)),
            _ => self.conclude(exhausted, &budget, start, is_auto),
        }
    }

    /// What so many executions, and the time that is left, allow.
    fn budget(&self, executions: u64, is_auto: bool) -> Budget {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        Budget {
            executions,
            steps: self.config.steps,
            gives_up_early: is_auto,
            // Sampling is to have its part.
            time: if is_auto { left.map(|left| left / 2) } else { left },
            is_second_stage: false,
            follows_graphs: false,
        }
    }

    /// What follows from an attempt that has begun at `start`.
    fn conclude(
        &self,
        mut exhausted: Exhausted,
        budget: &Budget,
        start: Instant,
        is_auto: bool,
    ) -> Result<Verification, ConfigError> {
        let notes = std::mem::take(&mut exhausted.notes);
        let reason = match &exhausted.end {
            End::Budget => format!("the {} executions that it was allowed", grouped(self.config.executions)),
            End::Time => "the time that it was allowed".to_owned(),
            End::Unsupported(what) => what.clone(),
            _ => String::new(),
        };
        let Exhausted { executions, steps, basis, .. } = exhausted;
        let outcome = |coverage| Outcome { coverage, ..Outcome::of(executions, steps) };
        let lock_order = std::mem::take(&mut exhausted.lock_order);
        let mut explored = Explored::Some;
        let is_bounded = matches!(exhausted.end, End::Bounded);
        let outcome = match exhausted.end {
            End::Complete | End::Bounded => {
                explored = if is_bounded { Explored::Bounded } else { Explored::All };
                let coverage = if is_bounded { Coverage::Bounded } else { Coverage::Verified };
                let mut outcome = outcome(Some(coverage));
                outcome.assumptions = self.assumptions(basis);
                self.explore_liberties(&exhausted, budget, start, &mut outcome)?;
                outcome
            }
            // Values that are addresses differ from one execution to the next. Code that nobody has written for drawloom may keep some in
            // its atomics; then executions cannot be told apart by what they read, and yet each repeats.
            End::Failed(finding)
                if is_auto
                    && self.config.is_of_unmodified_code
                    && finding.verdict.kind == FailureKind::Nondeterminism =>
            {
                return Ok(Verification::Sample(None));
            }
            End::Failed(finding) => {
                // Those counted so far passed.
                let executions = finding.index + 1;
                Outcome { executions, finding: Some(*finding), ..outcome(None) }
            }
            End::Unsupported(what) if is_auto => return Ok(Verification::Sample(Some(what))),
            _ if is_auto => return Ok(Verification::Sample(None)),
            _ => self.unverified(&exhausted, &reason),
        };
        let mut outcome = Outcome { notes, ..outcome };
        if explored != Explored::Some {
            self.judge_lock_order(&lock_order, explored, &mut Told::new(), &mut outcome)?;
        }
        self.keep_lock_order(&lock_order, &mut outcome);
        let executions = match basis {
            _ if !is_auto || outcome.has_failed() => return Ok(Verification::Done(outcome)),
            basis if basis.is_sampled_otherwise() => self.config.executions,
            basis if basis.leaves_out_rounds() => self.config.executions.min(OF_ROUNDS),
            _ => return Ok(Verification::Done(outcome)),
        };
        Ok(Verification::SampleAsWell(outcome, executions))
    }

    /// The second stage: what std allows besides, if the first one has met any of it and the settings do not say how often
    /// it may happen.
    fn explore_liberties(
        &self,
        first: &Exhausted,
        budget: &Budget,
        start: Instant,
        outcome: &mut Outcome,
    ) -> Result<(), ConfigError> {
        let met = first.basis.liberties();
        if met.is_empty() {
            return Ok(());
        }
        if let Some(bound) = self.config.spurious {
            // Leaders are free then.
            let liberties = Liberties { barrier_leader: false, ..liberties(met) };
            if liberties == Liberties::default() {
                return Ok(());
            }
            outcome.assumptions.push(match bound {
                0 => Assumption::NoLiberties { liberties },
                bound => Assumption::Liberties { liberties, bound, explored: None },
            });
            return Ok(());
        }
        let used = first.executions + first.blocked;
        let executions = match budget.executions {
            // Those of the first stage are run once more.
            u64::MAX => self.config.executions.max(used.saturating_mul(SECOND_STAGE)),
            executions => executions,
        };
        let time = budget.time.map(|time| time.saturating_sub(start.elapsed()));
        let second = Budget { executions, time, is_second_stage: true, ..*budget };
        let mut limits = self.config.exhaustive_limits();
        limits.spurious = 1;
        limits.free_leaders = true;
        limits.eats_tokens = met.has(Basis::PARK_TOKEN);
        let mut second = self.exhaust(&second, &limits)?;
        let is_bounded = matches!(second.end, End::Bounded);
        let explored = match second.end {
            End::Complete | End::Bounded => Some((second.liberal, true)),
            End::Budget | End::Time if second.liberal > 0 => Some((second.liberal, false)),
            End::Budget | End::Time | End::Unsupported(_) | End::OneThread => None,
            End::Failed(finding) => {
                outcome.coverage = None;
                outcome.executions = first.executions + finding.index + 1;
                outcome.steps += second.steps;
                outcome.finding = Some(*finding);
                return Ok(());
            }
        };
        if is_bounded {
            // The bound has kept none of the first stage's executions out, but some of these.
            outcome.coverage = Some(Coverage::Bounded);
        }
        outcome.steps += second.steps;
        outcome.notes.append(&mut second.notes);
        // What the second stage alone has met counts as well.
        let basis = merged(first.basis, second.basis);
        let liberties = self::liberties(basis.liberties());
        outcome.assumptions = self.assumptions(basis);
        outcome.assumptions.push(match explored {
            // There turned out to be no occasion.
            Some((0, true)) => return Ok(()),
            Some(explored) => Assumption::Liberties { liberties, bound: 1, explored: Some(explored) },
            None => Assumption::NoLiberties { liberties },
        });
        Ok(())
    }

    /// What a verdict rests on, liberties apart.
    pub(super) fn assumptions(&self, basis: Basis) -> Vec<Assumption> {
        let is_sc = self.config.memory == MemoryModel::SequentiallyConsistent;
        let all = [
            (Basis::HASH_ORDER, Assumption::HashOrder),
            (Basis::DRAWN_VALUE, Assumption::DrawnValues),
            (Basis::PAUSED, Assumption::PausedSwitching),
            (Basis::DEADLINES, Assumption::DeadlineOrder),
            (Basis::STRONG_MEMORY, Assumption::SequentialConsistency),
            (Basis::WAITING_LOOP, Assumption::WaitingLoops),
            (Basis::FAILED_ROUND, Assumption::FailedRounds),
            (Basis::PLAIN_MEMORY, Assumption::PlainMemory),
            (Basis::ARC_COUNTS, Assumption::ArcCounts),
            (Basis::CLOCK, Assumption::StillClock),
            (Basis::SCOPED_LOCALS, Assumption::ScopedLocals),
            (Basis::YIELDS, Assumption::YieldingTasks),
            (Basis::GIVES_WAY, Assumption::GivingWay),
            (Basis::UNSEEN_DATA, Assumption::UnseenData),
            (Basis::DROP_ORDER, Assumption::DropOrder),
            (Basis::END_COUNTS, Assumption::EndCounts),
            (Basis::LATE_WORK, Assumption::LateWork),
            (Basis::CANCELS, Assumption::Cancellations { bound: self.config.cancellations }),
            (Basis::CAUGHT_PANIC, Assumption::CaughtPanics),
        ];
        let unseen = if basis.has(Basis::THREADS) { self.config.unseen } else { Basis::default() };
        let basis = merged(basis, unseen);
        let is_any = self.config.timeouts == crate::config::Timeouts::Any;
        all.into_iter()
            .filter(|&(what, _)| basis.has(what))
            .filter(|&(what, _)| what != Basis::STRONG_MEMORY || is_sc)
            .filter(|&(what, _)| what != Basis::DEADLINES || !is_any)
            .map(|(_, assumption)| assumption)
            .collect()
    }

    /// The failure of an exploration that was to be exhaustive and is not.
    fn unverified(&self, exhausted: &Exhausted, reason: &str) -> Outcome {
        let Exhausted { executions, steps, share, blocked, .. } = *exhausted;
        let message = if matches!(exhausted.end, End::Unsupported(_)) {
            format!(
                "the test cannot be explored exhaustively because of {reason}; do without that, or let drawloom sample \
                 by `strategy = \"portfolio\"`"
            )
        } else {
            let nowhere = match blocked {
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

fn merged(mut first: Basis, second: Basis) -> Basis {
    first.add(second);
    first
}

/// As what a report has of them.
fn liberties(met: Basis) -> Liberties {
    Liberties {
        spurious_wakeup: met.has(Basis::SPURIOUS_WAKEUP),
        spurious_failure: met.has(Basis::SPURIOUS_FAILURE),
        barrier_leader: met.has(Basis::BARRIER_LEADER),
        waiting_writer: met.has(Basis::WAITING_WRITER),
        park_token: met.has(Basis::PARK_TOKEN),
        spurious_poll: met.has(Basis::SPURIOUS_POLL),
    }
}

/// A number with two digits that mean something.
fn about(number: f64) -> String {
    let digits = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    grouped(((number / digits).round() * digits) as u64)
}
