//! The executions that `shrink` asks for while it makes a schedule smaller, or explains it.
//!
//! Threads that go round in loops for ever are recognized earlier in them than otherwise; what comes of it has to be confirmed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::guide::{Guide, Guided};
use super::orders::Watched;
use super::signature::Signature;
use crate::explore::actors::is_hidden;
use crate::explore::describe::{Rows, loops_begin, trace};
use crate::explore::exploration::{Exploration, QUIET, TRACING};
use crate::explore::finding::{Found, FoundOrder};
use crate::explore::judge::{LONE_STEPS, Verdict, counted_until, endless_after, first_unhandled_panic};
use crate::explore::replay::Replay;
use crate::explore::replay::token::Token;
use crate::report::{FailureKind, Passing};
use crate::rt::Execution;
use crate::rt::decide::profile::Profile;
use crate::rt::objects::State;
use crate::rt::op::limits::Limits;
use crate::rt::op::outcome::Holder;
use crate::rt::op::{Event, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::run::execution::Mode;
use crate::shrink::{
    self, Cause, Draw, End, Lineage, Needed, NoCause, Order, Plan, Replayer, Run, Step, Wants,
};

/// For how many steps others are to go on while threads wait for ever, or after the test body, for that to be seen again.
const GOING_ON: u64 = 20_000;

/// How long an execution that passes may be to be shown.
const PASSING_STEPS: usize = 10_000;

/// The executions that `shrink` asks for.
pub(in crate::explore) struct Replays<'a, 'b> {
    exploration: &'a Exploration<'b>,
    execution: &'a mut Execution,
    guided: Rc<RefCell<Guided>>,
    signature: Signature,
    at_leisure: Limits,
    /// The places of the steps of the last run whose steps were wanted.
    sites: Vec<&'static Location<'static>>,
}

impl<'a, 'b> Replays<'a, 'b> {
    /// For the schedule of a token that fails with `kind`, and the plan of it. `None` if it does not fail so.
    pub(in crate::explore) fn of(
        exploration: &'a Exploration<'b>,
        execution: &'a mut Execution,
        token: &Token,
        kind: FailureKind,
    ) -> Option<(Replays<'a, 'b>, Plan)> {
        let guided = Rc::new(RefCell::new(Guided::default()));
        // Should a later replay take the process with it, the last words are this token's.
        exploration.prepare_for(execution, token, Some(kind));
        let divergence = Arc::new(Mutex::new(None));
        guided.borrow_mut().follow_token(Replay::new(token.clone(), divergence));
        execution.set_strategy(Box::new(Guide(Rc::clone(&guided))));
        let max_steps = execution.kernel.limits.max_steps;
        let may_go_on = matches!(kind, FailureKind::Deadlock | FailureKind::LeakedThread);
        // A director's schedule has all that others do.
        guided.borrow_mut().takes_turns = may_go_on && (token.goes_on() || token.length() >= max_steps);
        if may_go_on && token.goes_on() {
            // It is known to go on to the limit.
            execution.kernel.limits.max_steps = max_steps.min(token.length() + GOING_ON);
        }
        let verdict = exploration.run_index(execution, 0, &Profile::default(), TRACING)?;
        execution.kernel.limits.max_steps = max_steps;
        let signature = Signature::of(execution, &verdict);
        if signature.kind != kind {
            return None;
        }
        let plan = guided.borrow().done.clone();
        let limits = &mut execution.kernel.limits;
        // A plan is followed without a director, and may read any store that the memory model allows.
        limits.directed = false;
        let at_leisure = limits.clone();
        limits.hasty = true;
        let ends_at_limit = kind != FailureKind::Livelock;
        if let Some(before) = endless_after(execution, kind).filter(|_| ends_at_limit) {
            // Enough to come to where it begins to go on for ever, and for that to be told.
            let enough = 2 * (before + u64::from(LONE_STEPS));
            execution.kernel.limits.max_steps = at_leisure.max_steps.min(enough);
        }
        Some((Replays { exploration, execution, guided, signature, at_leisure, sites: Vec::new() }, plan))
    }

    /// Why the plan fails, with an execution that passes.
    pub(in crate::explore) fn explain(&mut self, plan: &Plan) -> Result<Found, NoCause> {
        let cause = shrink::explain(self, plan)?;
        Ok(self.found(plan, cause))
    }

    /// Runs the plan without haste. `None` if that is another failure.
    pub(in crate::explore) fn confirm(mut self, plan: &Plan) -> Option<Verdict> {
        self.guided.borrow_mut().follow(plan, false);
        self.execution.kernel.limits = self.at_leisure.clone();
        // What was found in time is told.
        self.execution.deadline = None;
        let (verdict, is_it) = self.run(0, u64::MAX, QUIET);
        verdict.filter(|_| is_it)
    }

    /// Runs what is to be followed: what is wrong with it, and whether that is the failure.
    fn run(&mut self, index: u64, max_steps: u64, mode: Mode) -> (Option<Verdict>, bool) {
        let limit = self.execution.kernel.limits.max_steps;
        self.execution.kernel.limits.max_steps = limit.min(max_steps);
        let verdict = self.exploration.run_index(self.execution, index, &Profile::default(), mode);
        self.execution.kernel.limits.max_steps = limit;
        let is_it = verdict.as_ref().is_some_and(|verdict| {
            verdict.kind == self.signature.kind && Signature::of(self.execution, verdict) == self.signature
        });
        (verdict, is_it)
    }

    /// The cause with an execution that passes.
    fn found(&mut self, plan: &Plan, cause: Cause) -> Found {
        // With what a report's run keeps, but for stacks: nobody waits at its end.
        let mode = Mode { stacks_from: Some(u64::MAX), ..TRACING };
        let mut traced = |plan: &Plan| {
            self.guided.borrow_mut().follow(plan, false);
            let (verdict, _) = self.run(0, u64::MAX, mode);
            let is_short = self.execution.trace.len() <= PASSING_STEPS;
            is_short.then(|| (verdict.is_none(), trace(self.execution, Rows::All)))
        };
        let failing = traced(plan).map(|(_, trace)| trace);
        let same_until = |passing: &Passing| {
            let both = failing.iter().flat_map(|failing| failing.rows.iter().zip(&passing.trace.rows));
            both.take_while(|(one, other)| (one.thread, one.verb) == (other.thread, other.verb)).count()
        };
        // The nearest is the same for the longest.
        let passing = |(turned, order): (usize, &Needed)| {
            let (passes, trace) = traced(order.passes.as_ref()?)?;
            passes.then_some(Passing { trace, turned })
        };
        let passing = cause.orders.iter().enumerate().filter_map(passing).max_by_key(same_until);
        let order = |order: &Needed| FoundOrder {
            before: order.before,
            after: order.after,
            is_needed: order.passes.is_some(),
            fails_too: order.fails_too,
        };
        Found {
            orders: cause.orders.iter().map(order).collect(),
            is_proved: cause.is_proved,
            screened: cause.screened,
            passing,
        }
    }

    /// As `run`: what came of it.
    fn replay_now(&mut self, index: u64, max_steps: u64, wants: Wants) -> Run {
        let mode = if wants == Wants::Steps { TRACING } else { QUIET };
        let (verdict, fails) = self.run(index, max_steps, mode);
        let guided = &mut *self.guided.borrow_mut();
        let length = self.execution.kernel.steps;
        let kind = verdict.as_ref().map(|verdict| verdict.kind);
        if let Some(until) = kind.and_then(|kind| counted_until(self.execution, kind)) {
            guided.count_until(until);
        }
        if let Some(after) = kind.and_then(|kind| endless_after(self.execution, kind)) {
            guided.cost.steps = after;
        }
        guided.cost.deviations = guided.done.0.len() as u32;
        let mut run = Run {
            fails,
            passes: verdict.is_none(),
            violates: guided.violates,
            cost: guided.cost,
            length,
            done: std::mem::take(&mut guided.done),
            asks: std::mem::take(&mut guided.asks),
            chances: guided.chances,
            chooses_tasks: guided.chooses_tasks,
            ..Run::default()
        };
        match wants {
            Wants::Nothing => {}
            Wants::Asks => run.shared = guided.shared(),
            Wants::Steps => {
                run.threads = guided.threads();
                self.sites.clear();
                let until = kind.and_then(|kind| loops_begin(self.execution, kind)).unwrap_or(u64::MAX);
                (run.steps, run.actors) = steps(self.execution, guided, until, &mut self.sites);
                run.ends = ends(self.execution, until);
            }
        }
        run
    }
}

impl Replayer for Replays<'_, '_> {
    fn is_late(&self) -> bool {
        self.exploration.is_late()
    }

    fn replay(&mut self, plan: &Plan, max_steps: u64, wants: Wants) -> Run {
        self.guided.borrow_mut().follow(plan, wants == Wants::Asks);
        self.replay_now(0, max_steps, wants)
    }

    fn draw(&mut self, plan: &Plan, max_steps: u64, draw: Draw) -> Run {
        self.guided.borrow_mut().follow_drawing(plan, draw);
        self.replay_now(draw.seed, max_steps, Wants::Nothing)
    }

    fn constrained(&mut self, plan: &Plan, orders: &[Order], max_steps: u64, draw: Option<Draw>) -> Run {
        let mut guided = self.guided.borrow_mut();
        match draw {
            Some(draw) => guided.follow_drawing(plan, draw),
            None => guided.follow(plan, true),
        }
        let watched = |operation| Watched::new(operation, &self.sites);
        guided.keep_orders(orders.iter().map(|order| (watched(&order.before), watched(&order.after))));
        drop(guided);
        self.replay_now(draw.map_or(0, |draw| draw.seed), max_steps, Wants::Asks)
    }
}

/// The steps of the execution that has just ended until step `until`, and if that are all, after them what threads wait to do;
/// `sites` are the places where. And those who take them.
fn steps(
    execution: &Execution,
    guided: &Guided,
    until: u64,
    sites: &mut Vec<&'static Location<'static>>,
) -> (Vec<Step>, Vec<Lineage>) {
    let kernel = &execution.kernel;
    let mut numbers: BTreeMap<&'static Location<'static>, u32> = BTreeMap::new();
    let mut number = |location: &'static Location<'static>| {
        *numbers.entry(location).or_insert_with(|| {
            sites.push(location);
            sites.len() as u32 - 1
        })
    };
    let mut actors = guided.threads();
    let mut actor = |lineage: Lineage| {
        let known = actors.iter().position(|&other| other == lineage);
        known.unwrap_or_else(|| {
            actors.push(lineage);
            actors.len() - 1
        }) as u32
    };
    let object = |op: &Op| (op.object != ObjectId::NONE).then_some(op.object);
    let mut steps = Vec::new();
    for event in execution.trace_to_tell().iter().take_while(|event| event.step <= until) {
        let object = object(&event.op);
        // Who begins to wait for a notification gives a mutex up as well.
        let mutex = match object.map(|object| kernel.objects.get(object).state) {
            Some(State::Condvar(condvar)) if event.op.kind == OpKind::CondvarEnqueue => condvar.mutex,
            _ => None,
        };
        let writes = match event.note {
            // A compare-exchange that fails reads.
            Note::Failed(_) | Note::FailedStale { .. } | Note::FailedSpuriously => event.atomic.is_none(),
            _ => event.op.kind.is_write(),
        };
        let lets_go = match (event.op.kind, event.note) {
            (OpKind::Spawn, Note::Thread(thread)) => vec![thread.0],
            (OpKind::NotifyOne | OpKind::NotifyAll, _) => {
                execution.evidence.woken_by(event.step).map(|thread| thread.0).collect()
            }
            _ => Vec::new(),
        };
        steps.push(Step {
            thread: event.thread.0,
            actor: actor(guided.actor_of(event.step)),
            is_hidden: is_hidden(execution, event),
            site: number(event.op.location),
            is_pending: false,
            objects: [object.map(|object| (object.0, writes)), mutex.map(|mutex| (mutex.0, true))],
            source: event.atomic.map(|atomic| atomic.source),
            lets_go,
        });
    }
    let blocked = if until < kernel.steps { Vec::new() } else { execution.blocked() };
    for blocked in blocked {
        steps.push(Step {
            thread: blocked.thread.0,
            actor: actor(guided.actor_that_waits(blocked.thread)),
            is_hidden: blocked.op.object != ObjectId::NONE && kernel.objects.is_task_queue(blocked.op.object),
            site: number(blocked.op.location),
            is_pending: true,
            objects: [object(&blocked.op).map(|object| (object.0, blocked.op.kind.is_write())), None],
            source: None,
            lets_go: Vec::new(),
        });
    }
    (steps, actors)
}

/// The threads that the failure concerns, and where they have come to by step `until`.
fn ends(execution: &Execution, until: u64) -> Vec<End> {
    let trace = execution.trace_to_tell();
    let trace = &trace[..trace.partition_point(|event| event.step <= until)];
    let last = |fits: &dyn Fn(&&Event) -> bool| trace.iter().rev().find(fits).map(|event| event.step);
    let mut ends: Vec<End> = Vec::new();
    for blocked in execution.blocked() {
        let since = |holder: &Holder| {
            last(&|event| event.thread == holder.thread && event.op.object == blocked.op.object)
        };
        let step = last(&|event| event.thread == blocked.thread);
        let waits_since = blocked.holders.iter().filter_map(since).collect();
        ends.extend(step.map(|step| End { step, waits_since }));
    }
    let mut threads: Vec<ThreadId> = Vec::new();
    if until < execution.kernel.steps {
        threads.extend(execution.kernel.threads.enabled_threads());
    }
    threads.extend(first_unhandled_panic(execution).map(|panic| panic.thread));
    threads.extend(execution.race.iter().flat_map(|race| [race.first.thread, race.second.thread]));
    let step = |thread: &ThreadId| last(&|event| event.thread == *thread);
    ends.extend(threads.iter().filter_map(step).map(|step| End { step, waits_since: Vec::new() }));
    if ends.is_empty() {
        ends.extend(trace.last().map(|event| End { step: event.step, waits_since: Vec::new() }));
    }
    ends
}
