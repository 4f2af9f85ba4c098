//! The real lock behind a model lock: who may touch the data, across OS threads.
//!
//! Within one execution the model's lock is enough, since one fiber runs at a time. The real one keeps apart
//! those that the model does not: several workers that explore programs sharing a `static`, and ordinary
//! code outside explorations. An execution that was cut off releases nothing; what it held is taken over by
//! the next one that wants it, so a failure in one execution never blocks another.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::time::{Duration, Instant};

use crate::rt::op::ObjectId;
use crate::rt::registry::workers;
use crate::rt::{Current, Identity, current};

/// How long somebody else may hold the data of a value in a static.
const PATIENCE: Duration = Duration::from_secs(10);

const FREE: u64 = 0;
/// Set in `holder` while code outside explorations holds the lock; the rest of it counts how often.
const OUTSIDE: u64 = 1 << 63;

/// Who holds the data: nobody, one execution, or code outside explorations.
pub(super) struct RealLock {
    holder: AtomicU64,
    /// How often the execution in `holder` has it; changed by that execution's worker only.
    count: AtomicU32,
}

impl RealLock {
    pub(super) const fn new() -> RealLock {
        RealLock { holder: AtomicU64::new(FREE), count: AtomicU32::new(0) }
    }

    /// The running execution takes the data, which the model has granted. The model sees to it that a
    /// second holder within the execution is compatible with the first.
    ///
    /// # Panics
    ///
    /// If somebody else holds the data for ten seconds.
    #[inline]
    pub(super) fn enter(
        &self,
        mut current: Current,
        what: &'static str,
        identity: &Identity,
        object: ObjectId,
    ) {
        current.check_intact(identity, object, what);
        let stamp = current.execution().stamp().bits();
        if self.holder.load(Ordering::Relaxed) == stamp {
            self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return;
        }
        let free = self.holder.compare_exchange(FREE, stamp, Ordering::Acquire, Ordering::Relaxed);
        if free.is_err() {
            self.wait_to_enter(what, identity, |holder| match holder & OUTSIDE {
                0 if holder == FREE || !workers::is_running_bits(holder) => Some(stamp),
                _ => None,
            });
        }
        self.count.store(1, Ordering::Relaxed);
    }

    /// The running execution gives the data back.
    #[inline]
    pub(super) fn leave(&self) {
        let count = self.count.load(Ordering::Relaxed) - 1;
        self.count.store(count, Ordering::Relaxed);
        if count == 0 {
            self.holder.store(FREE, Ordering::Release);
        }
    }

    /// Code outside explorations takes the data; it holds std's own lock already, which keeps it apart
    /// from its like.
    ///
    /// # Panics
    ///
    /// If a running exploration holds the data for ten seconds.
    pub(super) fn enter_outside(&self, what: &str, identity: &Identity) {
        let free = self.holder.compare_exchange(FREE, OUTSIDE | 1, Ordering::Acquire, Ordering::Relaxed);
        if free.is_err() {
            self.wait_to_enter(what, identity, |holder| match holder & OUTSIDE {
                0 if holder == FREE || !workers::is_running_bits(holder) => Some(OUTSIDE | 1),
                0 => None,
                _ => Some(holder + 1),
            });
        }
    }

    /// Code outside explorations gives the data back.
    pub(super) fn leave_outside(&self) {
        let last = OUTSIDE | 1;
        if self.holder.compare_exchange(last, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
            self.holder.fetch_sub(1, Ordering::Release);
            let _ = self.holder.compare_exchange(OUTSIDE, FREE, Ordering::Release, Ordering::Relaxed);
        }
    }

    /// Whether nobody has the data, for printing it.
    pub(super) fn is_free(&self) -> bool {
        let holder = self.holder.load(Ordering::Acquire);
        holder == FREE || holder & OUTSIDE == 0 && !workers::is_running_bits(holder)
    }

    /// Whether nobody but the running execution has the data, for printing it.
    pub(super) fn is_free_for(&self, mut current: Current) -> bool {
        self.holder.load(Ordering::Acquire) == current.execution().stamp().bits() || self.is_free()
    }

    /// Waits until `next` gives the holder that may follow the present one.
    #[cold]
    fn wait_to_enter(&self, what: &str, identity: &Identity, next: impl Fn(u64) -> Option<u64>) {
        let start = Instant::now();
        loop {
            let holder = self.holder.load(Ordering::Relaxed);
            if let Some(next) = next(holder) {
                let swap = self.holder.compare_exchange(holder, next, Ordering::Acquire, Ordering::Relaxed);
                if swap.is_ok() {
                    return;
                }
                continue;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "drawloom: the {what} made at {} is held by an OS thread outside this execution; if it is in a \
                 static that several tests or workers use, run them one at a time (workers = 1, --test-threads=1) or \
                 make it in the test body",
                identity.location(),
            );
            std::thread::yield_now();
        }
    }
}

/// Tells an execution that is traced when the data under a lock are used for the first time: what the prediction of
/// deadlocks knows of data. In other executions it is one look at a flag.
pub(super) struct FirstUse {
    is_awaited: AtomicBool,
    object: ObjectId,
}

impl FirstUse {
    /// For a guard that is given out now.
    #[inline]
    pub(super) fn of(mut current: Current, object: ObjectId) -> FirstUse {
        FirstUse { is_awaited: AtomicBool::new(current.execution().is_traced()), object }
    }

    /// For a guard whose use nobody wants to know of.
    pub(super) fn never() -> FirstUse {
        FirstUse { is_awaited: AtomicBool::new(false), object: ObjectId::NONE }
    }

    /// `data` are used.
    #[inline]
    pub(super) fn note<T: ?Sized>(&self, data: &T, may_write: bool) {
        if self.is_awaited.load(Ordering::Relaxed) {
            self.note_first(size_of_val(data), may_write);
        }
    }

    #[cold]
    fn note_first(&self, size: usize, may_write: bool) {
        self.is_awaited.store(false, Ordering::Relaxed);
        if size > 0
            && let Some(mut current) = current()
        {
            current.execution().note_data_use(self.object, may_write);
        }
    }
}

/// What the model knows about a held lock.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) object: ObjectId,
    pub(super) location: &'static Location<'static>,
    /// Whether the thread was panicking when it took the lock; then it does not poison it.
    pub(super) panicking: bool,
}

impl Hold {
    pub(super) fn new(current: Current, object: ObjectId, location: &'static Location<'static>) -> Hold {
        Hold { object, location, panicking: current.panicking() }
    }

    /// For the guard that is given out with the lock.
    #[inline]
    pub(super) fn first_use(&self) -> FirstUse {
        current().map_or_else(FirstUse::never, |current| FirstUse::of(current, self.object))
    }

    /// Whether the holder panicked while it held the lock.
    pub(super) fn poisons(&self, current: Current) -> bool {
        !self.panicking && current.panicking()
    }

    /// The running execution, if the lock was taken in it. A guard that outlived its execution has nothing to
    /// give back.
    #[inline]
    pub(super) fn current(&self, identity: &Identity) -> Option<Current> {
        let current = current()?;
        if current.owns(identity, self.object) {
            return Some(current);
        }
        current.note_misuse(format!(
            "a guard taken at {} was kept past the end of its execution; drop guards in the execution that took them",
            self.location
        ));
        None
    }
}

/// `Ok(value)`, or the value in an error if `poisoned`.
#[inline]
pub(super) fn poisoned_if<T>(poisoned: bool, value: T) -> LockResult<T> {
    if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}

/// Maps the value of a lock result, poisoned or not.
pub(super) fn map<T, U>(result: LockResult<T>, f: impl FnOnce(T) -> U) -> LockResult<U> {
    match result {
        Ok(value) => Ok(f(value)),
        Err(error) => Err(PoisonError::new(f(error.into_inner()))),
    }
}

/// Maps the value of a try-lock result, poisoned or not.
pub(super) fn try_map<T, U>(result: TryLockResult<T>, f: impl FnOnce(T) -> U) -> TryLockResult<U> {
    match result {
        Ok(value) => Ok(f(value)),
        Err(TryLockError::Poisoned(error)) => {
            Err(TryLockError::Poisoned(PoisonError::new(f(error.into_inner()))))
        }
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_outside_are_counted() {
        let (lock, identity) = (RealLock::new(), Identity::new());
        lock.enter_outside("lock", &identity);
        lock.enter_outside("lock", &identity);
        lock.leave_outside();
        assert_eq!(lock.holder.load(Ordering::Relaxed), OUTSIDE | 1);
        lock.leave_outside();
        assert_eq!(lock.holder.load(Ordering::Relaxed), FREE);
    }
}
