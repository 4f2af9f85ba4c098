//! What ends an exploration, and that reports do not depend on the number of workers.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, Coverage, FailureKind, Limit, StrategyKind, explore, thread};

use crate::{a_waiter, line};

/// More executions than anybody wants to explore.
fn large() {
    let mutex = Arc::new(Mutex::new(0));
    let threads = [(); 3].map(|()| {
        let mutex = Arc::clone(&mutex);
        thread::spawn(move || {
            for _ in 0..20 {
                *mutex.lock().unwrap() += 1;
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn steps_limit_sampling_and_the_line_says_so() {
    for workers in [1, 2, 4, 8] {
        let report = explore(Config::new().steps(20_000).workers(workers), large);
        assert_eq!(report.stopped_by(), Some(Limit::Steps(20_000)), "{report}");
        assert!(line(&report).ends_with("stopped by the limit of 20,000 steps in all"), "{report}");
        assert!((100..200).contains(&report.executions()), "{report}");
    }
}

#[test]
fn reports_do_not_depend_on_the_number_of_workers() {
    let fails = || {
        let x = Arc::new(AtomicU32::new(0));
        let threads = [1, 2, 3].map(|by| {
            let x = Arc::clone(&x);
            thread::spawn(move || {
                for _ in 0..2 {
                    x.store(x.load(Relaxed) + by, Relaxed);
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_ne!(x.load(Relaxed), 7);
    };
    let sampled = || Config::new().strategy(StrategyKind::Portfolio).shrink(false);
    let all = || Config::new().strategy(StrategyKind::Exhaustive).shrink(false);
    let settings =
        [sampled(), sampled().steps(3_000), all(), all().executions(500), Config::new().executions(300)];
    for config in settings {
        // All executions of the second are too many.
        for (body, executions) in [(fails as fn(), None), (large, Some(200)), (a_waiter, None)] {
            let config =
                executions.map_or(config.clone(), |executions| config.clone().executions(executions));
            let outcome = |workers| {
                let report = explore(config.clone().workers(workers), body);
                let failure = report.failure().map(|failure| (failure.kind(), failure.execution()));
                (failure, report.executions(), report.steps(), line(&report))
            };
            let one = outcome(1);
            for workers in [2, 4, 8] {
                assert_eq!(outcome(workers), one, "{workers} workers");
            }
        }
    }
}

/// Steps that only show that a thread spins are no steps of an execution.
#[test]
fn a_step_limit_counts_what_executions_need() {
    let body = || {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || *theirs.lock().unwrap() = true);
        while !*done.lock().unwrap() {}
        thread.join().unwrap();
    };
    let report = explore(Config::new().strategy(StrategyKind::Exhaustive).max_steps(100), body);
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
}

#[test]
fn steps_do_not_depend_on_the_number_of_workers() {
    let body = || {
        let number = Arc::new(AtomicU32::new(0));
        let threads = [(); 3].map(|()| {
            let number = Arc::clone(&number);
            thread::spawn(move || {
                loop {
                    let found = number.load(SeqCst);
                    if number.compare_exchange_weak(found, found + 1, SeqCst, SeqCst).is_ok() {
                        break;
                    }
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let counts = [1, 2, 4, 8].map(|workers| {
        let report = explore(Config::new().workers(workers), body);
        (report.executions(), report.steps())
    });
    assert!(counts.iter().all(|&count| count == counts[0]), "{counts:?}");
}

/// A single execution is so large that looking at it takes all the time there is.
#[test]
fn several_workers_keep_the_time_of_an_exploration_that_one_execution_exceeds() {
    let body = || {
        let shared = Arc::new((AtomicU32::new(0), Mutex::new(0)));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    for _ in 0..50 {
                        shared.0.fetch_add(1, SeqCst);
                        *shared.1.lock().unwrap() += 1;
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let config = Config::new().strategy(StrategyKind::Exhaustive).time(Duration::from_millis(300));
    let report = explore(config.workers(2), body);
    assert!(report.failed_with(FailureKind::Unverified), "{report}");
    assert!(report.to_string().contains("the time that it was allowed"), "{report}");
}

#[test]
fn a_loop_that_ends_where_others_have_their_turn_is_no_failure() {
    let waits = || {
        let (done, count) = (Arc::new(AtomicU32::new(0)), AtomicU32::new(0));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || theirs.store(1, SeqCst));
        while done.load(SeqCst) == 0 {
            count.fetch_add(1, SeqCst);
        }
        thread.join().unwrap();
    };
    let unparks = || {
        let thread = thread::spawn(thread::park);
        while !thread.is_finished() {
            thread.thread().unpark();
        }
        thread.join().unwrap();
    };
    for config in [Config::new().executions(100).max_steps(1_000), Config::new().executions(100)] {
        for body in [&waits as &(dyn Fn() + Sync), &unparks] {
            let report = explore(config.clone(), body);
            assert!(report.passed(), "{report}");
        }
    }
    let config = Config::new().strategy(StrategyKind::Exhaustive).max_steps(1_000);
    let report = explore(config, waits);
    assert!(report.failed_with(FailureKind::Unverified), "{report}");
    assert!(report.to_string().contains("only fairness ends its loop"), "{report}");
}
