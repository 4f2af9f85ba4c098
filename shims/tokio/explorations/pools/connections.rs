//! bb8 and deadpool: a pool of one connection, which is lent to one at a time, handed on, and not lost when a wait is given up.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use deadpool::managed::{Manager, Metrics, Object, Pool, RecycleResult};
use tokio::task::yield_now;
use tokio::time::{Duration, timeout};

/// Makes connections that are numbers, and counts them.
#[derive(Default)]
struct Connections(AtomicU32);

impl Manager for Connections {
    type Type = u32;
    type Error = Infallible;

    async fn create(&self) -> Result<u32, Infallible> {
        yield_now().await;
        Ok(self.0.fetch_add(1, SeqCst))
    }

    async fn recycle(&self, _: &mut u32, _: &Metrics) -> RecycleResult<Infallible> {
        yield_now().await;
        Ok(())
    }
}

impl bb8::ManageConnection for Connections {
    type Connection = u32;
    type Error = Infallible;

    async fn connect(&self) -> Result<u32, Infallible> {
        yield_now().await;
        Ok(self.0.fetch_add(1, SeqCst))
    }

    async fn is_valid(&self, _: &mut u32) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u32) -> bool {
        false
    }
}

fn deadpool(size: usize) -> Pool<Connections> {
    Pool::builder(Connections::default()).max_size(size).build().unwrap()
}

#[drawloom::test]
async fn deadpool_lends_one_connection_to_one_at_a_time() {
    let (pool, lent) = (deadpool(1), Arc::new(AtomicU32::new(0)));
    let tasks = [(); 2].map(|()| {
        let (pool, lent) = (pool.clone(), lent.clone());
        tokio::spawn(async move {
            let connection: Object<Connections> = pool.get().await.unwrap();
            assert_eq!((*connection, lent.fetch_add(1, SeqCst)), (0, 0));
            yield_now().await;
            lent.fetch_sub(1, SeqCst);
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((pool.status().size, pool.status().available), (1, 1));
}

#[drawloom::test]
async fn deadpool_loses_nothing_to_a_get_that_is_aborted() {
    let pool = deadpool(1);
    let theirs = pool.clone();
    let task = tokio::spawn(async move { drop(theirs.get().await) });
    yield_now().await;
    task.abort();
    _ = task.await;
    assert!(timeout(Duration::from_secs(1), pool.get()).await.is_ok());
    assert_eq!(pool.status().size, 1);
}

#[drawloom::test(cancel = "explore")]
async fn deadpool_loses_nothing_to_a_get_that_is_dropped_at_any_await() {
    let pool = deadpool(1);
    let theirs = pool.clone();
    let task = tokio::spawn(async move { drop(theirs.get().await) });
    _ = task.await;
    assert!(pool.get().await.is_ok());
    assert_eq!(pool.status().size, 1);
}

/// The classic: whoever needs two connections at once waits for ever, if others do so, too.
#[drawloom::test(expect = "deadlock")]
async fn two_tasks_that_need_two_connections_of_two() {
    let pool = deadpool(2);
    let tasks = [(); 2].map(|()| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let _one = pool.get().await.unwrap();
            let _other = pool.get().await.unwrap();
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}

#[drawloom::test]
async fn bb8_lends_one_connection_to_one_at_a_time() {
    let pool = bb8::Pool::builder().max_size(1).build(Connections::default()).await.unwrap();
    let lent = Arc::new(AtomicU32::new(0));
    let tasks = [(); 2].map(|()| {
        let (pool, lent) = (pool.clone(), lent.clone());
        tokio::spawn(async move {
            let connection = pool.get().await.unwrap();
            assert_eq!((*connection, lent.fetch_add(1, SeqCst)), (0, 0));
            yield_now().await;
            lent.fetch_sub(1, SeqCst);
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}

#[drawloom::test]
async fn bb8_gives_up_after_its_timeout() {
    let pool = bb8::Pool::builder()
        .max_size(1)
        .connection_timeout(Duration::from_secs(30))
        .build(Connections::default())
        .await
        .unwrap();
    let _held = pool.get().await.unwrap();
    let start = tokio::time::Instant::now();
    assert!(pool.get().await.is_err());
    assert_eq!(start.elapsed().as_secs(), 30);
}
