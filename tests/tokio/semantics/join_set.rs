//! `JoinSet`: what is spawned by other means than `spawn`; and which types may be moved while they are polled, whatever is in them.

use std::marker::PhantomPinned;

use super::{run, tokio};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

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

#[test]
fn what_holds_values_may_be_moved() {
    fn may_be_moved<T: Unpin>() {}
    type Pinned = PhantomPinned;
    may_be_moved::<JoinSet<Pinned>>();
    may_be_moved::<JoinHandle<Pinned>>();
    may_be_moved::<mpsc::Sender<Pinned>>();
    may_be_moved::<mpsc::Receiver<Pinned>>();
    may_be_moved::<mpsc::UnboundedReceiver<Pinned>>();
    may_be_moved::<mpsc::OwnedPermit<Pinned>>();
    may_be_moved::<oneshot::Sender<Pinned>>();
    may_be_moved::<oneshot::Receiver<Pinned>>();
    may_be_moved::<broadcast::Receiver<Pinned>>();
    may_be_moved::<watch::Sender<Pinned>>();
    may_be_moved::<watch::Receiver<Pinned>>();
}
