//! Futures, with the feature `futures`.
#![cfg(feature = "futures")]

mod common;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst as StdSeqCst};
use std::task::Poll;

use common::fails;
use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use loom::thread;

#[derive(Default)]
struct Signal {
    set: AtomicBool,
    waker: AtomicWaker,
}

/// Waits for the other thread; the order of the waiting task's two steps is the parameter.
fn signalled(register_first: bool) {
    let signal = Arc::new(Signal::default());
    let other = signal.clone();
    thread::spawn(move || {
        other.set.store(true, SeqCst);
        other.waker.wake();
    });
    block_on(poll_fn(|context| {
        if register_first {
            signal.waker.register_by_ref(context.waker());
        }
        if signal.set.load(SeqCst) {
            return Poll::Ready(());
        }
        if !register_first {
            signal.waker.register(context.waker().clone());
        }
        Poll::Pending
    }));
}

#[test]
fn a_waker_that_is_registered_in_time_is_called() {
    loom::model(|| signalled(true));
    let message = fails(|| signalled(false));
    assert!(message.contains("deadlock"), "{message}");
}

#[test]
fn a_future_is_polled_for_no_reason_once_at_most() {
    // In how many executions it was polled how often.
    let executions: Arc<[Count; 5]> = Arc::default();
    let counted = executions.clone();
    loom::model(move || {
        let gate = Arc::new(AtomicBool::new(false));
        let mut polls = 0;
        block_on(poll_fn(|context| {
            polls += 1;
            if polls == 1 {
                let (gate, waker) = (gate.clone(), context.waker().clone());
                thread::spawn(move || {
                    gate.store(true, SeqCst);
                    waker.wake();
                });
            }
            if gate.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }));
        counted[polls].fetch_add(1, StdSeqCst);
    });
    let executions = executions.each_ref().map(|count| count.load(StdSeqCst) > 0);
    assert_eq!(executions, [false, true, true, true, false]);
}

#[test]
fn a_waker_that_is_left_is_a_leak() {
    let message = fails(|| {
        block_on(poll_fn(|context| {
            std::mem::forget(context.waker().clone());
            Poll::Ready(())
        }));
    });
    assert!(message.starts_with("leak: the Waker made at ") && message.contains("Arc leaked"), "{message}");
}

#[test]
fn wakers_are_the_same_in_each_poll() {
    loom::model(|| {
        let mut first = None;
        block_on(poll_fn(|context| match &first {
            None => {
                context.waker().wake_by_ref();
                first = Some(context.waker().clone());
                Poll::Pending
            }
            Some(first) if first.will_wake(context.waker()) => Poll::Ready(()),
            Some(_) => panic!("another waker"),
        }));
    });
}
