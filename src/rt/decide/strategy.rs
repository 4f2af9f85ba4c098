//! Who makes the choices: the trait that every strategy implements, ours and yours.

use std::panic::Location;

use super::profile::{ObjectKey, Profile};
use crate::rt::kernel::Kernel;
use crate::rt::objects::State;
use crate::rt::op::lock::Held;
use crate::rt::op::thread_set::LaneSet;
use crate::rt::op::verb::Verb;
use crate::rt::record::lock_log::Place;
use crate::rt::tasks::ResumePoint;
use crate::rt::threads::timers::NEVER;

pub use crate::rt::op::rng::Rng;
pub use crate::rt::op::{Choice, ObjectId, Op, OpKind, ThreadId};

/// Makes the choices of executions.
///
/// One value is asked for all choices of one worker's executions, one execution after the other. To be
/// deterministic it may use nothing but what it is given: execution `k` has to be the same whether or not
/// others ran before it.
///
/// It need not be fair: where a thread spins and has to give way to others (Musuvathi and Qadeer, PLDI 2008), it is not
/// among those that can be chosen.
///
/// # Example
///
/// A strategy that runs each thread for as long as it can, and then the one spawned last:
///
/// ```
/// use drawloom::strategy::{Rng, SchedulingPoint, Strategy, ThreadId};
///
/// struct LastFirst;
///
/// impl Strategy for LastFirst {
///     fn name(&self) -> &str {
///         "last-first"
///     }
///
///     fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
///         let current = point.current();
///         if point.is_enabled(current) {
///             return current;
///         }
///         point.enabled().max().expect("at least one thread is enabled")
///     }
/// }
///
/// let config = drawloom::Config::new().executions(1).custom_strategy(|| Box::new(LastFirst));
/// let report = drawloom::explore(config, || {
///     drawloom::thread::spawn(|| ()).join().unwrap();
/// });
/// assert!(report.passed());
/// ```
pub trait Strategy {
    /// What reports call this strategy.
    fn name(&self) -> &str;

    /// A new execution begins.
    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        let _ = (start, rng);
    }

    /// Picks the next thread among `point.enabled()`, of which there are at least two: where only one can
    /// go on nobody is asked.
    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId;

    /// Picks one of `alternatives` (at least one), by its number. By default all are equally likely, but
    /// spurious wakeups come once in eight times and spurious failures of compare-exchange once in twenty, readers wait behind writers that wait once in four times,
    /// a task gives way although it could go on, or goes on although it yields, once in 2, 4 or 16 times, which differs from execution
    /// to execution (in a `select!` or `join!` it gives way once in eight times),
    /// a future is dropped at an await once in 2, 8, 32 or 128 times, which differs as well,
    /// stores go to the end of modification order three times in four, and how often an older store is read
    /// differs from execution to execution: never, in a tenth, half or nine tenths of the cases.
    fn choose(&mut self, choice: Choice, alternatives: usize, rng: &mut Rng) -> usize {
        match choice {
            Choice::SpuriousWakeup => usize::from(rng.one_in(8)),
            Choice::WeakFailure => usize::from(rng.one_in(20)),
            Choice::GivesWayWithin => usize::from(rng.one_in(8)),
            Choice::SpuriousPoll if !rng.one_in(8) => 0,
            Choice::SpuriousPoll => 1 + rng.below(alternatives - 1),
            Choice::GivesWay | Choice::Overtakes => usize::from(rng.is_obstinate()),
            Choice::WaitingWriter | Choice::LostToken | Choice::StopsAborted => usize::from(rng.one_in(4)),
            Choice::Cancels if !rng.is_cancelled() => 0,
            Choice::Cancels => 1 + rng.below(alternatives - 1),
            Choice::ReadsFrom if !rng.is_stale() => 0,
            Choice::Placement if !rng.one_in(4) => 0,
            _ => rng.below(alternatives),
        }
    }

    /// Picks which of several ready tasks is polled next, or which timer ends before that, by its number; by default as
    /// [`Strategy::choose`].
    #[doc(hidden)]
    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        let _ = point;
        self.choose(Choice::NextTask, alternatives, rng)
    }

    /// As [`Strategy::choose`], with the moment. By default it asks that one, and of tasks [`Strategy::next_task`].
    #[doc(hidden)]
    fn choose_at(
        &mut self,
        point: &SchedulingPoint<'_>,
        choice: Choice,
        alternatives: usize,
        rng: &mut Rng,
    ) -> usize {
        match choice {
            Choice::NextTask => self.next_task(point, alternatives, rng),
            _ => self.choose(choice, alternatives, rng),
        }
    }

    /// Whether the execution is to end here, with threads that spin for ever.
    #[doc(hidden)]
    fn ends_spinning(&self, point: &SchedulingPoint<'_>) -> bool {
        let _ = point;
        false
    }

    /// Whether time passes here, although threads can go on.
    #[doc(hidden)]
    fn passes_time(&mut self, point: &SchedulingPoint<'_>) -> bool {
        let _ = point;
        false
    }

    /// Whether it may choose a thread that has to give way to others: if its choices were made before, or if it sees to
    /// it itself that nobody starves.
    #[doc(hidden)]
    fn chooses_freely(&self) -> bool {
        false
    }

    /// Whether [`Strategy::next_thread`] chooses each enabled thread with the same probability in this execution, by one
    /// `rng.below`: then it need not be asked. Asked after each [`Strategy::begin`].
    #[doc(hidden)]
    fn is_uniform(&self) -> bool {
        false
    }

    /// Whether choices, but for the one which task is polled next, are drawn as [`Strategy::choose`] does it by default: then it need
    /// not be asked which store a load reads, and what may be read is looked for only where it is to be an older store.
    #[doc(hidden)]
    fn draws_choices(&self) -> bool {
        false
    }

    /// Whether it is drawn so which task is polled next. Asked after each [`Strategy::begin`].
    #[doc(hidden)]
    fn draws_tasks(&self) -> bool {
        self.draws_choices()
    }

    /// Thread `parent` has spawned `child`. The `lineage` names the child by its spawn path and is the same
    /// in other executions.
    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, rng: &mut Rng) {
        let _ = (parent, child, lineage, rng);
    }

    /// Whether [`Strategy::executed`] is to be called; asked after each [`Strategy::begin`].
    fn wants_events(&self) -> bool {
        false
    }

    /// Whether [`Start::profile`] is to tell more than [`Profile::contended_steps`], which costs a little for
    /// the first executions; asked once.
    fn wants_counts(&self) -> bool {
        false
    }

    /// `thread` has executed `op`; `point` shows the state after it.
    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, rng: &mut Rng) {
        let _ = (thread, op, point, rng);
    }
}

/// What is known when an execution begins.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The number of the execution, from 0.
    pub execution: u64,
    /// What the first executions of this exploration looked like; the same for every later one.
    pub profile: &'a Profile,
}

/// The locks of tokio's that somebody holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding<'a> {
    /// Whose they are, as the spawn path.
    pub(crate) lineage: u64,
    pub(crate) held: &'a [Held],
    /// How many were taken so far.
    pub(crate) taken: u32,
}

/// The moment before an operation, when another thread may be chosen.
#[derive(Clone, Copy)]
pub struct SchedulingPoint<'a> {
    kernel: &'a Kernel,
    enabled: &'a LaneSet,
}

impl<'a> SchedulingPoint<'a> {
    #[inline]
    pub(crate) fn new(kernel: &'a Kernel) -> SchedulingPoint<'a> {
        SchedulingPoint { kernel, enabled: &kernel.threads.enabled }
    }

    /// With a choice among some of the enabled threads only.
    pub(crate) fn among(kernel: &'a Kernel, enabled: &'a LaneSet) -> SchedulingPoint<'a> {
        SchedulingPoint { kernel, enabled }
    }

    /// The thread that ran last. It may have ended or be blocked.
    #[inline]
    pub fn current(&self) -> ThreadId {
        self.kernel.threads.current
    }

    /// How many steps were executed so far.
    #[inline]
    pub fn steps(&self) -> u64 {
        self.kernel.steps
    }

    /// How many threads can go on.
    #[inline]
    pub fn enabled_count(&self) -> usize {
        self.enabled.len()
    }

    /// The `n`-th of the threads that can go on.
    ///
    /// # Panics
    ///
    /// If `n` is not less than [`SchedulingPoint::enabled_count`].
    #[inline]
    pub fn nth_enabled(&self, n: usize) -> ThreadId {
        self.kernel.threads.nth_among(self.enabled, n)
    }

    /// The threads that can go on, in an order that depends on the schedule only. In [`Strategy::next_thread`] without
    /// those that have to give way to others.
    pub fn enabled(&self) -> impl Iterator<Item = ThreadId> + Clone + use<'a> {
        self.kernel.threads.those_in(self.enabled)
    }

    /// Whether `thread` can go on.
    #[inline]
    pub fn is_enabled(&self, thread: ThreadId) -> bool {
        self.kernel.threads.is_among(self.enabled, thread)
    }

    /// The set of those, and the lane of a thread that has not ended in it.
    pub(crate) fn enabled_set(&self) -> &'a LaneSet {
        self.enabled
    }

    pub(crate) fn lane(&self, thread: ThreadId) -> u32 {
        self.kernel.thread(thread).lane
    }

    pub(crate) fn has_ended(&self, thread: ThreadId) -> bool {
        self.kernel.thread(thread).ended
    }

    /// The thread in a lane.
    pub(crate) fn in_lane(&self, lane: u32) -> ThreadId {
        self.kernel.threads.lanes[lane as usize]
    }

    /// How often a thread was led to wait for something else by another one; other threads change their pending operation
    /// only by running.
    pub(crate) fn redirected(&self) -> u64 {
        self.kernel.redirected
    }

    /// Whether `thread` waits for others as far as can be seen: it is about to yield, or has found the same again and
    /// again in a loop, and has changed nothing.
    #[inline]
    pub fn yields(&self, thread: ThreadId) -> bool {
        self.kernel.yields(thread)
    }

    /// Whether `thread` yields, or has gone round in a loop at least once.
    pub(crate) fn seems_to_wait(&self, thread: ThreadId) -> bool {
        self.kernel.seems_to_wait(thread)
    }

    /// Whether `thread` has to give way to others because it spins. Such threads are shown only to who chooses freely.
    pub(crate) fn gives_way(&self, thread: ThreadId) -> bool {
        self.kernel.gives_way(thread)
    }

    /// Whether `thread` waits until a time at the latest.
    pub(crate) fn waits_for_time(&self, thread: ThreadId) -> bool {
        let thread = self.kernel.thread(thread);
        !thread.ended && thread.deadline != NEVER
    }

    /// How many threads were spawned so far, the test body included.
    pub fn thread_count(&self) -> usize {
        self.kernel.threads.count()
    }

    /// What `thread` will do next; what it did last, if it has ended.
    #[inline]
    pub fn pending(&self, thread: ThreadId) -> &'a Op {
        &self.kernel.thread(thread).pending
    }

    /// The spawn path of `thread`, as a number that is the same in other executions.
    pub(crate) fn lineage(&self, thread: ThreadId) -> u64 {
        self.kernel.thread(thread).lineage
    }

    /// How many locks `thread` has taken so far.
    pub(crate) fn locks_taken(&self, thread: ThreadId) -> u32 {
        self.kernel.locks.taken_by(thread)
    }

    /// Where `thread` has taken the locks that it holds.
    pub(crate) fn held_at(
        &self,
        thread: ThreadId,
    ) -> impl Iterator<Item = &'static Location<'static>> + use<'a> {
        self.kernel.locks.held_by(thread).iter().map(|held| held.location)
    }

    /// The spawn path of who takes locks on `thread` now, the task that it polls or the thread itself; where it has taken those of
    /// tokio's that it holds, in order; how many it has taken.
    pub(crate) fn awaits(&self, thread: ThreadId) -> Holding<'a> {
        self.holding(self.kernel.lock_place(thread))
    }

    /// The same of the task of this number.
    pub(crate) fn task_awaits(&self, number: u64) -> Option<Holding<'a>> {
        let place = match self.kernel.tasks.told(number).main_of {
            Some(thread) => Place::Future(thread),
            None => Place::Task(self.kernel.tasks.place_of(number)?, number),
        };
        Some(self.holding(place))
    }

    fn holding(&self, place: Place) -> Holding<'a> {
        let (held, taken) = self.kernel.locks.held_at(place);
        Holding { lineage: self.kernel.lineage(place.holder()), held, taken }
    }

    /// Where the choice is one between stores: the step that made the store of this number, or 0 for the initial value.
    pub(crate) fn store_step(&self, number: usize) -> u64 {
        self.kernel.memory.source_step(number)
    }

    /// How many objects there are.
    pub(crate) fn object_count(&self) -> u32 {
        self.kernel.objects.len() as u32
    }

    /// Where an object was made.
    pub(crate) fn made_at(&self, object: ObjectId) -> &'static Location<'static> {
        self.kernel.objects.get(object).location
    }

    /// Whether the object is the queue of a runtime.
    pub(crate) fn is_task_queue(&self, object: ObjectId) -> bool {
        self.kernel.objects.is_task_queue(object)
    }

    /// The numbers of the tasks that may be polled next, in the order in which they are chosen among.
    pub(crate) fn ready(&self, queue: ObjectId) -> impl Iterator<Item = u64> + Clone + use<'a> {
        let kernel = self.kernel;
        let queue = match kernel.objects.get(queue).state {
            State::Runtime(runtime) => Some(kernel.tasks.queue(runtime.queue)),
            _ => None,
        };
        let ready = queue.into_iter().flat_map(|queue| queue.candidates());
        ready.map(|&(_, task)| kernel.tasks.get(task).number)
    }

    /// The same as a list.
    pub(crate) fn ready_tasks(&self, queue: ObjectId) -> Vec<u64> {
        self.ready(queue).collect()
    }

    /// The spawn path of the task of this number, and the number of the task that has spawned it, if one has.
    pub(crate) fn descent(&self, task: u64) -> (u64, Option<u64>) {
        let told = self.kernel.tasks.told(task);
        (told.lineage, told.parent)
    }

    /// The thread whose `block_on` it is, if it was not spawned.
    pub(crate) fn main_of(&self, task: u64) -> Option<ThreadId> {
        self.kernel.tasks.told(task).main_of
    }

    /// The number of the task that `thread` polls; 0 if it polls none.
    pub(crate) fn polled_by(&self, thread: ThreadId) -> u64 {
        self.kernel.tasks.running_number(thread)
    }

    /// How often the task of this number was polled.
    pub(crate) fn polls(&self, task: u64) -> u64 {
        self.kernel.tasks.told(task).polls
    }

    /// The number of the task that the running thread polls, and the queue of its runtime.
    pub(crate) fn running_task(&self) -> Option<(u64, ObjectId)> {
        let task = self.kernel.tasks.get(self.kernel.tasks.running(self.current())?.id);
        Some((task.number, task.queue))
    }

    /// How many tasks there were.
    pub(crate) fn task_count(&self) -> u64 {
        self.kernel.tasks.told.len() as u64
    }

    /// How far the running task has come.
    pub(crate) fn resume_point(&self) -> ResumePoint {
        let running = self.kernel.tasks.running(self.current());
        running.map_or_else(ResumePoint::default, |running| self.kernel.tasks.get(running.id).resume_point)
    }

    /// Where the task of this number was spawned.
    pub(crate) fn spawned_at(&self, task: u64) -> &'static Location<'static> {
        self.kernel.tasks.numbered(task).map_or_else(crate::rt::op::nowhere, |task| task.spawned_at)
    }

    /// How often time has passed although somebody could go on.
    pub(crate) fn early_passes(&self) -> u32 {
        self.kernel.tasks.early_passes
    }

    /// The number of the task that this operation aborts.
    pub(crate) fn aborted_task(&self, op: &Op) -> Option<u64> {
        let is_abort = op.kind == OpKind::Operate && op.argument == Verb::Abort as u32;
        let told = self.kernel.tasks.told.iter().filter(|_| is_abort);
        told.into_iter().find(|told| told.object == op.object).map(|told| told.number)
    }

    /// The number of the task that the running operation has woken, and whether that has made it ready.
    pub(crate) fn woken_task(&self) -> Option<(u64, bool)> {
        self.kernel.tasks.woken
    }

    /// A name for an object that is the same in other executions.
    pub fn object_key(&self, object: ObjectId) -> Option<ObjectKey> {
        (object != ObjectId::NONE).then(|| self.kernel.object_key(object))
    }
}
