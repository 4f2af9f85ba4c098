//! Who waits for what: the enabled set is kept exact as objects change.

use super::Kernel;
use super::special::Special;
use crate::rt::clocks::view::View;
use crate::rt::objects::State;
use crate::rt::op::basis::Basis;
use crate::rt::op::limits::Timeouts;
use crate::rt::op::outcome::{Blocked, Grant};
use crate::rt::op::{Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::tasks::BlockingPoll;
use crate::rt::threads::timers::{Instant, NEVER};

impl Kernel {
    /// Publishes a pending op of the current thread that may block.
    #[inline]
    pub(crate) fn wait_on(&mut self, id: ThreadId, op: Op, deadline: Instant) {
        let is_due = self.is_due_at_once(deadline);
        let mut number = 0;
        if deadline != NEVER && !is_due {
            number = self.timers.start(id, deadline);
            self.basis.add(Basis::DEADLINES);
        }
        let thread = self.threads.get_mut(id);
        thread.pending = op;
        thread.deadline = deadline;
        thread.wait_number = number;
        thread.is_due = is_due;
        let lane = thread.lane;
        self.objects.get_mut(op.object).waiting.insert(lane);
        if self.may_run(id) {
            self.threads.enabled.insert(lane);
        } else {
            self.threads.enabled.remove(lane);
        }
    }

    /// Whether an op that may block does not, and nobody can make it: there is one thread only, which need not be said to wait.
    #[inline]
    pub(crate) fn goes_on_alone(&self, op: Op, deadline: Instant) -> bool {
        if self.threads.count() > 1 || deadline != NEVER || self.special.has(Special::STACKS) {
            return false;
        }
        let object = self.objects.get(op.object);
        object.state.permits(&object.entries, &op, self.threads.current)
    }

    /// A thread waits: it is noted if it polls a task meanwhile. For a lock it waits as long as somebody holds it, which is what
    /// tokio's documentation recommends for what is held briefly.
    #[cold]
    pub(crate) fn note_blocking_poll(&mut self, id: ThreadId, op: &Op) {
        let is_lock = matches!(self.objects.get(op.object).state, State::Mutex(_) | State::RwLock(_));
        let polls = self.tasks.running(id).is_some_and(|name| {
            let task = self.tasks.get(name.id);
            // The future of a `block_on` may have its thread for itself.
            task.is_spawned || self.tasks.live().any(|(id, other)| id != name.id && other.queue == task.queue)
        });
        if polls && !is_lock && op.kind != OpKind::PollNext {
            let poll = BlockingPoll { verb: op.verb(), location: op.location };
            self.tasks.blocking.get_or_insert(poll);
        }
    }

    /// The thread was chosen: takes its pending op, which may block, back and tells how the wait ended.
    #[inline]
    pub(crate) fn stop_waiting(&mut self, id: ThreadId) -> Grant {
        let thread = self.threads.get_mut(id);
        let object = self.objects.get_mut(thread.pending.object);
        object.waiting.remove(thread.lane);
        if thread.deadline == NEVER {
            return Grant::Granted;
        }
        let op = thread.pending;
        self.attempts = std::mem::take(&mut thread.is_due);
        let deadline = std::mem::replace(&mut thread.deadline, NEVER);
        if object.state.permits(&object.entries, &op, id) {
            return Grant::Granted;
        }
        if self.limits.timeouts == Timeouts::Any {
            let time = deadline.max(self.time_of(id));
            let &View { slot, epoch, .. } = self.view(id);
            self.timers.raise(slot, epoch, time);
        }
        self.note = Note::TimedOut;
        Grant::TimedOut
    }

    /// Lets a waiting thread wait for something else: a notified waiter now waits for its mutex.
    pub(crate) fn wait_instead(&mut self, id: ThreadId, op: Op) {
        self.redirected += 1;
        let thread = self.threads.get(id);
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
                self.threads.enabled.remove_all(&waited.waiting);
            } else {
                self.threads.enabled.add_all(&waited.waiting);
            }
            return;
        }
        self.recheck_each(object);
    }

    fn recheck_each(&mut self, object: ObjectId) {
        let waiting = std::mem::take(&mut self.objects.get_mut(object).waiting);
        for lane in waiting.iter() {
            if self.may_run(self.threads.lanes[lane as usize]) {
                self.threads.enabled.insert(lane);
            } else {
                self.threads.enabled.remove(lane);
            }
        }
        self.objects.get_mut(object).waiting = waiting;
    }

    /// Whether a thread waits for an occasion that does not come, where nothing can go on: that is no execution.
    pub(crate) fn lacks_occasion(&self) -> bool {
        self.threads.alive().any(|(_, thread)| thread.pending.kind.needs_occasion())
    }

    /// The threads that have not ended, each with what it waits for and who stands in its way.
    pub(in crate::rt) fn blocked(&self) -> Vec<Blocked> {
        let waiting = self.threads.alive().filter(|(id, _)| !self.is_enabled(*id));
        waiting
            .map(|(id, thread)| {
                let object = self.objects.get(thread.pending.object);
                let holders = object.state.holders(&object.entries);
                Blocked { thread: id, op: thread.pending, holders }
            })
            .collect()
    }
}
