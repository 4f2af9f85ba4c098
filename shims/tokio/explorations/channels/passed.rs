//! async-channel, event-listener, async-lock and flume between tasks of drawloom's: they need a waker only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use event_listener::Event;
use tokio::task::yield_now;
use tokio::time::{Duration, timeout};

#[drawloom::test]
async fn each_message_goes_to_one_receiver() {
    let (sender, inbox) = async_channel::bounded(1);
    let tasks = [(); 2].map(|()| {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Ok(number) = inbox.recv().await {
                taken.push(number);
            }
            taken
        })
    });
    for number in 0..3 {
        sender.send(number).await.unwrap();
    }
    drop((sender, inbox));
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, [0, 1, 2]);
}

#[drawloom::test(expect = "panic")]
async fn no_receiver_is_sure_of_a_message() {
    let (sender, inbox) = async_channel::bounded(1);
    let theirs = inbox.clone();
    tokio::spawn(async move { while theirs.recv().await.is_ok() {} });
    sender.send(1).await.unwrap();
    sender.send(2).await.unwrap();
    yield_now().await;
    drop(sender);
    assert!(inbox.recv().await.is_ok());
}

#[drawloom::test]
async fn who_listens_before_it_looks_is_notified() {
    let shared = Arc::new((AtomicBool::new(false), Event::new()));
    let theirs = shared.clone();
    tokio::spawn(async move {
        theirs.0.store(true, SeqCst);
        theirs.1.notify(1);
    });
    let listener = shared.1.listen();
    if !shared.0.load(SeqCst) {
        listener.await;
    }
    assert!(shared.0.load(SeqCst));
}

#[drawloom::test(expect = "deadlock")]
async fn who_listens_after_it_has_looked_is_not() {
    let shared = Arc::new((AtomicBool::new(false), Event::new()));
    let theirs = shared.clone();
    tokio::spawn(async move {
        theirs.0.store(true, SeqCst);
        theirs.1.notify(1);
    });
    if !shared.0.load(SeqCst) {
        yield_now().await;
        shared.1.listen().await;
    }
}

#[drawloom::test]
async fn readers_and_a_writer_keep_apart() {
    let pair = Arc::new(async_lock::RwLock::new((0, 0)));
    let theirs = pair.clone();
    let writer = tokio::spawn(async move {
        let mut pair = theirs.write().await;
        pair.0 += 1;
        yield_now().await;
        pair.1 += 1;
    });
    let reader = tokio::spawn(async move {
        let pair = pair.read().await;
        assert_eq!(pair.0, pair.1);
    });
    writer.await.unwrap();
    reader.await.unwrap();
}

#[drawloom::test]
async fn a_receive_that_was_given_up_loses_no_message() {
    let (sender, inbox) = flume::bounded(1);
    let wait = timeout(Duration::from_secs(1), inbox.recv_async()).await;
    assert!(wait.is_err());
    tokio::spawn(async move {
        for number in 0..2 {
            sender.send_async(number).await.unwrap();
        }
    });
    assert_eq!((inbox.recv_async().await, inbox.recv_async().await), (Ok(0), Ok(1)));
    assert!(inbox.recv_async().await.is_err());
}
