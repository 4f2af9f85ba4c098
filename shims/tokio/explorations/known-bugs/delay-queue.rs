//! tokio-util's `DelayQueue`, changed by one task while another waits for what ends next. By 0.7.11 nobody is woken by the last item's
//! removal (https://github.com/tokio-rs/tokio/issues/6751), by 0.7.18 by a reset to a time that has passed (pull request 8274), and by
//! 0.7.19 when the queue is cleared (pull request 8320).

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use tokio::task::yield_now;
use tokio::time::{Duration, Instant};
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

/// What a task that waits is told, and after how many seconds, if this is done to a queue of one item meanwhile.
async fn told_after(change: impl FnOnce(&mut DelayQueue<&'static str>, &Key)) -> (Option<&'static str>, u64) {
    let start = Instant::now();
    let mut queue = DelayQueue::new();
    let key = queue.insert("item", Duration::from_secs(100));
    let queue = Arc::new(Mutex::new(queue));
    let theirs = queue.clone();
    let waits = tokio::spawn(poll_fn(move |context| theirs.lock().unwrap().poll_expired(context)));
    yield_now().await;
    change(&mut queue.lock().unwrap(), &key);
    let item = waits.await.unwrap();
    (item.map(|item| item.into_inner()), start.elapsed().as_secs())
}

#[drawloom::test]
async fn the_removal_of_the_last_item_is_told() {
    let told = told_after(|queue, key| drop(queue.remove(key))).await;
    assert_eq!(told, (None, 0));
}

#[drawloom::test]
async fn a_reset_to_now_is_told() {
    let told = told_after(|queue, key| queue.reset_at(key, Instant::now())).await;
    assert_eq!(told, (Some("item"), 0));
}

#[drawloom::test]
async fn that_all_is_cleared_is_told() {
    let told = told_after(|queue, _| queue.clear()).await;
    assert_eq!(told, (None, 0));
}
