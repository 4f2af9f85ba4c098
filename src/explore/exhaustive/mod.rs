//! Exhaustive exploration: every execution of the test, each once.
//!
//! Two schedules that every thread sees alike are one *execution graph*; what is enumerated is graphs, by TruSt
//! (see `revisit`), under RC11 or sequential consistency (`consistency`). A graph is taken from the frontier,
//! built, checked, and run from the start (`director`); the run goes on to the end of the program, and what it
//! might have done otherwise goes to the frontier. Each worker does so with a part of it (`worker`); what is left
//! when they are stopped can be kept (`checkpoint`).

mod checkpoint;
mod compare;
mod frontier;
mod graph;
mod run;
mod worker;

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::exploration::Exploration;
use super::finding::Finding;
use super::progress::Progress;
use crate::config::ConfigError;
use crate::detect::lock_order::LockOrder;
use crate::explore::progress::long::Long;
use crate::explore::progress::terminal::Total;
use crate::report::grouped;
use crate::rt::Execution;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::{Limits, MemoryModel, Strict, Timeouts};
use checkpoint::{Checkpoint, Saved};
use frontier::{Exchange, Queue};
use run::probe::Site;
use worker::Worker;

/// How many steps the executions of a budget may have, each, on average.
const STEPS: u64 = 200;

/// As how many steps a run counts that leads to nothing and does not end: there are loops in it, of which there may be no end
/// either, each longer than the one before.
const STEPS_OF_ENDLESS: u64 = 100_000;

/// How many events may be looked at in the time of a step that is sampled.
const WORK_OF_A_STEP: u64 = 8;

/// How many may be looked at in any case.
const LEAST_WORK: u64 = 1 << 20;

/// How large an execution may be, in events times threads, to be one of a few.
const SMALL: usize = 1 << 16;

/// After how many executions it can be told that the budget is not enough.
const EARLY: u64 = 1_000;

/// How much of the executions have to be seen by then, as a multiple of what the budget would take.
const HOPELESS: f64 = 20.0;

/// How long it takes, at most, until the checkpoint knows of an execution.
const SAVED_EVERY: Duration = Duration::from_secs(5);

/// How far an exhaustive exploration may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// How many executions it may run.
    pub(super) executions: u64,
    /// How much as many executions may cost, in all, if they are sampled instead: in steps. An attempt that is to give up
    /// early does so before it costs more.
    pub(super) steps: u64,
    /// Whether to give up early, when so many executions are obviously not enough.
    pub(super) gives_up_early: bool,
    /// How long it may take.
    pub(super) time: Option<Duration>,
    /// Whether the same was explored before, with less that std allows.
    pub(super) is_second_stage: bool,
}

/// What an exhaustive exploration came to.
pub(super) struct Exhausted {
    /// Complete executions, each of another execution graph.
    pub(super) executions: u64,
    /// In how many of these std took a liberty.
    pub(super) liberal: u64,
    /// Executions that led to no complete one: a thread waited for what another execution shows.
    pub(super) blocked: u64,
    pub(super) steps: u64,
    /// The part of all executions that was seen, as far as can be told: 1 at the end.
    pub(super) share: f64,
    pub(super) end: End,
    /// What the executions rest on.
    pub(super) basis: Basis,
    /// Of the executions that did not fail.
    pub(super) lock_order: LockOrder,
    /// Whatever else there is to say.
    pub(super) notes: Vec<String>,
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
    liberal: AtomicU64,
    blocked: AtomicU64,
    /// Of all runs, and of the executions among them.
    steps: AtomicU64,
    passed_steps: AtomicU64,
    /// Runs of no use that did not end by themselves when they were let go.
    endless: AtomicU64,
    /// The part of all executions that was seen, in 2⁻⁶⁰.
    share: AtomicU64,
    /// What executions may do.
    limits: Limits,
    basis: AtomicU32,
    /// How many executions have passed, in this exploration: which of them are run again depends on that.
    passed: AtomicU64,
    /// How much was looked at, in events; and the steps of the longest execution.
    work: AtomicU64,
    longest: AtomicU64,
    strict: Strict,
    deadline: Option<Instant>,
    end: Mutex<Option<WorkerEnd>>,
    /// Hints that were seen not to be in a loop, and how many; see `spin`.
    straight: Mutex<Vec<Site>>,
    straight_count: AtomicUsize,
    /// How many of the executions are an earlier exploration's.
    before: AtomicU64,
    /// What an earlier exploration has left, until a worker takes it.
    saved: Mutex<Option<Saved>>,
    checkpoint: Option<&'a Checkpoint>,
    /// When to write the checkpoint next.
    saves_at: Mutex<Instant>,
    progress: Progress,
}

/// Why the workers stopped before the frontier was empty.
enum WorkerEnd {
    End(End),
    /// The checkpoint is of another program; a message says so.
    Misfit(String),
    Strict(Strict),
}

impl Exploration<'_> {
    /// Runs every execution of the test once, as far as `budget` allows.
    /// `limits` say what they may do.
    pub(super) fn exhaust(&self, budget: &Budget, limits: &Limits) -> Result<Exhausted, ConfigError> {
        let start = Instant::now();
        let exhausted = self.exhaust_with(budget, limits, self.config.workers)?;
        let depends_on_timing = match exhausted.end {
            End::Complete | End::Bounded | End::Time => false,
            // Which executions several workers have run by then, and which failure they find first.
            End::Budget | End::Unsupported(_) | End::Failed(_) => self.config.workers > 1,
        };
        if !depends_on_timing || self.config.checkpoint.is_some() {
            return Ok(exhausted);
        }
        let time = budget.time.map(|time| time.saturating_sub(start.elapsed()));
        let again = self.exhaust_with(&Budget { time, ..*budget }, limits, 1)?;
        // Within a time limit one worker may not get there.
        let is_lost = matches!((&exhausted.end, &again.end), (_, End::Time));
        Ok(if is_lost { exhausted } else { again })
    }

    fn exhaust_with(
        &self,
        budget: &Budget,
        limits: &Limits,
        workers: usize,
    ) -> Result<Exhausted, ConfigError> {
        let deadline = budget.time.and_then(|time| Instant::now().checked_add(time));
        // What is left of a second stage is not kept: it is told how far it came.
        let checkpoint = self.checkpoint().filter(|_| !budget.is_second_stage);
        let mut saved = match &checkpoint {
            Some(checkpoint) => checkpoint.read().map_err(ConfigError::new)?,
            None => None,
        };
        let mut notes = Vec::new();
        if let (Some(saved), Some(checkpoint)) = (&saved, &checkpoint) {
            notes.push(format!(
                "went on from {}, after {} executions",
                checkpoint.path.display(),
                grouped(saved.executions)
            ));
        }
        // Time that passes wherever it may is known by clocks, and so is what was done with a reference.
        let needs_clocks = limits.timeouts == Timeouts::Any || limits.check_exclusive;
        let mut strict = saved.as_ref().map(|saved| saved.strict).unwrap_or_default();
        loop {
            let common = Common::new(
                budget,
                Limits { strict, keeps_clocks: strict.clocks || needs_clocks, ..limits.clone() },
                workers,
                deadline,
                saved.take(),
                checkpoint.as_ref(),
                &self.long,
            );
            let work = |execution: &mut Execution| Worker::new(self, execution, &common).work();
            let mut lock_order = LockOrder::default();
            let mut left = Vec::new();
            for (of_worker, locks) in self.on_workers(workers, work)? {
                left.extend(of_worker);
                lock_order.merge(locks);
            }
            common.progress.finish();
            let end = common.end.lock().unwrap_or_else(PoisonError::into_inner).take();
            let end = match end {
                Some(WorkerEnd::Strict(more)) => {
                    strict = strict.and(more);
                    continue;
                }
                Some(WorkerEnd::Misfit(message)) => return Err(ConfigError::new(message)),
                Some(WorkerEnd::End(end)) => end,
                None if common.basis().is_bounded() => End::Bounded,
                None => End::Complete,
            };
            if let Some(checkpoint) = &checkpoint {
                let is_unfinished = matches!(end, End::Budget | End::Time);
                let saved = is_unfinished.then(|| {
                    let mut saved = common.to_save();
                    let shared = common.exchange.origins();
                    saved.add(left.iter().chain(&shared));
                    saved
                });
                match saved {
                    Some(saved) => {
                        checkpoint.write(&saved).map_err(ConfigError::new)?;
                        let path = checkpoint.path.display();
                        notes.push(format!("run the same again to go on: what is left is in {path}"));
                    }
                    None => checkpoint.remove(),
                }
            }
            return Ok(Exhausted {
                basis: common.basis(),
                executions: common.executions.into_inner(),
                liberal: common.liberal.into_inner(),
                blocked: common.blocked.into_inner(),
                steps: common.passed_steps.into_inner(),
                share: common.share.into_inner() as f64 / SHARE_UNIT,
                end,
                lock_order,
                notes,
            });
        }
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        let config = &self.config;
        let memory = match config.memory {
            MemoryModel::Rc11 => "rc11",
            MemoryModel::SequentiallyConsistent => "sc",
        };
        let preemptions = config.max_preemptions.map_or("any".to_owned(), |bound| bound.to_string());
        let spurious = config.exhaustive_limits().spurious;
        let settings = format!("memory={memory} max_preemptions={preemptions} spurious={spurious}");
        config.checkpoint.as_ref().map(|path| Checkpoint::new(path, &config.name, &settings))
    }
}

const SHARE_UNIT: f64 = (1u64 << 60) as f64;

impl<'a> Common<'a> {
    fn new(
        budget: &'a Budget,
        limits: Limits,
        workers: usize,
        deadline: Option<Instant>,
        saved: Option<Saved>,
        checkpoint: Option<&'a Checkpoint>,
        long: &Arc<Long>,
    ) -> Common<'a> {
        let straight = saved.as_ref().map(|saved| saved.straight.clone()).unwrap_or_default();
        Common {
            budget,
            exchange: Exchange::new(workers),
            executions: AtomicU64::new(0),
            liberal: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            passed_steps: AtomicU64::new(0),
            endless: AtomicU64::new(0),
            share: AtomicU64::new(0),
            strict: limits.strict,
            limits,
            basis: AtomicU32::new(0),
            passed: AtomicU64::new(0),
            work: AtomicU64::new(0),
            longest: AtomicU64::new(1),
            deadline,
            end: Mutex::new(None),
            straight_count: AtomicUsize::new(straight.len()),
            before: AtomicU64::new(0),
            straight: Mutex::new(straight),
            // Nothing was explored: all is left.
            saved: Mutex::new(Some(saved.unwrap_or_else(|| Saved { left: vec![None], ..Saved::default() }))),
            checkpoint,
            saves_at: Mutex::new(Instant::now() + SAVED_EVERY),
            progress: Progress::new(long),
        }
    }

    /// What the checkpoint says of what was explored.
    fn to_save(&self) -> Saved {
        Saved {
            test: self.checkpoint.map(|checkpoint| checkpoint.test.clone()).unwrap_or_default(),
            strict: self.strict,
            executions: self.executions.load(Ordering::Relaxed),
            blocked: self.blocked.load(Ordering::Relaxed),
            steps: self.passed_steps.load(Ordering::Relaxed),
            share: self.share.load(Ordering::Relaxed),
            basis: self.basis(),
            straight: self.straight.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ..Saved::default()
        }
    }

    /// What was explored before, according to the checkpoint.
    fn restore_counts(&self, saved: &Saved) {
        self.executions.store(saved.executions, Ordering::Relaxed);
        self.blocked.store(saved.blocked, Ordering::Relaxed);
        self.before.store(saved.executions + saved.blocked, Ordering::Relaxed);
        self.steps.store(saved.steps, Ordering::Relaxed);
        self.passed_steps.store(saved.steps, Ordering::Relaxed);
        self.share.store(saved.share, Ordering::Relaxed);
        self.rest_on(saved.basis);
    }

    /// Writes the checkpoint, if it is time. `queue` is what the calling worker has left.
    fn save(&self, queue: &Queue) {
        let Some(checkpoint) = self.checkpoint else { return };
        {
            let mut saves_at = self.saves_at.lock().unwrap_or_else(PoisonError::into_inner);
            if Instant::now() < *saves_at {
                return;
            }
            *saves_at = Instant::now() + SAVED_EVERY;
        }
        self.exchange.gather(queue, |left| {
            let mut saved = self.to_save();
            saved.add(left.iter());
            // One that cannot be written now is written at the end, or that says why not.
            let _ = checkpoint.write(&saved);
        });
    }

    /// Shows how far the exploration has come.
    fn show_progress(&self) {
        let executions = self.executions.load(Ordering::Relaxed);
        let share = self.share.load(Ordering::Relaxed) as f64 / SHARE_UNIT;
        let total = if share > 0.0 { Total::AtLeast(executions as f64 / share) } else { Total::Unknown };
        self.progress.show(executions, total);
    }

    fn stop(&self, end: WorkerEnd) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        self.exchange.stop();
    }

    fn basis(&self) -> Basis {
        Basis::from_bits(self.basis.load(Ordering::Relaxed))
    }

    fn rest_on(&self, basis: Basis) {
        // Other workers would wait for each write.
        if basis.bits() & !self.basis.load(Ordering::Relaxed) != 0 {
            self.basis.fetch_or(basis.bits(), Ordering::Relaxed);
        }
    }

    /// How much may be looked at before an attempt is to be given up.
    fn allowed_work(&self) -> u64 {
        if !self.budget.gives_up_early {
            return u64::MAX;
        }
        let longest = self.longest.load(Ordering::Relaxed);
        let sampling = self.budget.executions.saturating_mul(longest).min(self.budget.steps);
        sampling.saturating_mul(WORK_OF_A_STEP).max(LEAST_WORK)
    }

    fn add_share(&self, weight: f64) {
        self.share.fetch_add((weight * SHARE_UNIT) as u64, Ordering::Relaxed);
    }

    /// Whether the budget allows no further execution.
    fn is_over(&self) -> Option<End> {
        let explored = self.executions.load(Ordering::Relaxed) + self.blocked.load(Ordering::Relaxed);
        let executions = explored.saturating_sub(self.before.load(Ordering::Relaxed));
        let allowed = self.budget.executions;
        if executions >= allowed {
            return Some(End::Budget);
        }
        let steps = self.steps.load(Ordering::Relaxed);
        if self.budget.gives_up_early {
            let steps = steps + self.endless.load(Ordering::Relaxed) * STEPS_OF_ENDLESS;
            if steps / STEPS >= allowed || self.work.load(Ordering::Relaxed) >= self.allowed_work() {
                return Some(End::Budget);
            }
            let share = self.share.load(Ordering::Relaxed) as f64 / SHARE_UNIT;
            if executions == EARLY && share * HOPELESS < EARLY as f64 / allowed as f64 {
                return Some(End::Budget);
            }
        }
        // A look at the clock costs as much as a short execution; who has a deadline looks there as well.
        if !executions.is_multiple_of(64) {
            return None;
        }
        self.show_progress();
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        is_late.then_some(End::Time)
    }
}
