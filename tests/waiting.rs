//! Threads that can never go on while others can, and notifications that came too early.

use std::time::Duration;

use drawloom::sync::{Arc, Condvar, Mutex, RwLock};
use drawloom::{Config, FailureKind, Report, StrategyKind, explore, thread};

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
