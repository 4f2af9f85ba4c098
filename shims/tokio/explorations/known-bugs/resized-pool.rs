//! deadpool 0.12.1: a pool that is made smaller while its objects are lent, and then larger, panics
//! (https://github.com/deadpool-rs/deadpool/issues/380).

use std::convert::Infallible;

use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use tokio::task::yield_now;

struct Numbers;

impl Manager for Numbers {
    type Type = u32;
    type Error = Infallible;

    async fn create(&self) -> Result<u32, Infallible> {
        Ok(0)
    }

    async fn recycle(&self, _: &mut u32, _: &Metrics) -> RecycleResult<Infallible> {
        Ok(())
    }
}

#[drawloom::test(executions = 2_000)]
async fn a_pool_is_resized_whatever_is_lent() {
    let pool = Pool::<Numbers>::builder(Numbers).max_size(3).build().unwrap();
    let tasks = [(); 3].map(|()| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let _lent = pool.get().await.unwrap();
            yield_now().await;
        })
    });
    yield_now().await;
    pool.resize(1);
    pool.resize(2);
    for task in tasks {
        task.await.unwrap();
    }
    assert!(pool.status().size <= 2, "{:?}", pool.status());
}
