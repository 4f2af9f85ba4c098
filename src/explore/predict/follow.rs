//! Follows a schedule to a deadlock that was predicted from another execution (`detect::sync_preserving`): a part of what
//! that one did, in the same order. When all of it is done, or where the program does something else, it is steered on.

use std::panic::Location;
use std::sync::Arc;

use super::steer::Steer;
use crate::rt::Execution;
use crate::rt::decide::strategy::{Choice, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// A step of a schedule to a deadlock.
#[derive(Debug)]
struct Step {
    /// The spawn path of the thread.
    lineage: u64,
    kind: OpKind,
    location: &'static Location<'static>,
    /// The choices of the operation itself.
    choices: Vec<(Choice, usize)>,
    /// The choices that the thread makes after it, before its next operation.
    choices_after: Vec<(Choice, usize)>,
}

/// A schedule to a deadlock.
#[derive(Debug)]
pub(in crate::explore) struct Witness(Vec<Step>);

impl Witness {
    /// The part of the execution that has just ended with these positions in its trace.
    pub(in crate::explore) fn of(execution: &Execution, positions: &[usize]) -> Witness {
        let choices = &execution.traced_choices;
        let step = |&at: &usize| {
            let event = &execution.trace[at];
            // Those that were made between two events belong to the earlier one's thread, if it makes them before its
            // operation is published, and to the later event otherwise.
            let between = |after: usize, own: bool| {
                let from = choices.partition_point(|choice| choice.after < after);
                let all = choices[from..].iter().take_while(move |choice| choice.after == after);
                let wanted = all.filter(move |choice| is_before_publishing(choice.choice) == own);
                wanted.map(|choice| (choice.choice, choice.value)).collect()
            };
            Step {
                lineage: execution.kernel.thread(event.thread).lineage,
                kind: event.op.kind,
                location: event.op.location,
                choices: between(at, false),
                choices_after: between(at + 1, true),
            }
        };
        Witness(positions.iter().map(step).collect())
    }
}

/// Whether a thread makes a choice of this kind between two operations.
fn is_before_publishing(choice: Choice) -> bool {
    matches!(choice, Choice::Program | Choice::SpuriousWakeup)
}

/// A strategy that follows a witness.
#[derive(Debug)]
pub(in crate::explore) struct Follow {
    witness: Arc<Witness>,
    /// How many steps were done, and how many choices since.
    done: usize,
    chosen: usize,
    chosen_after: usize,
    is_lost: bool,
    steer: Steer,
}

impl Follow {
    pub(in crate::explore) fn new(witness: Arc<Witness>, steer: Steer) -> Follow {
        Follow { witness, done: 0, chosen: 0, chosen_after: 0, is_lost: false, steer }
    }

    fn next_step(&self) -> Option<&Step> {
        self.witness.0.get(self.done).filter(|_| !self.is_lost)
    }

    /// The thread that the witness wants, where it is about to do what it did.
    fn wanted(&self, point: &SchedulingPoint<'_>) -> Option<ThreadId> {
        let step = self.next_step()?;
        point.enabled().find(|&thread| step.is(point, thread, point.pending(thread)))
    }
}

impl Step {
    fn is(&self, point: &SchedulingPoint<'_>, thread: ThreadId, op: &Op) -> bool {
        point.lineage(thread) == self.lineage && op.kind == self.kind && op.location == self.location
    }
}

impl Strategy for Follow {
    fn name(&self) -> &str {
        "follow"
    }

    fn chooses_freely(&self) -> bool {
        true
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        (self.done, self.chosen, self.chosen_after, self.is_lost) = (0, 0, 0, false);
        self.steer.begin(start, rng);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        self.wanted(point).unwrap_or_else(|| {
            self.is_lost = true;
            self.steer.next_thread(point, rng)
        })
    }

    fn choose_at(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        rng: &mut Rng,
    ) -> usize {
        if self.is_lost {
            return self.steer.choose_at(point, choice, alternatives, rng);
        }
        let (recorded, at) = if is_before_publishing(choice) {
            let last = self.done.checked_sub(1).map(|last| &self.witness.0[last].choices_after);
            (last, &mut self.chosen_after)
        } else {
            (self.witness.0.get(self.done).map(|step| &step.choices), &mut self.chosen)
        };
        // Where there was nothing to choose, there was only what is first here.
        let Some(&(_, value)) = recorded.and_then(|all| all.get(*at)).filter(|&&(kind, _)| kind == choice)
        else {
            return 0;
        };
        *at += 1;
        value.min(alternatives - 1)
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, _: &mut Rng) {
        // Steps at which only one thread could go on are checked here.
        self.is_lost |= self.next_step().is_some_and(|step| !step.is(point, thread, op));
        if self.next_step().is_some() {
            (self.done, self.chosen, self.chosen_after) = (self.done + 1, 0, 0);
        }
    }
}
