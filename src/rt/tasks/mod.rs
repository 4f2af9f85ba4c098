//! The tasks of one execution as scheduling needs them: which are ready, in which queue, and who polls them.
//!
//! A task is no thread: a worker, which is one, takes a ready task from the queue of its runtime and polls it, on its own fiber.
//! Futures, results and wakers are the faces' (`tokio`); here is plain data. A task that ends gives its place to the next one,
//! so what has ended costs nothing. That nothing is mistaken for what had the place before, a *generation* says.
//!
//! A task that is woken while it is polled goes into its queue when the poll has ended. If it has woken itself it has yielded:
//! then it is *deferred* and goes behind all that are ready, as tokio's runtimes do it.

mod notes;
mod queue;
pub(crate) mod timer;

use std::panic::Location;

use crate::rt::op::{ObjectId, ThreadId};
pub(crate) use notes::{
    Await, BlockingPoll, Cancellation, Kept, LeftTask, StaleWake, TaskPanic, TimerOver, ToldTask, Unreceived,
};
pub(crate) use queue::Queue;
use timer::{TaskTimer, TaskTimers};

/// After how many steps a task that is ready, and is not polled, is kept from it.
const STARVED: u64 = 10_000;

/// A task's place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TaskId(pub(crate) u32);

impl TaskId {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A task, and which of those that had its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TaskName {
    pub(crate) id: TaskId,
    pub(crate) generation: u32,
}

/// What a task is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// It waits to be woken.
    Idle,
    /// It is in its queue.
    Ready,
    /// It is in its queue, behind those that are ready.
    Deferred,
    /// It is polled, and was woken meanwhile or not.
    Running(Woken),
    /// It has ended.
    Ended,
}

/// Whether a task was woken while it was polled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Woken {
    No,
    /// By itself: it has yielded.
    ByItself,
    ByOthers,
}

/// How far a task has come where a part of it begins.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct ResumePoint {
    /// How many leaf operations it has come to, but for those of futures that it polls with others. One that it goes on with counts
    /// once.
    pub(crate) leaves: u32,
    /// At which of them it goes on. `None` where it polls several futures: that is up to who wakes them.
    pub(crate) resumed_at: Option<&'static Location<'static>>,
    /// Whether it has given way there, or may have, and not waited.
    pub(crate) has_given_way: bool,
}

/// What a task awaits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LeafKind {
    Operation,
    /// It has taken what others may find taken meanwhile.
    Taken,
    /// A timer, which is never late: if a timeout is over before it, that is one with a shorter time.
    Timer,
}

/// What is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// The future that the innermost timeout limits.
    Timeout,
    /// The future of the task.
    Task,
}

/// What a future that is to be dropped waited for when that was decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doom {
    pub(crate) awaited: Option<Await>,
}

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    /// The queue of its runtime.
    pub(crate) queue: ObjectId,
    /// Its number among the tasks of that queue, in the order of spawning.
    pub(crate) ordinal: u32,
    /// Its number among all tasks of the execution.
    pub(crate) number: u64,
    /// What its end is told by.
    pub(crate) object: ObjectId,
    pub(crate) spawned_at: &'static Location<'static>,
    /// Since which step nobody has a waker of it, and who has dropped the last one: a thread, and the number of the task that this has
    /// polled. For reports.
    pub(crate) has_no_waker: Option<(u64, ThreadId, u64)>,
    /// How often it may still give way although it could go on.
    pub(crate) gives_way: u32,
    /// The same for futures that are polled with others, where the order of polls is explored by itself.
    pub(crate) gives_way_within: u32,
    /// How often it may still be polled before others although it has yielded.
    pub(crate) overtakes: u32,
    /// How many leaf operations it has come to in this poll.
    pub(crate) leaves: u32,
    /// Whether it has been asked already whether it gives way, and has not come further since: the next operation does not.
    pub(crate) has_budget: bool,
    /// How far it had come when its poll began, or came to a leaf operation at which it may give way.
    pub(crate) resume_point: ResumePoint,
    /// Whether it was in futures that poll several since it was pending at an await of its own.
    pub(crate) was_composed: bool,
    /// Whether it has given way in this poll: it does nothing more then.
    pub(crate) has_given_way: bool,
    /// Whether it yields or gives way in this poll: in order it comes after all others then, and not after those that are ready.
    pub(crate) yields: bool,
    /// Whether its next call of its own waker is part of that; and whether it has called it besides: then it is ready at once, in order.
    pub(crate) wakes_to_yield: bool,
    pub(crate) is_awake: bool,
    /// Whether it had to, having come to so many leaf operations: it goes behind the others then.
    pub(crate) is_worn: bool,
    /// Whether others that the same poll polls are expected to see that it has given way.
    pub(crate) is_seen_within: bool,
    /// The await at which it was pending last.
    pub(crate) pending_at: Option<&'static Location<'static>>,
    /// At which step its poll began.
    pub(crate) polled_since: u64,
    /// Whether it has aborted itself.
    pub(crate) is_aborted: bool,
    /// Whether it was spawned, and may be dropped by others.
    pub(crate) is_spawned: bool,
    /// What of it gives way in this poll to be dropped.
    pub(crate) doomed: Option<Scope>,
    /// Whether it wakes itself in this poll in the place of others.
    pub(crate) is_rung: bool,
    /// In how many futures that poll several the poll is.
    pub(crate) composed: u32,
    /// In how many branches of `select!` it is.
    pub(crate) branches: u32,
    /// In how many timeouts it is.
    pub(crate) timeouts: u32,
    /// What it was found to wait for in its last poll; kept for reports, and where futures are dropped at awaits.
    pub(crate) awaits: Vec<Await>,
}

/// The tasks of one execution.
#[derive(Default, Debug)]
pub(crate) struct Tasks {
    all: Vec<Task>,
    count: usize,
    free: Vec<TaskId>,
    queues: Vec<Queue>,
    queue_count: usize,
    /// The task that each thread polls.
    running: Vec<Option<TaskName>>,
    pub(crate) timers: TaskTimers,
    /// The queues of which timers have become due when time passed last.
    rung: Vec<ObjectId>,
    numbered: u64,
    /// The task that was polled last, and at which step the first of its polls in a row began.
    pub(crate) streak: (u64, u64),
    /// The task that was woken last, if it was alive, and whether that has made it ready.
    pub(crate) woken: Option<(u64, bool)>,
    /// Whether the test has moved the clock.
    pub(crate) has_advanced: bool,
    /// How often time has passed although somebody could go on.
    pub(crate) early_passes: u32,
    /// Whether a task has polled several futures in turn by other means than tokio's macros.
    pub(crate) composes: bool,
    /// All tasks that there were, by their numbers from 1; for reports, and for what they are known by elsewhere.
    pub(crate) told: Vec<ToldTask>,
    /// The tasks that have panicked.
    pub(crate) panics: Vec<TaskPanic>,
    /// The tasks that were left to be dropped with their runtime.
    pub(crate) left: Vec<LeftTask>,
    /// Messages that nobody has received.
    pub(crate) unreceived: Vec<Unreceived>,
    /// The timers that have ended, if the execution is traced.
    pub(crate) timers_over: Vec<TimerOver>,
    /// Wakers that were called too late, if the execution is traced.
    pub(crate) stale_wakes: Vec<StaleWake>,
    /// The first poll that has blocked its thread.
    pub(crate) blocking: Option<BlockingPoll>,
    /// What futures keep meanwhile that have given way.
    pub(crate) kept: Vec<Kept>,
    /// How many futures were to be dropped at an await although the test drops none, and those that were.
    pub(crate) doomed: u32,
    pub(crate) cancellations: Vec<Cancellation>,
}

impl Tasks {
    pub(crate) fn clear(&mut self) {
        self.rung.clear();
        (self.numbered, self.streak) = (0, (0, 0));
        self.told.clear();
        (self.woken, self.has_advanced, self.early_passes) = (None, false, 0);
        self.composes = false;
        self.left.clear();
        self.stale_wakes.clear();
        self.unreceived.clear();
        self.timers_over.clear();
        self.blocking = None;
        self.panics.clear();
        self.cancellations.clear();
        self.kept.clear();
        self.doomed = 0;
        self.count = 0;
        self.free.clear();
        self.queue_count = 0;
        self.running.clear();
        self.timers.clear();
    }

    /// A new queue; its number.
    pub(crate) fn add_queue(&mut self, is_fifo: bool) -> u32 {
        if self.queues.len() == self.queue_count {
            self.queues.push(Queue::default());
        }
        self.queues[self.queue_count].clear(is_fifo);
        self.queue_count += 1;
        self.queue_count as u32 - 1
    }

    pub(crate) fn queue(&self, number: u32) -> &Queue {
        &self.queues[number as usize]
    }

    #[inline]
    pub(crate) fn queue_mut(&mut self, number: u32) -> &mut Queue {
        &mut self.queues[number as usize]
    }

    #[inline]
    pub(crate) fn get(&self, id: TaskId) -> &Task {
        &self.all[id.index()]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: TaskId) -> &mut Task {
        &mut self.all[id.index()]
    }

    /// The task of this name, unless it has ended.
    #[inline]
    pub(crate) fn alive(&mut self, name: TaskName) -> Option<&mut Task> {
        let task = self.all.get_mut(name.id.index())?;
        (task.generation == name.generation && task.phase != Phase::Ended).then_some(task)
    }

    /// The place of a task that has ended, with the object that told its end, if one is free.
    pub(crate) fn take_free(&mut self) -> Option<(TaskId, ObjectId)> {
        let id = self.free.pop()?;
        Some((id, self.get(id).object))
    }

    /// The number of the next task; also of one that is polled nowhere, since it runs on a thread of its own.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Adds a task, which waits to be woken, in a free place or a new one.
    pub(crate) fn add(
        &mut self,
        place: Option<TaskId>,
        (queue, queue_number): (ObjectId, u32),
        (object, number): (ObjectId, u64),
        spawned_at: &'static Location<'static>,
    ) -> TaskName {
        let ordinal = self.queue_mut(queue_number).next_ordinal();
        let task = Task {
            generation: 0,
            phase: Phase::Idle,
            queue,
            ordinal,
            number,
            object,
            spawned_at,
            has_no_waker: None,
            gives_way: 0,
            gives_way_within: 0,
            overtakes: 0,
            leaves: 0,
            has_budget: false,
            resume_point: ResumePoint::default(),
            was_composed: false,
            has_given_way: false,
            yields: false,
            wakes_to_yield: false,
            is_awake: false,
            is_worn: false,
            is_seen_within: false,
            pending_at: None,
            polled_since: 0,
            is_aborted: false,
            is_spawned: false,
            doomed: None,
            is_rung: false,
            composed: 0,
            branches: 0,
            timeouts: 0,
            awaits: Vec::new(),
        };
        let id = place.unwrap_or(TaskId(self.count as u32));
        self.count = self.count.max(id.index() + 1);
        match self.all.get_mut(id.index()) {
            Some(old) => {
                let (generation, mut awaits) =
                    (old.generation.wrapping_add(1), std::mem::take(&mut old.awaits));
                awaits.clear();
                *old = Task { generation, awaits, ..task };
            }
            None => self.all.push(task),
        }
        TaskName { id, generation: self.get(id).generation }
    }

    /// The task has ended; its place is free if `reuses`.
    pub(crate) fn end(&mut self, id: TaskId, reuses: bool) {
        self.get_mut(id).phase = Phase::Ended;
        if reuses {
            self.free.push(id);
        }
    }

    /// What is told of the task of this number.
    pub(crate) fn told(&self, number: u64) -> &ToldTask {
        &self.told[number as usize - 1]
    }

    pub(crate) fn told_mut(&mut self, number: u64) -> &mut ToldTask {
        &mut self.told[number as usize - 1]
    }

    /// What reports call the task of this number: by its name, or by its number among those that were spawned.
    pub(crate) fn label(&self, number: u64) -> String {
        let name = self.told(number).name.as_ref();
        name.map_or_else(|| format!("task {}", self.spawned_before(number) + 1), |name| name.to_string())
    }

    /// How many of those with smaller numbers were spawned.
    pub(crate) fn spawned_before(&self, number: u64) -> usize {
        self.told[..number as usize - 1].iter().filter(|task| task.main_of.is_none()).count()
    }

    /// The task of this number, as long as no other one has its place.
    pub(crate) fn numbered(&self, number: u64) -> Option<&Task> {
        self.place_of(number).map(|place| self.get(place))
    }

    /// The place of that one.
    pub(crate) fn place_of(&self, number: u64) -> Option<TaskId> {
        let at = self.all[..self.count].iter().position(|task| task.number == number)?;
        Some(TaskId(at as u32))
    }

    /// Those that have not ended.
    pub(crate) fn live(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        let numbered = self.all[..self.count].iter().enumerate();
        numbered
            .map(|(index, task)| (TaskId(index as u32), task))
            .filter(|(_, task)| task.phase != Phase::Ended)
    }

    /// The tasks of a queue that wait to be woken and have been polled.
    pub(crate) fn idle(&self, queue: ObjectId) -> impl Iterator<Item = TaskId> {
        let waits =
            move |task: &Task| task.queue == queue && task.phase == Phase::Idle && task.polled_since > 0;
        self.live().filter(move |(_, task)| waits(task)).map(|(id, _)| id)
    }

    /// Whether a task is ready that was not polled for long: a runtime is fair, and polls each in the end.
    pub(crate) fn starves(&self, steps: u64) -> bool {
        let is_ready = |task: &Task| matches!(task.phase, Phase::Ready | Phase::Deferred);
        self.live().any(|(_, task)| is_ready(task) && task.polled_since + STARVED < steps)
    }

    /// `thread` begins to poll a task.
    #[inline]
    pub(crate) fn begin_poll(&mut self, thread: ThreadId, name: TaskName, step: u64) {
        if self.running.len() <= thread.index() {
            self.running.resize(thread.index() + 1, None);
        }
        debug_assert!(self.running[thread.index()].is_none(), "a thread polls one task at a time");
        self.running[thread.index()] = Some(name);
        let task = self.get_mut(name.id);
        task.phase = Phase::Running(Woken::No);
        task.resume_point.resumed_at = task.pending_at.take().filter(|_| !task.was_composed);
        task.resume_point.has_given_way = task.has_given_way;
        (task.has_given_way, task.is_worn, task.polled_since, task.leaves) = (false, false, step, 0);
        (task.branches, task.timeouts, task.composed) = (0, 0, 0);
        (task.doomed, task.is_rung, task.is_seen_within, task.yields) = (None, false, false, false);
        (task.has_budget, task.wakes_to_yield, task.is_awake) = (false, false, false);
        task.awaits.clear();
        let number = task.number;
        self.told_mut(number).polls += 1;
        if self.streak.0 != number {
            self.streak = (number, step);
        }
    }

    /// `thread` has polled a task.
    #[inline]
    pub(crate) fn end_poll(&mut self, thread: ThreadId) {
        self.running[thread.index()] = None;
    }

    pub(crate) fn pause_poll(&mut self, thread: ThreadId) -> Option<TaskName> {
        self.running.get_mut(thread.index())?.take()
    }

    pub(crate) fn resume_poll(&mut self, thread: ThreadId, task: TaskName) {
        self.running[thread.index()] = Some(task);
    }

    /// The number of the task that `thread` polls; 0 if it polls none.
    pub(crate) fn running_number(&self, thread: ThreadId) -> u64 {
        self.running(thread).map_or(0, |name| self.get(name.id).number)
    }

    /// The deadline of a timer has come, whose wait has this number. Whether somebody waits for it.
    pub(crate) fn ring(&mut self, timer: u32, wait: u64) -> bool {
        let TaskTimer { wait: expected, queue, object, .. } = *self.timers.get(timer);
        if expected != wait {
            return false;
        }
        let entry = self.timers.get_mut(timer);
        (entry.wait, entry.is_over) = (0, true);
        self.queue_mut(queue).due.push(timer);
        if !self.rung.contains(&object) {
            self.rung.push(object);
        }
        true
    }

    /// The queues of which timers have become due when time passed last.
    pub(crate) fn rung(&self) -> &[ObjectId] {
        &self.rung
    }

    /// Time is about to pass.
    pub(crate) fn forget_rung(&mut self) {
        self.rung.clear();
    }

    /// The task that `thread` polls.
    #[inline]
    pub(crate) fn running(&self, thread: ThreadId) -> Option<TaskName> {
        *self.running.get(thread.index())?
    }
}
