//! The memory model: which stores a load may read, and what is learnt by reading.
//!
//! This is the seam at which weak memory enters. A load asks for its candidates, and the execution chooses
//! among them; under sequential consistency the only candidate is the last store. Synchronization follows
//! C++20 ([atomics.order], [atomics.fences]): an acquiring read of a releasing store, or of one in its release
//! sequence, orders the two; a relaxed store by anybody breaks the sequence, a read-modify-write continues it.

use std::sync::atomic::Ordering;

use super::Execution;
use super::op::{ObjectId, ThreadId};
use super::state::State;

/// The stores of one location: under sequential consistency, the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) value: u64,
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

#[inline]
fn cell(execution: &mut Execution, object: ObjectId) -> &mut Cell {
    match &mut execution.kernel.objects.get_mut(object).state {
        State::Atomic(state) => &mut state.cell,
        other => unreachable!("an atomic object holds {other:?}"),
    }
}

/// The store that a read of `object` by `thread` reads from, as its value.
#[inline]
pub(crate) fn source(execution: &mut Execution, object: ObjectId, _thread: ThreadId) -> u64 {
    cell(execution, object).value
}

/// The thread learns what reading its source with this ordering teaches.
#[inline]
pub(crate) fn read_source(execution: &mut Execution, object: ObjectId, thread: ThreadId, order: Ordering) {
    if acquires(order) {
        execution.kernel.acquire(thread, object);
    } else {
        execution.kernel.acquire_later(thread, object);
    }
}

#[inline]
pub(crate) fn load(execution: &mut Execution, object: ObjectId, thread: ThreadId, order: Ordering) -> u64 {
    let value = source(execution, object, thread);
    read_source(execution, object, thread, order);
    value
}

/// Returns the value before.
#[inline]
pub(crate) fn store(
    execution: &mut Execution,
    object: ObjectId,
    thread: ThreadId,
    value: u64,
    order: Ordering,
) -> u64 {
    if releases(order) {
        // Not a join: the store heads a new release sequence, and what earlier stores released is not
        // learnt by reading this one.
        execution.kernel.release_owned(thread, object);
    } else {
        execution.kernel.release_fenced(thread, object, false);
    }
    std::mem::replace(&mut cell(execution, object).value, value)
}

/// Writes `new` directly after the source.
#[inline]
pub(crate) fn modify(
    execution: &mut Execution,
    object: ObjectId,
    thread: ThreadId,
    new: u64,
    order: Ordering,
) {
    read_source(execution, object, thread, order);
    match (acquires(order), releases(order)) {
        (true, true) => execution.kernel.release_owned(thread, object),
        (false, true) => execution.kernel.release(thread, object),
        (_, false) => execution.kernel.release_fenced(thread, object, true),
    }
    cell(execution, object).value = new;
}

pub(crate) fn fence(execution: &mut Execution, thread: ThreadId, order: Ordering) {
    if acquires(order) {
        execution.kernel.acquire_fence(thread);
    }
    if releases(order) {
        execution.kernel.release_fence(thread);
    }
}
