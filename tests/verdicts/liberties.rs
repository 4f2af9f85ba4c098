//! What std allows but rarely does: explored once in an execution, and told.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use drawloom::{Assumption, Config, Coverage, FailureKind, Policy, StrategyKind, explore, thread};

use crate::{a_waiter, line};

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
    assert!(line(&report).contains(" more, not all of them, with a spurious failure"), "{report}");
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
fn whoever_leaves_a_barrier_comes_after_all_that_arrived() {
    let body = || {
        let (value, barrier) = (Arc::new(AtomicU32::new(0)), Arc::new(Barrier::new(2)));
        let (theirs, other) = (Arc::clone(&value), Arc::clone(&barrier));
        let thread = thread::spawn(move || {
            theirs.store(1, SeqCst);
            other.wait();
        });
        barrier.wait();
        assert_eq!(value.load(SeqCst), 1);
        thread.join().unwrap();
    };
    for config in [Config::new(), Config::new().spurious(0), Config::new().strategy(StrategyKind::Portfolio)]
    {
        let report = explore(config, body);
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn an_attempt_to_send_that_fails_orders_nothing() {
    let body = || {
        let value = Arc::new(AtomicU32::new(0));
        let (sender, _receiver) = mpsc::sync_channel(1);
        let (theirs, other) = (Arc::clone(&value), sender.clone());
        let thread = thread::spawn(move || {
            theirs.store(1, Relaxed);
            let _ = other.try_send(1);
        });
        let is_sent = sender.try_send(2).is_ok();
        assert!(is_sent || value.load(Relaxed) == 1);
        thread.join().unwrap();
    };
    for strategy in [StrategyKind::Auto, StrategyKind::Portfolio] {
        let report = explore(Config::new().strategy(strategy), body);
        assert!(report.failed_with(FailureKind::Panic), "{report}");
    }
}

#[test]
fn a_bound_on_preemptions_that_keeps_liberties_out_is_told() {
    // Whoever wakes up without a reason shows it for a moment: only a preemption finds that.
    let body = || {
        let shared = Arc::new((Mutex::new(false), Condvar::new(), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let waiter = thread::spawn(move || {
            let mut guard = theirs.0.lock().unwrap();
            while !*guard {
                guard = theirs.1.wait(guard).unwrap();
                theirs.2.store(1, SeqCst);
                theirs.2.store(0, SeqCst);
            }
        });
        let theirs = Arc::clone(&shared);
        let notifier = thread::spawn(move || {
            assert_eq!(theirs.2.load(SeqCst), 0);
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        waiter.join().unwrap();
        notifier.join().unwrap();
    };
    let report = explore(Config::new().max_preemptions(0), body);
    assert_eq!(report.coverage(), Some(Coverage::Bounded), "{report}");
    assert!(line(&report).contains(" with at most 0 preemptions"), "{report}");
    let report = explore(Config::new(), body);
    assert!(report.failed_with(FailureKind::Panic), "{report}");
}
