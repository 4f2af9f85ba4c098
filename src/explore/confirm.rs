//! From a predicted deadlock to a real one: executions that are steered towards it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::profile::Profile;
use super::runner::{Exploration, Finding, Outcome, QUIET};
use super::steer::Steer;
use crate::config::{ConfigError, Policy};
use crate::detect::lock_order::{Cycle, CycleKey, Edge, Lock, LockOrder, Request};
use crate::explore::judge::Verdict;
use crate::report::{self, FailureKind, LockCycle, LockName, LockRequest, ObjectName, Place};
use crate::rt::locks::LockMode;

/// How many executions are steered towards a cycle.
const ATTEMPTS: u32 = 50;

impl Exploration<'_> {
    /// Looks for the deadlocks that the order of locks lets expect, those in `tried` excepted. What fails in an
    /// execution that is steered, whatever it is, goes into `outcome`; what is not met, into its notes.
    pub(super) fn confirm(
        &self,
        lock_order: &LockOrder,
        tried: &mut BTreeSet<CycleKey>,
        outcome: &mut Outcome,
    ) -> Result<(), ConfigError> {
        if self.config.lock_order == Policy::Allow {
            return Ok(());
        }
        for (key, cycle) in &lock_order.cycles {
            let is_over = outcome.finding.is_some() || outcome.verdict.is_some();
            if is_over || !tried.insert(key.clone()) {
                continue;
            }
            outcome.finding = self.steer(cycle)?;
            if outcome.finding.is_some() {
                continue;
            }
            let potential = report::potential(&cycle_of(cycle), ATTEMPTS);
            match self.config.lock_order {
                Policy::Deny => {
                    outcome.verdict = Some(Verdict::new(FailureKind::LockOrder, potential));
                }
                _ => outcome.notes.push(potential),
            }
        }
        Ok(())
    }

    /// Steers executions into the cycle. The first that fails.
    fn steer(&self, cycle: &Cycle) -> Result<Option<Finding>, ConfigError> {
        self.on_worker(|execution| {
            let cycle = Arc::new(cycle.clone());
            execution.set_strategy(Box::new(Steer::new(Arc::clone(&cycle))));
            (0..u64::from(ATTEMPTS)).find_map(|attempt| {
                let verdict = self.run_index(execution, attempt, &Profile::default(), QUIET)?;
                let mut finding = Finding::new(attempt, verdict, execution);
                finding.steered_into = Some(cycle_of(&cycle));
                Some(finding)
            })
        })
    }
}

fn cycle_of(cycle: &Cycle) -> LockCycle {
    let request = |request: &Request| LockRequest {
        thread: request.thread.clone(),
        wanted: lock_name(&request.wanted),
        held: lock_name(&request.held),
    };
    LockCycle { requests: cycle.requests.iter().map(request).collect() }
}

fn lock_name(lock: &Lock) -> LockName {
    LockName {
        object: ObjectName {
            kind: lock.kind,
            made_at: Place::from(lock.key.location),
            ordinal: (lock.key.ordinal, lock.alike),
        },
        shared: lock.mode == LockMode::Shared,
        taken_at: Place::from(lock.location),
    }
}

/// The order of the locks of a test as text for Graphviz; `None` if no lock was taken while another was held.
pub(super) fn graph_of(lock_order: &LockOrder) -> Option<String> {
    // All locks of a place are one.
    let class = |lock: &Lock| {
        let name = lock_name(lock);
        LockName { object: ObjectName { ordinal: (0, 1), ..name.object }, ..name }
    };
    let arrow = |thread: &str, wanted: &Lock, held: &Lock| LockRequest {
        thread: thread.to_owned(),
        wanted: class(wanted),
        held: class(held),
    };
    let edge = |edge: &Edge| arrow(&edge.thread, &edge.wanted, &edge.held);
    let edges: Vec<LockRequest> = lock_order.edges.values().map(edge).collect();
    let request = |request: &Request| arrow(&request.thread, &request.wanted, &request.held);
    let requests = |cycle: &Cycle| LockCycle { requests: cycle.requests.iter().map(request).collect() };
    let cycles: Vec<LockCycle> = lock_order.cycles.values().map(requests).collect();
    (!edges.is_empty()).then(|| report::dot(&edges, &cycles))
}
