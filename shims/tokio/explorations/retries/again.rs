//! backon and tokio-retry, whose pauses pass in virtual time, and async-stream, whose streams await what tasks do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use async_stream::stream;
use backon::{ConstantBuilder, ExponentialBuilder, Retryable};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Duration, Instant, timeout};
use tokio_retry::Retry;
use tokio_retry::strategy::FixedInterval;

/// Fails until it was called so often.
async fn fail_until(call: u32, calls: &AtomicU32) -> Result<u32, &'static str> {
    yield_now().await;
    let calls = calls.fetch_add(1, SeqCst) + 1;
    if calls < call { Err("not yet") } else { Ok(calls) }
}

#[drawloom::test]
async fn pauses_grow_in_virtual_time() {
    let (start, calls) = (Instant::now(), AtomicU32::new(0));
    let delays =
        ExponentialBuilder::default().with_min_delay(Duration::from_secs(60)).with_max_delay(Duration::MAX);
    assert_eq!((|| fail_until(4, &calls)).retry(delays.with_max_times(3)).await, Ok(4));
    assert_eq!(start.elapsed().as_secs(), 60 + 120 + 240);
}

#[drawloom::test]
async fn it_gives_up_after_its_last_attempt() {
    let calls = AtomicU32::new(0);
    let result = Retry::spawn(FixedInterval::from_millis(1000).take(2), || fail_until(4, &calls)).await;
    assert_eq!((result, calls.load(SeqCst)), (Err("not yet"), 3));
}

/// An attempt that was given up may have done its work.
#[drawloom::test(timeouts = "any", expect = "panic")]
async fn a_retry_after_a_timeout_does_it_twice() {
    let (jobs, mut queue) = mpsc::channel(2);
    let done = Arc::new(AtomicU32::new(0));
    let counted = done.clone();
    let worker = tokio::spawn(async move {
        while let Some(answer) = queue.recv().await {
            counted.fetch_add(1, SeqCst);
            let answer: tokio::sync::oneshot::Sender<()> = answer;
            _ = answer.send(());
        }
    });
    let ask = || async {
        let (answer, question) = tokio::sync::oneshot::channel();
        jobs.send(answer).await.expect("the worker is there");
        timeout(Duration::from_secs(1), question).await
    };
    _ = ask.retry(ConstantBuilder::default().with_max_times(1)).await;
    drop(jobs);
    worker.await.unwrap();
    assert!(done.load(SeqCst) < 2);
}

#[drawloom::test]
async fn a_stream_yields_what_tasks_send() {
    let (sender, mut inbox) = mpsc::channel(1);
    tokio::spawn(async move {
        for number in 0..3 {
            sender.send(number).await.unwrap();
        }
    });
    let doubled = stream! {
        while let Some(number) = inbox.recv().await {
            yield number * 2;
        }
    };
    assert_eq!(doubled.collect::<Vec<u32>>().await, [0, 2, 4]);
}
