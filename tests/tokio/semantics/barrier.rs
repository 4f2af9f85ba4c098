//! `sync::Barrier`.

use std::sync::Arc;

use super::run;
use super::tokio::spawn;
use super::tokio::sync::Barrier;

#[test]
fn all_go_on_together_and_one_leads_each_time() {
    run(|| async {
        let barrier = Arc::new(Barrier::new(3));
        let tasks = [0, 1, 2].map(|_| {
            let barrier = Arc::clone(&barrier);
            spawn(async move { [barrier.wait().await.is_leader(), barrier.wait().await.is_leader()] })
        });
        let mut leaders = [0, 0];
        for task in tasks {
            let leads = task.await.unwrap();
            leaders = [leaders[0] + u32::from(leads[0]), leaders[1] + u32::from(leads[1])];
        }
        assert_eq!(leaders, [1, 1]);
    });
}

#[test]
fn a_barrier_of_none_is_one_of_one() {
    run(|| async {
        assert!(Barrier::new(0).wait().await.is_leader());
    });
}
