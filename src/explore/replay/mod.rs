//! Replay: makes the choices that a token says, and notices where the program no longer fits them.

pub(in crate::explore) mod record;
pub(crate) mod regressions;
pub(in crate::explore) mod seed;
pub(in crate::explore) mod token;

use std::sync::{Arc, Mutex, PoisonError};

use super::judge::goes_on_from;
use crate::report::FailureKind;
use crate::rt::Execution;
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use token::{Token, TokenRun};

/// Where and how a replay could not follow its schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Divergence {
    pub(crate) step: u64,
    pub(crate) reason: String,
}

/// How long a thread runs before the next one does, where threads go on for ever.
pub(super) const TURN: u32 = 100;

/// Follows a schedule; where it ends or does not fit, the running thread goes on until it blocks, and then
/// the thread spawned first. Where threads go on for ever, they take turns: it has to be seen that all do.
#[derive(Debug)]
pub(crate) struct Replay {
    token: Token,
    /// Position of the present run, and the step at which it ends.
    run: usize,
    run_starts: u64,
    /// How many steps the schedule has.
    length: u64,
    next_choice: usize,
    /// By position in the token's table.
    threads: Vec<Option<ThreadId>>,
    /// How many children each thread has, by its number.
    children: Vec<u32>,
    diverged: bool,
    /// Where the runner finds the divergence, if there is one.
    report: Arc<Mutex<Option<Divergence>>>,
    step: u64,
    /// Who has made the last steps, and how many.
    turn: (ThreadId, u32),
}

impl Replay {
    /// Follows `token`, and leaves the first divergence in `report`.
    pub(crate) fn new(token: Token, report: Arc<Mutex<Option<Divergence>>>) -> Replay {
        Replay {
            run: 0,
            run_starts: 1,
            length: token.length(),
            next_choice: 0,
            threads: Vec::new(),
            children: Vec::new(),
            diverged: false,
            report,
            step: 0,
            turn: (ThreadId::MAIN, 0),
            token,
        }
    }

    fn diverge(&mut self, step: u64, reason: String) {
        if !std::mem::replace(&mut self.diverged, true) {
            *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(Divergence { step, reason });
        }
    }

    /// The run that `step` belongs to, and whether it is the run's first.
    fn run_at(&mut self, step: u64) -> Option<(TokenRun, bool)> {
        while let Some(&run) = self.token.runs.get(self.run) {
            if step < self.run_starts + u64::from(run.length) {
                return Some((run, step == self.run_starts));
            }
            self.run += 1;
            self.run_starts += u64::from(run.length);
        }
        None
    }

    fn thread(&self, run: TokenRun) -> Option<ThreadId> {
        self.threads.get(run.thread as usize).copied().flatten()
    }

    /// How the token names a thread: the numbers of its ancestors and itself among their siblings.
    fn path(&self, thread: u32) -> String {
        let mut numbers = Vec::new();
        let mut at = thread;
        // A damaged table could name a thread its own ancestor.
        while at != 0 && numbers.len() <= self.token.threads.len() {
            let Some(&(parent, ordinal)) = self.token.threads.get(at as usize) else { break };
            numbers.push(ordinal.to_string());
            at = parent;
        }
        numbers.push("main".to_owned());
        numbers.reverse();
        numbers.join(".")
    }

    fn follow(&mut self, point: &SchedulingPoint<'_>) -> Option<ThreadId> {
        let step = point.steps() + 1;
        if self.diverged {
            return None;
        }
        let (run, first) = self.run_at(step)?;
        let path = self.path(run.thread);
        let Some(thread) = self.thread(run) else {
            let verb = run.first.map_or("go on", OpKind::verb);
            let reason = format!("expected thread {path} to {verb}, but it was never spawned");
            self.diverge(step, reason);
            return None;
        };
        let pending = point.pending(thread);
        if first && let Some(expected) = run.first.filter(|&expected| expected != pending.kind) {
            let reason = format!(
                "expected thread {path} to {}, but it is about to {} at {}",
                expected.verb(),
                pending.verb(),
                pending.location,
            );
            self.diverge(step, reason);
            return None;
        }
        if !point.is_enabled(thread) {
            let state = if pending.kind == OpKind::End { "it has ended" } else { "it has to wait" };
            let reason =
                format!("expected thread {path} to {} at {}, but {state}", pending.verb(), pending.location,);
            self.diverge(step, reason);
            return None;
        }
        Some(thread)
    }
}

impl Strategy for Replay {
    fn name(&self) -> &str {
        "replay"
    }

    fn begin(&mut self, _: &Start<'_>, _: &mut Rng) {
        *self = Replay::new(self.token.clone(), Arc::clone(&self.report));
        self.threads.resize(self.token.threads.len(), None);
        self.threads[0] = Some(ThreadId::MAIN);
        self.children.push(0);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        self.follow(point).unwrap_or_else(|| {
            let current = point.current();
            let ends_turn = self.turn.1 >= TURN && self.token.goes_on() && !self.diverged;
            let next = || next_after(current, point.enabled());
            ends_turn.then(next).flatten().unwrap_or_else(|| default_thread(point))
        })
    }

    fn choose(&mut self, _: Choice, alternatives: usize, _: &mut Rng) -> usize {
        let choice = self.token.choices.get(self.next_choice).copied();
        self.next_choice += 1;
        match choice.and_then(|choice| usize::try_from(choice).ok()) {
            Some(choice) if choice < alternatives => choice,
            Some(choice) => {
                let reason =
                    format!("expected alternative {choice} of a choice that has only {alternatives}");
                self.diverge(self.step + 1, reason);
                0
            }
            // Beyond the recorded part, as for threads.
            None => 0,
        }
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, _: u64, _: &mut Rng) {
        let number = self.children[parent.index()];
        self.children[parent.index()] += 1;
        self.children.push(0);
        let parent = self.threads.iter().position(|&thread| thread == Some(parent));
        let Some(parent) = parent else { return };
        let named = (parent as u32, number);
        let position = self.token.threads.iter().skip(1).position(|&thread| thread == named);
        if let Some(position) = position {
            self.threads[position + 1] = Some(child);
        }
    }

    fn ends_spinning(&self, point: &SchedulingPoint<'_>) -> bool {
        self.token.is_endless && !self.diverged && point.steps() >= self.length
    }

    fn passes_time(&mut self, point: &SchedulingPoint<'_>) -> bool {
        if self.diverged {
            return false;
        }
        let Some((run, _)) = self.run_at(point.steps() + 1) else { return false };
        self.thread(run).is_some_and(|thread| !point.is_enabled(thread) && point.waits_for_time(thread))
    }

    fn chooses_freely(&self) -> bool {
        !self.diverged && self.step < self.length
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, _: &mut Rng) {
        self.step = point.steps();
        let (last, steps) = self.turn;
        self.turn = (thread, if last == thread { steps + 1 } else { 1 });
        if self.diverged {
            return;
        }
        // Steps at which only one thread could go on are checked here.
        let Some((run, _)) = self.run_at(self.step) else { return };
        if self.thread(run) != Some(thread) {
            let reason = format!(
                "expected a step of thread {}, but only another could go on, to {} at {}",
                self.path(run.thread),
                op.verb(),
                op.location,
            );
            self.diverge(self.step, reason);
        }
    }
}

/// The thread that was spawned next after `current`, or else the first.
pub(super) fn next_after(current: ThreadId, threads: impl Iterator<Item = ThreadId>) -> Option<ThreadId> {
    threads.min_by_key(|&thread| (thread <= current, thread))
}

/// Goes on with the running thread, or else with the one spawned first.
fn default_thread(point: &SchedulingPoint<'_>) -> ThreadId {
    let current = point.current();
    if point.is_enabled(current) && !point.yields(current) {
        return current;
    }
    let others = point.enabled().filter(|&thread| thread != current);
    others.min().unwrap_or(current)
}

/// The token of the execution that has just ended. It knows the kinds of operations as far as they were
/// traced. If threads go on for ever without anything new, and no director has made them do so, the token leaves that out: a
/// replay goes on by itself.
pub(crate) fn token_of(execution: &Execution, kind: FailureKind) -> Token {
    let kernel = &execution.kernel;
    let settled = match kind {
        _ if kernel.limits.directed => None,
        FailureKind::Livelock => Some(kernel.spinloops.settled()),
        kind => goes_on_from(execution, kind),
    };
    let mut left = settled.map_or(u64::MAX, |settled| settled.step);
    let mut positions: Vec<Option<u32>> = vec![None; kernel.threads.count()];
    positions[0] = Some(0);
    let mut threads = vec![(0, 0)];
    let mut runs = Vec::new();
    let mut step = 0;
    for run in execution.schedule.runs() {
        let length = u64::from(run.length).min(left) as u32;
        if length == 0 {
            break;
        }
        left -= u64::from(length);
        let position = *positions[run.thread.index()].get_or_insert_with(|| {
            threads.push((run.thread.0, 0));
            threads.len() as u32 - 1
        });
        let first = execution.trace.get(step).map(|event| event.op.kind);
        runs.push(TokenRun { thread: position, length, first });
        step += length as usize;
    }
    // Parents come before their children: they have run before.
    for entry in threads.iter_mut().skip(1) {
        let thread = kernel.thread(ThreadId(entry.0));
        *entry = (positions[thread.parent.index()].unwrap_or(0), thread.ordinal);
    }
    Token {
        timeouts: kernel.limits.timeouts,
        spurious: kernel.limits.spurious,
        cancellations: kernel.limits.cancellations,
        orders_polls: kernel.limits.orders_polls,
        composes: kernel.limits.strict.composes,
        fifo: kernel.limits.fifo,
        polls_spuriously: kernel.limits.polls_spuriously,
        eats_tokens: kernel.limits.eats_tokens,
        memory: kernel.limits.memory,
        directed: kernel.limits.directed,
        is_endless: settled.is_some() || kind == FailureKind::Livelock,
        threads,
        runs,
        choices: match settled {
            Some(settled) => execution.schedule.choices_until(settled.choices),
            None => execution.schedule.choices(),
        },
    }
}
