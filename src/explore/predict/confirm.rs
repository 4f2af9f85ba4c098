//! What becomes of a predicted deadlock: executions that are led into it, and what is said of it if none met it.
//!
//! A prediction (`detect::lock_order`) is one of three:
//!
//! - *confirmed*: an execution deadlocks, which is a failure like any other. The execution that showed the cycle is run
//!   again with a trace, and if what it did has a schedule to the deadlock in it (`detect::sync_preserving`), that is
//!   followed first. Otherwise, or if it leads nowhere, executions are steered (`steer`).
//! - *predicted*: none was met, but there is such a schedule, and no thread does anything in it that it could do
//!   otherwise.
//! - *potential*: it might be kept from happening by what the prediction does not know.
//!
//! An exploration that has run every execution knows better: it only has to look where the order itself is to have no
//! cycle. Readers that wait behind writers are never met in the model, whose locks prefer nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::follow::{Follow, Witness};
use super::steer::Steer;
use crate::config::{ConfigError, Policy};
use crate::detect::lock_order::{Cycle, CycleKey, Edge, Lock, LockOrder, Request, places};
use crate::detect::observed::Observed;
use crate::explore::exploration::{Exploration, PROFILING, QUIET};
use crate::explore::finding::{Finding, Led, Outcome};
use crate::explore::judge::Verdict;
use crate::explore::replay::regressions::file_name;
use crate::report::{
    self, CycleVerdict, FailureKind, LockCycle, LockEdge, LockGraph, LockName, LockRequest, ObjectName, Place,
};
use crate::rt::Execution;
use crate::rt::decide::profile::{PROFILED, Profile};
use crate::rt::op::lock::LockMode;

/// How many executions are steered towards a cycle.
const ATTEMPTS: u32 = 50;

/// Which executions an exploration has run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::explore) enum Explored {
    Some,
    /// All within a bound.
    Bounded,
    All,
}

/// What was said of each cycle so far.
pub(in crate::explore) type Told = BTreeMap<CycleKey, Option<String>>;

/// How it is known that a cycle can be met, and where it leads to.
enum Steered {
    Met(Box<Finding>),
    NotMet { is_predicted: bool, attempts: u32 },
}

impl Exploration<'_> {
    /// Draws the order of locks where artifacts go.
    pub(in crate::explore) fn keep_lock_order(&self, lock_order: &LockOrder, outcome: &mut Outcome) {
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

    /// Judges the order of locks of the executions that were run. What fails in an execution that is led into a cycle,
    /// whatever it is, goes into `outcome`; what is not met, into its notes, or its verdict.
    pub(in crate::explore) fn judge_lock_order(
        &self,
        lock_order: &LockOrder,
        explored: Explored,
        told: &mut Told,
        outcome: &mut Outcome,
    ) -> Result<(), ConfigError> {
        let is_denied = self.config.lock_order == Policy::Deny || lock_order.asserted.is_some();
        if self.config.lock_order == Policy::Allow && !is_denied {
            return Ok(());
        }
        for (key, cycle) in &lock_order.cycles {
            if outcome.has_failed() {
                break;
            }
            let mut is_predicted = false;
            let said = match told.get(key) {
                Some(said) => said.clone(),
                None => {
                    let verdict = match explored {
                        _ if cycle.prefers_writers() => Some(CycleVerdict::WriterPreference),
                        Explored::All => is_denied.then_some(CycleVerdict::Infeasible),
                        Explored::Bounded => Some(CycleVerdict::Bounded),
                        Explored::Some => match self.lead_into(key, cycle)? {
                            Steered::Met(finding) => {
                                outcome.finding = Some(*finding);
                                return Ok(());
                            }
                            Steered::NotMet { is_predicted: true, .. } => {
                                is_predicted = true;
                                Some(CycleVerdict::Predicted)
                            }
                            Steered::NotMet { attempts, .. } => Some(CycleVerdict::Potential { attempts }),
                        },
                    };
                    verdict.map(|verdict| report::prediction(&cycle_of(cycle), verdict))
                }
            };
            told.insert(key.clone(), said.clone());
            let Some(mut said) = said else { continue };
            if is_denied || is_predicted {
                if let (Some(asserted), false) = (lock_order.asserted, is_predicted) {
                    said += &format!("\n  the order was said to have no cycle at {}", Place::from(asserted));
                }
                outcome.verdict = Some(Verdict::new(FailureKind::LockOrder, said));
            } else if !outcome.notes.contains(&said) {
                outcome.notes.push(said);
            }
        }
        Ok(())
    }

    /// Leads executions into the cycle until one fails.
    fn lead_into(&self, key: &CycleKey, cycle: &Cycle) -> Result<Steered, ConfigError> {
        if self.is_late() {
            return Ok(Steered::NotMet { is_predicted: false, attempts: 0 });
        }
        let witness = self.on_worker(|execution| self.witness(execution, key, cycle.index))?;
        self.on_worker(|execution| {
            execution.deadline = self.deadline;
            let mut attempts = 0;
            let cycle = Arc::new(cycle.clone());
            let steer = || Steer::new(Arc::clone(&cycle));
            let mut is_predicted = false;
            if let Some((witness, is_sure)) = witness {
                is_predicted = is_sure;
                execution.set_strategy(Box::new(Follow::new(Arc::new(witness), steer())));
                // One in which acquisitions are counted.
                if let Some(finding) = self.lead(execution, 1, &cycle, true) {
                    return Steered::Met(Box::new(finding));
                }
            }
            execution.set_strategy(Box::new(steer()));
            while attempts < ATTEMPTS && !self.is_late() {
                if let Some(finding) = self.lead(execution, u64::from(attempts), &cycle, false) {
                    return Steered::Met(Box::new(finding));
                }
                attempts += 1;
            }
            Steered::NotMet { is_predicted, attempts }
        })
    }

    fn lead(&self, execution: &mut Execution, attempt: u64, cycle: &Cycle, follows: bool) -> Option<Finding> {
        let verdict = self.run_index(execution, attempt, &Profile::default(), QUIET)?;
        let mut finding = Finding::new(attempt, verdict, execution);
        finding.led_into = Some(Led { cycle: cycle_of(cycle), has_followed: follows });
        Some(finding)
    }

    /// A schedule to the deadlock, if the execution that showed the cycle has one in it, and whether it is sure to lead
    /// there. One that is sure is preferred to one that does not look at data.
    fn witness(&self, execution: &mut Execution, key: &CycleKey, index: u64) -> Option<(Witness, bool)> {
        let (profile, _) = self.profile(execution, index.min(PROFILED));
        self.run_index(execution, index, &profile, PROFILING);
        let execution = &*execution;
        let places = places(execution, key)?;
        [true, false].into_iter().find_map(|with_data| {
            let observed = Observed::of(execution, with_data)?;
            let place = |(thread, numbers): &(_, Vec<u32>)| {
                numbers.iter().filter_map(|&number| observed.acquisition(*thread, number)).collect()
            };
            let places: Vec<Vec<_>> = places.iter().map(place).collect();
            let positions = observed.witness(&places)?;
            Some((Witness::of(execution, &positions), with_data && observed.is_all()))
        })
    }
}

fn cycle_of(cycle: &Cycle) -> LockCycle {
    let request = |request: &Request| LockRequest {
        thread: request.thread.clone(),
        wanted: lock_name(&request.wanted),
        held: request.held.as_ref().map(lock_name),
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

/// The order of the locks of a test as a graph; `None` if no lock was taken while another was held.
pub(in crate::explore) fn graph_of(lock_order: &LockOrder) -> Option<LockGraph> {
    // All locks of a place are one.
    let class = |lock: &Lock| ObjectName { ordinal: (0, 1), ..lock_name(lock).object };
    let ends =
        |held: &Lock, wanted: &Lock| ((held.kind, held.key.location), (wanted.kind, wanted.key.location));
    let in_cycles: BTreeSet<_> = lock_order
        .cycles
        .values()
        .flat_map(|cycle| &cycle.requests)
        .filter_map(|request| Some(ends(request.held.as_ref()?, &request.wanted)))
        .collect();
    let edge = |edge: &Edge| LockEdge {
        thread: edge.thread.clone(),
        held: class(&edge.held),
        wanted: class(&edge.wanted),
        taken_at: Place::from(edge.wanted.location),
        in_cycle: in_cycles.contains(&ends(&edge.held, &edge.wanted)),
    };
    let edges: Vec<LockEdge> = lock_order.edges.values().map(edge).collect();
    (!edges.is_empty()).then(|| LockGraph::new(&edges))
}
