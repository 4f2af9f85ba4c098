//! Who takes the steps of an execution: threads, and tasks while threads poll them. How many steps each has taken, and how far it has
//! come in the plan.

use crate::rt::decide::strategy::{OpKind, SchedulingPoint, ThreadId};
use crate::rt::op::rng::mix;
use crate::shrink::{Deviation, Lineage, Point};

/// The future of a thread's first `block_on`, in the place of the number of a thread or task that it has spawned.
const MAIN: u64 = 1 << 48;

/// One thread or task of the running execution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) lineage: Lineage,
    pub(super) executed: u32,
    /// The first of its deviations in the plan that may still be to come.
    pub(super) next: usize,
    pub(super) last: Option<OpKind>,
}

/// Who takes a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Actor {
    Thread(ThreadId),
    /// The task of this number, which a thread polls.
    Task(u64),
}

/// The threads and tasks of the running execution.
#[derive(Default)]
pub(super) struct Lines {
    threads: Vec<Line>,
    /// By their numbers.
    tasks: Vec<Line>,
    /// By thread, once it has run: the number of the task that it polls, or 0.
    polled: Vec<Option<u64>>,
}

impl Lines {
    pub(super) fn clear(&mut self) {
        self.threads.clear();
        self.tasks.clear();
        self.polled.clear();
    }

    /// A thread was spawned, the next by number.
    pub(super) fn add_thread(&mut self, lineage: Lineage, plan: &[Deviation]) {
        self.threads.push(Line::new(lineage, plan));
    }

    /// Notices the tasks that were spawned since.
    pub(super) fn add_tasks(&mut self, point: &SchedulingPoint<'_>, plan: &[Deviation]) {
        for number in self.tasks.len() as u64 + 1..=point.task_count() {
            let lineage = match point.main_of(number) {
                Some(thread) => {
                    let before = (1..number).filter(|&other| point.main_of(other) == Some(thread)).count();
                    mix(self.of_thread(thread), MAIN + before as u64)
                }
                None => point.descent(number).0,
            };
            self.tasks.push(Line::new(lineage, plan));
        }
    }

    pub(super) fn threads(&self) -> impl Iterator<Item = Lineage> {
        self.threads.iter().map(|line| line.lineage)
    }

    pub(super) fn of_thread(&self, thread: ThreadId) -> Lineage {
        self.threads[thread.index()].lineage
    }

    pub(super) fn of_task(&self, number: u64) -> Lineage {
        self.tasks[number as usize - 1].lineage
    }

    /// Who does what the thread is about to do. Tasks have to be known.
    pub(super) fn actor(&self, point: &SchedulingPoint<'_>, thread: ThreadId) -> Actor {
        match point.polled_by(thread) {
            0 => Actor::Thread(thread),
            task => Actor::Task(task),
        }
    }

    /// Who waits to do what the thread waits to do.
    pub(super) fn actor_that_waits(&self, thread: ThreadId) -> Actor {
        match self.polled.get(thread.index()).copied().flatten() {
            None | Some(0) => Actor::Thread(thread),
            Some(task) => Actor::Task(task),
        }
    }

    /// Who has executed an operation that the thread has executed last; and whether that is the thread's first one.
    pub(super) fn executed_by(
        &mut self,
        point: &SchedulingPoint<'_>,
        thread: ThreadId,
        kind: OpKind,
    ) -> (Actor, bool) {
        if self.polled.len() <= thread.index() {
            self.polled.resize(thread.index() + 1, None);
        }
        let polls = point.polled_by(thread);
        let polled = self.polled[thread.index()].replace(polls);
        // What begins a poll is its thread's, and what ends it the task's.
        let task = match kind {
            OpKind::PollNext => 0,
            OpKind::EndPoll => polled.unwrap_or(0),
            _ => polls,
        };
        (if task == 0 { Actor::Thread(thread) } else { Actor::Task(task) }, polled.is_none())
    }

    pub(super) fn line(&self, actor: Actor) -> &Line {
        match actor {
            Actor::Thread(thread) => &self.threads[thread.index()],
            Actor::Task(number) => &self.tasks[number as usize - 1],
        }
    }

    pub(super) fn line_mut(&mut self, actor: Actor) -> &mut Line {
        match actor {
            Actor::Thread(thread) => &mut self.threads[thread.index()],
            Actor::Task(number) => &mut self.tasks[number as usize - 1],
        }
    }

    pub(super) fn point(&self, actor: Actor) -> Point {
        let line = self.line(actor);
        Point { thread: line.lineage, step: line.executed }
    }
}

impl Line {
    fn new(lineage: Lineage, plan: &[Deviation]) -> Line {
        let next = plan.partition_point(|deviation| deviation.at.thread < lineage);
        Line { lineage, executed: 0, next, last: None }
    }
}
