//! `Shared`, the `Mutex` and the `select!` of `futures`, among tasks of drawloom's.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use futures::channel::oneshot;
use futures::future::FutureExt;
use futures::lock::Mutex;
use tokio::task::yield_now;

#[drawloom::test]
async fn a_shared_future_runs_once() {
    let runs = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = runs.clone();
    let shared = async move {
        yield_now().await;
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1
    }
    .shared();
    let others = [tokio::spawn(shared.clone()), tokio::spawn(shared.clone())];
    assert_eq!(shared.await, 1);
    for other in others {
        assert_eq!(other.await.unwrap(), 1);
    }
}

#[drawloom::test]
async fn a_shared_future_goes_on_without_whoever_polled_it() {
    let (sender, receiver) = oneshot::channel();
    let shared = receiver.shared();
    let other = tokio::spawn(shared.clone());
    let aborted = tokio::spawn(shared);
    aborted.abort();
    sender.send(3).unwrap();
    assert_eq!(other.await.unwrap(), Ok(3));
}

async fn add_two(is_late: bool) -> u32 {
    let total = Arc::new(Mutex::new(0));
    let tasks = [(); 2].map(|()| {
        let total = total.clone();
        tokio::spawn(async move {
            let mut guard = total.lock().await;
            let before = *guard;
            if is_late {
                drop(guard);
                yield_now().await;
                guard = total.lock().await;
            } else {
                yield_now().await;
            }
            *guard = before + 1;
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    let sum = *total.lock().await;
    sum
}

#[drawloom::test]
async fn a_lock_that_is_held_over_an_await_loses_nothing() {
    assert_eq!(add_two(false).await, 2);
}

#[drawloom::test(expect = "panic")]
async fn a_lock_that_is_given_up_does() {
    assert_eq!(add_two(true).await, 2);
}

/// `select!` of futures draws where it begins from a generator of its own, which goes on from one execution to the next.
#[drawloom::test(expect = "nondeterminism")]
async fn select_of_futures_draws_by_itself() {
    let first = Rc::new(Cell::new(0));
    for number in 0..8 {
        let (one, other) = (first.clone(), first.clone());
        let mut left = std::pin::pin!(async move { one.set(one.get() | 1 << number) }.fuse());
        let mut right = std::pin::pin!(async move { drop(other) }.fuse());
        futures::select! { () = left => {}, () = right => {} }
    }
    for _ in 0..first.get() {
        yield_now().await;
    }
}
