use std::future::{pending, poll_fn, ready};
use std::task::{Poll, Waker};

use drawloom::FailureKind;
use drawloom::future::block_on;
use drawloom::sync::atomic::{AtomicBool, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

use crate::{fails, passes, random};

/// A value that another thread brings.
#[derive(Default)]
struct Promise(Mutex<(Option<u32>, Option<Waker>)>);

impl Promise {
    fn fulfil(&self, value: u32) {
        let waker = {
            let mut promise = self.0.lock().unwrap();
            promise.0 = Some(value);
            promise.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn value(&self) -> u32 {
        poll_fn(|context| {
            let mut promise = self.0.lock().unwrap();
            match promise.0 {
                Some(value) => Poll::Ready(value),
                None => {
                    promise.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

fn wait_for_a_promise() {
    let promise = Arc::new(Promise::default());
    let theirs = Arc::clone(&promise);
    let thread = thread::spawn(move || theirs.fulfil(3));
    assert_eq!(block_on(promise.value()), 3);
    thread.join().unwrap();
}

#[test]
fn a_future_is_polled_again_when_it_is_woken() {
    passes(random(), wait_for_a_promise);
    wait_for_a_promise();
}

#[test]
fn a_ready_future_does_not_wait() {
    passes(random().executions(1), || assert_eq!(block_on(ready(1)), 1));
    assert_eq!(block_on(ready(1)), 1);
}

#[test]
fn a_future_that_nobody_wakes_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || block_on(pending::<()>()));
}

#[test]
fn a_wakeup_that_comes_too_early_is_found() {
    fails(FailureKind::Deadlock, random(), || {
        let (done, waker) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None::<Waker>)));
        let (their_done, their_waker) = (Arc::clone(&done), Arc::clone(&waker));
        thread::spawn(move || {
            their_done.store(true, Ordering::SeqCst);
            if let Some(waker) = their_waker.lock().unwrap().take() {
                waker.wake();
            }
        });
        block_on(poll_fn(|context| {
            // Asks first and leaves the waker then: what happens in between is missed.
            if done.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            *waker.lock().unwrap() = Some(context.waker().clone());
            Poll::Pending
        }));
    });
}
