//! Follows a plan, a schedule as deviations from the default policy (`shrink::plan`), and says in the same terms what was done.
//!
//! Or it follows a token and says what its plan is: so a schedule that was found comes to be one that can be shrunk. A schedule
//! that a director made has choices among all stores, and two operations where a thread begins to wait for a notification; in
//! the plan both are as they are without a director.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::Location;
use std::rc::Rc;

use crate::explore::replay::{Replay, TURN, next_after};
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::ObjectId;
use crate::shrink::{Ask, Cost, Deviation, Draw, Instead, Lineage, Operation, Plan, Point};

/// One thread of the running execution.
#[derive(Clone, Copy, Debug)]
struct Line {
    lineage: Lineage,
    executed: u32,
    /// The first of its deviations in the plan that may still be to come.
    next: usize,
    last: Option<OpKind>,
}

/// An operation that must not be executed before another one.
#[derive(Clone, Copy, Debug)]
struct Constraint {
    before: Watched,
    after: Watched,
}

/// An operation that is waited for: the thread's so-and-so-many-th at a place.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore) struct Watched {
    thread: Lineage,
    site: &'static Location<'static>,
    /// How often the thread is still to be there before.
    left: u32,
    is_done: bool,
}

impl Watched {
    pub(in crate::explore) fn new(operation: &Operation, sites: &[&'static Location<'static>]) -> Watched {
        let Operation { thread, site, occurrence } = *operation;
        Watched { thread, site: sites[site as usize], left: occurrence, is_done: false }
    }

    /// Whether a thread's operation at `site` would be this one.
    fn is_next(&self, thread: Lineage, site: &Location<'static>) -> bool {
        !self.is_done && self.left == 0 && self.thread == thread && self.site == site
    }

    fn executed(&mut self, thread: Lineage, site: &Location<'static>) {
        if self.thread != thread || self.site != site || self.is_done {
            return;
        }
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.is_done = true,
        }
    }
}

/// What is followed, and what was done.
#[derive(Default)]
pub(in crate::explore) struct Guided {
    /// By thread, and in the order of each thread's operations.
    plan: Vec<Deviation>,
    /// Followed instead of the plan.
    token: Option<Replay>,
    pub(in crate::explore) wants_asks: bool,
    draw: Option<Draw>,
    orders: Vec<Constraint>,
    pub(in crate::explore) violates: bool,
    /// At which of the moments at which another thread would be a preemption there is one.
    preempts_at: Vec<u32>,
    /// How many such moments there were.
    pub(in crate::explore) chances: u32,
    lines: Vec<Line>,
    /// The operation of each step so far, counted from 1.
    steps: Vec<Point>,
    /// How many choices the running operation has made, and which operation that is.
    choices: (u32, Option<Point>),
    last: Option<ThreadId>,
    /// How many steps in a row it has made.
    stayed: u32,
    /// Whether a thread that goes on and on lets others run now and then, as the failure is that they all do so for ever.
    pub(in crate::explore) takes_turns: bool,
    /// The steps after which there was a preemption.
    preempted: Vec<u64>,
    pub(in crate::explore) done: Plan,
    pub(in crate::explore) cost: Cost,
    pub(in crate::explore) asks: Vec<Ask>,
    /// By object: the first thread that accessed it, and whether others did.
    accessed: Vec<(Option<ThreadId>, bool)>,
}

/// The strategy; whoever runs the execution keeps what it shares with.
pub(in crate::explore) struct Guide(pub(in crate::explore) Rc<RefCell<Guided>>);

impl Guided {
    pub(in crate::explore) fn follow(&mut self, plan: &Plan, wants_asks: bool) {
        self.plan.clear();
        self.plan.extend_from_slice(&plan.0);
        self.plan.sort_unstable();
        self.token = None;
        self.wants_asks = wants_asks;
        self.draw = None;
        self.orders.clear();
    }

    /// From now on until something else is to be followed, each first operation comes before the second.
    pub(in crate::explore) fn keep_orders(&mut self, orders: impl Iterator<Item = (Watched, Watched)>) {
        self.orders = orders.map(|(before, after)| Constraint { before, after }).collect();
    }

    /// Whether no order holds the thread back.
    fn is_allowed(&self, point: &SchedulingPoint<'_>, thread: ThreadId) -> bool {
        let lineage = self.lines[thread.index()].lineage;
        let site = point.pending(thread).location;
        !self.orders.iter().any(|order| !order.before.is_done && order.after.is_next(lineage, site))
    }

    /// As `follow`, with threads that are drawn.
    pub(in crate::explore) fn follow_drawing(&mut self, plan: &Plan, draw: Draw) {
        self.follow(plan, false);
        self.draw = Some(draw);
    }

    pub(in crate::explore) fn follow_token(&mut self, token: Replay) {
        self.token = Some(token);
        self.wants_asks = false;
    }

    pub(in crate::explore) fn threads(&self) -> Vec<Lineage> {
        self.lines.iter().map(|line| line.lineage).collect()
    }

    /// By object, whether more than one thread has accessed it.
    pub(in crate::explore) fn shared(&self) -> Vec<bool> {
        self.accessed.iter().map(|&(_, is_shared)| is_shared).collect()
    }

    fn add_line(&mut self, lineage: Lineage) {
        let next = self.plan.partition_point(|deviation| deviation.at.thread < lineage);
        self.lines.push(Line { lineage, executed: 0, next, last: None });
    }

    fn point(&self, thread: ThreadId) -> Point {
        let line = self.lines[thread.index()];
        Point { thread: line.lineage, step: line.executed }
    }

    /// What the plan wants at a point: the first that `fits`.
    fn wanted<T>(&mut self, thread: ThreadId, at: Point, fits: impl Fn(&Instead) -> Option<T>) -> Option<T> {
        let line = &mut self.lines[thread.index()];
        while self.plan.get(line.next).is_some_and(|deviation| deviation.at < at) {
            line.next += 1;
        }
        let here = self.plan[line.next..].iter().take_while(|deviation| deviation.at == at);
        here.filter_map(|deviation| fits(&deviation.instead)).next()
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let current = point.current();
        let at = self.point(current);
        let default = self.default_thread(point, true);
        // A plan has to say what orders did: it is followed without them as well.
        let plain = if self.orders.is_empty() { default } else { self.default_thread(point, false) };
        let chosen = match &mut self.token {
            Some(token) => token.next_thread(point, rng),
            None if self.draw.is_some() => self.drawn_thread(point, rng),
            None => {
                let wanted = self.wanted(current, at, |instead| match instead {
                    Instead::Thread(lineage) => Some(*lineage),
                    _ => None,
                });
                let thread = wanted.and_then(|wanted| {
                    let position = self.lines.iter().position(|line| line.lineage == wanted)?;
                    let thread = ThreadId(position as u32);
                    (point.is_enabled(thread) && self.is_allowed(point, thread)).then_some(thread)
                });
                thread.unwrap_or(default)
            }
        };
        let preempts = point.is_enabled(current) && !point.seems_to_wait(current);
        if self.wants_asks {
            let lineage = |thread: ThreadId| self.lines[thread.index()].lineage;
            let object = point.pending(current).object;
            let others = point.enabled().filter(|&thread| thread != chosen && self.is_allowed(point, thread));
            let others = others.map(lineage).collect();
            self.asks.push(Ask {
                at,
                preempts,
                object: (object != ObjectId::NONE).then_some(object.0),
                others,
                deviations: self.done.0.len(),
            });
        }
        self.chances += u32::from(preempts);
        if preempts && chosen != current {
            self.cost.preemptions += 1;
            self.preempted.push(point.steps());
        }
        if chosen != plain {
            let instead = Instead::Thread(self.lines[chosen.index()].lineage);
            self.done.0.push(Deviation { at, instead });
        }
        chosen
    }

    fn ends_turn(&self) -> bool {
        self.takes_turns && self.stayed >= TURN
    }

    /// The running thread, if this is no moment for a preemption; otherwise any other.
    fn drawn_thread(&self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let current = point.current();
        let allowed = || point.enabled().filter(|&thread| self.is_allowed(point, thread));
        let mut count = allowed().count();
        if count == 0 {
            return current;
        }
        if self.draw.is_some_and(|draw| draw.preemptions.is_none()) {
            return allowed().nth(rng.below(count)).unwrap_or(current);
        }
        let stays = point.is_enabled(current) && self.is_allowed(point, current);
        let preempts = stays && !point.seems_to_wait(current) && !self.ends_turn();
        if preempts && !self.preempts_at.contains(&self.chances) {
            return current;
        }
        count -= usize::from(stays);
        let others = || allowed().filter(|&thread| thread != current);
        if count == 0 { current } else { others().nth(rng.below(count)).unwrap_or(current) }
    }

    /// The running thread, if it can go on and does not seem to wait; otherwise the one that was spawned first, or if it does the
    /// next one after it. Of those that no order holds back, if orders are to be kept.
    fn default_thread(&self, point: &SchedulingPoint<'_>, keeps_orders: bool) -> ThreadId {
        let current = point.current();
        let is_allowed = |thread: ThreadId| !keeps_orders || self.is_allowed(point, thread);
        let allowed = || point.enabled().filter(|&thread| is_allowed(thread));
        let stays = point.is_enabled(current) && is_allowed(current);
        match stays && !point.seems_to_wait(current) && !self.ends_turn() {
            true => Some(current),
            false if stays => next_after(current, allowed()),
            false => allowed().min(),
        }
        .or_else(|| point.enabled().min())
        .unwrap_or(current)
    }

    fn choose(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        rng: &mut Rng,
    ) -> usize {
        let current = point.current();
        let at = self.point(current);
        let number = match self.choices {
            (number, Some(operation)) if operation == at => number,
            _ => 0,
        };
        self.choices = (number + 1, Some(at));
        let is_store = matches!(choice, Choice::ReadsFrom | Choice::Placement);
        let chosen = match &mut self.token {
            Some(token) => token.choose(choice, alternatives, rng),
            None if is_store => {
                let wanted = self.wanted(current, at, |instead| match *instead {
                    Instead::Store { number: wanted, made } if wanted == number => Some(made),
                    _ => None,
                });
                let is_it = |made| (0..alternatives).find(|&number| self.store(point, number) == made);
                wanted.and_then(is_it).unwrap_or(0)
            }
            None => {
                let wanted = self.wanted(current, at, |instead| match *instead {
                    Instead::Value { number: wanted, value } if wanted == number => Some(value),
                    _ => None,
                });
                wanted.map_or(0, |value| value as usize).min(alternatives - 1)
            }
        };
        if chosen != 0 {
            let instead = match is_store {
                true => Instead::Store { number, made: self.store(point, chosen) },
                false => Instead::Value { number, value: chosen as u64 },
            };
            self.done.0.push(Deviation { at, instead });
            match is_store {
                true => self.cost.stale += 1,
                false => self.cost.oddities += 1,
            }
        }
        chosen
    }

    /// The operation that made the store of this number, among those to choose from; `None` for the initial value.
    fn store(&self, point: &SchedulingPoint<'_>, number: usize) -> Option<Point> {
        let step = point.store_step(number).checked_sub(1)?;
        self.steps.get(step as usize).copied()
    }

    /// Counts switches, preemptions and threads up to this step only, counted from 1.
    pub(in crate::explore) fn count_until(&mut self, step: u64) {
        let steps = &self.steps[..(step as usize).min(self.steps.len())];
        let runs = || steps.chunk_by(|one, next| one.thread == next.thread).map(|run| run[0].thread);
        self.cost.preemptions = self.preempted.partition_point(|&after| after < step) as u32;
        self.cost.switches = runs().skip(1).count() as u32;
        self.cost.threads = runs().collect::<BTreeSet<Lineage>>().len() as u32;
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, steps: u64) {
        let line = &mut self.lines[thread.index()];
        // Waiting is one operation without a director.
        let is_half = op.kind == OpKind::Unlock && line.last == Some(OpKind::CondvarEnqueue)
            || matches!(op.kind, OpKind::AnnounceWrite | OpKind::LoseToken);
        line.last = Some(op.kind);
        let at = Point { thread: line.lineage, step: line.executed };
        line.executed += u32::from(!is_half);
        if line.executed == 1 {
            self.cost.threads += 1;
        }
        for order in &mut self.orders {
            self.violates |= !order.before.is_done && order.after.is_next(at.thread, op.location);
            order.before.executed(at.thread, op.location);
            order.after.executed(at.thread, op.location);
        }
        self.cost.steps = steps;
        self.steps.push(at);
        self.cost.switches += u32::from(self.last.is_some_and(|last| last != thread));
        self.stayed = if self.last == Some(thread) { self.stayed + 1 } else { 1 };
        self.last = Some(thread);
        if op.object != ObjectId::NONE {
            if self.accessed.len() <= op.object.index() {
                self.accessed.resize(op.object.index() + 1, (None, false));
            }
            let (first, is_shared) = &mut self.accessed[op.object.index()];
            *is_shared |= first.is_some_and(|first| first != thread);
            first.get_or_insert(thread);
        }
    }
}

impl Strategy for Guide {
    fn name(&self) -> &str {
        "guide"
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        let guided = &mut *self.0.borrow_mut();
        guided.lines.clear();
        guided.steps.clear();
        guided.choices = (0, None);
        guided.last = None;
        guided.done.0.clear();
        guided.cost = Cost::default();
        guided.asks.clear();
        guided.accessed.clear();
        guided.chances = 0;
        guided.violates = false;
        guided.preempts_at.clear();
        guided.preempted.clear();
        if let Some(draw) = guided.draw {
            let chances = draw.chances.max(1) as usize;
            let preemptions = draw.preemptions.unwrap_or(0);
            guided.preempts_at.extend((0..preemptions).map(|_| rng.below(chances) as u32));
        }
        guided.add_line(0);
        if let Some(token) = &mut guided.token {
            token.begin(start, rng);
        }
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        self.0.borrow_mut().next_thread(point, rng)
    }

    fn choose(&mut self, _: Choice, _: usize, _: &mut Rng) -> usize {
        unreachable!("`choose_at` is asked")
    }

    fn choose_at(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        rng: &mut Rng,
    ) -> usize {
        self.0.borrow_mut().choose(point, choice, alternatives, rng)
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, rng: &mut Rng) {
        let guided = &mut *self.0.borrow_mut();
        guided.add_line(lineage);
        if let Some(token) = &mut guided.token {
            token.spawned(parent, child, lineage, rng);
        }
    }

    fn ends_spinning(&self, point: &SchedulingPoint<'_>) -> bool {
        self.0.borrow().token.as_ref().is_some_and(|token| token.ends_spinning(point))
    }

    fn passes_time(&mut self, point: &SchedulingPoint<'_>) -> bool {
        self.0.borrow_mut().token.as_mut().is_some_and(|token| token.passes_time(point))
    }

    fn chooses_freely(&self) -> bool {
        self.0.borrow().token.as_ref().is_none_or(|token| token.chooses_freely())
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, rng: &mut Rng) {
        let guided = &mut *self.0.borrow_mut();
        guided.executed(thread, op, point.steps());
        if let Some(token) = &mut guided.token {
            token.executed(thread, op, point, rng);
        }
    }
}
