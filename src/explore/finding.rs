//! What an exploration has found, before it is described.

use std::sync::Arc;

use super::judge::Verdict;
use super::replay::token_of;
use crate::explore::replay::token::Token;
use crate::report::{Assumption, Coverage, Limit, LockCycle, LockGraph, Minimized, Passing};
use crate::rt::Execution;
use crate::rt::record::hang::Hang;
use crate::shrink::NoCause;

/// A failing execution, as found.
pub(super) struct Finding {
    pub(super) index: u64,
    pub(super) verdict: Verdict,
    pub(super) token: Token,
    pub(super) fingerprints: Vec<u8>,
    /// Where the running thread stood, if it did not come back.
    pub(super) hang: Option<Arc<Hang>>,
    /// The predicted deadlock that it was led into, if it was.
    pub(super) led_into: Option<Led>,
    /// The schedule that was found, if this is a smaller one.
    pub(super) found: Option<Token>,
    pub(super) minimized: Option<Minimized>,
    pub(super) cause: Option<Result<Found, NoCause>>,
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
    /// What has ended the exploration before all executions were run that it was allowed.
    pub(super) stopped_by: Option<Limit>,
    pub(super) coverage: Option<Coverage>,
    /// What that rests on.
    pub(super) assumptions: Vec<Assumption>,
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
    /// Whether something failed.
    pub(super) fn has_failed(&self) -> bool {
        self.finding.is_some() || self.verdict.is_some()
    }

    /// So many executions, and nothing else to tell.
    pub(super) fn of(executions: u64, steps: u64) -> Outcome {
        Outcome {
            executions,
            steps,
            stopped_by: None,
            coverage: None,
            assumptions: Vec::new(),
            notes: Vec::new(),
            files: Vec::new(),
            lock_graph: None,
            finding: None,
            verdict: None,
        }
    }
}

impl Finding {
    pub(super) fn new(index: u64, verdict: Verdict, execution: &mut Execution) -> Finding {
        let token = token_of(execution, verdict.kind);
        let mut fingerprints = std::mem::take(&mut execution.fingerprints);
        if token.goes_on() {
            fingerprints.truncate(token.length() as usize);
        }
        Finding {
            index,
            verdict,
            token,
            fingerprints,
            hang: execution.hang.take(),
            led_into: None,
            found: None,
            minimized: None,
            cause: None,
        }
    }
}

/// Why a schedule fails, by the numbers of its steps; see `shrink::Cause`.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) orders: Vec<FoundOrder>,
    pub(super) is_proved: bool,
    pub(super) screened: u64,
    pub(super) passing: Option<Passing>,
}

/// One step before another. Numbers from the number of steps on are of what threads wait to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct FoundOrder {
    pub(super) before: usize,
    pub(super) after: usize,
    /// Whether a schedule passes with the two the other way round, and whether another one fails so.
    pub(super) is_needed: bool,
    pub(super) fails_too: bool,
}
