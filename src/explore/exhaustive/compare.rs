//! Executions that are run again, to see that nothing decides that the explorer does not know.
//!
//! An execution graph has many schedules, and they must not differ in anything that threads can tell. So a share of the
//! executions is run once more, in another order of the same graph. If that does something else, or if a run does not
//! follow the graph that it was started with, there are two reasons. Either two runs of one schedule differ as well: real
//! time, randomness or an address decides, and the test is not deterministic. Or they do not: then threads share something
//! that drawloom does not see, such as an atomic or a lock of std in a dependency. Such a test is correct, but which
//! graphs it has cannot be known, and schedules of it have to be sampled.
//!
//! Code between two operations runs with the one before it, in every schedule. After a spawn that hides the most: what the
//! new thread does at its beginning, or all of it, never comes before it. So the first execution is run in that other order once
//! more, with the spawning threads going on as late as they can. It shows, for instance, that the count of an `Arc` decides.

use std::sync::atomic::Ordering;

use super::common::{End, WorkerEnd};
use super::worker::Worker;
use crate::explore::exhaustive::graph::event::NONE;
use crate::explore::exhaustive::graph::revisit::Item;
use crate::explore::exploration::{QUIET, TRACING};
use crate::explore::finding::Finding;
use crate::explore::judge::{Verdict, nondeterminism};
use crate::explore::replay::record::Record;
use crate::report::FailureKind;
use crate::rt::op::outcome::Stop;
use crate::rt::process::census;
use crate::rt::run::execution::Mode;

/// How many of the first executions are all run again.
const ALL: u64 = 16;

/// Of how many later ones one is.
const SHARE: u64 = 64;

/// How often a schedule is run to see whether its runs differ.
const ATTEMPTS: u32 = 20;

/// How many steps a schedule has at most that costs little to run again.
const SHORT: u64 = 2_000;

/// What a run did, as far as another one of the same schedule has to do the same.
type Trail = (Vec<u8>, Option<FailureKind>);

impl Worker<'_, '_> {
    /// Whether the execution that has just passed is one of those that are run again.
    pub(super) fn is_run_again(&self) -> bool {
        let passed = self.common.passed.fetch_add(1, Ordering::Relaxed);
        passed < ALL || passed.is_multiple_of(SHARE)
    }

    /// Runs the execution that has just passed again: in another order, and the first one in the same order, too, some times.
    pub(super) fn run_again(&mut self, index: u64) -> Option<WorkerEnd> {
        if index == 0 && census::has_started_threads() {
            return Some(WorkerEnd::End(End::Unsupported(
                "a thread of the operating system that it starts, of which no schedule says when it runs: start threads with \
                 drawloom's `thread::spawn`"
                    .to_owned(),
            )));
        }
        // There may be no other execution to show what decides.
        let repeats = match self.execution.kernel.steps {
            _ if index > 0 => 0,
            // With the one that has pauses.
            ..=SHORT => ATTEMPTS - 1,
            _ => 1,
        };
        for _ in 0..repeats {
            let (verdict, is_longer) = self.run_complete(index, QUIET);
            if let Some(verdict) = differs(verdict, is_longer) {
                return Some(self.failed(index, verdict));
            }
        }
        let order = self.explorer.as_ref().expect("put back after each graph").graph.order.clone();
        let explorer = self.explorer.as_mut().expect("put back after each graph");
        explorer.checker.reorder(&mut explorer.graph);
        explorer.is_eager = true;
        let mut end = self.compare_order(index);
        if end.is_none() && index == 0 {
            // Later ones would show it as well, and no schedule that is reported has pauses.
            self.execution.pauses_after_spawn = true;
            end = self.compare_order(index);
            self.execution.pauses_after_spawn = false;
        }
        let explorer = self.explorer.as_mut().expect("put back after each graph");
        explorer.graph.order = order;
        explorer.is_eager = false;
        end
    }

    /// Runs the graph in its present order, to see whether that does what the execution did.
    fn compare_order(&mut self, index: u64) -> Option<WorkerEnd> {
        let (verdict, is_longer) = self.run_complete(index, QUIET);
        match verdict {
            None if !is_longer => None,
            Some(verdict) if matches!(verdict.kind, FailureKind::Misuse | FailureKind::Hang) => {
                Some(self.failed(index, verdict))
            }
            verdict => {
                let kind = verdict.as_ref().map(|verdict| verdict.kind);
                let second: Trail = (std::mem::take(&mut self.execution.fingerprints), kind);
                // Does that schedule always do so? Then it fails, or is none of the graph's.
                let end = self.run_the_same(index, &second);
                let is_reported = !self.execution.pauses_after_spawn;
                let verdict =
                    verdict.filter(|verdict| is_reported && verdict.kind != FailureKind::Nondeterminism);
                Some(match (end, verdict) {
                    (Some(end), _) => end,
                    (None, Some(verdict)) => {
                        self.run_complete(index, TRACING);
                        self.failed(index, verdict)
                    }
                    _ => unseen(),
                })
            }
        }
    }

    /// Runs the graph, which has all its events, in its order. What is wrong with that, and whether it went on.
    fn run_complete(&mut self, index: u64, mode: Mode) -> (Option<Verdict>, bool) {
        let mut explorer = self.explorer.take().expect("put back after each graph");
        let found = std::mem::take(&mut explorer.found);
        let events = explorer.graph.len();
        let (mut explorer, stop) = self.run_as(explorer, index, mode);
        explorer.end = None;
        explorer.found = found;
        let is_longer = explorer.graph.len() != events;
        self.explorer = Some(explorer);
        (self.exploration.judge(self.execution, &stop), is_longer)
    }

    /// Runs the graph, which did something unexpected, several times more. A failure, if one of them does something else.
    fn run_the_same(&mut self, index: u64, first: &Trail) -> Option<WorkerEnd> {
        for _ in 0..ATTEMPTS {
            let (verdict, _) = self.run_complete(index, TRACING);
            let kind = verdict.as_ref().map(|verdict| verdict.kind);
            let difference = Record::difference_of_fingerprints(&first.0, self.execution);
            if difference.is_some() || kind != first.1 {
                let second = match &verdict {
                    Some(verdict) => format!("failed with {}: {}", verdict.kind, verdict.message),
                    None => "passed".to_owned(),
                };
                let first = match first.1 {
                    Some(kind) => format!("failed with {kind}"),
                    None => "passed".to_owned(),
                };
                let difference = difference.unwrap_or_else(|| "no operation differs".to_owned());
                let verdict =
                    nondeterminism(&format!("{difference}; the first run {first}, the second {second}"));
                return Some(self.failed(index, verdict));
            }
        }
        None
    }

    /// The run of `item` did not follow its graph, with `verdict`. Is that so each time?
    pub(super) fn judge_divergence(&mut self, item: &Item, verdict: Verdict) -> WorkerEnd {
        let first = std::mem::take(&mut self.execution.fingerprints);
        for _ in 0..ATTEMPTS {
            let mut explorer = self.explorer.take().expect("put back after each graph");
            explorer.found.clear();
            let built = item.build(&mut explorer.graph, &mut self.numbers);
            if built.unchecked != NONE {
                // It was consistent before: this makes its order.
                explorer.checker.check(&mut explorer.graph, built.unchecked);
            }
            let (mut explorer, stop) = self.run_as(explorer, 0, QUIET);
            explorer.end = None;
            explorer.found.clear();
            self.explorer = Some(explorer);
            if !matches!(stop, Stop::Diverged(_)) || self.execution.fingerprints != first {
                return self.failed(0, verdict);
            }
        }
        unseen()
    }

    fn failed(&mut self, index: u64, verdict: Verdict) -> WorkerEnd {
        let finding = Finding::new(index, verdict, self.execution);
        WorkerEnd::End(End::Failed(Box::new(finding)))
    }
}

/// What is wrong if an execution has passed and then, in the same order, fails or goes on.
fn differs(second: Option<Verdict>, is_longer: bool) -> Option<Verdict> {
    match second {
        None if is_longer => Some(nondeterminism("the second went on where the first had ended")),
        None => None,
        Some(verdict)
            if matches!(
                verdict.kind,
                FailureKind::Nondeterminism | FailureKind::Misuse | FailureKind::Hang
            ) =>
        {
            Some(verdict)
        }
        Some(Verdict { kind, message, .. }) => Some(nondeterminism(&format!(
            "no operation differs, but the first passed; the second failed with {kind}: {message}"
        ))),
    }
}

/// Threads share what drawloom does not see.
fn unseen() -> WorkerEnd {
    WorkerEnd::End(End::Unsupported(
        "something that its threads share and drawloom does not see: an atomic, a lock or a channel of std, in a \
         dependency perhaps (docs/std-swap.md says how drawloom's types get there), the count of an `Arc`, or plain memory"
            .to_owned(),
    ))
}
