//! What the workers of an exhaustive exploration have in common: its budget, what was counted, what is left, and why it ends.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::checkpoint::{Checkpoint, Saved};
use super::frontier::{Exchange, Queue};
use super::run::probe::Site;
use crate::detect::lock_order::LockOrder;
use crate::explore::finding::Finding;
use crate::explore::progress::Progress;
use crate::explore::progress::long::Long;
use crate::explore::progress::terminal::Total;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::{Limits, Strict};

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
pub(super) const SMALL: usize = 1 << 16;

/// After how many executions it can be told that the budget is not enough.
const EARLY: u64 = 1_000;

/// How much of the executions have to be seen by then, as a multiple of what the budget would take.
const HOPELESS: f64 = 20.0;

/// How long it takes, at most, until the checkpoint knows of an execution.
const SAVED_EVERY: Duration = Duration::from_secs(5);

/// How far an exhaustive exploration may go.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore) struct Budget {
    /// How many executions it may run.
    pub(in crate::explore) executions: u64,
    /// How much as many executions may cost, in all, if they are sampled instead: in steps. An attempt that is to give up
    /// early does so before it costs more.
    pub(in crate::explore) steps: u64,
    /// Whether to give up early, when so many executions are obviously not enough.
    pub(in crate::explore) gives_up_early: bool,
    /// How long it may take.
    pub(in crate::explore) time: Option<Duration>,
    /// Whether the same was explored before, with less that std allows.
    pub(in crate::explore) is_second_stage: bool,
    /// Whether execution graphs are to be followed also where one thread polls all there is.
    pub(in crate::explore) follows_graphs: bool,
}

/// Why it ended.
pub(in crate::explore) enum End {
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
    /// All that there is are tasks that one thread polls: see `polls`.
    OneThread,
    /// An execution failed.
    Failed(Box<Finding>),
}

/// What an exhaustive exploration came to.
pub(in crate::explore) struct Exhausted {
    /// Complete executions, each of another execution graph.
    pub(in crate::explore) executions: u64,
    /// In how many of these std took a liberty.
    pub(in crate::explore) liberal: u64,
    /// Executions that led to no complete one: a thread waited for what another execution shows.
    pub(in crate::explore) blocked: u64,
    pub(in crate::explore) steps: u64,
    /// The part of all executions that was seen, as far as can be told: 1 at the end.
    pub(in crate::explore) share: f64,
    pub(in crate::explore) end: End,
    /// What the executions rest on.
    pub(in crate::explore) basis: Basis,
    /// Of the executions that did not fail.
    pub(in crate::explore) lock_order: LockOrder,
    /// Whatever else there is to say.
    pub(in crate::explore) notes: Vec<String>,
}

impl Default for Exhausted {
    fn default() -> Exhausted {
        Exhausted {
            executions: 0,
            liberal: 0,
            blocked: 0,
            steps: 0,
            share: 0.0,
            end: End::Complete,
            basis: Basis::default(),
            lock_order: LockOrder::default(),
            notes: Vec::new(),
        }
    }
}

/// What became of the attempt to explore nothing but the order of polls.
pub(super) enum Polled {
    Explored(Exhausted),
    /// There is more to the test than the order of polls. What was learnt of it.
    Unfit(Strict),
}

/// What the workers of an exploration have in common.
pub(super) struct Common<'a> {
    pub(super) budget: &'a Budget,
    pub(super) exchange: Exchange,
    pub(super) executions: AtomicU64,
    pub(super) liberal: AtomicU64,
    pub(super) blocked: AtomicU64,
    /// Of all runs, and of the executions among them.
    pub(super) steps: AtomicU64,
    pub(super) passed_steps: AtomicU64,
    /// Runs of no use that did not end by themselves when they were let go.
    pub(super) endless: AtomicU64,
    /// The part of all executions that was seen, in 2⁻⁶⁰.
    pub(super) share: AtomicU64,
    /// What executions may do.
    pub(super) limits: Limits,
    pub(super) basis: AtomicU32,
    /// How many executions have passed, in this exploration: which of them are run again depends on that.
    pub(super) passed: AtomicU64,
    /// How much was looked at, in events; and the steps of the longest execution.
    pub(super) work: AtomicU64,
    pub(super) longest: AtomicU64,
    pub(super) strict: Strict,
    pub(super) deadline: Option<Instant>,
    pub(super) end: Mutex<Option<WorkerEnd>>,
    /// Hints that were seen not to be in a loop, and how many; see `spin`.
    pub(super) straight: Mutex<Vec<Site>>,
    pub(super) straight_count: AtomicUsize,
    /// How many of the executions are an earlier exploration's.
    pub(super) before: AtomicU64,
    /// What an earlier exploration has left, until a worker takes it.
    pub(super) saved: Mutex<Option<Saved>>,
    pub(super) checkpoint: Option<&'a Checkpoint>,
    /// When to write the checkpoint next.
    pub(super) saves_at: Mutex<Instant>,
    pub(super) progress: Progress,
}

/// Why the workers stopped before the frontier was empty.
pub(super) enum WorkerEnd {
    End(End),
    /// The checkpoint is of another program; a message says so.
    Misfit(String),
    Strict(Strict),
}

/// The unit of shares of all executions.
pub(super) const SHARE_UNIT: f64 = (1u64 << 60) as f64;

impl<'a> Common<'a> {
    pub(super) fn new(
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
    pub(super) fn to_save(&self) -> Saved {
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
    pub(super) fn restore_counts(&self, saved: &Saved) {
        self.executions.store(saved.executions, Ordering::Relaxed);
        self.blocked.store(saved.blocked, Ordering::Relaxed);
        self.before.store(saved.executions + saved.blocked, Ordering::Relaxed);
        self.steps.store(saved.steps, Ordering::Relaxed);
        self.passed_steps.store(saved.steps, Ordering::Relaxed);
        self.share.store(saved.share, Ordering::Relaxed);
        self.rest_on(saved.basis);
    }

    /// Writes the checkpoint, if it is time. `queue` is what the calling worker has left.
    pub(super) fn save(&self, queue: &Queue) {
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
    pub(super) fn show_progress(&self) {
        let executions = self.executions.load(Ordering::Relaxed);
        let share = self.share.load(Ordering::Relaxed) as f64 / SHARE_UNIT;
        let total = if share > 0.0 { Total::AtLeast(executions as f64 / share) } else { Total::Unknown };
        self.progress.show(executions, total);
    }

    pub(super) fn stop(&self, end: WorkerEnd) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        self.exchange.stop();
    }

    pub(super) fn basis(&self) -> Basis {
        Basis::from_bits(self.basis.load(Ordering::Relaxed))
    }

    pub(super) fn rest_on(&self, basis: Basis) {
        // Other workers would wait for each write.
        if basis.bits() & !self.basis.load(Ordering::Relaxed) != 0 {
            self.basis.fetch_or(basis.bits(), Ordering::Relaxed);
        }
    }

    /// How much may be looked at before an attempt is to be given up.
    pub(super) fn allowed_work(&self) -> u64 {
        if !self.budget.gives_up_early {
            return u64::MAX;
        }
        let longest = self.longest.load(Ordering::Relaxed);
        let sampling = self.budget.executions.saturating_mul(longest).min(self.budget.steps);
        sampling.saturating_mul(WORK_OF_A_STEP).max(LEAST_WORK)
    }

    pub(super) fn add_share(&self, weight: f64) {
        self.share.fetch_add((weight * SHARE_UNIT) as u64, Ordering::Relaxed);
    }

    /// Whether the budget allows no further execution.
    pub(super) fn is_over(&self) -> Option<End> {
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
