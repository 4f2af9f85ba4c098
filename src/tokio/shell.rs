//! The wakers that tokio's primitives are given: in a shell that keeps the code behind them out of acts.
//!
//! Most polls end with a result, and nobody keeps a waker. So the shell that a poll is lent is on the stack; a clone of it is one
//! that can be kept.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

use super::acting::{Kept, is_acting, wake_afterwards};
use crate::rt::current;
use crate::tokio::task::waking::is_of_task;

thread_local! {
    static SHELLS: Cell<u64> = const { Cell::new(0) };
}

/// A number for a shell. In which order tokio calls those that wait for one thing may be drawn: they are called in this one.
fn next_number() -> u64 {
    SHELLS.replace(SHELLS.get() + 1)
}

/// Lends a waker that may be given to tokio's primitives.
pub(super) fn with_shell<R>(waker: &Waker, lend: impl FnOnce(&Waker) -> R) -> R {
    if current().is_none() {
        return lend(waker);
    }
    // SAFETY: the functions of `LENT` take the data for a reference to a waker, which outlives the shell: that is lent, and dropped
    // here.
    let shell = unsafe { Waker::new((&raw const *waker).cast(), &LENT) };
    lend(&ManuallyDrop::new(shell))
}

/// For a shell on the stack. Nobody owns it, so it is neither woken by value nor dropped.
static LENT: RawWakerVTable = RawWakerVTable::new(clone_lent, wake_lent, wake_lent, |_| ());

/// # Safety
///
/// `data` is that of a lent shell.
unsafe fn clone_lent(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise.
    let waker = unsafe { &*data.cast::<Waker>() };
    let shell = Arc::new(Shell { number: next_number(), waker: Some(waker.clone()) });
    let kept = ManuallyDrop::new(Waker::from(shell));
    RawWaker::new(kept.data(), kept.vtable())
}

/// # Safety
///
/// `data` is that of a lent shell.
unsafe fn wake_lent(data: *const ()) {
    // SAFETY: the caller's promise.
    wake(next_number(), unsafe { &*data.cast::<Waker>() });
}

fn wake(number: u64, waker: &Waker) {
    if is_acting() {
        wake_afterwards(number, waker.clone());
    } else {
        waker.wake_by_ref();
    }
}

/// A shell that is kept.
struct Shell {
    number: u64,
    waker: Option<Waker>,
}

impl Wake for Shell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(waker) = &self.waker {
            wake(self.number, waker);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let Some(waker) = self.waker.take() else { return };
        // To drop one of a task's runs nobody's code; but it may be noted at which step the last one was dropped.
        let is_plain = is_of_task(&waker) && current().is_none_or(|current| !current.is_traced());
        if !is_plain {
            drop(Kept::new(waker));
        }
    }
}
