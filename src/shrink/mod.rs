//! From a failing schedule to the smallest one that fails in the same way.
//!
//! The schedule is a set of deviations from a default policy (`plan`). First its operations are put into another order with the
//! fewest switches that keeps what depends on what (`relinearize`), once as they are and once without those that the failure
//! does not need; then deviations are taken away for as long as it still fails (`ddmin`); then, if some loads still read older
//! stores than the last, it is looked for one in which none does (`sequential`); then random schedules with
//! fewer preemptions are tried (`draw`), and all of them, as far as the budget goes (`search`), and threads are left out and switches
//! moved (`polish`). What is kept is the best schedule so far, whenever the budget is used up. The budget counts replays and their
//! steps, not time: the same failure always shrinks to the same schedule.
//!
//! Nothing here knows what an execution is, but for what a `Replayer` says of it.

mod ddmin;
mod draw;
mod explain;
mod plan;
mod polish;
mod relinearize;
mod search;
mod sequential;

use std::collections::BTreeSet;

pub(crate) use sequential::Sequential;

pub(crate) use explain::{Cause, Needed, NoCause, explain};
pub(crate) use plan::{
    Ask, Cost, Deviation, Draw, End, Instead, Lineage, Operation, Order, Plan, Point, Replayer, Run, Step,
    Wants,
};

/// How many replays there may be.
const REPLAYS: u32 = 20_000;

/// How many steps they may have together; about two seconds.
const STEPS: u64 = 20_000_000;

/// How many steps for each step of the schedule there may be, if that is more: a long one takes longer.
const STEPS_PER_STEP: u64 = 250;

/// What a replay costs besides its steps.
const OVERHEAD: u64 = 50;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Shrunk {
    pub(crate) plan: Plan,
    /// Of the schedule that was to be shrunk.
    pub(crate) before: Cost,
    pub(crate) replays: u32,
    /// Whether every schedule with fewer preemptions was tried, the choices other than threads being as they are.
    pub(crate) is_minimal: bool,
    /// What is known of schedules in which every load reads the last store.
    pub(crate) sequential: Sequential,
}

/// Shrinks a schedule that fails, to one with at most so many preemptions, if there is a bound and it does not have more itself.
/// `None` if it does not fail when it is replayed.
pub(crate) fn shrink(replayer: &mut dyn Replayer, plan: &Plan, bound: Option<u32>) -> Option<Shrunk> {
    let first = replayer.replay(plan, u64::MAX, Wants::Steps);
    if !first.fails {
        return None;
    }
    let before = first.cost;
    let steps = STEPS.max(STEPS_PER_STEP * first.length);
    let mut shrinker = Shrinker {
        replayer,
        best: first.done.clone(),
        cost: first.cost,
        length: first.length,
        chances: first.chances,
        tried: BTreeSet::new(),
        failing: failing(&first),
        bound: bound.unwrap_or(u32::MAX).max(first.cost.preemptions),
        replays: 1,
        steps_left: steps,
    };
    for plan in relinearize::plans(&first) {
        shrinker.attempt(&plan);
    }
    drop(first);
    shrinker.minimize();
    let sequential = shrinker.try_sequential();
    shrinker.draw_below();
    let is_minimal = shrinker.search_below();
    // Another schedule may have come of it.
    shrinker.minimize();
    shrinker.drop_threads();
    shrinker.polish();
    let Shrinker { best, replays, .. } = shrinker;
    Some(Shrunk { plan: best, before, replays, is_minimal, sequential })
}

/// How many steps a replay may take of a schedule that takes so many: one that takes much longer waits in a loop for what does
/// not come any more.
fn patience(steps: u64) -> u64 {
    2 * steps + 200
}

/// The threads that the failure concerns.
fn failing(run: &Run) -> Vec<Lineage> {
    let thread = |end: &End| {
        let step = run.steps.get(usize::try_from(end.step).ok()?.checked_sub(1)?)?;
        run.threads.get(step.thread as usize).copied()
    };
    let mut threads: Vec<Lineage> = run.ends.iter().filter_map(thread).collect();
    threads.dedup();
    threads
}

/// The best schedule so far, and what is left to find a better one.
struct Shrinker<'a> {
    replayer: &'a mut dyn Replayer,
    best: Plan,
    cost: Cost,
    length: u64,
    chances: u32,
    /// Hashes of the plans that were tried.
    tried: BTreeSet<u64>,
    /// The threads that the failure concerns.
    failing: Vec<Lineage>,
    /// How many preemptions a schedule may have.
    bound: u32,
    replays: u32,
    steps_left: u64,
}

impl Shrinker<'_> {
    fn is_over(&self) -> bool {
        self.replays >= REPLAYS || self.steps_left == 0 || self.replayer.is_late()
    }

    /// Replays a plan, unless that was done before. Whether it is better than the best.
    fn attempt(&mut self, plan: &Plan) -> bool {
        if self.is_over() || !self.tried.insert(hash(plan)) {
            return false;
        }
        let run = self.run(plan, Wants::Nothing);
        self.take(run)
    }

    /// Whether a run is better than the best, which it is then.
    fn take(&mut self, run: Run) -> bool {
        let is_better = run.fails && run.cost < self.cost && run.cost.preemptions <= self.bound;
        if is_better {
            self.tried.insert(hash(&run.done));
            self.keep(run);
        }
        is_better
    }

    /// The run is the best so far.
    fn keep(&mut self, run: Run) {
        self.cost = run.cost;
        self.length = run.length;
        self.chances = run.chances;
        self.best = run.done;
    }

    fn run(&mut self, plan: &Plan, wants: Wants) -> Run {
        let run = self.replayer.replay(plan, self.max_steps(), wants);
        self.count(&run);
        run
    }

    fn max_steps(&self) -> u64 {
        patience(self.length)
    }

    fn count(&mut self, run: &Run) {
        self.replays += 1;
        self.steps_left = self.steps_left.saturating_sub(run.length + OVERHEAD);
    }
}

/// FNV-1a over the plan.
fn hash(plan: &Plan) -> u64 {
    use std::hash::{Hash, Hasher};

    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for &byte in bytes {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    plan.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
