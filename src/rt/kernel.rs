//! The state of one execution: threads, objects, who may run. Everything here is plain data and changes
//! by plain method calls; only `execution` switches fibers.
//!
//! A thread's *pending* op is what it will do next. An op that may block puts its thread into its object's
//! `waiting` set, and the thread is enabled while the object permits the op. A change of an object re-checks
//! only that set, so the enabled set is always exact, and a deadlock is simply "threads left, none enabled".

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::behaviour::Behaviour;
use super::clock::ClockSlots;
use super::fairness::Fairness;
use super::lanes::LaneSet;
use super::locks::LockLog;
use super::memory::{Memory, MemoryModel};
use super::object::{Entry, Object, ObjectKey, ObjectKind, ObjectTable};
use super::op::{AtomicAccess, Note, ObjectId, Op, OpKind, ThreadId};
use super::outcome::Blocked;
use super::rounds::Quiet;
use super::shadow::{Histories, History};
use super::state::{State, ThreadState};
use super::switching::Restraint;
use super::thread::Thread;
use super::timer::{Instant, NEVER, Timers};
use super::tracked::TrackedTable;

/// Where operations without a place in the source are said to be.
pub(crate) fn nowhere() -> &'static Location<'static> {
    Location::caller()
}

/// How a blocking operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grant {
    /// The object permitted it.
    Granted,
    /// Its deadline passed first.
    TimedOut,
}

/// When timeouts may fire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeouts {
    /// Only when nothing else can run.
    #[default]
    Last,
    /// At any scheduling point, whatever else can run.
    Any,
}

/// What the user allows an execution.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) max_steps: u64,
    pub(crate) max_threads: usize,
    pub(crate) max_preemptions: Option<u32>,
    pub(crate) timeouts: Timeouts,
    pub(crate) spurious: u32,
    pub(crate) stack_size: usize,
    /// Whether all threads but the first are daemons.
    pub(crate) daemons: bool,
    pub(crate) memory: MemoryModel,
    /// Whether a director decides, or one has decided what is replayed: then every store may be read and every
    /// place in modification order taken, because whoever decides has checked what the memory model allows.
    pub(crate) directed: bool,
    /// What a director has to see more of.
    pub(crate) strict: Strict,
    /// Whether threads are taken to go round in loops for ever after few rounds; see `rounds`.
    pub(crate) hasty: bool,
}

/// What most tests can do without, and makes more executions where a director sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Strict {
    /// All operations of a channel are in one order; otherwise only the sends, if it is unbounded.
    pub(crate) channels: bool,
    /// Threads are asked whether they have ended; otherwise only waited for.
    pub(crate) ends: bool,
}

impl Strict {
    /// Both.
    pub(crate) fn and(self, other: Strict) -> Strict {
        Strict { channels: self.channels || other.channels, ends: self.ends || other.ends }
    }
}

/// The state of one execution.
pub(crate) struct Kernel {
    pub(crate) limits: Limits,
    pub(super) threads: Vec<Thread>,
    thread_count: usize,
    pub(crate) live: usize,
    /// How many of the live threads are daemons.
    daemons: usize,
    lanes: Vec<ThreadId>,
    free_lanes: Vec<u32>,
    pub(crate) enabled: LaneSet,
    pub(crate) current: ThreadId,
    pub(crate) objects: ObjectTable,
    slots: ClockSlots,
    pub(crate) timers: Timers,
    pub(crate) steps: u64,
    /// What the running op found or did, for logs.
    pub(crate) note: Note,
    /// What the last operation on an atomic did, for logs.
    pub(crate) atomic: AtomicAccess,
    pub(crate) spurious_left: u32,
    /// How many threads are switched out in the middle of unwinding.
    pub(crate) suspended_unwinding: u32,
    /// What the running op has found, if it changes nothing; see `rounds`.
    pub(super) found: Option<u64>,
    pub(super) quiet: Quiet,
    pub(super) fairness: Fairness,
    pub(crate) restraint: Restraint,
    pub(super) histories: Histories,
    pub(crate) tracked: TrackedTable,
    pub(super) memory: Memory,
    /// Whether the op that is about to take effect ends a wait because its time is over.
    pub(super) timed_out: bool,
    pub(crate) behaviour: Behaviour,
    pub(crate) locks: LockLog,
}

impl Kernel {
    pub(crate) fn new(limits: Limits) -> Kernel {
        Kernel {
            restraint: Restraint::new(limits.max_preemptions),
            limits,
            threads: Vec::new(),
            thread_count: 0,
            live: 0,
            daemons: 0,
            lanes: Vec::new(),
            free_lanes: Vec::new(),
            enabled: LaneSet::default(),
            current: ThreadId::MAIN,
            objects: ObjectTable::default(),
            slots: ClockSlots::default(),
            timers: Timers::default(),
            steps: 0,
            note: Note::None,
            atomic: AtomicAccess { source: 0, order: Ordering::Relaxed },
            spurious_left: 0,
            suspended_unwinding: 0,
            found: None,
            quiet: Quiet::default(),
            fairness: Fairness::default(),
            histories: Histories::default(),
            tracked: TrackedTable::default(),
            memory: Memory::default(),
            timed_out: false,
            behaviour: Behaviour::default(),
            locks: LockLog::default(),
        }
    }

    pub(crate) fn reset(&mut self) {
        self.thread_count = 0;
        self.live = 0;
        self.daemons = 0;
        self.lanes.clear();
        self.free_lanes.clear();
        self.enabled.clear();
        self.current = ThreadId::MAIN;
        self.objects.clear();
        self.slots.clear();
        self.timers.clear();
        self.steps = 0;
        self.note = Note::None;
        self.spurious_left = self.limits.spurious;
        self.suspended_unwinding = 0;
        self.found = None;
        self.quiet = Quiet::default();
        self.fairness.clear();
        self.restraint = Restraint::new(self.limits.max_preemptions);
        self.histories.clear();
        self.tracked.clear();
        self.memory.clear();
        self.timed_out = false;
        self.behaviour.clear();
        self.locks.clear();
    }

    #[inline]
    pub(crate) fn thread(&self, thread: ThreadId) -> &Thread {
        &self.threads[thread.index()]
    }

    #[inline]
    pub(crate) fn thread_mut(&mut self, thread: ThreadId) -> &mut Thread {
        &mut self.threads[thread.index()]
    }

    pub(crate) fn threads(&self) -> impl Iterator<Item = (ThreadId, &Thread)> {
        let all = self.threads[..self.thread_count].iter();
        all.enumerate().map(|(index, thread)| (ThreadId(index as u32), thread))
    }

    pub(crate) fn thread_count(&self) -> usize {
        self.thread_count
    }

    /// Makes a thread whose pending op is its beginning.
    pub(crate) fn add_thread(
        &mut self,
        parent: Option<ThreadId>,
        name: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> ThreadId {
        let id = ThreadId(self.thread_count as u32);
        let state = State::Thread(ThreadState { thread: id, ended: false, token: false });
        let first_user = parent.unwrap_or(id);
        let object = self.objects.register(ObjectKind::Thread, location, first_user, state);
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.lanes.push(id);
            self.lanes.len() as u32 - 1
        });
        self.lanes[lane as usize] = id;
        self.fairness.spawned(lane);
        let pending = Op::new(OpKind::Begin, object, location);
        if self.thread_count == self.threads.len() {
            self.threads.push(Thread::new(pending));
        }
        let (ordinal, lineage) = match parent {
            Some(parent) => {
                let parent = self.thread_mut(parent);
                parent.children += 1;
                (parent.children - 1, mix(parent.lineage, u64::from(parent.children)))
            }
            None => (0, 0),
        };
        let (earlier, later) = self.threads.split_at_mut(id.index());
        let thread = &mut later[0];
        thread.reset(pending, lane);
        thread.object = object;
        thread.parent = first_user;
        thread.ordinal = ordinal;
        thread.lineage = lineage;
        thread.next_event = lineage;
        thread.name = name;
        thread.spawned_at = location;
        if let Some(parent) = parent {
            let parent = &mut earlier[parent.index()];
            thread.clock.copy_from(&parent.clock);
            thread.order.copy_from(&parent.order);
            thread.order.set(parent.slot, parent.epoch);
            parent.advance_epoch();
        }
        let (slot, epoch) = self.slots.take(&thread.clock);
        thread.slot = slot;
        thread.epoch = epoch;
        thread.clock.set(slot, epoch);
        self.thread_count += 1;
        self.live += 1;
        self.enabled.insert(lane);
        id
    }

    /// The execution may end without this thread.
    pub(crate) fn make_daemon(&mut self, id: ThreadId) {
        self.threads[id.index()].daemon = true;
        self.daemons += 1;
    }

    /// Whether daemons are all that is left.
    pub(crate) fn only_daemons(&self) -> bool {
        self.live == self.daemons && self.live > 0
    }

    /// The current thread has executed its last op.
    pub(crate) fn end_thread(&mut self, id: ThreadId) {
        let object = self.thread(id).object;
        // The last one that anybody can learn: releasing goes on to the next.
        let last_epoch = self.thread(id).epoch;
        self.release(id, object);
        if let State::Thread(state) = &mut self.objects.get_mut(object).state {
            state.ended = true;
        }
        let thread = &mut self.threads[id.index()];
        thread.ended = true;
        let lane = thread.lane;
        self.slots.give_back(thread.slot, last_epoch);
        self.daemons -= usize::from(thread.daemon);
        self.enabled.remove(lane);
        self.free_lanes.push(lane);
        self.live -= 1;
        self.recheck(object);
    }

    /// Publishes a pending op of the current thread that may block.
    pub(crate) fn wait_on(&mut self, id: ThreadId, op: Op, deadline: Instant) {
        let number = if deadline == NEVER { 0 } else { self.timers.start(id, deadline) };
        let thread = &mut self.threads[id.index()];
        thread.pending = op;
        thread.deadline = deadline;
        thread.wait_number = number;
        thread.timed_out = false;
        let lane = thread.lane;
        self.objects.get_mut(op.object).waiting.insert(lane);
        if self.may_run(id) {
            self.enabled.insert(lane);
        } else {
            self.enabled.remove(lane);
        }
    }

    /// The thread was chosen: takes its pending op, which may block, back and tells how the wait ended.
    #[inline]
    pub(crate) fn stop_waiting(&mut self, id: ThreadId) -> Grant {
        let thread = &mut self.threads[id.index()];
        let op = thread.pending;
        let object = self.objects.get_mut(op.object);
        object.waiting.remove(thread.lane);
        if thread.deadline == NEVER {
            return Grant::Granted;
        }
        thread.timed_out = false;
        let deadline = std::mem::replace(&mut thread.deadline, NEVER);
        if object.state.permits(&object.entries, &op, id) {
            return Grant::Granted;
        }
        self.timers.advance_to(deadline);
        self.note = Note::TimedOut;
        self.timed_out = true;
        Grant::TimedOut
    }

    /// Lets a waiting thread wait for something else: a notified waiter now waits for its mutex.
    pub(crate) fn wait_instead(&mut self, id: ThreadId, op: Op) {
        let thread = &self.threads[id.index()];
        let (old, lane) = (thread.pending.object, thread.lane);
        self.objects.get_mut(old).waiting.remove(lane);
        self.wait_on(id, op, NEVER);
    }

    #[inline]
    fn may_run(&self, id: ThreadId) -> bool {
        let thread = self.thread(id);
        let op = &thread.pending;
        let object = self.objects.get(op.object);
        object.state.permits(&object.entries, op, id)
            || thread.timed_out
            || thread.deadline != NEVER && self.limits.timeouts == Timeouts::Any
    }

    /// The state of `object` has changed: the threads that wait on it are enabled or disabled.
    #[inline]
    pub(crate) fn recheck(&mut self, object: ObjectId) {
        let waited = self.objects.get_mut(object);
        if waited.waiting.is_empty() {
            return;
        }
        waited.rechecked = self.steps;
        if let State::Mutex(state) = waited.state {
            // All wait for the same thing, and none with a deadline.
            if state.owner.is_some() {
                self.enabled.remove_all(&waited.waiting);
            } else {
                self.enabled.add_all(&waited.waiting);
            }
            return;
        }
        self.recheck_each(object);
    }

    fn recheck_each(&mut self, object: ObjectId) {
        let waiting = std::mem::take(&mut self.objects.get_mut(object).waiting);
        for lane in waiting.iter() {
            if self.may_run(self.lanes[lane as usize]) {
                self.enabled.insert(lane);
            } else {
                self.enabled.remove(lane);
            }
        }
        self.objects.get_mut(object).waiting = waiting;
    }

    /// Nothing can run, or only spinning threads: lets the earliest timeout fire. False if there is none.
    pub(crate) fn fire_timeout(&mut self) -> bool {
        let threads = &self.threads;
        let waits = |id: ThreadId, number| {
            let thread = &threads[id.index()];
            !thread.ended && thread.deadline != NEVER && thread.wait_number == number
        };
        let Some(id) = self.timers.fire(waits) else { return false };
        let thread = &mut self.threads[id.index()];
        thread.timed_out = true;
        let lane = thread.lane;
        self.enabled.insert(lane);
        true
    }

    pub(crate) fn is_enabled(&self, id: ThreadId) -> bool {
        self.is_among(&self.enabled, id)
    }

    /// Whether `id` is in a set of lanes.
    pub(crate) fn is_among(&self, lanes: &LaneSet, id: ThreadId) -> bool {
        // An ended thread has given its lane back, perhaps to another.
        let holds = |lane: u32| lanes.contains(lane) && self.lanes[lane as usize] == id;
        self.threads.get(id.index()).is_some_and(|thread| holds(thread.lane))
    }

    /// The `n`-th thread of a set of lanes, in an order that depends on nothing but the schedule.
    #[inline]
    pub(crate) fn nth_among(&self, lanes: &LaneSet, n: usize) -> ThreadId {
        self.lanes[lanes.nth(n) as usize]
    }

    pub(crate) fn threads_of<'a>(
        &'a self,
        lanes: &'a LaneSet,
    ) -> impl Iterator<Item = ThreadId> + Clone + use<'a> {
        lanes.iter().map(|lane| self.lanes[lane as usize])
    }

    /// The first enabled thread.
    #[inline]
    pub(crate) fn first_enabled(&self) -> ThreadId {
        self.nth_among(&self.enabled, 0)
    }

    pub(crate) fn enabled_threads(&self) -> impl Iterator<Item = ThreadId> + Clone + '_ {
        self.threads_of(&self.enabled)
    }

    /// An object and a thread, for what the two learn from each other.
    #[inline]
    pub(crate) fn pair(&mut self, object: ObjectId, id: ThreadId) -> (&mut Object, &mut Thread) {
        (self.objects.get_mut(object), &mut self.threads[id.index()])
    }

    /// The accesses to a piece of memory, and a thread that makes one.
    pub(super) fn history(&mut self, index: u32, id: ThreadId) -> (&mut History, &Thread) {
        (self.histories.get_mut(index), &self.threads[id.index()])
    }

    /// The thread learns what `object` knows.
    #[inline]
    pub(crate) fn acquire(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.acquire(id, &object.knowledge);
    }

    /// `object` learns what the thread knows, in addition to what it knew.
    #[inline]
    pub(crate) fn release(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.release(&mut object.knowledge);
    }

    /// `object` learns what the thread knows, the thread knowing already all that it knew.
    #[inline]
    pub(crate) fn release_owned(&mut self, id: ThreadId, object: ObjectId) {
        let (object, thread) = self.pair(object, id);
        thread.release_owned(id, &mut object.knowledge);
    }

    /// `id` learns what those know who gave it its token.
    pub(crate) fn acquire_token(&mut self, id: ThreadId) {
        let thread = &mut self.threads[id.index()];
        let token = std::mem::take(&mut thread.token);
        thread.acquire(id, &token);
        thread.token = token;
    }

    /// `id` gives `to` its token: not what a join of `to` learns, so it is kept apart from the thread's object.
    pub(crate) fn release_token(&mut self, id: ThreadId, to: ThreadId) {
        let mut token = std::mem::take(&mut self.threads[to.index()].token);
        self.threads[id.index()].release(&mut token);
        self.threads[to.index()].token = token;
    }

    /// Where `thread` stands among the waiters of the object that the running op notifies.
    pub(crate) fn current_waiter(&self, thread: ThreadId) -> Option<usize> {
        let object = self.thread(self.current).pending.object;
        self.objects.get(object).entries.iter().position(|waiter| waiter.thread == thread)
    }

    pub(crate) fn deadline(&self, length: Option<Duration>) -> Instant {
        length.map_or(NEVER, |length| self.timers.deadline(length))
    }

    pub(crate) fn object_key(&self, object: ObjectId) -> ObjectKey {
        self.objects.key(object)
    }

    pub(crate) fn entries_mut(&mut self, object: ObjectId) -> &mut Vec<Entry> {
        &mut self.objects.get_mut(object).entries
    }

    /// The threads that have not ended, each with what it waits for and who stands in its way.
    pub(crate) fn blocked(&self) -> Vec<Blocked> {
        let waiting = self.threads().filter(|(id, thread)| !thread.ended && !self.is_enabled(*id));
        waiting
            .map(|(id, thread)| {
                let object = self.objects.get(thread.pending.object);
                let holders = object.state.holders(&object.entries);
                Blocked { thread: id, op: thread.pending, holders }
            })
            .collect()
    }
}

/// A hash of a spawn path from the hash of its front (SplitMix64's finalizer).
pub(crate) fn mix(front: u64, next: u64) -> u64 {
    let mut z = front.wrapping_add(next.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(1);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel() -> Kernel {
        Kernel::new(Limits {
            max_steps: u64::MAX,
            max_threads: usize::MAX,
            max_preemptions: None,
            timeouts: Timeouts::Last,
            spurious: 0,
            stack_size: 1 << 16,
            daemons: false,
            memory: MemoryModel::default(),
            directed: false,
            strict: Strict::default(),
            hasty: false,
        })
    }

    #[test]
    fn threads_that_were_joined_make_no_clock_wider() {
        let mut kernel = kernel();
        let main = kernel.add_thread(None, None, nowhere());
        for joins in [true, false] {
            let mut slots = Vec::new();
            for _ in 0..5 {
                let child = kernel.add_thread(Some(main), None, nowhere());
                slots.push(kernel.thread(child).slot);
                kernel.end_thread(child);
                if joins {
                    kernel.acquire(main, kernel.thread(child).object);
                }
            }
            slots.dedup();
            // One that nobody has joined is still concurrent with those that follow.
            assert_eq!(slots.len(), if joins { 1 } else { 5 }, "{slots:?}");
        }
    }
}
