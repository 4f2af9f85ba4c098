//! Who waits for what, and who can go on.
//!
//! The enabled set is kept exact as objects change: see `kernel`.

use super::kernel::Kernel;
use super::lanes::LaneSet;
use super::limits::Timeouts;
use super::op::{Note, ObjectId, Op, ThreadId};
use super::state::State;
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
}
