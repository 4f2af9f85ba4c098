//! Threads that can never go on while others can, and notifications that came too early.

use std::time::Duration;

use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::atomic::Ordering::SeqCst;
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, RwLock, Semaphore, mpsc};
use drawloom::{Config, FailureKind, Log, Report, StrategyKind, explore, thread};

fn sampled(body: impl Fn() + Send + Sync) -> Report {
    explore(Config::new().strategy(StrategyKind::Portfolio).executions(500), body)
}

/// The message of the deadlock that the report, and the replay of its token, are of.
fn deadlock(report: &Report, body: impl Fn() + Send + Sync) -> String {
    let failure = report.failure().unwrap_or_else(|| panic!("nothing was found: {report}"));
    assert_eq!(failure.kind(), FailureKind::Deadlock, "{report}");
    let again = explore(Config::new().replay(failure.token()), body);
    assert_eq!(again.failure().map(|again| again.message()), Some(failure.message()), "{again}");
    failure.message().to_owned()
}

#[test]
fn two_that_wait_for_each_other_are_found_while_a_third_goes_on() {
    let body = || {
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let theirs = Arc::clone(&locks);
        let first = thread::spawn(move || {
            let outer = theirs.0.lock().unwrap();
            drop((theirs.1.lock().unwrap(), outer));
        });
        let theirs = Arc::clone(&locks);
        let second = thread::spawn(move || {
            let outer = theirs.1.lock().unwrap();
            drop((theirs.0.lock().unwrap(), outer));
        });
        // Goes on for ever if the two do not end.
        while !(first.is_finished() && second.is_finished()) {
            thread::sleep(Duration::from_millis(1));
        }
    };
    let message = deadlock(&sampled(body), body);
    assert!(
        message.starts_with("thread 1 and thread 2 wait for each other for ever, while main"),
        "{message}"
    );
}

#[test]
fn one_that_waits_for_itself_is_found_while_others_go_on() {
    let body = || {
        let lock = Arc::new(RwLock::new(()));
        let theirs = Arc::clone(&lock);
        let stuck = thread::spawn(move || {
            let read = theirs.read().unwrap();
            drop((theirs.write().unwrap(), read));
        });
        while !stuck.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    let message = deadlock(&sampled(body), body);
    assert_eq!(message, "thread 1 waits for itself for ever, while main can go on");
}

#[test]
fn a_circle_leads_over_a_join() {
    let body = || {
        let lock = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&lock);
        let bystander = thread::spawn(|| (0..50).for_each(|_| thread::yield_now()));
        let guard = lock.lock().unwrap();
        let inner = thread::spawn(move || drop(theirs.lock().unwrap()));
        inner.join().unwrap();
        drop(guard);
        bystander.join().unwrap();
    };
    let message = deadlock(&sampled(body), body);
    assert!(message.contains("main and thread 2 wait"), "{message}");
}

#[test]
fn who_waits_with_a_timeout_goes_on() {
    let report = sampled(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let waiter = thread::spawn(move || {
            let guard = theirs.0.lock().unwrap();
            drop(theirs.1.wait_timeout(guard, Duration::from_millis(5)).unwrap());
        });
        drop(pair.0.lock().unwrap());
        waiter.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_notification_that_came_too_early_is_named() {
    let body = || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let notifier = thread::spawn(move || theirs.1.notify_one());
        let guard = pair.0.lock().unwrap();
        drop(pair.1.wait(guard).unwrap());
        notifier.join().unwrap();
    };
    for report in [explore(Config::new(), body), sampled(body)] {
        let text = report.to_string();
        assert!(
            text.contains("lost wakeup: the last notification, by thread 1 at step")
                && text.contains("main began to wait"),
            "{text}"
        );
    }
}

#[test]
fn a_notification_that_was_taken_by_another_is_not_lost() {
    let body = || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let wait = || {
            let pair = Arc::clone(&pair);
            thread::spawn(move || {
                let guard = pair.0.lock().unwrap();
                drop(pair.1.wait(guard).unwrap());
            })
        };
        let waiters = [wait(), wait()];
        while !waiters.iter().any(|waiter| waiter.is_finished()) {
            pair.1.notify_one();
            thread::yield_now();
        }
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    };
    let report = explore(Config::new().strategy(StrategyKind::RoundRobin).spurious(0).executions(50), body);
    let text = report.to_string();
    assert!(report.failed_with(FailureKind::Deadlock) && !text.contains("lost wakeup"), "{text}");
}

#[test]
fn a_lock_that_an_ended_thread_kept_is_found_while_others_go_on() {
    let body = |writes: bool| {
        move || {
            let lock = Arc::new(RwLock::new(()));
            let theirs = Arc::clone(&lock);
            let forgetful = thread::spawn(move || std::mem::forget(theirs.read().unwrap()));
            let theirs = Arc::clone(&lock);
            let waiter = thread::spawn(move || match writes {
                true => drop(theirs.write().unwrap()),
                false => drop(theirs.read().unwrap()),
            });
            while !(forgetful.is_finished() && waiter.is_finished()) {
                thread::sleep(Duration::from_millis(1));
            }
        }
    };
    let message = deadlock(&sampled(body(true)), body(true));
    let expected = "thread 2 waits for ever for a lock that thread 1, which has ended, has not given back, while main can go on";
    assert_eq!(message, expected);
    assert!(sampled(body(false)).passed(), "readers can go on");
}

/// Two threads of which each waits for the other to make room or to send.
fn full_channels() {
    let (requests, incoming) = mpsc::sync_channel(1);
    let (replies, outgoing) = mpsc::sync_channel(1);
    let server = thread::Builder::new().name("server".to_owned());
    let server = server.spawn(move || {
        for request in incoming {
            replies.send(request).unwrap();
        }
    });
    for request in 0..4 {
        requests.send(request).unwrap();
    }
    drop(requests);
    assert_eq!(outgoing.iter().sum::<u32>(), 6);
    server.unwrap().join().unwrap();
}

#[test]
fn channels_that_are_full_on_both_sides_are_explained() {
    let report = explore(Config::new(), full_channels);
    assert!(report.failed_with(FailureKind::Deadlock));
    insta::assert_snapshot!("full_channels", report.to_string());
}

#[test]
fn a_park_that_took_two_tokens_for_one_is_a_lost_wakeup() {
    let body = || {
        let waiter = thread::spawn(|| {
            thread::park();
            thread::park();
        });
        waiter.thread().unpark();
        waiter.thread().unpark();
        waiter.join().unwrap();
    };
    let report = explore(Config::new(), body);
    let message = deadlock(&report, body);
    assert!(message.contains("main and thread 1 wait for ever"), "{message}");
    let text = report.to_string();
    assert!(
        text.contains("lost wakeup: the last unpark, by main at") && text.contains("ended one wait"),
        "{text}"
    );
    assert!(text.contains("last unparked by main"), "{text}");
}

#[test]
fn a_waker_that_was_never_called_is_named() {
    let body = || drawloom::future::block_on(std::future::pending::<()>());
    let report = explore(Config::new(), body);
    deadlock(&report, body);
    assert!(report.to_string().contains("nobody has called the waker"), "{report}");
}

#[test]
fn what_is_missing_at_barriers_and_semaphores_is_told() {
    let report = explore(Config::new(), || {
        Barrier::new(2).wait();
    });
    assert!(report.to_string().contains("1 of 2 have arrived"), "{report}");
    let report = explore(Config::new(), || drop(Semaphore::new(1).acquire_many(2)));
    assert!(report.to_string().contains("wanted: 2, left: 1"), "{report}");
}

#[test]
fn what_a_failing_execution_took_can_be_asked() {
    let report = explore(Config::new().strategy(StrategyKind::RoundRobin), || {
        let other = thread::spawn(|| {
            thread::sleep(Duration::from_millis(20));
            thread::sleep(Duration::from_millis(30));
        });
        thread::yield_now();
        other.join().unwrap();
        panic!("the end");
    });
    let failure = report.failure().expect("a panic");
    // The main thread waits as long for the other as that sleeps.
    assert_eq!(failure.waited(), Duration::from_millis(100), "{report}");
    assert!(failure.switches() >= 3 && failure.switches() < failure.steps(), "{report}");
    assert!(failure.preemptions() <= failure.switches());
}

#[test]
fn a_preemption_is_a_switch_from_a_thread_that_could_go_on() {
    let find = |bound| {
        let config = Config::new().strategy(StrategyKind::RandomWalk).max_preemptions(bound);
        explore(config, || {
            let number = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&number);
            let other = thread::spawn(move || theirs.store(1, SeqCst));
            let seen = number.load(SeqCst);
            other.join().unwrap();
            assert_eq!(seen, 0, "seen");
        })
    };
    // Without a preemption the spawner goes on until it waits.
    assert!(find(0).passed());
    let report = find(1);
    let failure = report.failure().expect("a panic");
    assert_eq!(failure.preemptions(), 1, "{report}");
    // To the other thread and back.
    assert_eq!(failure.switches(), 2, "{report}");
}

#[test]
fn all_that_are_notified_are_named() {
    let body = || {
        let is_set = Arc::new(Mutex::new(false));
        let changed = Arc::new(Condvar::new());
        let waits = || {
            let (is_set, changed) = (Arc::clone(&is_set), Arc::clone(&changed));
            thread::spawn(move || drop(changed.wait_while(is_set.lock().unwrap(), |set| !*set).unwrap()))
        };
        let waiting = [waits(), waits()];
        // Sleepers go on when nobody else can: both wait then.
        thread::sleep(Duration::from_millis(1));
        *is_set.lock().unwrap() = true;
        changed.notify_all();
        waiting.into_iter().for_each(|thread| thread.join().unwrap());
        panic!("to be reported");
    };
    let report = explore(Config::new().log(Log::Full), body).to_string();
    assert!(report.contains(": wakes thread 1") && report.contains("and thread 2"), "{report}");
}
