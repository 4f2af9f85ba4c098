//! `JoinSet`: what is spawned by other means than `spawn`.

use super::{run, tokio};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

#[test]
fn work_that_blocks_is_joined_like_tasks() {
    run(|| async {
        let mut set = JoinSet::new();
        set.spawn_blocking_on(|| 1, &Handle::current());
        set.spawn_on(async { 2 }, &Handle::current());
        let mut results = set.join_all().await;
        results.sort_unstable();
        assert_eq!(results, [1, 2]);
    });
}
