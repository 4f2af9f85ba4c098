//! Condition variable: waiters, of whom a notification wakes any.
//!
//! Waiting is two operations. The first releases the mutex and joins the waiters in one step, so that no
//! notification falls between. A notified waiter's pending operation then becomes the lock of its mutex:
//! being woken is no step of its own. Only a waiter whose time is over executes its wait, an attempt then: whether it was
//! notified after all is what it finds. `notify_one` wakes a waiter of the scheduler's choice, not the first
//! (std promises no order). A spurious wakeup is the same as a wait that never joined the waiters.

use std::panic::Location;
use std::time::Duration;

use super::mutex::{give_mutex, take_mutex};
use crate::rt::objects::{CondvarState, State};
use crate::rt::op::key::{Entry, ObjectKind};
use crate::rt::op::outcome::Grant;
use crate::rt::op::{Choice, Note, ObjectId, Op, OpKind};
use crate::rt::threads::thread::Thread;
use crate::rt::threads::timers::{Instant, NEVER};
use crate::rt::{Current, Execution, Identity};

/// Why a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wakeup {
    /// By a notification, or for no reason.
    Woken,
    /// Its time was over.
    TimedOut,
}

impl Current {
    /// The object of a condition variable, registered at its first use.
    pub(crate) fn condvar_object(self, condvar: &Identity) -> ObjectId {
        self.object(condvar, ObjectKind::Condvar, || State::Condvar(CondvarState { mutex: None }))
    }

    /// Notes that a thread is about to wait with `mutex`. Whether nobody used another one before.
    pub(crate) fn condvar_use_mutex(mut self, condvar: ObjectId, mutex: ObjectId) -> bool {
        *self.kernel().objects.state_mut::<CondvarState>(condvar).mutex.get_or_insert(mutex) == mutex
    }

    /// Releases the mutex and waits. On return the mutex is held again; with it, whether it is poisoned.
    pub(crate) fn condvar_wait(
        mut self,
        condvar: ObjectId,
        mutex: ObjectId,
        timeout: Option<Duration>,
        location: &'static Location<'static>,
    ) -> (Wakeup, bool) {
        let spurious = self.spurious();
        if self.kernel().limits.directed {
            return self.condvar_wait_directed(condvar, mutex, timeout, spurious, location);
        }
        let deadline = self.kernel().deadline(timeout);
        self.op(Op::new(OpKind::CondvarEnqueue, condvar, location), |execution, thread| {
            // The mutex is argument of the entry, so that a notifier knows what the waiter needs next.
            if spurious {
                execution.kernel.note = Note::Spurious;
            } else {
                let entry = Entry { thread, location, flags: mutex.0 };
                execution.kernel.entries_mut(condvar).push(entry);
            }
            give_mutex(&mut execution.kernel, mutex, thread);
        });
        let wait = (!spurious).then_some(Op::new(OpKind::CondvarWait, condvar, location));
        self.wait_and_relock(wait, Op::new(OpKind::Lock, mutex, location), deadline)
    }

    /// As `condvar_wait`, with two operations in the place of the first: a graph's event accesses one object. A
    /// notification may fall between; the waiter is among the waiters then, as it has to be.
    fn condvar_wait_directed(
        mut self,
        condvar: ObjectId,
        mutex: ObjectId,
        timeout: Option<Duration>,
        spurious: bool,
        location: &'static Location<'static>,
    ) -> (Wakeup, bool) {
        let deadline = self.kernel().deadline(timeout);
        if !spurious {
            self.op(Op::new(OpKind::CondvarEnqueue, condvar, location), |execution, thread| {
                let entry = Entry { thread, location, flags: mutex.0 };
                execution.kernel.entries_mut(condvar).push(entry);
            });
        }
        self.op(Op::new(OpKind::Unlock, mutex, location), |execution, thread| {
            give_mutex(&mut execution.kernel, mutex, thread);
            if spurious {
                execution.kernel.note = Note::Spurious;
            }
        });
        let thread = self.kernel().threads.current;
        let waits = self.kernel().entries_mut(condvar).iter().any(|entry| entry.thread == thread);
        // Whether a notification fell between is nothing that a graph says.
        let waits = waits || !spurious && self.kernel().is_due_at_once(deadline);
        let wait = waits.then_some(Op::new(OpKind::CondvarWait, condvar, location));
        self.wait_and_relock(wait, Op::new(OpKind::Lock, mutex, location), deadline)
    }

    /// The rest of a wait whose thread has given the mutex back: `wait`, if there is something to wait for, and `lock`.
    #[inline(always)]
    fn wait_and_relock(self, wait: Option<Op>, lock: Op, deadline: Instant) -> (Wakeup, bool) {
        let mut wakeup = Wakeup::Woken;
        if let Some(wait) = wait {
            // Only a timeout lets a thread execute the wait itself: a notification replaces it.
            if self.schedule(wait, deadline) == Grant::Granted {
                return (wakeup, self.finish_relock(lock));
            }
            wakeup = self.finish_due_wait(wait);
        }
        self.schedule(lock, NEVER);
        (wakeup, self.finish_relock(lock))
    }

    /// The second half of a wait whose time is over.
    fn finish_due_wait(self, wait: Op) -> Wakeup {
        self.finish(wait, |execution, thread| {
            execution.kernel.thread_mut(thread).notified = ObjectId::NONE;
            let waiters = execution.kernel.entries_mut(wait.object);
            let Some(place) = waiters.iter().position(|waiter| waiter.thread == thread) else {
                execution.kernel.note = Note::None;
                return Wakeup::Woken;
            };
            waiters.remove(place);
            Wakeup::TimedOut
        })
    }

    fn finish_relock(self, lock: Op) -> bool {
        self.finish(lock, |execution, thread| {
            take_mutex(&mut execution.kernel, lock.object, thread, lock.location, true)
        })
    }

    /// Wakes one waiter, if there is any.
    pub(crate) fn condvar_notify_one(self, condvar: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::NotifyOne, condvar, location), |execution, _| {
            let waiters = execution.kernel.entries_mut(condvar).len();
            if waiters > 0 {
                let chosen = if waiters == 1 { 0 } else { execution.choose(Choice::Notified, waiters) };
                wake(execution, condvar, chosen);
            }
        });
    }

    /// Wakes every waiter.
    pub(crate) fn condvar_notify_all(self, condvar: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::NotifyAll, condvar, location), |execution, _| {
            while !execution.kernel.entries_mut(condvar).is_empty() {
                wake(execution, condvar, 0);
            }
        });
    }
}

/// Lets the waiter at `index` wait for its mutex instead. A notification orders nothing by itself: what the
/// waiter learns, it learns from the mutex.
fn wake(execution: &mut Execution, condvar: ObjectId, index: usize) {
    let waiter = execution.kernel.entries_mut(condvar).remove(index);
    let kernel = &mut execution.kernel;
    kernel.thread_mut(waiter.thread).notified = condvar;
    // Under a director a waiter may not have come to wait yet. One whose time is over finds out by itself.
    let Thread { pending, is_due, .. } = kernel.thread(waiter.thread);
    if pending.kind == OpKind::CondvarWait && !is_due {
        let lock = Op::new(OpKind::Lock, ObjectId(waiter.flags), waiter.location);
        kernel.wait_instead(waiter.thread, lock);
    }
    execution.note_wait(waiter.thread);
    execution.kernel.note = Note::Thread(waiter.thread);
    if execution.is_traced() {
        execution.evidence.woken.push((execution.kernel.steps, waiter.thread));
    }
}
