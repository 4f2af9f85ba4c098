//! moka's future cache: what many ask for at once is made once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use moka::future::Cache;
use tokio::task::yield_now;

/// Makes the value, slowly.
async fn make(count: &AtomicU32) -> u32 {
    yield_now().await;
    count.fetch_add(1, SeqCst) + 1
}

/// Two tasks ask for one key: by `get_with`, or by looking first and inserting then.
async fn made_for_two(is_one_step: bool) -> u32 {
    let (cache, count) = (Cache::new(4), Arc::new(AtomicU32::new(0)));
    let tasks = [(); 2].map(|()| {
        let (cache, count): (Cache<&str, u32>, _) = (cache.clone(), count.clone());
        tokio::spawn(async move {
            if is_one_step {
                cache.get_with("key", make(&count)).await;
            } else if cache.get("key").await.is_none() {
                cache.insert("key", make(&count).await).await;
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    count.load(SeqCst)
}

#[drawloom::test(executions = 1_000)]
async fn get_with_makes_it_once() {
    assert_eq!(made_for_two(true).await, 1);
}

#[drawloom::test(expect = "panic")]
async fn to_look_and_then_to_insert_makes_it_twice() {
    assert_eq!(made_for_two(false).await, 1);
}

#[drawloom::test(executions = 1_000)]
async fn who_waits_for_an_initializer_that_is_aborted_makes_it_itself() {
    let (cache, count): (Cache<&str, u32>, _) = (Cache::new(4), Arc::new(AtomicU32::new(0)));
    let (theirs, their_count) = (cache.clone(), count.clone());
    let task = tokio::spawn(async move { theirs.get_with("key", make(&their_count)).await });
    yield_now().await;
    task.abort();
    assert_eq!(cache.get_with("key", make(&count)).await, count.load(SeqCst));
}
