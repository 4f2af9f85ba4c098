//! Where a task gives way although it could go on, as tokio's cooperative budget has it, and where it does not although it yields.

use std::panic::Location;

use super::tasks::queue_of;
use crate::rt::Current;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::Refusal;
use crate::rt::op::{Choice, is_same_place};
use crate::rt::tasks::{LeafKind, Phase, ResumePoint, TaskName, Woken};

/// After how many leaf operations in one poll a task gives way in any case. In tokio it is 128, as its cooperative budget has it;
/// no program may rely on the number, and executions are shorter so.
const BUDGET: u32 = 32;

impl Current {
    /// Whether the task, which yields, may be polled again before those that are ready.
    #[inline]
    pub(super) fn overtakes(mut self, name: TaskName) -> bool {
        self.kernel().tasks.get(name.id).overtakes > 0 && self.overtakes_now(name)
    }

    fn overtakes_now(mut self, name: TaskName) -> bool {
        let execution = self.execution();
        let kernel = &mut execution.kernel;
        let task = kernel.tasks.get(name.id);
        if kernel.limits.fifo || task.has_given_way || task.phase != Phase::Running(Woken::No) {
            return false;
        }
        let queue = task.queue;
        if queue_of(kernel, queue).available() == 0 || execution.is_winding_up() {
            return false;
        }
        execution.kernel.basis.add(Basis::YIELDS);
        let overtakes = execution.choose(Choice::Overtakes, 2) == 1;
        if overtakes {
            execution.kernel.tasks.get_mut(name.id).overtakes -= 1;
        }
        overtakes
    }

    /// Whether the running task gives way here, although it could go on. If it does, it does nothing more in this poll; nor is
    /// there anything to choose before it has done anything. What it has taken others may find taken also where no other task is ready,
    /// but one runs on another worker. `location`: of the operation.
    ///
    /// In the branches of `select!` and `join!` the others of the same poll see it too. A future that polls several by other means is
    /// not asked for their sake: a test that polls by hand, to see what is ready, takes pending for waiting.
    pub(crate) fn gives_way(mut self, leaf: LeafKind, location: &'static Location<'static>) -> bool {
        let execution = self.execution();
        if execution.is_winding_up() {
            return false;
        }
        let kernel = &mut execution.kernel;
        let Some(name) = kernel.tasks.running(kernel.threads.current) else { return false };
        let task = kernel.tasks.get_mut(name.id);
        if task.has_given_way {
            // Another leaf of the same poll: whoever polls both may begin with either when the task goes on.
            if !task.is_seen_within && task.composed == 0 {
                self.note_composes();
            }
            return true;
        }
        task.leaves += 1;
        if task.composed == 0 {
            let goes_on = task.leaves == 1
                && task.resume_point.resumed_at.is_some_and(|at| is_same_place(at, location));
            let leaves = task.resume_point.leaves + u32::from(!goes_on);
            task.resume_point = ResumePoint { leaves, resumed_at: Some(location), has_given_way: true };
        }
        if task.has_budget {
            return self.dooms_at_leaf(leaf);
        }
        if task.leaves > BUDGET {
            (task.has_given_way, task.is_worn) = (true, true);
            (task.yields, task.wakes_to_yield) = (true, true);
            return true;
        }
        if task.is_aborted && task.gives_way > 0 {
            let stops = execution.choose(Choice::StopsAborted, 2) == 1;
            execution.kernel.tasks.get_mut(name.id).has_given_way = stops;
            return stops;
        }
        let orders_polls = kernel.limits.orders_polls;
        let is_composed = task.composed > 0;
        // In order, whoever gives way goes behind the others: so that is a choice of its own as well.
        let is_within = is_composed || kernel.limits.strict.composes || orders_polls && kernel.limits.fifo;
        let is_left = !(orders_polls && is_within) || task.gives_way_within > 0;
        // In order, a task that goes on with what it had taken goes behind the others if it gives way again, and is not as if it had
        // not been polled.
        let has_done = kernel.steps > task.polled_since || kernel.limits.fifo && task.leaves > 1;
        let may = task.gives_way > 0 && is_left && has_done;
        let queue = task.queue;
        let others_run = kernel.threads.count() > 1 && kernel.tasks.told.len() > 1;
        let others_see = queue_of(kernel, queue).available() > 0 || leaf == LeafKind::Taken && others_run;
        // Who explores the order of polls wants to know whether anything would come of it in the same poll.
        let is_trial = orders_polls && !is_within;
        if !may || !(is_composed || others_see || is_trial) {
            return self.dooms_at_leaf(leaf);
        }
        if kernel.limits.directed || orders_polls && is_within {
            kernel.basis.add(Basis::GIVES_WAY);
        }
        let choice = if is_within { Choice::GivesWayWithin } else { Choice::GivesWay };
        let gives_way = execution.choose(choice, 2) == 1;
        if gives_way {
            let is_directed = execution.kernel.limits.directed;
            let task = execution.kernel.tasks.get_mut(name.id);
            task.gives_way -= u32::from(is_directed);
            task.gives_way_within -= u32::from(orders_polls && is_within);
            (task.has_given_way, task.is_seen_within) = (true, is_within);
            (task.yields, task.wakes_to_yield) = (true, true);
        }
        gives_way || self.dooms_at_leaf(leaf)
    }

    /// The running task was asked whether it gives way, before it polls several futures: as each of tokio's operations gives back what it
    /// has used of the task's budget if it is pending, the first of them that goes on can do so.
    pub(crate) fn note_budget(mut self) {
        let kernel = self.kernel();
        if let Some(name) = kernel.tasks.running(kernel.threads.current) {
            kernel.tasks.get_mut(name.id).has_budget = true;
        }
    }

    /// Whether that is so.
    pub(crate) fn has_budget(mut self) -> bool {
        let kernel = self.kernel();
        let running = kernel.tasks.running(kernel.threads.current);
        running.is_some_and(|name| kernel.tasks.get(name.id).has_budget)
    }

    /// An operation of the running task has gone on.
    #[inline]
    pub(crate) fn uses_budget(mut self) {
        let kernel = self.kernel();
        if let Some(name) = kernel.tasks.running(kernel.threads.current) {
            kernel.tasks.get_mut(name.id).has_budget = false;
        }
    }

    /// Whether the order in which tasks are polled is explored by itself.
    pub(crate) fn orders_polls(mut self) -> bool {
        self.kernel().limits.orders_polls
    }

    /// Whether the running task has given way in this poll.
    pub(crate) fn has_given_way(mut self) -> bool {
        let kernel = self.kernel();
        let running = kernel.tasks.running(kernel.threads.current);
        running.is_some_and(|name| kernel.tasks.get(name.id).has_given_way)
    }

    /// A task polls several futures in turn, which was not known.
    fn note_composes(mut self) {
        let execution = self.execution();
        if !execution.kernel.limits.strict.composes {
            execution.kernel.tasks.composes = true;
            execution.refuse_to_direct(Refusal::Strict(Strict { composes: true, ..Strict::default() }));
        }
    }

    /// The running task has aborted itself, if it is that one: it is dropped where it is pending next.
    pub(crate) fn note_abort(mut self, name: TaskName) {
        if self.running_task() == Some(name) {
            self.kernel().tasks.get_mut(name.id).is_aborted = true;
        }
    }

    /// How often the running task may still give way, from now on; how often it could so far.
    pub(crate) fn set_gives_way(mut self, times: u32) -> u32 {
        let kernel = self.kernel();
        match kernel.tasks.running(kernel.threads.current) {
            Some(name) => std::mem::replace(&mut kernel.tasks.get_mut(name.id).gives_way, times),
            None => 0,
        }
    }
}
