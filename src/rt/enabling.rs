//! Who waits for what, and who can go on.
//!
//! The enabled set is kept exact as objects change: see `kernel`.

use super::basis::Basis;
use super::kernel::Kernel;
use super::lanes::LaneSet;
use super::limits::Timeouts;
use super::op::{Note, ObjectId, Op, ThreadId};
use super::state::State;
use super::thread::Thread;
use super::timer::{Instant, NEVER};

/// How a blocking operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grant {
    /// The object permitted it.
    Granted,
    /// Its deadline passed first.
    TimedOut,
}

impl Kernel {
    /// Publishes a pending op of the current thread that may block.
    pub(crate) fn wait_on(&mut self, id: ThreadId, op: Op, deadline: Instant) {
        let is_due = self.is_due_at_once(deadline);
        let mut number = 0;
        if deadline != NEVER && !is_due {
            number = self.timers.start(id, deadline);
            self.basis.add(Basis::DEADLINES);
        }
        let thread = &mut self.threads[id.index()];
        thread.pending = op;
        thread.deadline = deadline;
        thread.wait_number = number;
        thread.is_due = is_due;
        let lane = thread.lane;
        self.objects.get_mut(op.object).waiting.insert(lane);
        if self.may_run(id) {
            self.enabled.insert(lane);
        } else {
            self.enabled.remove(lane);
        }
    }

    /// Whether a wait that begins now does not block, as its time is over.
    #[inline]
    pub(crate) fn is_due_at_once(&self, deadline: Instant) -> bool {
        deadline != NEVER && (self.limits.timeouts == Timeouts::Any || deadline <= self.timers.now())
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
        self.attempts = std::mem::take(&mut thread.is_due);
        let deadline = std::mem::replace(&mut thread.deadline, NEVER);
        if object.state.permits(&object.entries, &op, id) {
            return Grant::Granted;
        }
        if self.limits.timeouts == Timeouts::Any {
            let time = deadline.max(self.time_of(id));
            let Thread { slot, epoch, .. } = self.threads[id.index()];
            self.timers.raise(slot, epoch, time);
        }
        self.note = Note::TimedOut;
        Grant::TimedOut
    }

    /// Lets a waiting thread wait for something else: a notified waiter now waits for its mutex.
    pub(crate) fn wait_instead(&mut self, id: ThreadId, op: Op) {
        self.redirected += 1;
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
        object.state.permits(&object.entries, op, id) || thread.is_due
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

    /// Nothing can run, or only threads that spin: time passes until the earliest deadline, and all waits that end then
    /// are due. False if there is none.
    pub(crate) fn pass_time(&mut self) -> bool {
        let Kernel { timers, threads, enabled, .. } = self;
        timers.tick(|id, number| {
            let thread = &mut threads[id.index()];
            let waits = !thread.ended && thread.deadline != NEVER && thread.wait_number == number;
            if waits {
                thread.is_due = true;
                enabled.insert(thread.lane);
            }
            waits
        })
    }

    /// Whether a thread waits for an occasion that does not come, where nothing can go on: that is no execution.
    pub(crate) fn lacks_occasion(&self) -> bool {
        self.threads().any(|(_, thread)| !thread.ended && thread.pending.kind.needs_occasion())
    }

    /// What time it is for a thread.
    pub(crate) fn time_of(&self, id: ThreadId) -> Instant {
        let thread = &self.threads[id.index()];
        let later =
            if self.limits.timeouts == Timeouts::Any { self.timers.known(&thread.acquirable) } else { 0 };
        later.max(self.timers.known(&thread.clock))
    }

    /// Reads the clock, for the running thread. The second value says that it was read again and again while threads did
    /// other things as well.
    pub(crate) fn read_clock(&mut self) -> (Instant, bool) {
        let is_worn = self.timers.note_read();
        if is_worn {
            self.timers.step();
        }
        self.note_unsettled();
        (self.time_of(self.current), is_worn)
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
}
