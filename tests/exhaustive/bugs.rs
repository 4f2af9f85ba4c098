//! What an exhaustive exploration has to find, what it has to say about it, and what it cannot do. Livelocks are
//! in `livelocks`.

use std::sync::atomic::AtomicU64 as RealU64;

use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, Coverage, FailureKind, MemoryModel, Report, StrategyKind, explore, thread};

use crate::config;

/// The report of a test that fails, which is what its token shows too.
pub(crate) fn failure(body: impl Fn() + Send + Sync + Copy) -> Report {
    let report = explore(config(MemoryModel::Rc11), body);
    let failure = report.failure().unwrap_or_else(|| panic!("it did not fail: {report}"));
    let again = explore(Config::new().replay(failure.token()), body);
    assert!(again.failed_with(failure.kind()), "the token shows another thing: {again}");
    assert_eq!(again.failure().map(|again| again.message()), Some(failure.message()));
    report
}

#[test]
fn locks_in_two_orders_are_a_deadlock() {
    let report = failure(|| {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let theirs = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let _first = theirs.1.lock().unwrap();
            let _second = theirs.0.lock().unwrap();
        });
        let first = locks.0.lock().unwrap();
        drop(locks.1.lock().unwrap());
        drop(first);
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Deadlock));
}

#[test]
fn philosophers_starve() {
    for philosophers in [3, 4] {
        let body = move || {
            let forks: Arc<[Mutex<()>]> = (0..philosophers).map(|_| Mutex::new(())).collect();
            let dine = |me: usize| {
                let forks = Arc::clone(&forks);
                thread::spawn(move || {
                    let _left = forks[me].lock().unwrap();
                    let _right = forks[(me + 1) % forks.len()].lock().unwrap();
                })
            };
            let threads: Vec<_> = (0..philosophers).map(dine).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        };
        assert!(failure(body).failed_with(FailureKind::Deadlock));
    }
}

#[test]
fn a_notification_that_comes_too_early_is_lost() {
    let report = failure(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let thread = thread::spawn(move || theirs.1.notify_one());
        let guard = pair.0.lock().unwrap();
        drop(pair.1.wait(guard).unwrap());
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Deadlock));
}

#[test]
fn a_stale_value_fails_an_assertion() {
    let report = failure(|| {
        let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            theirs.0.store(1, Relaxed);
            theirs.1.store(true, Relaxed);
        });
        if shared.1.load(Acquire) {
            assert_eq!(shared.0.load(Relaxed), 1, "the data is not there yet");
        }
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Panic));
    assert!(report.to_string().contains("stale"), "{report}");
}

#[test]
fn an_exploration_that_cannot_end_says_so() {
    let endless = || {
        let counter = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&counter);
        let thread = thread::spawn(move || {
            while theirs.fetch_add(1, Relaxed) < 100 {
                thread::yield_now();
            }
        });
        while counter.fetch_add(1, Relaxed) < 100 {
            thread::yield_now();
        }
        thread.join().unwrap();
    };
    let report = explore(config(MemoryModel::Rc11).executions(100), endless);
    let failure = report.failure().expect("it cannot be finished");
    assert_eq!(failure.kind(), FailureKind::Unverified);
    assert!(failure.message().contains("the 100 executions that it was allowed"), "{failure}");
    // By default some of them are sampled then.
    let report = explore(Config::new().executions(20), endless);
    assert!(matches!(report.coverage(), Some(Coverage::Sampled { .. })), "{report}");
}

#[test]
fn what_decides_without_being_controlled_is_named() {
    let runs = RealU64::new(0);
    let body = || {
        let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let run = runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let thread = thread::spawn(move || {
            if run.is_multiple_of(2) {
                theirs.0.store(1, SeqCst);
            } else {
                theirs.1.fetch_add(1, SeqCst);
            }
        });
        shared.0.load(SeqCst);
        shared.1.load(SeqCst);
        thread.join().unwrap();
    };
    let report = explore(config(MemoryModel::Rc11), body);
    let failure = report.failure().expect("runs differ");
    assert_eq!(failure.kind(), FailureKind::Nondeterminism, "{failure}");
    assert!(failure.message().contains("store") && failure.message().contains("modify"), "{failure}");
}

#[test]
fn ten_thousand_operations_of_a_thread_are_no_trouble() {
    let body = || {
        let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || theirs.1.store(1, Relaxed));
        for value in 0..5_000 {
            shared.0.store(value, Relaxed);
            shared.0.load(Relaxed);
        }
        shared.1.load(Relaxed);
        thread.join().unwrap();
    };
    let report = explore(config(MemoryModel::Rc11), body);
    assert_eq!((report.executions(), report.coverage()), (2, Some(Coverage::Verified)), "{report}");
}

#[test]
fn thread_ids_are_data_like_any_other() {
    let body = || {
        let last = Arc::new(Mutex::new(None));
        let leave = || {
            let last = Arc::clone(&last);
            thread::spawn(move || last.lock().unwrap().replace(thread::current().id()))
        };
        let threads = [leave(), leave()];
        let ids = threads.each_ref().map(|thread| thread.thread().id());
        let found = threads.map(|thread| thread.join().unwrap());
        assert!(found == [None, Some(ids[0])] || found == [Some(ids[1]), None], "{found:?}");
    };
    let report = explore(config(MemoryModel::Rc11), body);
    assert_eq!((report.executions(), report.coverage()), (2, Some(Coverage::Verified)), "{report}");
}

#[test]
fn addresses_are_data_like_any_other() {
    // Each execution has other ones, kept so that no allocation has the address of an earlier one.
    let kept = std::sync::Mutex::new(Vec::new());
    let body = || {
        let new = || {
            let value = Box::new(7u64);
            let address = std::ptr::from_ref(&*value).addr();
            kept.lock().unwrap().push(value);
            address as u64
        };
        let (mine, theirs) = (new(), new());
        let slot = Arc::new(drawloom::sync::atomic::AtomicU64::new(mine));
        let other = Arc::clone(&slot);
        let thread = thread::spawn(move || other.compare_exchange(mine, theirs, SeqCst, SeqCst).is_ok());
        let swapped = slot.swap(theirs, SeqCst);
        let exchanged = thread.join().unwrap();
        assert_eq!(exchanged, swapped == theirs);
    };
    let report = explore(config(MemoryModel::Rc11), body);
    assert_eq!((report.executions(), report.coverage()), (2, Some(Coverage::Verified)), "{report}");
}

#[test]
fn a_random_value_is_tried_in_full_if_it_is_small() {
    let report = explore(config(MemoryModel::Rc11), || {
        drawloom::choose(3);
        drawloom::choose(2);
    });
    assert_eq!((report.executions(), report.coverage()), (6, Some(Coverage::Verified)));
    let report = explore(config(MemoryModel::Rc11), || {
        drawloom::rand::bits();
    });
    assert_eq!(report.coverage(), Some(Coverage::Bounded));
}

#[test]
fn spurious_wakeups_are_explored_unless_there_are_to_be_none() {
    let body = || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let thread = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let guard = pair.0.lock().unwrap();
        if !*guard {
            let guard = pair.1.wait(guard).unwrap();
            assert!(*guard, "woken for no reason");
        }
        thread.join().unwrap();
    };
    assert!(explore(config(MemoryModel::Rc11).spurious(0), body).passed());
    for config in [config(MemoryModel::Rc11), config(MemoryModel::Rc11).spurious(1), Config::new()] {
        assert!(explore(config, body).failed_with(FailureKind::Panic));
    }
}

#[test]
fn a_small_test_is_verified_by_default() {
    let report = explore(Config::new(), || {
        let counter = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&counter);
        let thread = thread::spawn(move || theirs.fetch_add(1, Relaxed));
        counter.fetch_add(1, Relaxed);
        thread.join().unwrap();
    });
    assert_eq!(report.to_string(), "drawloom: verified: all 2 executions");
    let bounded = Config::new().strategy(StrategyKind::Exhaustive).max_preemptions(0);
    let report = explore(bounded, || {
        let counter = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&counter);
        let thread = thread::spawn(move || {
            theirs.load(Relaxed);
            theirs.store(1, Relaxed);
            theirs.store(2, Relaxed);
        });
        counter.load(SeqCst);
        thread.join().unwrap();
    });
    assert_eq!(report.coverage(), Some(Coverage::Bounded), "{report}");
}

#[test]
fn a_lost_update_takes_a_preemption() {
    let body = || {
        let number = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&number);
        let thread = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
        number.store(number.load(SeqCst) + 1, SeqCst);
        thread.join().unwrap();
        assert_eq!(number.load(SeqCst), 2, "an update was lost");
    };
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        assert_eq!(explore(config(memory).max_preemptions(0), body).coverage(), Some(Coverage::Bounded));
        assert!(explore(config(memory).max_preemptions(1), body).failed_with(FailureKind::Panic));
    }
}
