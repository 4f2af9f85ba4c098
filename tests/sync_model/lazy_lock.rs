use std::panic::{AssertUnwindSafe, catch_unwind};

use drawloom::FailureKind;
use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, LazyLock};
use drawloom::thread;

use crate::{Counted, fails, leaves_none, passes, random};

#[test]
fn the_initializer_runs_once_and_all_wait_for_it() {
    passes(random(), || {
        let runs = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&runs);
        let lazy = LazyLock::new(move || {
            thread::yield_now();
            counter.fetch_add(1, Ordering::Relaxed) + 1
        });
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(*lazy, 1));
            assert!(LazyLock::get(&lazy).is_none_or(|value| *value == 1));
            assert_eq!(*lazy, 1);
        });
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn an_initializer_that_panics_poisons_it() {
    passes(random().executions(5), || {
        let mut lazy: LazyLock<u32> = LazyLock::new(|| panic!("first"));
        for _ in 0..2 {
            assert!(catch_unwind(AssertUnwindSafe(|| *lazy)).is_err());
        }
        assert!(LazyLock::get(&lazy).is_none());
        assert!(LazyLock::get_mut(&mut lazy).is_none());
        assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
    });
}

#[test]
fn values_are_dropped_once() {
    leaves_none(random().executions(20), |count| {
        let mut lazy = LazyLock::new(|| Counted::new(count));
        LazyLock::force(&lazy);
        LazyLock::force_mut(&mut lazy);
        drop(lazy);
        drop(LazyLock::new(|| Counted::new(count)));
    });
}

#[test]
fn it_can_be_changed_by_its_owner() {
    passes(random().executions(5), || {
        let mut lazy = LazyLock::new(|| vec![1]);
        assert!(LazyLock::get_mut(&mut lazy).is_none());
        lazy.push(2);
        LazyLock::force_mut(&mut lazy).push(3);
        assert_eq!(format!("{lazy:?}"), "LazyLock([1, 2, 3])");
        assert_eq!(*LazyLock::<u32>::default(), 0);
    });
}

#[test]
fn one_made_outside_is_made_again_in_every_execution() {
    let lazy: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(0));
    // Used outside first: no difference.
    lazy.store(7, Ordering::Relaxed);
    passes(random().executions(20), || {
        assert!(LazyLock::get(&lazy).is_none());
        assert_eq!(lazy.fetch_add(1, Ordering::Relaxed), 0);
    });
    assert_eq!(lazy.load(Ordering::Relaxed), 7);
}

#[test]
fn one_made_outside_that_captures_is_refused() {
    let text = String::from("text");
    let lazy = LazyLock::new(|| text);
    let report = fails(FailureKind::Misuse, random(), || assert_eq!(*lazy, "text"));
    assert!(
        report.failure().unwrap().message().contains("make the LazyLock inside the test body"),
        "{report}"
    );
}

#[test]
fn one_made_outside_that_captures_serves_if_it_was_forced_there() {
    let text = String::from("text");
    let lazy = LazyLock::new(|| text);
    assert_eq!(*lazy, "text");
    passes(random().executions(20), || assert_eq!(*lazy, "text"));
}

#[test]
fn forcing_it_from_its_initializer_is_a_deadlock() {
    static LAZY: LazyLock<u32> = LazyLock::new(|| *LAZY + 1);
    fails(FailureKind::Deadlock, random(), || assert_eq!(*LAZY, 1));
}
