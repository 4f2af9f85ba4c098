use std::collections::BTreeSet;

use drawloom::FailureKind;
use drawloom::sync::Barrier;
use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::thread;

use crate::{fails, outcomes, passes, random};

#[test]
fn nobody_leaves_before_all_have_arrived() {
    passes(random(), || {
        let (barrier, arrived) = (Barrier::new(3), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 1..=2 {
                        arrived.fetch_add(1, Ordering::Relaxed);
                        barrier.wait();
                        assert!(arrived.load(Ordering::Relaxed) >= 3 * round);
                    }
                });
            }
        });
    });
}

#[test]
fn one_thread_leads_and_it_may_be_any() {
    let leaders = outcomes(random(), || {
        let barrier = Barrier::new(3);
        let threads = thread::scope(|scope| {
            let threads = [0, 1, 2].map(|_| scope.spawn(|| barrier.wait().is_leader()));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(threads.iter().filter(|leads| **leads).count(), 1);
        threads.iter().position(|leads| *leads).unwrap()
    });
    assert_eq!(leaders, BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_barrier_for_one_or_none_lets_everybody_go() {
    passes(random().executions(1), || {
        for size in [0, 1] {
            let barrier = Barrier::new(size);
            assert!(barrier.wait().is_leader());
            assert!(barrier.wait().is_leader());
        }
    });
}

#[test]
fn too_few_threads_are_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || {
        let barrier = Barrier::new(3);
        thread::scope(|scope| {
            scope.spawn(|| barrier.wait());
            barrier.wait();
        });
    });
}
