//! SURW makes all interleavings of the operations on an object equally likely (ASPLOS 2025, theorem 1): they are counted, and compared
//! with what chance allows.

use std::collections::BTreeMap;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicU32 as StdAtomicU32;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use drawloom::sync::Arc;
use drawloom::sync::atomic::AtomicU32;
use drawloom::{Config, MemoryModel, StrategyKind, explore, thread};

/// How often each order came up in which `threads` add to one atomic `each` times, with other operations between.
fn orders(threads: u32, each: u32, noise: u32, executions: u64) -> BTreeMap<Vec<u32>, u64> {
    let counts: StdMutex<BTreeMap<Vec<u32>, u64>> = StdMutex::default();
    let index = StdAtomicU32::new(0);
    let config = Config::new().strategy(StrategyKind::Surw).memory(MemoryModel::SequentiallyConsistent);
    let report = explore(config.executions(executions).workers(1), || {
        let (shared, order) = (Arc::new(AtomicU32::new(0)), Arc::new(StdMutex::new(Vec::new())));
        let all: Vec<_> = (0..threads)
            .map(|number| {
                let (shared, order) = (Arc::clone(&shared), Arc::clone(&order));
                thread::spawn(move || {
                    let own = AtomicU32::new(0);
                    for _ in 0..each {
                        // Threads differ in how much they do besides.
                        for _ in 0..noise * number {
                            own.fetch_add(1, SeqCst);
                        }
                        shared.fetch_add(1, SeqCst);
                        order.lock().unwrap().push(number);
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|thread| thread.join().unwrap());
        // The first executions are drawn otherwise, and some are run twice.
        if index.fetch_add(1, Relaxed) >= 1_000 {
            let order = order.lock().unwrap().clone();
            *counts.lock().unwrap().entry(order).or_default() += 1;
        }
    });
    assert!(report.passed(), "{report}");
    counts.into_inner().unwrap()
}

/// Pearson's statistic against equal chances. About as large as the number of orders if these are right; larger by six times
/// its deviation in one of some hundred million cases.
#[track_caller]
fn are_equally_likely(counts: &BTreeMap<Vec<u32>, u64>, orders: usize) {
    assert_eq!(counts.len(), orders, "every order comes up, and no other");
    let total: u64 = counts.values().sum();
    let expected = total as f64 / orders as f64;
    let statistic: f64 = counts.values().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    let freedom = orders as f64 - 1.0;
    let limit = freedom + 6.0 * (2.0 * freedom).sqrt();
    assert!(statistic < limit, "{statistic} of at most {limit}: {counts:?}");
}

#[test]
fn surw_draws_all_orders_of_two_threads_alike() {
    are_equally_likely(&orders(2, 3, 0, 21_000), 20);
    are_equally_likely(&orders(2, 3, 4, 21_000), 20);
}

#[test]
fn surw_draws_all_orders_of_three_threads_alike() {
    are_equally_likely(&orders(3, 2, 0, 31_000), 90);
    are_equally_likely(&orders(3, 2, 3, 31_000), 90);
}

#[test]
fn a_thread_that_comes_first_too_often_is_noticed() {
    let result = std::panic::catch_unwind(|| {
        let counts = orders(3, 2, 3, 31_000);
        let skewed = counts.into_iter().map(|(order, count)| {
            let is_first = order[0] == 0;
            (order, if is_first { count * 2 } else { count })
        });
        are_equally_likely(&skewed.collect(), 90);
    });
    assert!(result.is_err());
}
