//! Counting semaphore. Waiters are not served in order: any that finds enough permits may go.

use std::panic::Location;
use std::time::Duration;

use crate::rt::objects::{SemaphoreState, State};
use crate::rt::op::key::{Entry, ObjectKind};
use crate::rt::op::outcome::Grant;
use crate::rt::op::{Note, ObjectId, Op, OpKind, ThreadId, is_same_place};
use crate::rt::{Current, Execution, Identity};

fn take(
    execution: &mut Execution,
    object: ObjectId,
    thread: ThreadId,
    count: u32,
    location: &'static Location<'static>,
) {
    let state = execution.kernel.objects.state_mut::<SemaphoreState>(object);
    let old = state.permits;
    state.permits -= count as usize;
    execution.kernel.note = Note::Wrote { old: old as u64, new: (old - count as usize) as u64 };
    execution.kernel.entries_mut(object).push(Entry { thread, location, flags: count });
    execution.kernel.acquire(thread, object);
    execution.kernel.recheck(object);
}

/// Adds permits. Whether there can be so many.
fn give(execution: &mut Execution, object: ObjectId, thread: ThreadId, count: usize) -> bool {
    let state = execution.kernel.objects.state_mut::<SemaphoreState>(object);
    let old = state.permits;
    let Some(new) = old.checked_add(count) else {
        execution.kernel.note = Note::Failed(0);
        return false;
    };
    state.permits = new;
    execution.kernel.note = Note::Wrote { old: old as u64, new: new as u64 };
    execution.kernel.release(thread, object);
    execution.kernel.recheck(object);
    true
}

fn forget_holder(
    execution: &mut Execution,
    object: ObjectId,
    thread: ThreadId,
    location: &'static Location<'static>,
) {
    let holders = execution.kernel.entries_mut(object);
    // Permits may be given back by another thread than the one that took them.
    let own = holders.iter().rposition(|h| h.thread == thread && is_same_place(h.location, location));
    if let Some(index) = own.or_else(|| holders.iter().rposition(|h| is_same_place(h.location, location))) {
        holders.remove(index);
    }
}

impl Current {
    /// The object of a semaphore, registered at its first use.
    pub(crate) fn semaphore_object(self, semaphore: &Identity, permits: impl FnOnce() -> usize) -> ObjectId {
        self.object(semaphore, ObjectKind::Semaphore, || {
            State::Semaphore(SemaphoreState { permits: permits() })
        })
    }

    /// Waits, at most for `timeout`, for `count` permits and takes them. Returns whether it got them.
    pub(crate) fn semaphore_acquire(
        mut self,
        object: ObjectId,
        count: u32,
        timeout: Option<Duration>,
        location: &'static Location<'static>,
    ) -> bool {
        let deadline = self.kernel().deadline(timeout);
        let op = Op { argument: count, ..Op::new(OpKind::Acquire, object, location) };
        self.timed_op(op, deadline, |execution, thread, grant| {
            if grant == Grant::Granted {
                take(execution, object, thread, count, location);
            }
            grant == Grant::Granted
        })
    }

    /// Takes `count` permits if there are as many. Returns whether it got them.
    pub(crate) fn semaphore_try_acquire(
        self,
        object: ObjectId,
        count: u32,
        location: &'static Location<'static>,
    ) -> bool {
        let op = Op { argument: count, ..Op::new(OpKind::TryAcquire, object, location) };
        self.op(op, |execution, thread| {
            let permits = execution.kernel.objects.state_mut::<SemaphoreState>(object).permits;
            let found = execution.kernel.shown.take().unwrap_or(permits as u64);
            if found < u64::from(count) {
                execution.kernel.note_failed(found);
                return false;
            }
            take(execution, object, thread, count, location);
            true
        })
    }

    /// Gives back `count` permits that were taken at `location`.
    pub(crate) fn semaphore_release(
        self,
        object: ObjectId,
        count: u32,
        location: &'static Location<'static>,
    ) {
        let op = Op { argument: count, ..Op::new(OpKind::Release, object, location) };
        self.op(op, |execution, thread| {
            forget_holder(execution, object, thread, location);
            // No more than were taken: it fits, unless others were added meanwhile.
            give(execution, object, thread, count as usize);
        });
    }

    /// Adds `count` permits. Whether there can be so many.
    pub(crate) fn semaphore_add(
        self,
        object: ObjectId,
        count: usize,
        location: &'static Location<'static>,
    ) -> bool {
        let argument = u32::try_from(count).unwrap_or(u32::MAX);
        let op = Op { argument, ..Op::new(OpKind::Release, object, location) };
        self.op(op, |execution, thread| give(execution, object, thread, count))
    }

    /// The permits taken at `location` are nobody's any more: no operation, as nobody can tell.
    pub(crate) fn semaphore_forget(mut self, object: ObjectId, location: &'static Location<'static>) {
        let execution = self.execution();
        forget_holder(execution, object, execution.kernel.threads.current, location);
    }

    /// The number of permits, for printing: no operation.
    pub(crate) fn semaphore_peek(mut self, object: ObjectId) -> usize {
        self.kernel().objects.state_mut::<SemaphoreState>(object).permits
    }

    /// How many permits there are now; like an atomic load.
    pub(crate) fn semaphore_permits(self, object: ObjectId, location: &'static Location<'static>) -> usize {
        self.op(Op::new(OpKind::Load, object, location), |execution, thread| {
            execution.kernel.acquire(thread, object);
            let permits = execution.kernel.objects.state_mut::<SemaphoreState>(object).permits;
            let found = execution.kernel.shown.take().map_or(permits, |found| found as usize);
            execution.kernel.note = Note::Read(found as u64);
            found
        })
    }
}
