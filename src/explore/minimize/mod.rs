//! Shrinking the schedule of a failure before it is reported, and explaining it.
//!
//! Failures that spoil what they run on (crashes, panics in destructors during unwinding, stacks that are used up) are not run
//! hundreds of times, nor are hangs, each of which takes seconds; nor are those at the step limit, about which nothing is known that could be looked for in a shorter
//! schedule.

pub(in crate::explore) mod guide;
mod lines;
pub(in crate::explore) mod orders;
pub(in crate::explore) mod replays;
mod signature;

use super::exploration::Exploration;
use super::finding::{Finding, Found};
use crate::config::ConfigError;
use crate::explore::replay::token::Token;
use crate::report::{FailureKind, MemoryNeed, Minimized};
use crate::rt::Execution;
use crate::rt::op::key::ObjectKind;
use crate::rt::op::limits::MemoryModel;
use crate::shrink::{self, NoCause, Sequential};
use replays::Replays;

impl Exploration<'_> {
    /// The same failure with the smallest schedule that is found for it, and why it fails.
    pub(super) fn minimize(&self, finding: Finding) -> Result<Finding, ConfigError> {
        if !self.is_to_be_shrunk(finding.verdict.kind) || self.is_late() {
            return Ok(finding);
        }
        self.long.makes_smaller();
        self.on_worker(|execution| self.minimize_on(execution, &finding).unwrap_or(finding))
    }

    /// Whether a failure is worth hundreds of replays, and can be run so often.
    pub(super) fn is_to_be_shrunk(&self, kind: FailureKind) -> bool {
        let can_be_run_often = matches!(
            kind,
            FailureKind::Panic
                | FailureKind::Deadlock
                | FailureKind::DataRace
                | FailureKind::LeakedThread
                | FailureKind::Leak
                | FailureKind::Livelock
                | FailureKind::GoodSamaritan
        );
        // Nobody reads of a failure that is wanted.
        let is_expected = self.config.expect == Some(kind);
        self.config.shrink && !is_expected && can_be_run_often
    }

    fn minimize_on(&self, execution: &mut Execution, finding: &Finding) -> Option<Finding> {
        execution.deadline = self.deadline;
        let (mut replays, found) = Replays::of(self, execution, &finding.token, finding.verdict.kind)?;
        let shrunk = shrink::shrink(&mut replays, &found, self.config.max_preemptions)?;
        let cause = replays.explain(&shrunk.plan);
        let verdict = replays.confirm(&shrunk.plan)?;
        let mut minimized = Finding::new(finding.index, verdict, execution);
        minimized.led_into.clone_from(&finding.led_into);
        minimized.found = Some(finding.token.clone());
        minimized.cause = Some(cause);
        minimized.minimized = Some(Minimized {
            steps: shrunk.before.steps,
            preemptions: u64::from(shrunk.before.preemptions),
            replays: shrunk.replays,
            is_minimal: shrunk.is_minimal,
            memory: self.memory_need(execution, finding.verdict.kind, shrunk.sequential),
        });
        Some(minimized)
    }

    /// Whether the failure of the execution that has just ended needs weak memory, if that is a question: accesses that are not
    /// ordered are a race whatever loads read.
    fn memory_need(
        &self,
        execution: &Execution,
        kind: FailureKind,
        sequential: Sequential,
    ) -> Option<MemoryNeed> {
        let is_weak = self.config.memory == MemoryModel::Rc11;
        let mut objects = execution.kernel.objects.iter();
        let has_atomics = objects.any(|object| matches!(object.kind, ObjectKind::Atomic(_)));
        let need = match sequential {
            Sequential::Fails => MemoryNeed::Sequential,
            Sequential::None { tried, all } => MemoryNeed::Weak { tried, all },
            Sequential::BeyondBound => return None,
        };
        (is_weak && has_atomics && kind != FailureKind::DataRace).then_some(need)
    }

    /// Why a schedule fails with `kind` that is minimized already.
    pub(super) fn explain(
        &self,
        execution: &mut Execution,
        token: &Token,
        kind: FailureKind,
    ) -> Option<Result<Found, NoCause>> {
        // A director's execution has steps of its own.
        if !self.is_to_be_shrunk(kind) || token.directed {
            return None;
        }
        let (mut replays, plan) = Replays::of(self, execution, token, kind)?;
        Some(replays.explain(&plan))
    }
}
