use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use drawloom::FailureKind;
use drawloom::sync::{Arc, OnceLock};
use drawloom::thread;

use crate::{Counted, fails, leaves_none, outcomes, passes, random};

#[test]
fn the_first_value_stays() {
    let seen = outcomes(random(), || {
        let cell = OnceLock::new();
        thread::scope(|scope| {
            let cell = &cell;
            let set = |value| move || cell.set(value);
            let threads = [scope.spawn(set(1)), scope.spawn(set(2))];
            let early = cell.get().copied();
            let [one, two] = threads.map(|thread| thread.join().unwrap());
            let value = *cell.get().unwrap();
            assert!(early.is_none_or(|early| early == value));
            assert_eq!((one, two), if value == 1 { (Ok(()), Err(2)) } else { (Err(1), Ok(())) });
            (early, value)
        })
    });
    assert_eq!(seen, BTreeSet::from([(None, 1), (None, 2), (Some(1), 1), (Some(2), 2)]));
}

#[test]
fn one_initializer_runs_and_the_others_wait_for_it() {
    let seen = outcomes(random(), || {
        let cell = OnceLock::new();
        thread::scope(|scope| {
            let init = |value| {
                let cell = &cell;
                move || {
                    *cell.get_or_init(|| {
                        assert!(cell.get().is_none());
                        value
                    })
                }
            };
            let threads = [scope.spawn(init(1)), scope.spawn(init(2))];
            let waited = *cell.wait();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), waited);
            }
            waited
        })
    });
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

#[test]
fn an_initializer_that_panics_leaves_it_empty() {
    passes(random().executions(5), || {
        let cell = OnceLock::new();
        let result = catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(|| panic!("first"))));
        assert!(result.is_err());
        assert_eq!(cell.get(), None);
        assert_eq!(*cell.get_or_init(|| 2), 2);
    });
}

#[test]
fn values_are_dropped_once() {
    leaves_none(random().executions(20), |count| {
        let cell = OnceLock::new();
        assert!(cell.set(Counted::new(count)).is_ok());
        assert!(cell.set(Counted::new(count)).is_err());
        assert_eq!(count.load(Relaxed), 1);
        let cell = Arc::new(cell);
        let theirs = Arc::clone(&cell);
        let thread = thread::spawn(move || drop(theirs));
        drop(cell);
        thread.join().unwrap();
        assert_eq!(count.load(Relaxed), 0);

        let mut cell = OnceLock::from(Counted::new(count));
        assert!(cell.get().is_some());
        assert!(cell.take().is_some());
        assert!(cell.get().is_none());
        cell.get_or_init(|| Counted::new(count));
        assert!(cell.get_mut().is_some());
        let value = cell.into_inner().unwrap();
        assert_eq!(count.load(Relaxed), 1);
        drop(value);
    });
}

#[test]
fn a_value_borrows_what_its_lock_may() {
    passes(random().executions(5), || {
        let text = String::from("text");
        let cell: OnceLock<&str> = OnceLock::new();
        assert_eq!(*cell.get_or_init(|| &text), "text");
        let cell = OnceLock::new();
        let value = String::from("dropped before the lock");
        cell.set(&value).unwrap();

        // Forgotten, it must not be dropped when the execution ends.
        struct Print<'a>(&'a String);
        impl Drop for Print<'_> {
            fn drop(&mut self) {
                panic!("dropped after {}", self.0);
            }
        }
        let cell = OnceLock::new();
        assert!(cell.set(Print(&text)).is_ok());
        std::mem::forget(cell);
    });
}

#[test]
fn it_moves_compares_clones_and_prints() {
    passes(random().executions(5), || {
        let mut cell = OnceLock::new();
        assert_eq!(format!("{cell:?}"), "OnceLock(<uninit>)");
        cell.set(vec![1]).unwrap();
        cell.get_mut().unwrap().push(2);
        let moved = Box::new(cell);
        assert_eq!(format!("{moved:?}"), "OnceLock([1, 2])");
        assert_eq!(*moved, moved.as_ref().clone());
        assert_ne!(*moved, OnceLock::new());
        assert_eq!(*moved, OnceLock::from(vec![1, 2]));
    });
}

#[test]
fn one_made_outside_starts_every_execution_with_what_it_had_outside() {
    let (empty, full) = (OnceLock::new(), OnceLock::from(1));
    passes(random().executions(20), || {
        assert_eq!(empty.get(), None);
        assert_eq!(full.get(), Some(&1));
        assert_eq!(*empty.get_or_init(|| 2), 2);
        assert_eq!(full.set(3), Err(3));
    });
    assert_eq!((empty.get(), full.get()), (None, Some(&1)));
}

#[test]
fn initializing_it_from_its_initializer_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || {
        let cell = OnceLock::new();
        cell.get_or_init(|| *cell.get_or_init(|| 1));
    });
}
