//! tokio-util's `PollSender`, `PollSemaphore` and `DelayQueue`, which are polled by hand.

use std::future::poll_fn;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use futures::{SinkExt, StreamExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Duration, Instant};
use tokio_util::sync::{PollSemaphore, PollSender};
use tokio_util::time::DelayQueue;

#[drawloom::test]
async fn a_place_that_was_given_up_goes_to_the_next() {
    let (sender, mut inbox) = mpsc::channel(1);
    let mut holder = PollSender::new(sender.clone());
    poll_fn(|context| holder.poll_reserve(context)).await.unwrap();
    let other = tokio::spawn(async move { PollSender::new(sender).send(2).await.unwrap() });
    assert!(holder.abort_send());
    drop(holder);
    assert_eq!((inbox.recv().await, inbox.recv().await), (Some(2), None));
    other.await.unwrap();
}

#[drawloom::test]
async fn messages_of_a_sink_come_in_order() {
    let (sender, mut inbox) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut sink = PollSender::new(sender);
        for number in 0..3 {
            sink.send(number).await.unwrap();
        }
        SinkExt::close(&mut sink).await.unwrap();
    });
    for number in 0..3 {
        assert_eq!(inbox.recv().await, Some(number));
    }
    assert_eq!(inbox.recv().await, None);
}

/// Three tasks, of which so many at most are to be inside at once.
async fn limited(permits: usize) {
    let semaphore = PollSemaphore::new(std::sync::Arc::new(Semaphore::new(permits)));
    let inside = Arc::new(AtomicU32::new(0));
    let tasks = (0..3).map(|_| {
        let (mut semaphore, inside) = (semaphore.clone(), inside.clone());
        tokio::spawn(async move {
            let _permit = poll_fn(|context| semaphore.poll_acquire(context)).await;
            assert_eq!(inside.fetch_add(1, SeqCst), 0);
            tokio::task::yield_now().await;
            inside.fetch_sub(1, SeqCst);
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[drawloom::test]
async fn one_permit_lets_one_in() {
    limited(1).await;
}

#[drawloom::test(expect = "panic")]
async fn two_permits_let_two_in() {
    limited(2).await;
}

#[drawloom::test]
async fn delays_end_in_the_order_of_their_deadlines() {
    let (start, mut queue) = (Instant::now(), DelayQueue::new());
    let last = queue.insert("last", Duration::from_secs(1));
    queue.insert("first", Duration::from_secs(10));
    let removed = queue.insert("never", Duration::from_secs(5));
    queue.reset(&last, Duration::from_secs(3600));
    queue.remove(&removed);
    let mut ended = Vec::new();
    while let Some(item) = queue.next().await {
        ended.push((item.into_inner(), start.elapsed().as_secs()));
    }
    assert_eq!(ended, [("first", 10), ("last", 3600)]);
}
