//! Timers of one task that have the same deadline, each with a waker of its own, as `FuturesUnordered` of `futures` gives them.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use drawloom::tokio::{runtime::Builder, time::sleep};
use drawloom::{Config, Coverage, explore};

/// Notes that it was called, and wakes the task.
struct Noting {
    number: u32,
    called: Arc<Mutex<Vec<u32>>>,
    task: Waker,
}

impl Wake for Noting {
    fn wake(self: Arc<Self>) {
        self.called.lock().unwrap().push(self.number);
        self.task.wake_by_ref();
    }
}

/// The orders in which the wakers of timers with these durations are called.
fn orders(seconds: [u64; 2]) -> BTreeSet<Vec<u32>> {
    let seen = Mutex::new(BTreeSet::new());
    let report = explore(Config::new(), || {
        Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
            let called = Arc::new(Mutex::new(Vec::new()));
            let mut sleeps = seconds.map(|seconds| Box::pin(sleep(Duration::from_secs(seconds))));
            poll_fn(|context| {
                let mut result = Poll::Ready(());
                for (number, sleep) in (0..).zip(&mut sleeps) {
                    let noting = Noting { number, called: called.clone(), task: context.waker().clone() };
                    let waker = Waker::from(Arc::new(noting));
                    if sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                        result = Poll::Pending;
                    }
                }
                result
            })
            .await;
            seen.lock().unwrap().insert(called.lock().unwrap().clone());
        });
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    seen.into_inner().unwrap()
}

#[test]
fn timers_of_one_deadline_ring_in_any_order() {
    let seen = orders([1, 1]);
    assert!(seen.contains(&vec![0, 1]) && seen.contains(&vec![1, 0]), "{seen:?}");
}

#[test]
fn timers_of_two_deadlines_ring_in_theirs() {
    let seen = orders([2, 1]);
    assert!(seen.contains(&vec![1, 0]) && !seen.contains(&vec![0, 1]), "{seen:?}");
}
