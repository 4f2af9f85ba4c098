//! Reader-writer lock: one writer or any number of readers; the scheduler chooses who goes first.

use std::panic::Location;

use super::poison::poison_and_change;
use crate::rt::kernel::Kernel;
use crate::rt::objects::{RwLockState, State};
use crate::rt::op::basis::Basis;
use crate::rt::op::key::{Entry, ObjectKind};
use crate::rt::op::lock::{Held, LockMode};
use crate::rt::op::outcome::Holder;
use crate::rt::op::rule::{ANNOUNCED, BEHIND_WRITERS};
use crate::rt::op::{Choice, ObjectId, Op, OpKind, ThreadId, is_same_place};
use crate::rt::{Current, Execution, Identity};

fn rwlock(kernel: &mut Kernel, object: ObjectId) -> &mut RwLockState {
    kernel.objects.state_mut(object)
}

/// Somebody comes to read or to write. Whether readers may have to wait behind writers that wait.
fn allows_waiting_writer(kernel: &mut Kernel, object: ObjectId, writes: bool) -> bool {
    let used = &mut rwlock(kernel, object).used;
    *used = (used.0 || !writes, used.1 || writes);
    if *used == (true, true) {
        kernel.basis.add(Basis::WAITING_WRITER);
    }
    kernel.limits.spurious > 0
}

fn add_reader(
    kernel: &mut Kernel,
    object: ObjectId,
    thread: ThreadId,
    location: &'static Location<'static>,
    waits: bool,
) {
    kernel.note_taken(thread, Held { object, mode: LockMode::Shared, location }, waits);
    kernel.entries_mut(object).push(Entry { thread, location, flags: 0 });
    announce_writers(kernel, object);
    kernel.acquire(thread, object);
    kernel.recheck(object);
}

/// Somebody has taken the lock. Writers that have come while it was free wait from now on, too.
fn announce_writers(kernel: &mut Kernel, object: ObjectId) {
    let is_asked = !kernel.limits.directed && kernel.limits.spurious > 0;
    if !is_asked || kernel.objects.get(object).waiting.is_empty() {
        return;
    }
    let mut come = 0;
    for lane in kernel.objects.get(object).waiting.iter() {
        let thread = kernel.threads.lanes[lane as usize];
        let pending = &mut kernel.threads.get_mut(thread).pending;
        if pending.kind == OpKind::WriteLock && pending.argument != ANNOUNCED {
            pending.argument = ANNOUNCED;
            come += 1;
        }
    }
    rwlock(kernel, object).waiting += come;
}

fn set_writer(
    kernel: &mut Kernel,
    object: ObjectId,
    thread: ThreadId,
    location: &'static Location<'static>,
    waits: bool,
) {
    kernel.note_taken_to_write(thread, Held { object, mode: LockMode::Exclusive, location }, waits);
    rwlock(kernel, object).writer = Some(Holder { thread, location });
    announce_writers(kernel, object);
    kernel.acquire(thread, object);
    kernel.recheck(object);
}

/// Whether the running attempt of a reader that could have the lock fails because of writers that wait, if there are any: a
/// choice. A director has made it before.
fn fails_behind_writers(execution: &mut Execution, object: ObjectId) -> bool {
    let RwLockState { writer, waiting, .. } = *rwlock(&mut execution.kernel, object);
    let has_occasion = writer.is_none() && waiting > 0 && !execution.kernel.limits.directed;
    let fails = has_occasion && Current::of(execution).takes_liberty(Choice::WaitingWriter);
    if fails {
        execution.kernel.note_failed(0);
    }
    fails
}

impl Current {
    /// The object of a reader-writer lock, registered at its first use.
    pub(crate) fn rwlock_object(self, lock: &Identity, poisoned: impl FnOnce() -> bool) -> ObjectId {
        self.object(lock, ObjectKind::RwLock, || {
            State::RwLock(RwLockState {
                writer: None,
                poisoned: poisoned(),
                waiting: 0,
                used: (false, false),
            })
        })
    }

    /// Waits until there is no writer and becomes a reader. Returns whether the lock is poisoned.
    ///
    /// std allows that the reader waits behind writers that wait, where those only wait for other readers. If a director decides,
    /// it says so beforehand, and the reader comes in an operation of its own, at a moment at which a writer waits: what
    /// the reader finds at others makes no difference, and does not have to be told apart. Otherwise a reader that could have
    /// had the lock waits once more.
    pub(crate) fn rwlock_read(mut self, object: ObjectId, location: &'static Location<'static>) -> bool {
        let is_directed = self.kernel().limits.directed;
        let may_wait = allows_waiting_writer(self.kernel(), object, false);
        let behind = Op { argument: BEHIND_WRITERS, ..Op::new(OpKind::ReadLock, object, location) };
        let take = |execution: &mut Execution, thread| {
            add_reader(&mut execution.kernel, object, thread, location, true);
            rwlock(&mut execution.kernel, object).poisoned
        };
        if may_wait && is_directed {
            if !self.takes_liberty(Choice::WaitingWriter) {
                return self.op(Op::new(OpKind::ReadLock, object, location), take);
            }
            self.op(Op::new(OpKind::ArriveToRead, object, location), |execution, _| {
                let waiting = rwlock(&mut execution.kernel, object).waiting;
                execution.kernel.found(u64::from(waiting));
            });
            return self.op(behind, take);
        }
        let taken = self.op(Op::new(OpKind::ReadLock, object, location), |execution, thread| {
            if fails_behind_writers(execution, object) {
                return None;
            }
            Some(take(execution, thread))
        });
        taken.unwrap_or_else(|| self.op(behind, take))
    }

    /// Counts a writer that has just come among those that wait, if that may matter to readers. Whether it is.
    fn announces_write(mut self, object: ObjectId, location: &'static Location<'static>) -> bool {
        if !allows_waiting_writer(self.kernel(), object, true) {
            return false;
        }
        if self.kernel().limits.directed {
            self.op(Op::new(OpKind::AnnounceWrite, object, location), |execution, _| {
                rwlock(&mut execution.kernel, object).waiting += 1;
                // Readers that wait behind writers may have to wait again.
                execution.kernel.recheck(object);
            });
            return true;
        }
        let is_free =
            rwlock(self.kernel(), object).writer.is_none() && self.kernel().entries_mut(object).is_empty();
        if !is_free {
            rwlock(self.kernel(), object).waiting += 1;
            self.kernel().recheck(object);
        }
        !is_free
    }

    /// Becomes a reader if there is no writer: `Some(poisoned)`. std allows that it does not if a writer waits, either.
    pub(crate) fn rwlock_try_read(
        mut self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        let may_fail = allows_waiting_writer(self.kernel(), object, false);
        if may_fail && self.kernel().limits.directed && self.takes_liberty(Choice::WaitingWriter) {
            return self.op(Op::new(OpKind::ArriveToRead, object, location), |execution, _| {
                execution.kernel.note_failed(0);
                None
            });
        }
        self.op(Op::new(OpKind::TryReadLock, object, location), |execution, thread| {
            if fails_behind_writers(execution, object) {
                return None;
            }
            let state = *rwlock(&mut execution.kernel, object);
            if execution.kernel.shown.take().is_some() || state.writer.is_some() {
                execution.kernel.note_failed(0);
                return None;
            }
            add_reader(&mut execution.kernel, object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// Waits until nobody has the lock and becomes the writer. Returns whether the lock is poisoned.
    pub(crate) fn rwlock_write(self, object: ObjectId, location: &'static Location<'static>) -> bool {
        let argument = if self.announces_write(object, location) { ANNOUNCED } else { 0 };
        let op = Op { argument, ..Op::new(OpKind::WriteLock, object, location) };
        self.op(op, |execution, thread| {
            // It may have been announced since.
            let argument = execution.kernel.thread(thread).pending.argument;
            rwlock(&mut execution.kernel, object).waiting -= argument;
            set_writer(&mut execution.kernel, object, thread, location, true);
            rwlock(&mut execution.kernel, object).poisoned
        })
    }

    /// Becomes the writer if nobody has the lock: `Some(poisoned)`.
    pub(crate) fn rwlock_try_write(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Option<bool> {
        self.op(Op::new(OpKind::TryWriteLock, object, location), |execution, thread| {
            let state = *rwlock(&mut execution.kernel, object);
            let is_held = state.writer.is_some() || !execution.kernel.entries_mut(object).is_empty();
            if execution.kernel.shown.take().is_some() || is_held {
                execution.kernel.note_failed(0);
                return None;
            }
            set_writer(&mut execution.kernel, object, thread, location, false);
            Some(state.poisoned)
        })
    }

    /// A reader leaves, and with it the real one; `location` is where it became one.
    pub(crate) fn rwlock_read_unlock(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        self.op(Op::new(OpKind::ReadUnlock, object, location), |execution, thread| {
            release_real();
            let readers = execution.kernel.entries_mut(object);
            // A guard may be dropped by another thread than the one that took it.
            let own = readers.iter().rposition(|r| r.thread == thread && is_same_place(r.location, location));
            if let Some(index) =
                own.or_else(|| readers.iter().rposition(|r| is_same_place(r.location, location)))
            {
                readers.remove(index);
            }
            execution.kernel.locks.given(thread, object);
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The writer leaves, and with it the real one; `poison` if it panicked while it held the lock, `changed` if the data may
    /// be other than before.
    pub(crate) fn rwlock_write_unlock(
        self,
        object: ObjectId,
        poison: bool,
        changed: bool,
        location: &'static Location<'static>,
        release_real: impl FnOnce(),
    ) {
        let argument = poison_and_change(poison, changed);
        let op = Op { argument, ..Op::new(OpKind::WriteUnlock, object, location) };
        self.op(op, |execution, thread| {
            release_real();
            let state = rwlock(&mut execution.kernel, object);
            state.writer = None;
            state.poisoned |= poison;
            execution.kernel.locks.given(thread, object);
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The writer becomes a reader, with no other writer in between.
    pub(crate) fn rwlock_downgrade(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::Downgrade, object, location), |execution, thread| {
            rwlock(&mut execution.kernel, object).writer = None;
            execution.kernel.release(thread, object);
            execution.kernel.locks.given(thread, object);
            add_reader(&mut execution.kernel, object, thread, location, false);
        });
    }
}
