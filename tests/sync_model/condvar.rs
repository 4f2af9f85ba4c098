use std::collections::BTreeSet;
use std::time::Duration;

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, FailureKind, Timeouts, thread};

use crate::{fails, outcomes, passes, random};

const SECOND: Duration = Duration::from_secs(1);

fn no_spurious() -> Config {
    random().spurious(0)
}

#[test]
fn a_waiter_sees_what_the_notifier_did() {
    passes(random(), || {
        let (ready, changed) = (Mutex::new(0), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                *ready.lock().unwrap() = 1;
                changed.notify_one();
            });
            let seen = changed.wait_while(ready.lock().unwrap(), |ready| *ready == 0).unwrap();
            assert_eq!(*seen, 1);
        });
    });
}

/// Three waiters, of which the notifier lets one go; who?
fn who_is_notified() -> u32 {
    let (waiting, woken, changed) = (Mutex::new(0), AtomicU32::new(0), Condvar::new());
    thread::scope(|scope| {
        let (waiting, woken, changed) = (&waiting, &woken, &changed);
        for waiter in 1..=3 {
            scope.spawn(move || {
                let mut guard = waiting.lock().unwrap();
                *guard += 1;
                drop(changed.wait(guard).unwrap());
                let _ = woken.compare_exchange(0, waiter, Ordering::Relaxed, Ordering::Relaxed);
            });
        }
        while *waiting.lock().unwrap() < 3 {
            thread::yield_now();
        }
        changed.notify_one();
        while woken.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        changed.notify_all();
    });
    woken.into_inner()
}

#[test]
fn notify_one_wakes_any_waiter() {
    assert_eq!(outcomes(no_spurious(), who_is_notified), BTreeSet::from([1, 2, 3]));
}

#[test]
fn notify_one_wakes_only_one() {
    fails(FailureKind::Deadlock, no_spurious(), || {
        let (waiting, changed) = (Mutex::new(0), Condvar::new());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut guard = waiting.lock().unwrap();
                    *guard += 1;
                    drop(changed.wait(guard).unwrap());
                });
            }
            while *waiting.lock().unwrap() < 2 {
                thread::yield_now();
            }
            changed.notify_one();
        });
    });
}

#[test]
fn a_notification_before_the_wait_is_lost() {
    let report = fails(FailureKind::Deadlock, no_spurious(), || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let thread = thread::spawn(move || theirs.1.notify_one());
        drop(pair.1.wait(pair.0.lock().unwrap()).unwrap());
        thread.join().unwrap();
    });
    assert!(report.to_string().contains("Condvar"), "{report}");
}

/// A wait that is not repeated, of a thread that another one will notify.
fn wait_without_asking_again() {
    let (mutex, condvar) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            *mutex.lock().unwrap() = true;
            condvar.notify_one();
        });
        let guard = mutex.lock().unwrap();
        let guard = if *guard { guard } else { condvar.wait(guard).unwrap() };
        assert!(*guard);
    });
}

#[test]
fn a_wait_ends_for_no_reason_where_that_is_allowed() {
    fails(FailureKind::Panic, random().spurious(1), wait_without_asking_again);
    passes(no_spurious(), wait_without_asking_again);
}

#[test]
fn a_wait_for_nobody_is_a_deadlock_however_often_it_ends_for_no_reason() {
    fn body() {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        drop(condvar.wait_while(mutex.lock().unwrap(), |()| true));
    }
    fails(FailureKind::Deadlock, random().spurious(3), body);
    fails(FailureKind::Deadlock, no_spurious(), body);
}

/// Whether a wait timed out although somebody was about to notify.
fn wait_for_a_notifier() -> bool {
    let (mutex, condvar) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            *mutex.lock().unwrap() = true;
            condvar.notify_one();
        });
        let guard = mutex.lock().unwrap();
        let (_guard, result) = condvar.wait_timeout_while(guard, SECOND, |ready| !*ready).unwrap();
        result.timed_out()
    })
}

#[test]
fn timeouts_fire_last() {
    assert_eq!(outcomes(random(), wait_for_a_notifier), BTreeSet::from([false]));
}

#[test]
fn timeouts_fire_any_time_if_the_test_says_so() {
    let config = random().timeouts(Timeouts::Any);
    assert_eq!(outcomes(config, wait_for_a_notifier), BTreeSet::from([false, true]));
}

#[test]
fn a_wait_that_nobody_ends_times_out() {
    passes(no_spurious(), || {
        let (mutex, condvar) = (Mutex::new(7), Condvar::new());
        let (guard, result) = condvar.wait_timeout(mutex.lock().unwrap(), SECOND).unwrap();
        assert!(result.timed_out());
        assert_eq!(*guard, 7);
        assert!(mutex.try_lock().is_err());
        let (guard, result) = condvar.wait_timeout_while(guard, SECOND, |_| true).unwrap();
        assert!(result.timed_out());
        drop(guard);
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn a_notified_wait_has_not_timed_out() {
    for config in [no_spurious(), no_spurious().timeouts(Timeouts::Any)] {
        passes(config, || {
            let (mutex, condvar) = (Mutex::new(false), Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    *mutex.lock().unwrap() = true;
                    condvar.notify_all();
                });
                let guard = mutex.lock().unwrap();
                if !*guard {
                    let (guard, result) = condvar.wait_timeout(guard, SECOND).unwrap();
                    assert!(*guard || result.timed_out());
                }
            });
        });
    }
}

#[test]
fn a_notifier_that_panics_with_the_mutex_poisons_the_wait() {
    passes(no_spurious(), || {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        thread::scope(|scope| {
            let guard = mutex.lock().unwrap();
            let thread = scope.spawn(|| {
                let _guard = mutex.lock().unwrap();
                condvar.notify_one();
                panic!("while locked");
            });
            assert!(condvar.wait(guard).is_err());
            assert!(thread.join().is_err());
        });
    });
}

#[test]
fn a_second_mutex_is_refused() {
    let report = fails(FailureKind::Panic, no_spurious(), || {
        let (first, second, condvar) = (Mutex::new(()), Mutex::new(()), Condvar::new());
        let _ = condvar.wait_timeout(first.lock().unwrap(), SECOND);
        let _ = condvar.wait_timeout(second.lock().unwrap(), SECOND);
    });
    assert_eq!(report.failure().unwrap().message(), "attempted to use a condition variable with two mutexes");
}
