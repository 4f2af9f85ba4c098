//! Exhaustive exploration: every execution of the test, each once.

use super::runner::{Exploration, Finding};
use crate::config::ConfigError;

/// How far an exhaustive exploration may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// How many executions it may run.
    pub(super) executions: u64,
    /// Whether to give up early, when so many executions are obviously not enough.
    pub(super) gives_up_early: bool,
}

/// What an exhaustive exploration came to.
pub(super) struct Exhausted {
    /// Complete executions, each of another execution graph.
    pub(super) executions: u64,
    /// Executions that led to no complete one: a thread waited for what another execution shows.
    pub(super) blocked: u64,
    pub(super) steps: u64,
    /// The part of all executions that was seen, as far as can be told: 1 at the end.
    pub(super) share: f64,
    pub(super) end: End,
}

/// Why it ended.
pub(super) enum End {
    /// There is no other execution.
    Complete,
    /// There are more than the budget allows.
    Budget,
    /// The time was over.
    Time,
    /// The test does what cannot be explored exhaustively; what, in words.
    Unsupported(String),
    /// An execution failed.
    Failed(Box<Finding>),
}

impl Exploration<'_> {
    /// Runs every execution of the test once, as far as `budget` allows.
    pub(super) fn exhaust(&self, budget: &Budget) -> Result<Exhausted, ConfigError> {
        let _ = budget;
        let end = End::Unsupported("exhaustive exploration".to_owned());
        Ok(Exhausted { executions: 0, blocked: 0, steps: 0, share: 0.0, end })
    }
}
