//! Why a schedule fails: the smallest set of orders "this operation before that one" with which it always does.
//!
//! The orders to choose from are those of the minimized execution: between an operation and the next one of another thread that
//! conflicts with it. Orders are taken away, one after the other, for as long as all schedules that keep the others still fail
//! (as QuickXplain does with constraints: Junker, AAAI 2004; one by one, since there are few). Then each that is left is turned
//! round alone: a schedule that passes with it shows that it is needed. How many there are is the depth of the bug.
//!
//! An operation that comes only after the failure may matter as well: of check, then act, what counts is that nobody has acted
//! back yet. So if the orders between what the failure needs do not do, those between all operations are tried.
//!
//! "All schedules" are some 200 random ones, or, where they are few enough, all of them: then it is *proved*. Choices other than
//! threads stay as they are. Tasks are like threads here, but that it is not known what one will do in its next poll: so most of
//! the random schedules in which tasks are polled do not keep the orders and do not count, and nothing is proved.

use std::collections::BTreeMap;

use super::patience;
use super::plan::{Draw, Operation, Order, Plan, Replayer, Run, Step, Wants};
use super::relinearize::needed_by;

/// How many random schedules stand for all of them.
const SCREENED: u64 = 200;

/// With how few of them that keep the orders more are drawn.
const FEW: u64 = 50;

/// How many schedules are tried to prove it.
const PROVED: u32 = 3_000;

/// How many orders there may be to choose from.
const ORDERS: usize = 48;

/// How many replays and steps it may take.
const REPLAYS: u32 = 15_000;
const STEPS: u64 = 10_000_000;

/// Why a schedule fails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cause {
    /// It fails if and, as far as was tried, only if each of these holds.
    pub(crate) orders: Vec<Needed>,
    /// Whether all schedules with these orders were tried.
    pub(crate) is_proved: bool,
    /// How many random ones were tried.
    pub(crate) screened: u64,
}

/// Why no cause is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoCause {
    /// There are so many orders to choose from.
    TooMany(usize),
    /// With all of the orders, some schedules pass.
    Others,
    /// It would take too many replays.
    TooLong,
    /// The schedule does not fail when it is replayed.
    Passes,
}

/// An order that is needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Needed {
    /// Positions in `Run::steps` of the minimized schedule.
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// A schedule in which the two are the other way round, and that passes.
    pub(crate) passes: Option<Plan>,
    /// Whether a schedule in which they are fails as well.
    pub(crate) fails_too: bool,
}

/// Finds out why the schedule fails.
pub(crate) fn explain(replayer: &mut dyn Replayer, plan: &Plan) -> Result<Cause, NoCause> {
    let run = replayer.replay(plan, u64::MAX, Wants::Steps);
    if !run.fails {
        return Err(NoCause::Passes);
    }
    let explainer = Explainer {
        replayer,
        plan,
        others: plan.without_orders(),
        max_steps: patience(run.length),
        chances: run.chances,
        replays: 0,
        steps_left: STEPS,
    };
    explainer.explain(&run.by_actor())
}

/// What each step is known by in other schedules.
fn operations(run: &Run) -> Vec<Operation> {
    let mut count: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let operation = |step: &Step| {
        let occurrence = count.entry((step.thread, step.site)).or_insert(0);
        *occurrence += 1;
        Operation { thread: run.threads[step.thread as usize], site: step.site, occurrence: *occurrence - 1 }
    };
    run.steps.iter().map(operation).collect()
}

/// The pairs of neighbouring operations of two threads on one object that conflict, among those that are `needed`.
fn conflicts(run: &Run, needed: &[bool]) -> Vec<(usize, usize)> {
    #[derive(Default)]
    struct Accesses {
        write: Option<usize>,
        reads: Vec<usize>,
    }
    let mut objects: BTreeMap<u32, Accesses> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (at, step) in run.steps.iter().enumerate().filter(|&(at, _)| needed[at]) {
        let mut add = |earlier: usize| {
            if run.steps[earlier].thread != step.thread && !pairs.contains(&(earlier, at)) {
                pairs.push((earlier, at));
            }
        };
        for (object, writes) in step.objects.iter().flatten().copied() {
            let accesses = objects.entry(object).or_default();
            if step.is_pending {
                // It waits for whoever has the object, and changes nothing.
                accesses.write.into_iter().for_each(&mut add);
                continue;
            }
            if !writes {
                accesses.write.into_iter().for_each(&mut add);
                accesses.reads.push(at);
                continue;
            }
            match accesses.reads.is_empty() {
                true => accesses.write.into_iter().for_each(&mut add),
                false => accesses.reads.drain(..).for_each(&mut add),
            }
            accesses.write = Some(at);
        }
    }
    pairs
}

struct Explainer<'a> {
    replayer: &'a mut dyn Replayer,
    plan: &'a Plan,
    /// Its deviations that are no switches.
    others: Plan,
    max_steps: u64,
    chances: u32,
    replays: u32,
    steps_left: u64,
}

impl Explainer<'_> {
    fn explain(mut self, run: &Run) -> Result<Cause, NoCause> {
        let operations = operations(run);
        let order = |&(before, after): &(usize, usize)| Order {
            before: operations[before],
            after: operations[after],
        };
        let constraints = |pairs: &[(usize, usize)]| pairs.iter().map(order).collect::<Vec<Order>>();
        let mut found = None;
        let mut why = NoCause::Others;
        for needed in [needed_by(run), vec![true; run.steps.len()]] {
            let pairs = conflicts(run, &needed);
            if pairs.len() > ORDERS {
                why = NoCause::TooMany(pairs.len());
                break;
            }
            if let Some(screened) = self.always_fails(&constraints(&pairs)).ok_or(NoCause::TooLong)? {
                found = Some((pairs, screened));
                break;
            }
        }
        let (mut pairs, mut screened) = found.ok_or(why)?;
        let mut at = pairs.len();
        while at > 0 {
            at -= 1;
            let left: Vec<_> =
                pairs.iter().enumerate().filter(|&(other, _)| other != at).map(|(_, &pair)| pair).collect();
            if let Some(times) = self.always_fails(&constraints(&left)).ok_or(NoCause::TooLong)? {
                (pairs, screened) = (left, times);
            }
        }
        let mut orders = Vec::new();
        for at in 0..pairs.len() {
            let mut turned = constraints(&pairs);
            turned[at] = Order { before: turned[at].after, after: turned[at].before };
            let (before, after) = pairs[at];
            let passes = self.passing(&turned, at).ok_or(NoCause::TooLong)?;
            let fails_too = passes.is_some() && self.sometimes_fails(&turned).ok_or(NoCause::TooLong)?;
            orders.push(Needed { before, after, passes, fails_too });
        }
        let is_proved = self.prove(&constraints(&pairs));
        Ok(Cause { orders, is_proved, screened })
    }

    /// `None` if the budget is used up.
    fn count(&mut self, run: Run) -> Option<Run> {
        self.replays += 1;
        self.steps_left = self.steps_left.saturating_sub(run.length);
        (self.replays < REPLAYS && self.steps_left > 0 && !self.replayer.is_late()).then_some(run)
    }

    fn draw(&mut self, orders: &[Order], seed: u64) -> Option<Run> {
        // Some with few preemptions, most without a bound.
        let preemptions = if seed.is_multiple_of(4) { Some(seed as u32 / 4 % 3) } else { None };
        let draw = Draw { seed, preemptions, chances: self.chances, draws_tasks: true };
        let run = self.replayer.constrained(&self.others, orders, self.max_steps, Some(draw));
        self.count(run)
    }

    /// Whether all of the schedules that keep the orders fail: how many were tried, or `None` if one passes.
    fn always_fails(&mut self, orders: &[Order]) -> Option<Option<u64>> {
        let mut kept = 0;
        let mut seed = 0;
        // Where few of them keep the orders, there are more.
        while seed < SCREENED || kept < FEW && seed < 4 * SCREENED {
            let run = self.draw(orders, seed)?;
            seed += 1;
            if run.violates {
                continue;
            }
            if !run.fails {
                return Some(None);
            }
            kept += 1;
        }
        Some((kept > 0).then_some(kept))
    }

    /// Whether some schedule that keeps the orders fails.
    fn sometimes_fails(&mut self, orders: &[Order]) -> Option<bool> {
        for seed in 0..SCREENED {
            let run = self.draw(orders, seed)?;
            if run.fails && !run.violates {
                return Some(true);
            }
        }
        Some(false)
    }

    /// A schedule that keeps the orders and passes: the failing one, changed for the order of number `turned` only, or any.
    fn passing(&mut self, orders: &[Order], turned: usize) -> Option<Option<Plan>> {
        for orders in [&orders[turned..=turned], orders] {
            let run = self.replayer.constrained(self.plan, orders, self.max_steps, None);
            let run = self.count(run)?;
            if run.passes && !run.violates {
                return Some(Some(run.done));
            }
        }
        for seed in 0..SCREENED {
            let run = self.draw(orders, seed)?;
            if run.passes && !run.violates {
                return Some(Some(run.done));
            }
        }
        Some(None)
    }

    /// Whether all schedules with these orders fail, all of them being tried.
    fn prove(&mut self, orders: &[Order]) -> bool {
        let mut left = vec![Plan::default()];
        let mut replays = 0;
        while let Some(switches) = left.pop() {
            replays += 1;
            if replays > PROVED {
                return false;
            }
            let plan = switches.and(&self.others);
            let run = self.replayer.constrained(&plan, orders, self.max_steps, None);
            let Some(run) = self.count(run) else { return false };
            if !run.violates && !run.fails || run.chooses_tasks {
                return false;
            }
            for ask in run.asks_after(&switches) {
                left.extend(ask.others.iter().map(|&other| switches.then(ask, other)));
            }
        }
        true
    }
}
