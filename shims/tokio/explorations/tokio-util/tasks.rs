//! tokio-util's `CancellationToken` and `TaskTracker`: how workers are stopped, and what must not get lost by it.

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use tokio::sync::mpsc;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Two jobs are queued and a worker is told to stop; it does those that it has accepted, or not.
async fn stop(drains: bool) {
    let (jobs, mut queue) = mpsc::channel(2);
    let (stop, done) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
    let (stopped, counted) = (stop.clone(), done.clone());
    let worker = tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stopped.cancelled() => break,
                Some(()) = queue.recv() => { counted.fetch_add(1, SeqCst); }
            }
        }
        if drains {
            queue.close();
            while queue.recv().await.is_some() {
                counted.fetch_add(1, SeqCst);
            }
        }
    });
    let mut accepted = 0;
    for _ in 0..2 {
        accepted += u32::from(jobs.send(()).await.is_ok());
    }
    stop.cancel();
    worker.await.unwrap();
    assert_eq!(done.load(SeqCst), accepted);
}

#[drawloom::test(expect = "panic")]
async fn a_worker_that_stops_at_once_leaves_jobs() {
    stop(false).await;
}

#[drawloom::test]
async fn a_worker_that_drains_its_queue_leaves_none() {
    stop(true).await;
}

#[drawloom::test]
async fn a_parent_cancels_its_children_and_no_child_its_parent() {
    let parent = CancellationToken::new();
    let (one, other) = (parent.child_token(), parent.child_token());
    let waits = tokio::spawn(async move { one.run_until_cancelled(std::future::pending::<()>()).await });
    let cancels = tokio::spawn(async move { other.cancel() });
    cancels.await.unwrap();
    assert!(!parent.is_cancelled());
    parent.cancel();
    assert_eq!(waits.await.unwrap(), None);
    assert!(parent.child_token().is_cancelled());
}

#[drawloom::test]
async fn a_tracker_waits_for_all_tasks() {
    let (tracker, done) = (TaskTracker::new(), Arc::new(AtomicU32::new(0)));
    for _ in 0..2 {
        let done = done.clone();
        tracker.spawn(async move {
            sleep(Duration::from_secs(1)).await;
            done.fetch_add(1, SeqCst);
        });
    }
    tracker.close();
    tracker.wait().await;
    assert_eq!((done.load(SeqCst), tracker.len()), (2, 0));
}

#[drawloom::test(expect = "deadlock")]
async fn a_tracker_that_nobody_closes_is_awaited_for_ever() {
    let tracker = TaskTracker::new();
    tracker.spawn(async {});
    tracker.wait().await;
}
