//! The memory model: which stores a load may read, and what is learnt by reading.
//!
//! This is the seam at which weak memory enters. A read asks for the stores that it may read (`readable`), and
//! the execution chooses among them; under sequential consistency there is one, the last. Synchronization
//! follows C++20 ([atomics.order], [atomics.fences]): an acquiring read of a releasing store, or of one in its
//! release sequence, orders the two; a relaxed store by anybody breaks the sequence, a read-modify-write
//! continues it.

use std::sync::atomic::Ordering;

use super::kernel::Kernel;
use super::object::Object;
use super::op::ThreadId;
use super::thread::Thread;

/// The stores of one location: under sequential consistency, the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    value: u64,
}

/// A store that a read may read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) value: u64,
}

impl Cell {
    /// A location that nobody has written yet.
    pub(crate) fn new(initial: u64) -> Cell {
        Cell { value: initial }
    }

    /// The value that is last in modification order.
    pub(crate) fn last(&self) -> u64 {
        self.value
    }

    /// The stores that a read may read from: how many, and each by its number.
    #[inline]
    pub(crate) fn readable(&self) -> (usize, impl Fn(usize) -> Source) {
        let value = self.value;
        (1, move |_| Source { value })
    }

    /// Adds a store at the end of modification order.
    #[inline]
    pub(crate) fn write(&mut self, value: u64) {
        self.value = value;
    }
}

#[inline]
fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

#[inline]
fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

/// What the thread learns by reading from `object` with this ordering.
#[inline]
pub(crate) fn synchronize_read(object: &Object, id: ThreadId, thread: &mut Thread, order: Ordering) {
    if acquires(order) {
        thread.acquire(id, object);
    } else {
        thread.acquire_later(object);
    }
}

/// What readers of the thread's store to `object` will learn.
#[inline]
pub(crate) fn synchronize_write(object: &mut Object, id: ThreadId, thread: &mut Thread, order: Ordering) {
    if releases(order) {
        // Not a join: the store heads a new release sequence, and what earlier stores released is not learnt
        // by reading this one.
        thread.release_owned(id, object);
    } else {
        thread.release_fenced(object, false);
    }
}

/// Both, for a read-modify-write, which continues the release sequence of the store that it reads.
#[inline]
pub(crate) fn synchronize_modify(object: &mut Object, id: ThreadId, thread: &mut Thread, order: Ordering) {
    if acquires(order) && releases(order) {
        return thread.acquire_release(id, object);
    }
    synchronize_read(object, id, thread, order);
    if releases(order) {
        thread.release(object);
    } else {
        thread.release_fenced(object, true);
    }
}

/// What a fence does to what the thread knows.
pub(crate) fn fence(kernel: &mut Kernel, thread: ThreadId, order: Ordering) {
    if acquires(order) {
        kernel.acquire_fence(thread);
    }
    if releases(order) {
        kernel.release_fence(thread);
    }
}
