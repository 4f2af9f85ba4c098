//! A worker of an exhaustive exploration: takes graphs from the frontier, builds, checks and runs them, and puts what
//! it finds there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::checkpoint::{Checkpoint, Saved};
use super::common::{Common, End, SMALL, WorkerEnd};
use super::frontier::Queue;
use super::graph::Graph;
use super::graph::preemptions;
use crate::detect::lock_order::LockOrder;
use crate::explore::exhaustive::graph::change::Change;
use crate::explore::exhaustive::graph::event::{EventId, NONE, flag};
use crate::explore::exhaustive::graph::origin::{Ancestor, Origin};
use crate::explore::exhaustive::graph::revisit::Item;
use crate::explore::exhaustive::run::explorer::{Explorer, RunEnd};
use crate::explore::exploration::{Exploration, QUIET};
use crate::explore::finding::Finding;
use crate::explore::judge::Verdict;
use crate::report::{FailureKind, grouped};
use crate::rt::Execution;
use crate::rt::decide::profile::Profile;
use crate::rt::decide::strategy::Start;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::MemoryModel;
use crate::rt::op::outcome::Stop;
use crate::rt::op::rng::Rng;
use crate::rt::run::execution::Mode;
use crate::strategy::random::RoundRobin;

/// How many graphs a worker keeps for their memory.
const SPARE: usize = 64;

/// What came of running a graph.
enum Ran {
    /// An execution that did not fail, with this number.
    Passed(u64),
    /// None to judge: it waits for what others show.
    Blocked,
    /// It did not follow its graph.
    Diverged(Verdict),
    /// Whatever it was, the exploration ends with it.
    Ended(WorkerEnd),
}

/// One worker: an execution, a graph, and a part of the frontier.
pub(super) struct Worker<'a, 'b> {
    pub(super) exploration: &'a Exploration<'a>,
    pub(super) execution: &'a mut Execution,
    pub(super) common: &'a Common<'b>,
    queue: Queue,
    pub(super) explorer: Option<Box<Explorer>>,
    pub(super) numbers: Vec<EventId>,
    preemptions: preemptions::Search,
    /// Graphs that nobody needs any more, for their memory.
    spare: Vec<Arc<Graph>>,
    /// What was found last, on its way to the frontier.
    items: Vec<Item>,
    profile: Profile,
    lock_order: LockOrder,
}

impl<'a, 'b> Worker<'a, 'b> {
    pub(super) fn new(
        exploration: &'a Exploration<'a>,
        execution: &'a mut Execution,
        common: &'a Common<'b>,
    ) -> Worker<'a, 'b> {
        let limits = &mut execution.kernel.limits;
        limits.clone_from(&common.limits);
        let is_sc = limits.memory == MemoryModel::SequentiallyConsistent;
        let max_size = if common.budget.gives_up_early { SMALL } else { usize::MAX };
        let explorer = Explorer::new(is_sc, limits.spurious, max_size);
        execution.deadline = common.deadline;
        // For executions that are of no use any more.
        execution.set_strategy(Box::new(RoundRobin::default()));
        Worker {
            exploration,
            execution,
            common,
            queue: Queue::default(),
            explorer: Some(Box::new(explorer)),
            numbers: Vec::new(),
            preemptions: preemptions::Search::default(),
            spare: Vec::new(),
            items: Vec::new(),
            profile: Profile::default(),
            lock_order: LockOrder::default(),
        }
    }

    /// Explores until nothing is left, or somebody stops. What is left then, and in which order locks were taken.
    pub(super) fn work(mut self) -> (Vec<Origin>, LockOrder) {
        let saved = self.common.saved.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(end) = saved.and_then(|saved| self.restore(&saved)) {
            self.common.stop(end);
        }
        let exchange = &self.common.exchange;
        while let Some(item) = self.queue.pop().or_else(|| exchange.take()) {
            if !exchange.is_stopped()
                && let Some(end) = self.common.is_over()
            {
                self.common.stop(WorkerEnd::End(end));
            }
            if exchange.is_stopped() {
                self.queue.push(item);
                break;
            }
            if let Some(end) = self.explore(&item) {
                self.common.stop(end);
                break;
            }
            self.queue.extend(self.items.drain(..));
            self.give_back(item.base);
            while self.queue.len() > 1 && exchange.is_wanting() {
                let Some(item) = self.queue.give() else { break };
                exchange.give(item);
            }
            if self.common.checkpoint.is_some() {
                exchange.join_gathering(&self.queue);
                self.common.save(&self.queue);
            }
        }
        (self.queue.origins(), self.lock_order)
    }

    /// Puts what an earlier exploration has left into the queue: what it was found from is explored again.
    fn restore(&mut self, saved: &Saved) -> Option<WorkerEnd> {
        let common = self.common;
        let root = Item {
            base: Arc::new(Graph::new(self.exploration.config.memory == MemoryModel::SequentiallyConsistent)),
            change: Change::Nothing,
            preemptions: 0,
            weight: 1.0,
            origin: None,
        };
        if let Some(mut explorer) = self.explorer.take() {
            self.share_straight(&mut explorer);
            self.explorer = Some(explorer);
        }
        let wanted: BTreeSet<_> =
            saved.nodes.iter().map(|node| node.place).chain(saved.left.iter().copied()).collect();
        let mut items = BTreeMap::from([(None, root)]);
        let misfit = || WorkerEnd::Misfit(common.checkpoint.map(Checkpoint::misfit).unwrap_or_default());
        for (number, node) in saved.nodes.iter().enumerate() {
            let Some(item) = items.remove(&node.place) else { return Some(misfit()) };
            if let Some(explorer) = &mut self.explorer {
                explorer.straight.show(node.straight);
            }
            if let Some(end) = self.explore(&item) {
                return Some(end);
            }
            if self.items.len() != node.found as usize {
                return Some(misfit());
            }
            for (found, item) in self.items.drain(..).enumerate() {
                let place = Some((number as u32, found as u32));
                if wanted.contains(&place) {
                    items.insert(place, item);
                }
            }
        }
        for place in &saved.left {
            match items.remove(place) {
                Some(item) => self.queue.push(item),
                None => return Some(misfit()),
            }
        }
        self.common.restore_counts(saved);
        None
    }

    /// Keeps the memory of a graph, if nobody else has it.
    fn give_back(&mut self, mut graph: Arc<Graph>) {
        if self.spare.len() < SPARE && Arc::get_mut(&mut graph).is_some() {
            self.spare.push(graph);
        }
    }

    fn explore(&mut self, item: &Item) -> Option<WorkerEnd> {
        let mut explorer = self.explorer.take().expect("put back after each graph");
        self.share_straight(&mut explorer);
        let allowed = self.common.allowed_work().saturating_sub(self.common.work.load(Ordering::Relaxed));
        explorer.effort.start(allowed, self.common.deadline);
        let built = item.build(&mut explorer.graph, &mut self.numbers);
        self.common.work.fetch_add(u64::from(explorer.graph.len()), Ordering::Relaxed);
        let is_conflict = built.conflict != NONE;
        // A revisit may add a liberty. None is ever removed again, so nothing else is reached from here either.
        let cancellations = self.execution.kernel.limits.cancellations;
        let is_too_free = explorer.spurious > 0 && explorer.liberties_so_far() > explorer.spurious
            || cancellations > 0 && explorer.cancellations_so_far() > cancellations;
        let Explorer { checker, graph, .. } = &mut *explorer;
        let is_consistent = is_conflict || built.unchecked == NONE || checker.check(graph, built.unchecked);
        if is_too_free || !is_consistent {
            self.common.add_share(item.weight);
            self.explorer = Some(explorer);
            return None;
        }
        let preemptions = if is_conflict { item.preemptions } else { explorer.graph.preemptions() };
        let bound = self.exploration.config.max_preemptions.filter(|_| !is_conflict);
        let slack = preemptions::slack(&explorer.graph);
        if bound
            .is_some_and(|bound| !self.preemptions.fits(&explorer.graph, bound.saturating_add(slack), &[]))
        {
            self.common.rest_on(Basis::PREEMPTIONS);
            self.common.add_share(item.weight);
            self.explorer = Some(explorer);
            return None;
        }
        if built.event != NONE {
            explorer.revisit(built.event, built.conflict);
        }
        let mut end = None;
        if is_conflict {
            explorer.graph.is_conflict = true;
            self.explorer = Some(explorer);
        } else {
            end = match self.run(explorer) {
                Ran::Diverged(verdict) => Some(self.judge_divergence(item, verdict)),
                Ran::Passed(index) if self.is_run_again() => self.run_again(index),
                Ran::Passed(_) | Ran::Blocked => None,
                Ran::Ended(end) => Some(end),
            };
        }
        if matches!(end, Some(WorkerEnd::End(End::Time))) && self.common.checkpoint.is_none() {
            // There may be a great many, and no time for them.
            self.explorer.as_mut().expect("put back after each graph").found.clear();
        }
        self.make_items(item, preemptions, is_conflict);
        end
    }

    /// If a failing run had threads do rounds again that no schedule has: lets them go on in another, which fails as well.
    fn goes_on_instead(&mut self) -> bool {
        let explorer = self.explorer.as_mut().expect("put back after each graph");
        let again = explorer.retried.drain(..).map(|event| Change::GoesOn { event, why: flag::GOES_ON });
        let before = explorer.found.len();
        explorer.found.extend(again);
        explorer.found.len() > before
    }

    /// Learns which hints others have seen not to be in a loop, and tells them.
    fn share_straight(&self, explorer: &mut Explorer) {
        let known = explorer.straight.len();
        if known == self.common.straight_count.load(Ordering::Relaxed) {
            return;
        }
        let mut shared = self.common.straight.lock().unwrap_or_else(PoisonError::into_inner);
        explorer.straight.merge(&mut shared);
        self.common.straight_count.store(shared.len(), Ordering::Relaxed);
    }

    /// Runs the graph, and what follows.
    fn run(&mut self, explorer: Box<Explorer>) -> Ran {
        let index = self.common.executions.load(Ordering::Relaxed);
        let (mut explorer, stop) = self.run_as(explorer, index, QUIET);
        self.common.steps.fetch_add(self.execution.kernel.steps, Ordering::Relaxed);
        let end = explorer.end.take();
        self.common.rest_on(explorer.basis);
        self.common.rest_on(self.execution.kernel.basis);
        let is_unreal = explorer.has_read_stale;
        // How long a loop is probed depends on what its worker has seen before.
        let steps = self.execution.kernel.steps.saturating_sub(explorer.probe_steps);
        self.explorer = Some(explorer);
        if matches!(stop, Stop::OutOfTime) {
            return Ran::Ended(WorkerEnd::End(End::Time));
        }
        if end.is_some() && matches!(stop, Stop::StepLimit | Stop::Knot | Stop::Livelock) {
            self.common.endless.fetch_add(1, Ordering::Relaxed);
        }
        let is_diverged = matches!(end, Some(RunEnd::Diverged(_)));
        match end {
            Some(RunEnd::Blocked) => {
                self.common.blocked.fetch_add(1, Ordering::Relaxed);
                return Ran::Blocked;
            }
            Some(RunEnd::TooLarge) => {
                let is_late = self.common.deadline.is_some_and(|deadline| Instant::now() >= deadline);
                return Ran::Ended(WorkerEnd::End(if is_late { End::Time } else { End::Budget }));
            }
            Some(RunEnd::Strict(more)) => return Ran::Ended(WorkerEnd::Strict(more)),
            // Where one thread polls all tasks no graph is needed; that there are others shows then.
            Some(RunEnd::Unsupported(_)) if self.is_of_one_thread() => {
                return Ran::Ended(WorkerEnd::End(End::OneThread));
            }
            Some(RunEnd::Unsupported(what)) => return Ran::Ended(WorkerEnd::End(End::Unsupported(what))),
            Some(RunEnd::Diverged(_)) | None => {}
        }
        let bound = self.exploration.config.max_preemptions;
        let Explorer { graph, waiting, .. } = &**self.explorer.as_ref().expect("put back above");
        // It only led the way to others.
        if !is_diverged && bound.is_some_and(|bound| !self.preemptions.fits(graph, bound, waiting)) {
            self.common.rest_on(Basis::PREEMPTIONS);
            self.common.blocked.fetch_add(1, Ordering::Relaxed);
            return Ran::Blocked;
        }
        let verdict = self.exploration.judge(self.execution, &stop);
        if verdict.as_ref().is_some_and(|verdict| verdict.kind == FailureKind::GoodSamaritan) {
            // No scheduler keeps the others waiting for so long; whether it ends otherwise, a fair one tells.
            return Ran::Ended(WorkerEnd::End(End::Unsupported(format!(
                "a thread that goes on for {} steps if no other has its turn meanwhile: only fairness ends its loop",
                grouped(self.execution.kernel.limits.max_steps)
            ))));
        }
        let hangs = matches!(stop, Stop::Hang);
        if verdict.is_some() && !is_diverged && !hangs && self.goes_on_instead() {
            self.common.blocked.fetch_add(1, Ordering::Relaxed);
            return Ran::Blocked;
        }
        if let (true, Some(verdict)) = (is_diverged, &verdict) {
            return Ran::Diverged(verdict.clone());
        }
        // The thread that waits in vain has no part in the failure: it is found without that, too.
        if let Some(verdict) = verdict.filter(|_| !is_unreal) {
            self.common.passed_steps.fetch_add(steps, Ordering::Relaxed);
            let mut finding = Finding::new(index, verdict, self.execution);
            finding.token.is_endless = matches!(stop, Stop::Livelock);
            return Ran::Ended(WorkerEnd::End(End::Failed(Box::new(finding))));
        }
        if is_unreal {
            self.common.blocked.fetch_add(1, Ordering::Relaxed);
            return Ran::Blocked;
        }
        if self.is_of_one_thread() {
            return Ran::Ended(WorkerEnd::End(End::OneThread));
        }
        self.common.executions.fetch_add(1, Ordering::Relaxed);
        self.common.passed_steps.fetch_add(steps, Ordering::Relaxed);
        let is_liberal = self.execution.kernel.liberties > 0;
        self.common.liberal.fetch_add(u64::from(is_liberal), Ordering::Relaxed);
        // Its number depends on the timing, if there are several workers.
        self.lock_order.add(self.execution, 0);
        Ran::Passed(index)
    }

    /// Whether the execution that has just ended was tasks that one thread polled, and nothing else.
    fn is_of_one_thread(&self) -> bool {
        let kernel = &self.execution.kernel;
        let budget = self.common.budget;
        let is_all = !budget.follows_graphs && !budget.is_second_stage && self.common.checkpoint.is_none();
        is_all && kernel.threads.count() == 1 && !kernel.tasks.told.is_empty()
    }

    /// One execution as the explorer wants it.
    pub(super) fn run_as(
        &mut self,
        mut explorer: Box<Explorer>,
        index: u64,
        mode: Mode,
    ) -> (Box<Explorer>, Stop) {
        explorer.start();
        self.exploration.long.begin(index);
        self.execution.prepare(index, Rng::new(self.exploration.config.seed, index), mode);
        self.execution.begin(&Start { execution: index, profile: &self.profile });
        self.execution.set_director(explorer);
        let max_steps = self.execution.kernel.limits.max_steps;
        let stop = self.execution.run(self.exploration.body);
        self.execution.kernel.limits.max_steps = max_steps;
        self.common.longest.fetch_max(self.execution.kernel.steps, Ordering::Relaxed);
        let director = self.execution.take_director().expect("set above").into_any();
        let explorer = director.downcast::<Explorer>().expect("set above");
        self.common.work.fetch_add(explorer.effort.looks(), Ordering::Relaxed);
        (explorer, stop)
    }

    /// Makes items of what was found.
    fn make_items(&mut self, item: &Item, preemptions: u32, is_conflict: bool) {
        let explorer = self.explorer.as_mut().expect("put back after each graph");
        let parts = explorer.found.len() + usize::from(!is_conflict);
        let weight = item.weight / parts.max(1) as f64;
        if !is_conflict || parts == 0 {
            self.common.add_share(weight);
        }
        if explorer.found.is_empty() {
            return;
        }
        let ancestor = self.common.checkpoint.map(|_| {
            let (straight, found) = (explorer.straight.shown(), explorer.found.len() as u32);
            Arc::new(Ancestor { origin: item.origin.clone(), straight, found })
        });
        // The next graph is built from another base.
        let mut base = self.spare.pop().unwrap_or_default();
        let spare = Arc::get_mut(&mut base).expect("graphs that are kept are nobody else's");
        std::mem::swap(spare, &mut explorer.graph);
        for (number, change) in explorer.found.drain(..).enumerate() {
            let is_revisit =
                matches!(change, Change::Revisit { .. } | Change::Eviction { .. } | Change::Detour { .. });
            self.items.push(Item {
                base: Arc::clone(&base),
                change,
                preemptions: (preemptions + u32::from(is_revisit)).min(255),
                weight,
                origin: ancestor.as_ref().map(|ancestor| (Arc::clone(ancestor), number as u32)),
            });
        }
    }
}
