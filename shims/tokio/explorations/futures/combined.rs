//! The combinators of `futures` on tasks of drawloom's: what runs in one task is woken and polled as it should be.

use std::future::pending;

use futures::channel::{mpsc, oneshot};
use futures::future::{AbortHandle, Abortable, FutureExt, abortable, join_all, select_all, try_join_all};
use futures::stream::{self, FuturesOrdered, FuturesUnordered, StreamExt};
use futures::{SinkExt, pin_mut, select_biased};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, sleep};

#[drawloom::test]
async fn all_are_joined_in_their_order() {
    let tasks = (0..3).map(|number| tokio::spawn(async move { number }));
    let results: Vec<u32> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(results, [0, 1, 2]);
    assert_eq!(try_join_all([Ok(1), Err("no")].map(std::future::ready)).await, Err("no"));
}

#[drawloom::test(expect = "panic")]
async fn unordered_futures_come_in_any_order() {
    let tasks = (0..2).map(|number| tokio::spawn(async move { number }));
    let results: Vec<u32> = tasks.collect::<FuturesUnordered<_>>().map(Result::unwrap).collect().await;
    assert_eq!(results, [0, 1]);
}

#[drawloom::test]
async fn ordered_ones_come_in_theirs() {
    let tasks = (0..2).map(|number| tokio::spawn(async move { number }));
    let results: Vec<u32> = tasks.collect::<FuturesOrdered<_>>().map(Result::unwrap).collect().await;
    assert_eq!(results, [0, 1]);
}

#[drawloom::test]
async fn buffered_futures_run_two_at_a_time() {
    let start = Instant::now();
    let waits = stream::iter(0..4).map(|number| async move {
        sleep(Duration::from_secs(1)).await;
        number
    });
    let mut results: Vec<u32> = waits.buffer_unordered(2).collect().await;
    results.sort_unstable();
    assert_eq!((results, start.elapsed().as_secs()), (vec![0, 1, 2, 3], 2));
}

#[drawloom::test(expect = "panic")]
async fn equal_timers_of_one_task_end_in_any_order() {
    let waits = (0..2).map(|number| async move {
        sleep(Duration::from_secs(1)).await;
        number
    });
    let results: Vec<u32> = waits.collect::<FuturesUnordered<_>>().collect().await;
    assert_eq!(results, [0, 1]);
}

/// What is buffered is polled only where the stream is: a permit that it was given stays with it.
#[drawloom::test(expect = "deadlock")]
async fn what_is_buffered_is_not_polled_while_one_is_handled() {
    let permits = Semaphore::new(1);
    let works = stream::iter(0..2).map(|_| async {
        let _permit = permits.acquire().await.unwrap();
        yield_now().await;
    });
    let mut works = std::pin::pin!(works.buffer_unordered(2));
    while let Some(()) = works.next().await {
        let _permit = permits.acquire().await.unwrap();
    }
}

#[drawloom::test]
async fn select_takes_what_is_ready() {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move { sender.send(7).unwrap() });
    let timer = sleep(Duration::from_secs(1)).fuse();
    pin_mut!(timer);
    let mut receiver = receiver.fuse();
    let result = select_biased! {
        number = receiver => number.ok(),
        () = timer => None,
    };
    assert_eq!(result, Some(7));
    let (first, _, rest) = select_all([pending().boxed(), async { 1 }.boxed()]).await;
    assert_eq!((first, rest.len()), (1, 1));
}

#[drawloom::test]
async fn an_abort_ends_a_task_that_waits() {
    let (future, handle): (Abortable<_>, AbortHandle) = abortable(pending::<()>());
    let task = tokio::spawn(future);
    tokio::spawn(async move { handle.abort() });
    assert!(task.await.unwrap().is_err());
}

#[drawloom::test]
async fn a_channel_of_futures_gives_all_and_ends() {
    let (sender, inbox) = mpsc::channel(0);
    for number in 0..2 {
        let mut sender = sender.clone();
        tokio::spawn(async move { sender.send(number).await.unwrap() });
    }
    drop(sender);
    let mut numbers: Vec<u32> = inbox.collect().await;
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1]);
}
