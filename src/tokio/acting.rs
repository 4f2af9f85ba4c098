//! What is known of an act (see `act`) while it goes on, and what is left for after it.

use std::cell::{Cell, RefCell};
use std::task::Waker;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static AFTER: RefCell<After> = const { RefCell::new(After { woken: Vec::new(), dropped: Vec::new() }) };
}

/// What is to be done after the act.
struct After {
    /// Wakers, each with the number of its shell: in which order tokio calls those that wait for one thing may be drawn.
    woken: Vec<(u64, Waker)>,
    dropped: Vec<Dropped>,
}

/// A value that is to be dropped, as a box of which the type is known to the function.
struct Dropped {
    value: *mut (),
    drop: unsafe fn(*mut ()),
}

/// While it lives, an act is going on.
pub(super) struct Acting;

impl Acting {
    pub(super) fn begin() -> Acting {
        DEPTH.set(DEPTH.get() + 1);
        Acting
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Whether an act is going on.
pub(super) fn is_acting() -> bool {
    DEPTH.get() > 0
}

/// Calls a waker after the act, in the order of these numbers.
pub(super) fn wake_afterwards(number: u64, waker: Waker) {
    AFTER.with_borrow_mut(|after| after.woken.push((number, waker)));
}

/// Does what was left for after the act.
#[inline]
pub(super) fn do_afterwards() {
    let is_done = AFTER.with_borrow(|after| after.woken.is_empty() && after.dropped.is_empty());
    if !is_done {
        do_what_is_left();
    }
}

#[inline(never)]
fn do_what_is_left() {
    loop {
        let (mut woken, mut dropped) = AFTER
            .with_borrow_mut(|after| (std::mem::take(&mut after.woken), std::mem::take(&mut after.dropped)));
        if woken.is_empty() && dropped.is_empty() {
            return;
        }
        if woken.len() > 1 {
            woken.sort_by_key(|&(number, _)| number);
        }
        for (_, waker) in woken.drain(..) {
            waker.wake();
        }
        for Dropped { value, drop } in dropped.drain(..) {
            // SAFETY: `Kept::drop` has made the pair, and each is taken once.
            unsafe { drop(value) };
        }
        // Their memory is for the next ones.
        AFTER.with_borrow_mut(|after| {
            if after.woken.is_empty() {
                after.woken = woken;
            }
            if after.dropped.is_empty() {
                after.dropped = dropped;
            }
        });
    }
}

/// A value that tokio keeps: dropped in an act, it is dropped after it.
#[derive(Debug)]
pub(super) struct Kept<T>(Option<T>);

impl<T> Kept<T> {
    pub(super) fn new(value: T) -> Kept<T> {
        Kept(Some(value))
    }

    pub(super) fn into_inner(mut self) -> T {
        self.0.take().expect("a value is taken once")
    }
}

impl<T: Clone> Clone for Kept<T> {
    fn clone(&self) -> Kept<T> {
        Kept(self.0.clone())
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        let Some(value) = self.0.take() else { return };
        if !is_acting() || !std::mem::needs_drop::<T>() {
            return;
        }
        unsafe fn drop_box<T>(value: *mut ()) {
            // SAFETY: made by `into_raw` below, of this type.
            drop(unsafe { Box::from_raw(value.cast::<T>()) });
        }
        let value = Box::into_raw(Box::new(value)).cast();
        AFTER.with_borrow_mut(|after| after.dropped.push(Dropped { value, drop: drop_box::<T> }));
    }
}
