//! Follows a plan, a schedule as deviations from the default policy (`shrink::plan`), and says in the same terms what was done.
//!
//! Or it follows a token and says what its plan is: so a schedule that was found comes to be one that can be shrunk. A schedule
//! that a director made has choices among all stores, and two operations where a thread begins to wait for a notification; in
//! the plan both are as they are without a director.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::lines::{Actor, Lines};
use super::orders::{Constraint, Watched};
use crate::explore::replay::{Replay, TURN, next_after};
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::ObjectId;
use crate::shrink::{Ask, Cost, Deviation, Draw, Instead, Lineage, Plan, Point};

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
    lines: Lines,
    /// The operation of each step so far, counted from 1, and its thread.
    steps: Vec<Point>,
    ran: Vec<ThreadId>,
    /// Whether there was something to choose about tasks.
    pub(in crate::explore) chooses_tasks: bool,
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
        self.orders = orders.map(Constraint::new).collect();
    }

    /// Whether no order holds the thread back.
    fn is_allowed(&self, point: &SchedulingPoint<'_>, thread: ThreadId) -> bool {
        let lineage = self.lines.line(self.lines.actor(point, thread)).lineage;
        let site = point.pending(thread).location;
        !self.orders.iter().any(|order| order.forbids(lineage, site))
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
        self.lines.threads().collect()
    }

    /// Who has taken this step, counted from 1.
    pub(in crate::explore) fn actor_of(&self, step: u64) -> Lineage {
        self.steps[step as usize - 1].thread
    }

    /// What a thread waits to do is done by this one.
    pub(in crate::explore) fn actor_that_waits(&self, thread: ThreadId) -> Lineage {
        self.lines.line(self.lines.actor_that_waits(thread)).lineage
    }

    /// By object, whether more than one thread has accessed it.
    pub(in crate::explore) fn shared(&self) -> Vec<bool> {
        self.accessed.iter().map(|&(_, is_shared)| is_shared).collect()
    }

    /// What the plan wants at a point: the first that `fits`.
    fn wanted<T>(&mut self, actor: Actor, at: Point, fits: impl Fn(&Instead) -> Option<T>) -> Option<T> {
        let mut next = self.lines.line(actor).next;
        while self.plan.get(next).is_some_and(|deviation| deviation.at < at) {
            next += 1;
        }
        self.lines.line_mut(actor).next = next;
        let here = self.plan[next..].iter().take_while(|deviation| deviation.at == at);
        here.filter_map(|deviation| fits(&deviation.instead)).next()
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        self.lines.add_tasks(point, &self.plan);
        let current = point.current();
        let actor = self.lines.actor(point, current);
        let at = self.lines.point(actor);
        let default = self.default_thread(point, true);
        // A plan has to say what orders did: it is followed without them as well.
        let plain = if self.orders.is_empty() { default } else { self.default_thread(point, false) };
        let chosen = match &mut self.token {
            Some(token) => token.next_thread(point, rng),
            None if self.draw.is_some() => self.drawn_thread(point, rng),
            None => {
                let wanted = self.wanted(actor, at, |instead| match instead {
                    Instead::Thread(lineage) => Some(*lineage),
                    _ => None,
                });
                let thread = wanted.and_then(|wanted| {
                    let position = self.lines.threads().position(|lineage| lineage == wanted)?;
                    let thread = ThreadId(position as u32);
                    (point.is_enabled(thread) && self.is_allowed(point, thread)).then_some(thread)
                });
                thread.unwrap_or(default)
            }
        };
        let preempts = point.is_enabled(current) && !point.seems_to_wait(current);
        if self.wants_asks {
            let lineage = |thread: ThreadId| self.lines.of_thread(thread);
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
            let instead = Instead::Thread(self.lines.of_thread(chosen));
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
        self.lines.add_tasks(point, &self.plan);
        let actor = self.lines.actor(point, point.current());
        let at = self.lines.point(actor);
        let number = match self.choices {
            (number, Some(operation)) if operation == at => number,
            _ => 0,
        };
        self.choices = (number + 1, Some(at));
        let is_store = matches!(choice, Choice::ReadsFrom | Choice::Placement);
        let is_giving_way = matches!(choice, Choice::GivesWay | Choice::GivesWayWithin | Choice::Overtakes);
        // Where it is chosen which is polled next, the tasks to choose from.
        let ready = match choice {
            Choice::NextTask => {
                let numbers = point.ready(point.pending(point.current()).object);
                numbers.map(|number| self.lines.of_task(number)).collect()
            }
            _ => Vec::new(),
        };
        let chosen = match &mut self.token {
            Some(token) => token.choose(choice, alternatives, rng),
            None if is_store => {
                let wanted = self.wanted(actor, at, |instead| match *instead {
                    Instead::Store { number: wanted, made } if wanted == number => Some(made),
                    _ => None,
                });
                let is_it = |made| (0..alternatives).find(|&number| self.store(point, number) == made);
                wanted.and_then(is_it).unwrap_or(0)
            }
            None => {
                let wanted = self.wanted(actor, at, |instead| match *instead {
                    Instead::Value { number: wanted, value } if wanted == number => Some(value),
                    Instead::Task(task) if choice == Choice::NextTask => {
                        ready.iter().position(|&other| other == task).map(|at| at as u64)
                    }
                    _ => None,
                });
                let wanted = wanted.map_or(0, |value| value as usize).min(alternatives - 1);
                match self.draw.filter(|draw| draw.draws_tasks) {
                    Some(_) if choice == Choice::NextTask => self.drawn_task(&ready, alternatives, rng),
                    // What the plan has is needed more often than not.
                    Some(_) if is_giving_way && !rng.one_in(2) => usize::from(rng.is_obstinate()),
                    _ => wanted,
                }
            }
        };
        self.chooses_tasks |= alternatives > 1 && (is_giving_way || choice == Choice::NextTask);
        if chosen != 0 {
            let instead = match (is_store, ready.get(chosen)) {
                (true, _) => Instead::Store { number, made: self.store(point, chosen) },
                (false, Some(&task)) => Instead::Task(task),
                (false, None) => Instead::Value { number, value: chosen as u64 },
            };
            self.done.0.push(Deviation { at, instead });
            match is_store {
                true => self.cost.stale += 1,
                false => self.cost.oddities += 1,
            }
        }
        chosen
    }

    /// Any of the ready tasks; half of the times one of those that no order may hold back.
    fn drawn_task(&self, ready: &[Lineage], alternatives: usize, rng: &mut Rng) -> usize {
        let is_held_back = |task| self.orders.iter().any(|order| order.may_hold_back(task));
        if rng.one_in(2) {
            let free: Vec<usize> = (0..ready.len()).filter(|&at| !is_held_back(ready[at])).collect();
            if !free.is_empty() {
                return free[rng.below(free.len())];
            }
        }
        rng.below(alternatives)
    }

    /// The operation that made the store of this number, among those to choose from; `None` for the initial value.
    fn store(&self, point: &SchedulingPoint<'_>, number: usize) -> Option<Point> {
        let step = point.store_step(number).checked_sub(1)?;
        self.steps.get(step as usize).copied()
    }

    /// Counts switches, preemptions and threads up to this step only, counted from 1.
    pub(in crate::explore) fn count_until(&mut self, step: u64) {
        let ran = &self.ran[..(step as usize).min(self.ran.len())];
        self.cost.preemptions = self.preempted.partition_point(|&after| after < step) as u32;
        self.cost.switches = ran.chunk_by(|one, next| one == next).skip(1).count() as u32;
        self.cost.threads = ran.iter().collect::<BTreeSet<_>>().len() as u32;
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>) {
        self.lines.add_tasks(point, &self.plan);
        let (actor, is_first) = self.lines.executed_by(point, thread, op.kind);
        let line = self.lines.line_mut(actor);
        // Waiting is one operation without a director.
        let is_half = op.kind == OpKind::Unlock && line.last == Some(OpKind::CondvarEnqueue)
            || matches!(op.kind, OpKind::AnnounceWrite | OpKind::LoseToken);
        line.last = Some(op.kind);
        let at = Point { thread: line.lineage, step: line.executed };
        line.executed += u32::from(!is_half);
        self.cost.threads += u32::from(is_first);
        for order in &mut self.orders {
            self.violates |= order.forbids(at.thread, op.location);
            order.executed(at.thread, op.location);
        }
        self.cost.steps = point.steps();
        self.steps.push(at);
        self.ran.push(thread);
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
        guided.ran.clear();
        guided.chooses_tasks = false;
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
        guided.lines.add_thread(0, &guided.plan);
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
        guided.lines.add_thread(lineage, &guided.plan);
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
        guided.executed(thread, op, point);
        if let Some(token) = &mut guided.token {
            token.executed(thread, op, point, rng);
        }
    }
}
