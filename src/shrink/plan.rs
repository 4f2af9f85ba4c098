//! A schedule as what sets it apart: the choices that the default policy would not have made.
//!
//! The default policy lets the running thread go on until it has to wait, ends, yields or has gone round in a loop, and then the
//! thread that was spawned first (in the latter two cases the next one after it, in turn); loads read the latest store, stores go
//! to the end of modification order, nothing happens spuriously, and every other choice is the first alternative. A deviation is
//! named by a thread and by how many operations that thread has executed, not by a step of the whole execution: so it stays what
//! it is when others are taken away (Zeller and Hildebrandt, TSE 2002, minimize sets of such independent changes). What a thread
//! does while it polls a task is the task's.

/// A thread or a task, by its spawn path.
pub(crate) type Lineage = u64;

/// The moment before an operation of a thread: how many it has executed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Point {
    pub(crate) thread: Lineage,
    pub(crate) step: u32,
}

/// What is chosen instead of the default.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Instead {
    /// This thread goes on, while the point's is the one that ran last.
    Thread(Lineage),
    /// This task is polled next.
    Task(Lineage),
    /// The store that was made by the operation at this point, or the initial one; the `number`-th choice of the operation.
    Store { number: u32, made: Option<Point> },
    /// The alternative of this number; the `number`-th choice of the operation.
    Value { number: u32, value: u64 },
}

/// One choice that the default policy would not have made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Deviation {
    pub(crate) at: Point,
    pub(crate) instead: Instead,
}

impl Deviation {
    pub(crate) fn is_switch(&self) -> bool {
        matches!(self.instead, Instead::Thread(_))
    }
}

/// A schedule: its deviations, in the order in which they were made.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Plan(pub(crate) Vec<Deviation>);

impl Plan {
    /// The deviations that are no switches.
    pub(super) fn without_switches(&self) -> Plan {
        Plan(self.0.iter().filter(|deviation| !deviation.is_switch()).copied().collect())
    }

    /// The deviations that are neither switches nor say which task is polled next.
    pub(super) fn without_orders(&self) -> Plan {
        let stays =
            |deviation: &&Deviation| !deviation.is_switch() && !matches!(deviation.instead, Instead::Task(_));
        Plan(self.0.iter().filter(stays).copied().collect())
    }

    /// The deviations that are neither switches nor choices among stores.
    pub(super) fn without_stores(&self) -> Plan {
        let stays =
            |deviation: &&Deviation| matches!(deviation.instead, Instead::Value { .. } | Instead::Task(_));
        Plan(self.0.iter().filter(stays).copied().collect())
    }

    /// These deviations and those of `others`.
    pub(super) fn and(&self, others: &Plan) -> Plan {
        Plan([&self.0[..], &others.0[..]].concat())
    }

    /// This plan with another thread at `ask` as its last deviation.
    pub(super) fn then(&self, ask: &Ask, thread: Lineage) -> Plan {
        let mut plan = self.clone();
        plan.0.push(Deviation { at: ask.at, instead: Instead::Thread(thread) });
        plan
    }
}

/// What a schedule is to have little of, the most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Cost {
    /// Stale reads, and stores that are put before others: without any, the execution is sequentially consistent, and easier
    /// to understand than one with fewer preemptions.
    pub(crate) stale: u32,
    pub(crate) preemptions: u32,
    /// Spurious wakeups, values of the program that are not 0.
    pub(crate) oddities: u32,
    pub(crate) switches: u32,
    /// Until it goes on for ever, if that is the failure.
    pub(crate) steps: u64,
    /// How many threads have run.
    pub(crate) threads: u32,
    /// How many choices are not those of the default policy.
    pub(crate) deviations: u32,
}

/// A moment at which there were several threads to choose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ask {
    pub(crate) at: Point,
    /// Whether the thread that ran last could go on, so that another would be a preemption.
    pub(crate) preempts: bool,
    /// The object of what the thread that ran last is about to do, if it has one.
    pub(crate) object: Option<u32>,
    /// The threads that could be chosen instead.
    pub(crate) others: Vec<Lineage>,
    /// How many deviations were made before.
    pub(crate) deviations: usize,
}

/// One step of an execution, for relinearizing it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    /// Position in `Run::threads`.
    pub(crate) thread: u32,
    /// Position in `Run::actors`: the task that it polls, or the thread itself.
    pub(crate) actor: u32,
    /// Whether reports leave it out: it only sees to tasks.
    pub(crate) is_hidden: bool,
    /// Which place in the source it is at, as a number.
    pub(crate) site: u32,
    /// Whether it was not executed: the thread waits to do it.
    pub(crate) is_pending: bool,
    /// The objects that it accesses, and whether it changes them.
    pub(crate) objects: [Option<(u32, bool)>; 2],
    /// For a read of an atomic: the step that made the store which was read, counted from 1; 0 for the initial value.
    pub(crate) source: Option<u64>,
    /// The threads whose next step has to come after this one: spawned, or notified.
    pub(crate) lets_go: Vec<u32>,
}

/// What is to be known of a run besides whether it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wants {
    Nothing,
    /// `Run::asks`.
    Asks,
    /// `Run::steps`.
    Steps,
}

/// What came of a replay.
#[derive(Clone, Default, Debug)]
pub(crate) struct Run {
    /// Whether it failed as the original did.
    pub(crate) fails: bool,
    /// Whether nothing was wrong with it.
    pub(crate) passes: bool,
    /// Whether an order could not be kept.
    pub(crate) violates: bool,
    pub(crate) cost: Cost,
    /// How many steps it took in all.
    pub(crate) length: u64,
    /// The deviations that it made: those of its plan that could be made.
    pub(crate) done: Plan,
    pub(crate) asks: Vec<Ask>,
    /// Whether more than one thread has accessed the object of this number.
    pub(crate) shared: Vec<bool>,
    pub(crate) threads: Vec<Lineage>,
    /// Those that have taken steps: threads, and tasks.
    pub(crate) actors: Vec<Lineage>,
    /// Whether there was something to choose that only `Draw::draws_tasks` varies.
    pub(crate) chooses_tasks: bool,
    /// Until threads go round in loops for ever, if that is the failure.
    pub(crate) steps: Vec<Step>,
    /// The threads that the failure concerns.
    pub(crate) ends: Vec<End>,
    /// At how many moments another thread would have been a preemption.
    pub(crate) chances: u32,
}

impl Run {
    /// The same run with tasks as threads, and without what only sees to them.
    pub(super) fn by_actor(&self) -> Run {
        // Of a thread that polls tasks it is not known which of them goes on.
        let has_tasks = self.actors != self.threads;
        let step = |step: &Step| Step {
            thread: step.actor,
            objects: if step.is_hidden { [None; 2] } else { step.objects },
            lets_go: if has_tasks { Vec::new() } else { step.lets_go.clone() },
            ..*step
        };
        Run {
            steps: self.steps.iter().map(step).collect(),
            threads: self.actors.clone(),
            ends: self.ends.clone(),
            ..Run::default()
        }
    }

    /// Where there was something to choose after the last of these switches, which the run was to make; nowhere if it could not
    /// be made: such a plan leads where it leads without it.
    pub(super) fn asks_after(&self, switches: &Plan) -> &[Ask] {
        let made = match switches.0.last() {
            None => Some(0),
            Some(last) => self.done.0.iter().position(|deviation| deviation == last).map(|at| at + 1),
        };
        let Some(made) = made else { return &[] };
        &self.asks[self.asks.partition_point(|ask| ask.deviations < made)..]
    }
}

/// Where a thread that a failure concerns has come to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct End {
    /// The thread's last step, counted from 1.
    pub(crate) step: u64,
    /// If it waits: the steps that have made it wait.
    pub(crate) waits_since: Vec<u64>,
}

/// How a plan is gone on with at random.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Draw {
    /// Each seed goes on in its own way.
    pub(crate) seed: u64,
    /// How many preemptions there are, at random among so many moments; any thread may go on at any moment, if that is `None`.
    pub(crate) preemptions: Option<u32>,
    pub(crate) chances: u32,
    /// Whether tasks are drawn as well, and whether they give way.
    pub(crate) draws_tasks: bool,
}

/// An operation, as it is known in other schedules: which time a thread comes to a place in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Operation {
    pub(crate) thread: Lineage,
    /// As in `Step::site`.
    pub(crate) site: u32,
    /// Counted from 0.
    pub(crate) occurrence: u32,
}

/// One operation before another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Order {
    pub(crate) before: Operation,
    pub(crate) after: Operation,
}

/// All that this module knows of executions.
pub(crate) trait Replayer {
    /// Whether there is no time for more.
    fn is_late(&self) -> bool {
        false
    }

    /// Runs one that follows the plan, for at most so many steps.
    fn replay(&mut self, plan: &Plan, max_steps: u64, wants: Wants) -> Run;

    /// As `replay`, where threads are drawn instead of being those of the plan.
    fn draw(&mut self, plan: &Plan, max_steps: u64, draw: Draw) -> Run;

    /// As `replay` or `draw`, but that no operation is executed that is to come after another one before that has been; with
    /// `Run::asks`, of those who may go on. Operations are numbered as in the last run whose steps were wanted.
    fn constrained(&mut self, plan: &Plan, orders: &[Order], max_steps: u64, draw: Option<Draw>) -> Run;
}
