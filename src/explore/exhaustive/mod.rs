//! Exhaustive exploration: every execution of the test, each once.
//!
//! Two schedules that every thread sees alike are one *execution graph*; what is enumerated is graphs, by TruSt
//! (see `revisit`), under RC11 or sequential consistency (`consistency`). A graph is taken from the frontier,
//! built, checked, and run from the start (`director`); the run goes on to the end of the program, and what it
//! might have done otherwise goes to the frontier.

mod clocks;
mod consistency;
mod director;
mod event;
mod frontier;
mod graph;
mod preemptions;
mod revisit;
mod spin;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::director::{Explorer, RunEnd};
use self::event::{EventId, NONE};
use self::frontier::{Exchange, Queue};
use self::graph::Graph;
use self::revisit::{Change, Item};
use super::judge::judge;
use super::profile::Profile;
use super::random::RoundRobin;
use super::record::Record;
use super::runner::{Exploration, Finding, QUIET, TRACING, nondeterminism};
use super::strategy::Start;
use crate::config::ConfigError;
use crate::report::FailureKind;
use crate::rt::Execution;
use crate::rt::memory::MemoryModel;
use crate::rt::outcome::Stop;
use crate::rt::rng::Rng;

/// How many steps the executions of a budget may have, each, on average.
const STEPS: u64 = 200;

/// How large an execution may be, in events times threads, to be one of a few.
const SMALL: usize = 1 << 16;

/// After how many executions it can be told that the budget is not enough.
const EARLY: u64 = 1_000;

/// How much of the executions have to be seen by then, as a multiple of what the budget would take.
const HOPELESS: f64 = 20.0;

/// How far an exhaustive exploration may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// How many executions it may run.
    pub(super) executions: u64,
    /// Whether to give up early, when so many executions are obviously not enough.
    pub(super) gives_up_early: bool,
    /// How long it may take.
    pub(super) time: Option<Duration>,
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
    /// There is no other execution with so few preemptions, or with the values that were drawn.
    Bounded,
    /// There are more than the budget allows.
    Budget,
    /// The time was over.
    Time,
    /// The test does what cannot be explored exhaustively; what, in words.
    Unsupported(String),
    /// An execution failed.
    Failed(Box<Finding>),
}

/// What the workers of an exploration have in common.
struct Common<'a> {
    budget: &'a Budget,
    exchange: Exchange,
    executions: AtomicU64,
    blocked: AtomicU64,
    steps: AtomicU64,
    /// The part of all executions that was seen, in 2⁻⁶⁰.
    share: AtomicU64,
    is_bounded: AtomicBool,
    strict_channels: bool,
    deadline: Option<Instant>,
    end: Mutex<Option<WorkerEnd>>,
}

/// Why the workers stopped before the frontier was empty.
enum WorkerEnd {
    End(End),
    StrictChannels,
}

impl Exploration<'_> {
    /// Runs every execution of the test once, as far as `budget` allows.
    pub(super) fn exhaust(&self, budget: &Budget) -> Result<Exhausted, ConfigError> {
        let exhausted = self.exhaust_with(budget, self.config.workers)?;
        match exhausted.end {
            // Which failure several workers find first depends on the timing.
            End::Failed(_) if self.config.workers > 1 => {
                let again = self.exhaust_with(budget, 1)?;
                Ok(if matches!(again.end, End::Failed(_)) { again } else { exhausted })
            }
            _ => Ok(exhausted),
        }
    }

    fn exhaust_with(&self, budget: &Budget, workers: usize) -> Result<Exhausted, ConfigError> {
        let deadline = budget.time.and_then(|time| Instant::now().checked_add(time));
        let mut strict_channels = false;
        loop {
            let common = Common {
                budget,
                exchange: Exchange::new(workers),
                executions: AtomicU64::new(0),
                blocked: AtomicU64::new(0),
                steps: AtomicU64::new(0),
                share: AtomicU64::new(0),
                is_bounded: AtomicBool::new(false),
                strict_channels,
                deadline,
                end: Mutex::new(None),
            };
            let is_sc = self.config.memory == MemoryModel::SequentiallyConsistent;
            common.exchange.give(Item {
                base: Arc::new(Graph::new(is_sc)),
                change: Change::Nothing,
                preemptions: 0,
                weight: 1.0,
            });
            self.on_workers(workers, |execution| Worker::new(self, execution, &common).work())?;
            let end = common.end.into_inner().unwrap_or_else(PoisonError::into_inner);
            let bounded = common.is_bounded.into_inner();
            let end = match end {
                Some(WorkerEnd::StrictChannels) => {
                    strict_channels = true;
                    continue;
                }
                Some(WorkerEnd::End(end)) => end,
                None if bounded => End::Bounded,
                None => End::Complete,
            };
            return Ok(Exhausted {
                executions: common.executions.into_inner(),
                blocked: common.blocked.into_inner(),
                steps: common.steps.into_inner(),
                share: common.share.into_inner() as f64 / SHARE_UNIT,
                end,
            });
        }
    }
}

const SHARE_UNIT: f64 = (1u64 << 60) as f64;

impl Common<'_> {
    fn stop(&self, end: WorkerEnd) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        self.exchange.stop();
    }

    fn add_share(&self, weight: f64) {
        self.share.fetch_add((weight * SHARE_UNIT) as u64, Ordering::Relaxed);
    }

    /// Whether the budget allows no further execution.
    fn is_over(&self) -> Option<End> {
        let executions = self.executions.load(Ordering::Relaxed) + self.blocked.load(Ordering::Relaxed);
        let allowed = self.budget.executions;
        if executions >= allowed {
            return Some(End::Budget);
        }
        let steps = self.steps.load(Ordering::Relaxed);
        if self.budget.gives_up_early {
            if steps / STEPS >= allowed {
                return Some(End::Budget);
            }
            let share = self.share.load(Ordering::Relaxed) as f64 / SHARE_UNIT;
            if executions == EARLY && share * HOPELESS < EARLY as f64 / allowed as f64 {
                return Some(End::Budget);
            }
        }
        // A look at the clock costs as much as a short execution.
        let is_late =
            executions.is_multiple_of(64) && self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        is_late.then_some(End::Time)
    }
}

/// One worker: an execution, a graph, and a part of the frontier.
struct Worker<'a, 'b> {
    exploration: &'a Exploration<'a>,
    execution: &'a mut Execution,
    common: &'a Common<'b>,
    queue: Queue,
    explorer: Option<Box<Explorer>>,
    numbers: Vec<EventId>,
    preemptions: preemptions::Search,
    /// Graphs that are not needed any more, for their memory.
    spare: Vec<Graph>,
    profile: Profile,
}

impl<'a, 'b> Worker<'a, 'b> {
    fn new(
        exploration: &'a Exploration<'a>,
        execution: &'a mut Execution,
        common: &'a Common<'b>,
    ) -> Worker<'a, 'b> {
        let limits = &mut execution.kernel.limits;
        *limits = exploration.config.exhaustive_limits();
        limits.strict_channels = common.strict_channels;
        let is_sc = limits.memory == MemoryModel::SequentiallyConsistent;
        let max_size = if common.budget.gives_up_early { SMALL } else { usize::MAX };
        let explorer = Explorer::new(is_sc, limits.spurious, max_size);
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
            profile: Profile::default(),
        }
    }

    fn work(mut self) {
        while let Some(item) = self.queue.pop().or_else(|| self.common.exchange.take()) {
            if self.common.exchange.is_stopped() {
                return;
            }
            if let Some(end) = self.common.is_over() {
                return self.common.stop(WorkerEnd::End(end));
            }
            if let Some(end) = self.explore(&item) {
                return self.common.stop(end);
            }
            if let Ok(graph) = Arc::try_unwrap(item.base) {
                self.spare.push(graph);
            }
            while self.queue.len() > 1 && self.common.exchange.is_wanting() {
                let Some(item) = self.queue.give() else { break };
                self.common.exchange.give(item);
            }
        }
    }

    fn explore(&mut self, item: &Item) -> Option<WorkerEnd> {
        let mut explorer = self.explorer.take().expect("put back after each graph");
        let built = item.build(&mut explorer.graph, &mut self.numbers);
        let is_conflict = built.conflict != NONE;
        let Explorer { checker, graph, .. } = &mut *explorer;
        let is_consistent = is_conflict || built.unchecked == NONE || checker.check(graph, built.unchecked);
        if !is_consistent {
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
            self.common.is_bounded.store(true, Ordering::Relaxed);
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
            end = self.run(explorer);
            if end.is_none() && matches!(item.change, Change::Nothing) {
                end = self.run_again();
            }
        }
        self.push_found(item, preemptions, is_conflict);
        end
    }

    /// Runs the graph, and what follows.
    fn run(&mut self, mut explorer: Box<Explorer>) -> Option<WorkerEnd> {
        let index = self.common.executions.load(Ordering::Relaxed);
        explorer.start();
        self.execution.prepare(index, Rng::new(self.exploration.config.seed, index), QUIET);
        self.execution.begin(&Start { execution: index, profile: &self.profile });
        self.execution.set_director(explorer);
        let max_steps = self.execution.kernel.limits.max_steps;
        let stop = self.execution.run(self.exploration.body);
        self.execution.kernel.limits.max_steps = max_steps;
        let director = self.execution.take_director().expect("set above").into_any();
        let mut explorer = director.downcast::<Explorer>().expect("set above");
        self.common.steps.fetch_add(self.execution.kernel.steps, Ordering::Relaxed);
        let end = explorer.end.take();
        let is_bounded = explorer.is_bounded;
        self.explorer = Some(explorer);
        if is_bounded {
            self.common.is_bounded.store(true, Ordering::Relaxed);
        }
        let is_diverged = matches!(end, Some(RunEnd::Diverged(_)));
        match end {
            Some(RunEnd::Blocked) => {
                self.common.blocked.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            Some(RunEnd::TooLarge) => return Some(WorkerEnd::End(End::Budget)),
            Some(RunEnd::StrictChannels) => return Some(WorkerEnd::StrictChannels),
            Some(RunEnd::Unsupported(what)) => return Some(WorkerEnd::End(End::Unsupported(what))),
            Some(RunEnd::Diverged(_)) | None => {}
        }
        let bound = self.exploration.config.max_preemptions;
        let Explorer { graph, waiting, .. } = &**self.explorer.as_ref().expect("put back above");
        // It only led the way to others.
        if !is_diverged && bound.is_some_and(|bound| !self.preemptions.fits(graph, bound, waiting)) {
            self.common.is_bounded.store(true, Ordering::Relaxed);
            self.common.blocked.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let verdict = judge(self.execution, &stop, self.exploration.config.allow_leaked_threads);
        if let Some(verdict) = verdict {
            let mut finding = Finding::new(index, verdict, self.execution);
            finding.token.ends_spinning = matches!(stop, Stop::Livelock);
            return Some(WorkerEnd::End(End::Failed(Box::new(finding))));
        }
        self.common.executions.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Runs the first execution a second time: if the two differ, something that is not controlled decides. Later
    /// ones are compared with those that they follow.
    fn run_again(&mut self) -> Option<WorkerEnd> {
        let mut explorer = self.explorer.take().expect("put back after each graph");
        let found = std::mem::take(&mut explorer.found);
        let (events, has_probed) = (explorer.graph.len(), explorer.has_probed);
        let first = std::mem::take(&mut self.execution.fingerprints);
        explorer.start();
        self.execution.prepare(0, Rng::new(self.exploration.config.seed, 0), TRACING);
        self.execution.begin(&Start { execution: 0, profile: &self.profile });
        self.execution.set_director(explorer);
        let stop = self.execution.run(self.exploration.body);
        let director = self.execution.take_director().expect("set above").into_any();
        let mut explorer = director.downcast::<Explorer>().expect("set above");
        explorer.end = None;
        explorer.found = found;
        let is_longer = explorer.graph.len() != events;
        self.explorer = Some(explorer);
        let verdict = judge(self.execution, &stop, self.exploration.config.allow_leaked_threads);
        let differs = || Record::difference_of_fingerprints(&first, self.execution);
        let difference = if has_probed { None } else { differs() };
        let verdict = match (verdict, difference) {
            (Some(verdict), _)
                if matches!(verdict.kind, FailureKind::Nondeterminism | FailureKind::Misuse) =>
            {
                verdict
            }
            (Some(verdict), difference) => nondeterminism(&format!(
                "{}; the second failed with {}: {}",
                difference.unwrap_or_else(|| "no operation differs, but the first passed".to_owned()),
                verdict.kind,
                verdict.message
            )),
            (None, Some(difference)) => nondeterminism(&difference),
            (None, None) if is_longer => nondeterminism("the second went on where the first had ended"),
            (None, None) => return None,
        };
        let finding = Finding::new(0, verdict, self.execution);
        Some(WorkerEnd::End(End::Failed(Box::new(finding))))
    }

    /// Puts what was found into the frontier.
    fn push_found(&mut self, item: &Item, preemptions: u32, is_conflict: bool) {
        let explorer = self.explorer.as_mut().expect("put back after each graph");
        let parts = explorer.found.len() + usize::from(!is_conflict);
        let weight = item.weight / parts.max(1) as f64;
        if !is_conflict || parts == 0 {
            self.common.add_share(weight);
        }
        if explorer.found.is_empty() {
            return;
        }
        // The next graph is built from another base.
        let base = Arc::new(std::mem::replace(&mut explorer.graph, self.spare.pop().unwrap_or_default()));
        for change in explorer.found.drain(..) {
            let is_revisit =
                matches!(change, Change::Revisit { .. } | Change::Eviction { .. } | Change::Detour { .. });
            self.queue.push(Item {
                base: Arc::clone(&base),
                change,
                preemptions: (preemptions + u32::from(is_revisit)).min(255),
                weight,
            });
        }
    }
}
