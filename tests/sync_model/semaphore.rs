use std::collections::BTreeSet;
use std::time::Duration;

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Semaphore};
use drawloom::{FailureKind, Timeouts, thread};

use crate::{fails, outcomes, passes, random};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn so_many_hold_it_at_once_and_no_more() {
    let most = outcomes(random(), || {
        let (semaphore, holders, most) = (Semaphore::new(2), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _permit = semaphore.acquire();
                    most.fetch_max(holders.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    holders.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(semaphore.available_permits(), 2);
        most.into_inner()
    });
    assert_eq!(most, BTreeSet::from([1, 2]));
}

#[test]
fn many_permits_are_taken_at_once_or_not() {
    passes(random(), || {
        let semaphore = Semaphore::new(3);
        let two = semaphore.acquire_many(2);
        assert_eq!(two.permits(), 2);
        assert!(semaphore.try_acquire_many(2).is_none());
        assert!(semaphore.acquire_timeout(SECOND).is_some());
        let one = semaphore.try_acquire().unwrap();
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.acquire_timeout(SECOND).is_none());
        drop(one);
        drop(two);
        assert_eq!(semaphore.available_permits(), 3);
        semaphore.acquire().forget();
        semaphore.add_permits(5);
        assert_eq!(semaphore.available_permits(), 7);
        assert_eq!(format!("{semaphore:?}"), "Semaphore { permits: 7 }");
    });
}

#[test]
fn a_permit_may_be_given_back_by_another_thread() {
    passes(random(), || {
        let semaphore = Semaphore::new(1);
        thread::scope(|scope| {
            let permit = semaphore.acquire();
            scope.spawn(move || drop(permit));
            drop(semaphore.acquire());
        });
    });
}

#[test]
fn a_timeout_fires_last_unless_the_test_says_otherwise() {
    let body = || {
        let semaphore = Semaphore::new(0);
        thread::scope(|scope| {
            scope.spawn(|| semaphore.add_permits(1));
            semaphore.acquire_timeout(SECOND).is_some()
        })
    };
    assert_eq!(outcomes(random(), body), BTreeSet::from([true]));
    assert_eq!(outcomes(random().timeouts(Timeouts::Any), body), BTreeSet::from([false, true]));
}

#[test]
fn a_holder_that_panics_gives_back() {
    passes(random(), || {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = Arc::clone(&semaphore);
        let thread = thread::spawn(move || {
            let _permit = theirs.acquire();
            panic!("with a permit");
        });
        drop(semaphore.acquire());
        assert!(thread.join().is_err());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn permits_that_never_come_are_a_deadlock() {
    let report = fails(FailureKind::Deadlock, random(), || {
        let semaphore = Semaphore::new(2);
        let _one = semaphore.acquire();
        let _more = semaphore.acquire_many(2);
    });
    assert!(report.to_string().contains("Semaphore"), "{report}");
}

#[test]
fn one_made_outside_starts_every_execution_with_the_permits_it_had_outside() {
    let semaphore = Semaphore::new(1);
    passes(random().executions(20), || {
        semaphore.add_permits(1);
        assert_eq!(semaphore.available_permits(), 2);
    });
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn too_many_permits_panic() {
    passes(random().executions(1), || {
        let semaphore = Arc::new(Semaphore::new(1));
        let theirs = Arc::clone(&semaphore);
        assert!(thread::spawn(move || theirs.add_permits(usize::MAX)).join().is_err());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn it_works_outside_explorations() {
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.acquire();
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.acquire_timeout(Duration::from_millis(5)).is_none());
    let theirs = Arc::clone(&semaphore);
    let thread = std::thread::spawn(move || theirs.acquire_many(2).permits());
    drop(permit);
    semaphore.add_permits(1);
    assert_eq!(thread.join().unwrap(), 2);
    semaphore.try_acquire_many(2).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}
