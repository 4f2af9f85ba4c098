//! Which ready task is polled next, by strategy: that URW makes orders of tasks equally likely, and that PCT keeps to its priorities.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex as StdMutex};

use drawloom::tokio;
use drawloom::tokio::sync::Notify;
use drawloom::{Config, Report, StrategyKind, explore};

fn on_one_thread(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

/// How often each order of polls came up of a task that spawns two others, beside one that spawns none.
fn orders(strategy: StrategyKind) -> BTreeMap<Vec<u32>, u64> {
    let counts: StdMutex<BTreeMap<Vec<u32>, u64>> = StdMutex::default();
    let index = AtomicU32::new(0);
    let config = Config::new().strategy(strategy).executions(9_000).workers(1);
    let report = explore(config, || {
        let order = Arc::new(StdMutex::new(Vec::new()));
        let polled = |number: u32| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(number)
        };
        let [parent, alone, first, second] = [0, 1, 2, 3].map(polled);
        on_one_thread(async {
            let parent = tokio::spawn(async move {
                parent();
                [tokio::spawn(async move { first() }), tokio::spawn(async move { second() })]
            });
            let alone = tokio::spawn(async move { alone() });
            for child in parent.await.unwrap() {
                child.await.unwrap();
            }
            alone.await.unwrap();
        });
        // The first executions are drawn otherwise, and some are run twice.
        if index.fetch_add(1, Relaxed) >= 1_000 {
            *counts.lock().unwrap().entry(order.lock().unwrap().clone()).or_default() += 1;
        }
    });
    assert!(report.passed(), "{report}");
    counts.into_inner().unwrap()
}

#[test]
fn urw_draws_all_orders_of_tasks_alike() {
    let counts = orders(StrategyKind::Urw);
    let total: u64 = counts.values().sum();
    let likelihood = |first: u32| {
        let of_first = counts.iter().filter(|(order, _)| order[0] == first).map(|(_, count)| count);
        of_first.sum::<u64>() as f64 / total as f64
    };
    assert_eq!(counts.len(), 8, "{counts:?}");
    // Of the eight orders two begin with the task that spawns none. The future of `block_on` is polled now and then between
    // them, so they are not quite as likely.
    assert!((0.18..0.32).contains(&likelihood(1)), "{counts:?}");
    let walk = orders(StrategyKind::RandomWalk);
    assert!(walk.iter().filter(|(order, _)| order[0] == 1).map(|(_, count)| count).sum::<u64>() > 3_500);
}

/// Fails if a task is polled only after two others have sent each other ten messages.
fn is_polled_last(strategy: StrategyKind, executions: u64) -> Report {
    explore(Config::new().strategy(strategy).executions(executions).workers(1), || {
        let counter = Arc::new(AtomicU32::new(0));
        let is_over = Arc::clone(&counter);
        on_one_thread(async move {
            // Of tokio's, these do not give way.
            let [to_first, to_second] = [(); 2].map(|()| Arc::new(Notify::new()));
            let (wakes, woken) = (Arc::clone(&to_second), Arc::clone(&to_first));
            let last = tokio::spawn(async move { assert!(is_over.load(Relaxed) < 10, "it is polled last") });
            let first = tokio::spawn(async move {
                for _ in 0..10 {
                    wakes.notify_one();
                    woken.notified().await;
                    counter.fetch_add(1, Relaxed);
                }
            });
            let second = tokio::spawn(async move {
                for _ in 0..10 {
                    to_second.notified().await;
                    to_first.notify_one();
                }
            });
            for task in [first, second, last] {
                task.await.unwrap();
            }
        });
    })
}

#[test]
fn pct_polls_the_task_of_highest_priority() {
    assert!(!is_polled_last(StrategyKind::Pct { depth: 1 }, 30).passed());
    assert!(!is_polled_last(StrategyKind::Pct { depth: 3 }, 60).passed());
    // Not before twenty others were, of each time two.
    assert!(is_polled_last(StrategyKind::RandomWalk, 2_000).passed());
}

/// Two tasks wake each other until a third one was polled.
#[test]
fn no_strategy_keeps_a_task_from_being_polled() {
    let strategies = [
        StrategyKind::Pct { depth: 3 },
        StrategyKind::Pos,
        StrategyKind::Urw,
        StrategyKind::Surw,
        StrategyKind::RandomWalk,
        StrategyKind::Portfolio,
        StrategyKind::RoundRobin,
    ];
    for strategy in strategies {
        let report = explore(Config::new().strategy(strategy).executions(200).workers(1), || {
            on_one_thread(async {
                let (to_second, mut from_first) = tokio::sync::mpsc::unbounded_channel();
                let (to_first, mut from_second) = tokio::sync::mpsc::unbounded_channel();
                let was_polled = Arc::new(AtomicU32::new(0));
                let waited_for = Arc::clone(&was_polled);
                let third = tokio::spawn(async move { was_polled.store(1, Relaxed) });
                let first = tokio::spawn(async move {
                    while waited_for.load(Relaxed) == 0 {
                        to_second.send(()).unwrap();
                        from_second.recv().await.unwrap();
                    }
                });
                let second = tokio::spawn(async move {
                    while from_first.recv().await.is_some() {
                        to_first.send(()).unwrap();
                    }
                });
                for task in [first, second, third] {
                    task.await.unwrap();
                }
            });
        });
        assert!(report.passed(), "{strategy:?}: {report}");
    }
}
