//! What is noted of tokio's locks, for who looks for orders in which locks are taken: who takes them, and what tasks are known by in
//! other executions.

use std::panic::Location;

use crate::rt::Current;
use crate::rt::kernel::Kernel;
use crate::rt::op::lock::{Held, LockMode};
use crate::rt::op::rng::mix;
use crate::rt::op::verb::Verb;
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::record::lock_log::{Holder, Place};

/// Keeps the spawn paths of tasks from being those of threads.
const OF_TASK: u64 = 1 << 32;

impl Kernel {
    /// Where tokio's locks are held that are taken on this thread now.
    #[inline]
    pub(crate) fn lock_place(&self, thread: ThreadId) -> Place {
        let running = self.tasks.running(thread).map(|name| (name.id, self.tasks.get(name.id)));
        match running.filter(|(_, task)| task.is_spawned) {
            Some((place, task)) => Place::Task(place, task.number),
            None => Place::Future(thread),
        }
    }

    /// The spawn path of a thread or task, as a number that is the same in other executions.
    pub(crate) fn lineage(&self, holder: Holder) -> u64 {
        match holder {
            Holder::Thread(thread) => self.thread(thread).lineage,
            Holder::Task(number) => self.tasks.told(number).lineage,
        }
    }

    /// The spawn path of the next task that is spawned on the running thread, and the number of the task that spawns it, if one does.
    /// What it has done so far comes before that task, which is to have this number.
    pub(super) fn spawn_path(&mut self, number: u64) -> (u64, Option<u64>) {
        let parent = self.lock_place(self.threads.current).holder();
        self.locks.ordered(parent, Holder::Task(number));
        let lineage = self.lineage(parent);
        let spawned = match parent {
            Holder::Thread(thread) => &mut self.thread_mut(thread).spawned_tasks,
            Holder::Task(number) => &mut self.tasks.told_mut(number).spawned_tasks,
        };
        *spawned += 1;
        let spawning = match parent {
            Holder::Thread(_) => None,
            Holder::Task(number) => Some(number),
        };
        (mix(lineage, OF_TASK | u64::from(*spawned)), spawning)
    }
}

impl Current {
    /// This was done to a primitive of tokio's: if it takes a lock, that is held from now on.
    pub(crate) fn note_lock(mut self, object: ObjectId, verb: Verb, location: &'static Location<'static>) {
        let Some(mode) = LockMode::taken_by(verb) else { return };
        let kernel = self.kernel();
        let place = kernel.lock_place(kernel.threads.current);
        // Readers come after writers that wait.
        let (waits, may_block_readers) = (!verb.tries(), verb == Verb::Write);
        kernel.locks.awaited(place, Held { object, mode, location }, waits, may_block_readers);
    }

    /// It was given up, or is held for reading from now on.
    pub(crate) fn note_unlock(mut self, object: ObjectId, reads_on: bool) {
        let kernel = self.kernel();
        let place = kernel.lock_place(kernel.threads.current);
        kernel.locks.given_up(place, object, reads_on.then_some(LockMode::Shared));
    }

    /// The running task or thread has learnt that the task of this number has ended.
    pub(super) fn note_order_of_join(mut self, number: u64) {
        let kernel = self.kernel();
        let joins = kernel.lock_place(kernel.threads.current).holder();
        kernel.locks.ordered(Holder::Task(number), joins);
    }

    /// The running thread begins to do the work of a task that is polled nowhere, or has done it.
    pub(crate) fn note_work(mut self, number: u64, begins: bool) {
        let kernel = self.kernel();
        let thread = kernel.threads.current;
        kernel.thread_mut(thread).works_for = if begins { number } else { 0 };
        let (thread, task) = (Holder::Thread(thread), Holder::Task(number));
        let (earlier, later) = if begins { (task, thread) } else { (thread, task) };
        kernel.locks.ordered(earlier, later);
    }
}
