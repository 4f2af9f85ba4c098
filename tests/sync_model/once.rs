use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use drawloom::FailureKind;
use drawloom::sync::Once;
use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::thread;

use crate::{fails, outcomes, passes, random};

#[test]
fn one_closure_runs_and_all_wait_for_its_end() {
    let who = outcomes(random(), || {
        let (once, who, ended) = (Once::new(), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            let (once, who, ended) = (&once, &who, &ended);
            for thread in 1..=3 {
                scope.spawn(move || {
                    once.call_once(|| {
                        assert_eq!(who.swap(thread, Ordering::Relaxed), 0);
                        thread::yield_now();
                        ended.store(1, Ordering::Relaxed);
                    });
                    assert_eq!(ended.load(Ordering::Relaxed), 1);
                    assert!(once.is_completed());
                });
            }
        });
        who.into_inner()
    });
    assert_eq!(who, BTreeSet::from([1, 2, 3]));
}

fn poison(once: &Once) {
    assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!("first")))).is_err());
}

#[test]
fn a_closure_that_panics_poisons_it() {
    passes(random().executions(5), || {
        let once = Once::new();
        poison(&once);
        assert!(!once.is_completed());
        assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| ()))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| once.wait())).is_err());
        let mut seen = None;
        once.call_once_force(|state| seen = Some(state.is_poisoned()));
        assert_eq!(seen, Some(true));
        assert!(once.is_completed());
        once.call_once(|| unreachable!());
        once.wait();
    });
}

#[test]
fn poison_wakes_a_waiter_unless_it_ignores_it() {
    let woken = outcomes(random(), || {
        let (once, woken) = (Once::new(), AtomicU32::new(0));
        thread::scope(|scope| {
            let poisoned = scope.spawn(|| catch_unwind(AssertUnwindSafe(|| once.wait())).is_err());
            scope.spawn(|| {
                once.wait_force();
                assert!(once.is_completed());
                woken.store(1, Ordering::Relaxed);
            });
            poison(&once);
            let early = woken.load(Ordering::Relaxed);
            assert_eq!(early, 0);
            once.call_once_force(|state| assert!(state.is_poisoned()));
            poisoned.join().unwrap()
        })
    });
    assert_eq!(woken, BTreeSet::from([false, true]));
}

#[test]
fn entering_it_from_inside_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || {
        let once = Once::new();
        once.call_once(|| once.call_once(|| ()));
    });
}

#[test]
fn waiting_for_nobody_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || Once::new().wait());
}
