//! Shrinking the schedule of a failure before it is reported: what `shrink` needs to know of executions.
//!
//! A replay is the same failure if its *signature* is: the kind of failure, the places in the source that it is about, and for
//! panics and leaks the message without its numbers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::describe::{Rows, place_of, trace};
use super::guide::{Guide, Guided, Watched};
use super::judge::{Verdict, first_unhandled_panic};
use super::profile::Profile;
use super::replay::Replay;
use super::runner::{Exploration, Finding, QUIET, TRACING};
use crate::config::ConfigError;
use crate::report::{FailureKind, Minimized, Passing, Place};
use crate::rt::Execution;
use crate::rt::execution::Mode;
use crate::rt::op::{Event, Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::outcome::Holder;
use crate::rt::state::State;
use crate::shrink::{self, Cause, Draw, End, Needed, Order, Plan, Replayer, Run, SCREENED, Step, Wants};

/// How long an execution that passes may be to be shown.
const PASSING_STEPS: usize = 10_000;

/// What a failure is known by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Signature {
    kind: FailureKind,
    message: String,
    places: Vec<Place>,
}

impl Signature {
    pub(super) fn of(execution: &Execution, verdict: &Verdict) -> Signature {
        let mut places: Vec<Place> = Vec::new();
        let mut message = String::new();
        match verdict.kind {
            FailureKind::Panic => {
                message = without_numbers(&verdict.message);
                let panic = first_unhandled_panic(execution).and_then(|panic| panic.location.as_ref());
                places.extend(panic.map(place_of));
            }
            FailureKind::DataRace => {
                let sides = execution.race.iter().flat_map(|race| [race.first, race.second]);
                places.extend(sides.map(|side| Place::from(side.location)));
                let object = execution.race.map(|race| execution.kernel.objects.get(race.object).location);
                places.extend(object.map(Place::from));
            }
            FailureKind::Deadlock | FailureKind::LeakedThread => {
                // Who waits for one that waits is not what is wrong.
                let blocked = execution.kernel.blocked().into_iter();
                let waits = blocked.filter(|blocked| blocked.op.kind != OpKind::Join);
                places.extend(waits.map(|blocked| Place::from(blocked.op.location)));
            }
            _ => message = without_numbers(&verdict.message),
        }
        places.sort_unstable();
        places.dedup();
        Signature { kind: verdict.kind, message, places }
    }
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

impl Exploration<'_> {
    /// The same failure with the smallest schedule that is found for it.
    pub(super) fn minimize(&self, finding: Finding) -> Result<Finding, ConfigError> {
        let can_be_run_often = matches!(
            finding.verdict.kind,
            FailureKind::Panic
                | FailureKind::Deadlock
                | FailureKind::DataRace
                | FailureKind::LeakedThread
                | FailureKind::Leak
        );
        // Nobody reads of a failure that is wanted.
        let is_expected = self.config.expect == Some(finding.verdict.kind);
        if !self.config.shrink || is_expected || !can_be_run_often || finding.token.ends_spinning {
            return Ok(finding);
        }
        self.on_worker(|execution| self.minimize_on(execution, &finding).unwrap_or(finding))
    }

    fn minimize_on(&self, execution: &mut Execution, finding: &Finding) -> Option<Finding> {
        let guided = Rc::new(RefCell::new(Guided::default()));
        // First as it was found, to know what it is.
        // Should a later replay take the process with it, the last words are this token's.
        self.prepare_for(execution, &finding.token);
        let divergence = Arc::new(Mutex::new(None));
        let replay = Replay::new(finding.token.clone(), divergence);
        guided.borrow_mut().follow_token(replay);
        execution.set_strategy(Box::new(Guide(Rc::clone(&guided))));
        let verdict = self.run_index(execution, 0, &Profile::default(), TRACING)?;
        let signature = Signature::of(execution, &verdict);
        if signature.kind != finding.verdict.kind {
            return None;
        }
        let found = guided.borrow().done.clone();
        // A plan is followed without a director, and may read any store that the memory model allows.
        execution.kernel.limits.directed = false;
        let mut replays = Replays { exploration: self, execution, guided, signature, sites: Vec::new() };
        let shrunk = shrink::shrink(&mut replays, &found)?;
        let cause = shrink::explain(&mut replays, &shrunk.plan);
        let cause = cause.map(|cause| replays.found(&shrunk.plan, cause));
        replays.guided.borrow_mut().follow(&shrunk.plan, false);
        let (verdict, _) = replays.run(0, u64::MAX, QUIET);
        let verdict = verdict?;
        let mut minimized = Finding::new(finding.index, verdict, replays.execution);
        minimized.led_into.clone_from(&finding.led_into);
        minimized.found = Some(finding.token.clone());
        minimized.cause = cause;
        minimized.minimized = Some(Minimized {
            steps: shrunk.before.steps,
            preemptions: u64::from(shrunk.before.preemptions),
            replays: shrunk.replays,
            is_minimal: shrunk.is_minimal,
        });
        Some(minimized)
    }
}

/// Why a schedule fails, by the numbers of its steps; see `shrink::Cause`.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Before, after, and whether a schedule passes with the two the other way round. Numbers from the number of steps on
    /// are of what threads wait to do.
    pub(super) orders: Vec<(usize, usize, bool)>,
    pub(super) is_proved: bool,
    pub(super) screened: u64,
    pub(super) passing: Option<Passing>,
}

/// The executions that `shrink` asks for.
struct Replays<'a, 'b> {
    exploration: &'a Exploration<'b>,
    execution: &'a mut Execution,
    guided: Rc<RefCell<Guided>>,
    signature: Signature,
    /// The places of the steps of the last run whose steps were wanted.
    sites: Vec<&'static Location<'static>>,
}

impl Replays<'_, '_> {
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
        let order = |order: &Needed| (order.before, order.after, order.passes.is_some());
        Found {
            orders: cause.orders.iter().map(order).collect(),
            is_proved: cause.is_proved,
            screened: SCREENED,
            passing,
        }
    }

    /// As `run`: what came of it.
    fn replay_now(&mut self, index: u64, max_steps: u64, wants: Wants) -> Run {
        let mode = if wants == Wants::Steps { TRACING } else { QUIET };
        let (verdict, fails) = self.run(index, max_steps, mode);
        let guided = &mut *self.guided.borrow_mut();
        let mut run = Run {
            fails,
            passes: verdict.is_none(),
            violates: guided.violates,
            cost: guided.cost,
            done: std::mem::take(&mut guided.done),
            asks: std::mem::take(&mut guided.asks),
            chances: guided.chances,
            ..Run::default()
        };
        match wants {
            Wants::Nothing => {}
            Wants::Asks => run.shared = guided.shared(),
            Wants::Steps => {
                run.threads = guided.threads();
                self.sites.clear();
                run.steps = steps(self.execution, &mut self.sites);
                run.ends = ends(self.execution);
            }
        }
        run
    }
}

impl Replayer for Replays<'_, '_> {
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

/// The steps of the execution that has just ended, and after them what threads wait to do; `sites` are the places where.
fn steps(execution: &Execution, sites: &mut Vec<&'static Location<'static>>) -> Vec<Step> {
    let kernel = &execution.kernel;
    let mut numbers: BTreeMap<&'static Location<'static>, u32> = BTreeMap::new();
    let mut number = |location: &'static Location<'static>| {
        *numbers.entry(location).or_insert_with(|| {
            sites.push(location);
            sites.len() as u32 - 1
        })
    };
    let object = |op: &Op| (op.object != ObjectId::NONE).then_some(op.object);
    let mut steps = Vec::new();
    for event in &execution.trace {
        let object = object(&event.op);
        // Who begins to wait for a notification gives a mutex up as well.
        let mutex = match object.map(|object| kernel.objects.get(object).state) {
            Some(State::Condvar(condvar)) if event.op.kind == OpKind::CondvarEnqueue => condvar.mutex,
            _ => None,
        };
        let writes = match event.note {
            // A compare-exchange that fails reads.
            Note::Failed(_) | Note::FailedSpuriously => event.atomic.is_none(),
            _ => event.op.kind.is_write(),
        };
        let lets_go = match (event.op.kind, event.note) {
            (OpKind::Spawn | OpKind::NotifyOne | OpKind::NotifyAll, Note::Thread(thread)) => vec![thread.0],
            _ => Vec::new(),
        };
        steps.push(Step {
            thread: event.thread.0,
            site: number(event.op.location),
            is_pending: false,
            objects: [object.map(|object| (object.0, writes)), mutex.map(|mutex| (mutex.0, true))],
            source: event.atomic.map(|atomic| atomic.source),
            lets_go,
        });
    }
    for blocked in kernel.blocked() {
        steps.push(Step {
            thread: blocked.thread.0,
            site: number(blocked.op.location),
            is_pending: true,
            objects: [object(&blocked.op).map(|object| (object.0, blocked.op.kind.is_write())), None],
            source: None,
            lets_go: Vec::new(),
        });
    }
    steps
}

/// The threads that the failure concerns, and where they have come to.
fn ends(execution: &Execution) -> Vec<End> {
    let trace = &execution.trace;
    let last = |fits: &dyn Fn(&&Event) -> bool| trace.iter().rev().find(fits).map(|event| event.step);
    let mut ends: Vec<End> = Vec::new();
    for blocked in execution.kernel.blocked() {
        let since = |holder: &Holder| {
            last(&|event| event.thread == holder.thread && event.op.object == blocked.op.object)
        };
        let step = last(&|event| event.thread == blocked.thread);
        let waits_since = blocked.holders.iter().filter_map(since).collect();
        ends.extend(step.map(|step| End { step, waits_since }));
    }
    let mut threads: Vec<ThreadId> = Vec::new();
    threads.extend(first_unhandled_panic(execution).map(|panic| panic.thread));
    threads.extend(execution.race.iter().flat_map(|race| [race.first.thread, race.second.thread]));
    let step = |thread: &ThreadId| last(&|event| event.thread == *thread);
    ends.extend(threads.iter().filter_map(step).map(|step| End { step, waits_since: Vec::new() }));
    if ends.is_empty() {
        ends.extend(trace.last().map(|event| End { step: event.step, waits_since: Vec::new() }));
    }
    ends
}
