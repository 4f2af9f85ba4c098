//! What verdicts say, what they rest on, and what ends an exploration.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use drawloom::collections::HashMap;
use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use drawloom::{
    Assumption, Config, Coverage, FailureKind, Limit, MemoryModel, Policy, Report, StrategyKind, Timeouts,
    explore, thread,
};

fn line(report: &Report) -> String {
    report.to_string().lines().next().expect("a report has a line").to_owned()
}

/// A thread sleeps while it holds a lock that another one wants.
fn a_holder_that_sleeps() {
    let mutex = Arc::new(Mutex::new(()));
    let theirs = Arc::clone(&mutex);
    let thread = thread::spawn(move || {
        let _guard = theirs.lock().unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    drop(mutex.lock().unwrap());
    thread.join().unwrap();
}

/// A thread waits for a flag in a loop, as it has to.
fn a_waiter() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let thread = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    let mut guard = pair.0.lock().unwrap();
    while !*guard {
        guard = pair.1.wait(guard).unwrap();
    }
    drop(guard);
    thread.join().unwrap();
}

#[test]
fn a_line_names_what_a_verdict_rests_on_and_nothing_else() {
    let sleeps = explore(Config::new(), a_holder_that_sleeps);
    assert_eq!(
        line(&sleeps),
        "drawloom: verified: all 2 executions (timers end in the order of their deadlines)"
    );
    assert_eq!(sleeps.assumptions(), [Assumption::DeadlineOrder]);
    let at_any_time = explore(Config::new().timeouts(Timeouts::Any), a_holder_that_sleeps);
    assert_eq!(line(&at_any_time), "drawloom: verified: all 2 executions");
    assert_eq!(at_any_time.assumptions(), []);
    let weak = || {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let thread = thread::spawn(move || theirs.store(1, Relaxed));
        x.load(Relaxed);
        thread.join().unwrap();
    };
    let strong = explore(Config::new().memory(MemoryModel::SequentiallyConsistent), weak);
    assert_eq!(line(&strong), "drawloom: verified: all 2 executions (memory is sequentially consistent)");
    assert_eq!(line(&explore(Config::new(), weak)), "drawloom: verified: all 2 executions");
}

#[test]
fn a_longer_sleep_comes_later_unless_time_passes_as_it_likes() {
    let body = || {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            theirs.store(1, SeqCst);
        });
        thread::sleep(Duration::from_millis(11));
        assert_eq!(x.load(SeqCst), 1, "the sleep was too short");
        thread.join().unwrap();
    };
    let report = explore(Config::new(), body);
    assert_eq!(
        line(&report),
        "drawloom: verified: the only execution (timers end in the order of their deadlines)"
    );
    let report = explore(Config::new().timeouts(Timeouts::Any), body);
    assert!(report.failed_with(FailureKind::Panic), "{report}");
    assert!(!report.to_string().contains("stale"), "{report}");
}

#[test]
fn what_std_allows_is_a_second_stage() {
    let report = explore(Config::new(), a_waiter);
    let first = explore(Config::new().spurious(0), a_waiter);
    assert_eq!(report.executions(), first.executions(), "the counts are those of the first stage");
    assert_eq!(line(&first), "drawloom: verified: all 2 executions (without a spurious wakeup)");
    assert_eq!(
        line(&report),
        "drawloom: verified: all 2 executions (and all 2 with a spurious wakeup, at most one each)"
    );
    let [Assumption::Liberties { liberties, bound: 1, explored: Some((2, true)) }] = report.assumptions()
    else {
        panic!("{:?}", report.assumptions());
    };
    assert!(liberties.spurious_wakeup && !liberties.spurious_failure && !liberties.park_token);
    // A second stage that is too large is told of, and leaves the first as it is.
    let many = || {
        let x = Arc::new(AtomicU32::new(0));
        let threads = [(); 3].map(|()| {
            let x = Arc::clone(&x);
            thread::spawn(move || {
                for _ in 0..2 {
                    let _ = x.compare_exchange_weak(0, 0, SeqCst, SeqCst);
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let all = explore(Config::new().strategy(StrategyKind::Exhaustive), many).executions();
    let report = explore(Config::new().strategy(StrategyKind::Exhaustive).executions(all + 9), many);
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    assert!(line(&report).contains(" of those with a spurious failure"), "{report}");
}

#[test]
fn a_reader_may_wait_behind_a_writer_that_waits() {
    let body = || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let thread = thread::spawn(move || *theirs.write().unwrap() += 1);
        let (first, second) = (lock.read().unwrap(), lock.read().unwrap());
        assert_eq!(*first, *second);
        drop((first, second));
        thread.join().unwrap();
    };
    for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::Portfolio] {
        let report = explore(Config::new().strategy(strategy), body);
        assert!(report.failed_with(FailureKind::Deadlock), "{report}");
    }
    assert!(explore(Config::new().spurious(0), body).passed());
    // The writer's next operation is there before anybody reads.
    let comes_first = || {
        let lock = Arc::new(RwLock::new(0));
        let (theirs, (sender, receiver)) = (Arc::clone(&lock), mpsc::channel());
        let thread = thread::spawn(move || {
            sender.send(()).unwrap();
            *theirs.write().unwrap() += 1;
        });
        receiver.recv().unwrap();
        let (first, second) = (lock.read().unwrap(), lock.read().unwrap());
        assert_eq!(*first, *second);
        drop((first, second));
        thread.join().unwrap();
    };
    for strategy in [StrategyKind::Auto, StrategyKind::RandomWalk] {
        let report = explore(Config::new().strategy(strategy), comes_first);
        assert!(report.failed_with(FailureKind::Deadlock), "{report}");
    }
}

#[test]
fn a_receiver_that_is_about_to_receive_may_come_too_late_for_an_attempt_to_hand_over() {
    let report = explore(Config::new(), || {
        let (sender, receiver) = mpsc::sync_channel(0);
        let (tells, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            tells.send(()).unwrap();
            receiver.recv()
        });
        told.recv().unwrap();
        sender.try_send(7).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(7));
    });
    assert!(report.failed_with(FailureKind::Panic), "{report}");
}

/// The second read can only wait behind the writer if the wait ended before its time.
#[test]
fn liberties_of_different_kinds_are_counted_together() {
    let body = || {
        let shared = Arc::new((Mutex::new(()), Condvar::new(), RwLock::new(())));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let (mutex, condvar, lock) = &*theirs;
            drop(condvar.wait_timeout(mutex.lock().unwrap(), Duration::from_secs(1)).unwrap());
            drop((lock.read().unwrap(), lock.read().unwrap()));
        });
        let writes = Arc::clone(&shared);
        let writer = thread::spawn(move || drop(writes.2.write().unwrap()));
        thread.join().unwrap();
        writer.join().unwrap();
    };
    let explored =
        |spurious| explore(Config::new().strategy(StrategyKind::Exhaustive).spurious(spurious), body);
    assert!(explored(1).passed(), "{}", explored(1));
    assert!(explored(2).failed_with(FailureKind::Deadlock), "{}", explored(2));
}

/// Where std has no occasion for a liberty, there is no execution for it.
#[test]
fn liberties_without_an_occasion_are_not_counted() {
    let readers = || {
        let lock = Arc::new(RwLock::new(()));
        let threads = [(); 2].map(|()| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let _outer = lock.read().unwrap();
                let _inner = lock.read().unwrap();
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let explored =
        |spurious| explore(Config::new().strategy(StrategyKind::Exhaustive).spurious(spurious), readers);
    assert_eq!((explored(0).executions(), explored(1).executions()), (70, 70));
}

#[test]
fn waits_of_stds_own_may_take_the_park_token() {
    let receives = || {
        let (sender, receiver) = mpsc::channel();
        let main = thread::current();
        let thread = thread::spawn(move || {
            main.unpark();
            sender.send(1).unwrap();
        });
        receiver.recv().unwrap();
        thread::park();
        thread.join().unwrap();
    };
    let ends_a_scope = || {
        let main = thread::current();
        thread::scope(|scope| {
            scope.spawn(|| main.unpark());
        });
        thread::park();
    };
    // The wait outlasts a sleep.
    let joins = || {
        let main = thread::current();
        let sleeper = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            main.unpark();
        });
        sleeper.join().unwrap();
        thread::park();
    };
    fn sends(capacity: usize) {
        let (sender, receiver) = mpsc::sync_channel(capacity);
        let main = thread::current();
        (0..capacity).for_each(|_| sender.send(0).unwrap());
        let thread = thread::spawn(move || {
            main.unpark();
            receiver.recv().unwrap();
            receiver
        });
        sender.send(1).unwrap();
        thread::park();
        thread.join().unwrap();
    }
    for body in [receives as fn(), ends_a_scope, joins, || sends(1), || sends(0)] {
        assert!(explore(Config::new(), body).failed_with(FailureKind::Deadlock));
        let exhaustive = Config::new().strategy(StrategyKind::Exhaustive);
        assert!(explore(exhaustive.spurious(1), body).failed_with(FailureKind::Deadlock));
        assert!(explore(Config::new().spurious(0), body).passed());
    }
    // Who finds its message does not park.
    let finds = || {
        let (sender, receiver) = mpsc::channel();
        let main = thread::current();
        sender.send(1).unwrap();
        let thread = thread::spawn(move || main.unpark());
        receiver.recv().unwrap();
        thread::park();
        // The token is taken by the time that this waits.
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), finds).passed());
    let finds_room = || {
        let (sender, _receiver) = mpsc::sync_channel(1);
        let main = thread::current();
        let thread = thread::spawn(move || main.unpark());
        sender.send(1).unwrap();
        thread::park();
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), finds_room).passed());
    // Nor who finds that the receiver has gone.
    for capacity in [0, 1] {
        let finds_nobody = || {
            let (sender, receiver) = mpsc::sync_channel(capacity);
            (0..capacity).for_each(|_| sender.send(0).unwrap());
            drop(receiver);
            thread::current().unpark();
            assert!(sender.send(1).is_err());
            thread::park();
        };
        for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::RandomWalk] {
            let report = explore(Config::new().strategy(strategy).leaks(Policy::Allow), finds_nobody);
            assert!(report.passed(), "{report}");
        }
    }
}

#[test]
fn any_thread_may_lead_a_barrier() {
    let body = || {
        let barrier = Arc::new(Barrier::new(2));
        let theirs = Arc::clone(&barrier);
        let thread = thread::spawn(move || theirs.wait().is_leader());
        thread::sleep(Duration::from_secs(1));
        let leads = barrier.wait().is_leader();
        assert_ne!(leads, thread.join().unwrap());
        assert!(!leads, "who comes last does not lead");
    };
    for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::Portfolio] {
        assert!(explore(Config::new().strategy(strategy), body).failed_with(FailureKind::Panic));
    }
}

#[test]
fn an_order_of_iteration_that_was_not_explored_is_no_verification() {
    let iterates = || {
        let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
        map.keys().count();
    };
    let report = explore(Config::new(), iterates);
    assert_eq!(line(&report), "drawloom: bounded: the only execution (one order of iteration of hash maps)");
    let looks_up = || {
        let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
        assert!(map.contains_key(&1));
    };
    assert_eq!(explore(Config::new(), looks_up).coverage(), Some(Coverage::Verified));
    // By default schedules are sampled as well, and one of the two orders is found to fail.
    for wrong in [0, 1] {
        let depends = move || {
            let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
            assert_ne!(*map.keys().next().unwrap(), wrong);
        };
        assert!(explore(Config::new(), depends).failed_with(FailureKind::Panic));
    }
}

#[test]
fn numbers_that_are_drawn_elsewhere_are_nondeterminism() {
    // A bit that is as good as random: an address of a fresh allocation, hashed by std's own keys.
    let coin = || {
        use std::hash::BuildHasher;
        std::hash::RandomState::new().hash_one(0).is_multiple_of(2)
    };
    for _ in 0..10 {
        let fails = explore(Config::new(), || assert!(coin()));
        assert!(fails.failed_with(FailureKind::Nondeterminism), "{fails}");
        let decides = explore(Config::new(), || {
            let mutex = Mutex::new(());
            if coin() {
                drop(mutex.lock());
            }
        });
        assert!(decides.failed_with(FailureKind::Nondeterminism), "{decides}");
    }
}

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

/// What a test keeps of a round of a loop that waits is not explored: the line says so, and sampling looks.
#[test]
fn what_is_kept_of_a_round_that_waits_is_told_and_sampled() {
    let reads_one = || {
        let number = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&number);
        let thread = thread::spawn(move || {
            theirs.store(1, SeqCst);
            theirs.store(2, SeqCst);
        });
        let mut has_seen_one = false;
        loop {
            match number.load(SeqCst) {
                0 => {}
                1 => has_seen_one = true,
                _ => break,
            }
            thread::yield_now();
        }
        thread.join().unwrap();
        assert!(!has_seen_one);
    };
    assert!(explore(Config::new(), reads_one).failed_with(FailureKind::Panic));
    let exhaustive = explore(Config::new().strategy(StrategyKind::Exhaustive), reads_one);
    assert!(exhaustive.assumptions().contains(&Assumption::WaitingLoops), "{exhaustive}");
}

#[test]
fn a_panic_that_was_caught_hides_no_deadlock() {
    let body = || {
        assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
        let (sender, receiver) = mpsc::channel::<u32>();
        let _ = receiver.recv();
        drop(sender);
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Deadlock));
}

#[test]
fn a_destructor_of_a_thread_local_that_panics_aborts_as_with_std() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    drawloom::thread_local! {
        static KEPT: std::cell::RefCell<Option<Panics>> = const { std::cell::RefCell::new(None) };
    }
    let body = || {
        let thread = thread::spawn(|| KEPT.with(|kept| *kept.borrow_mut() = Some(Panics)));
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Crash));
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
