use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use drawloom::FailureKind;
use drawloom::sync::{Arc, Mutex, TryLockError};
use drawloom::thread;

use crate::{fails, outcomes, passes, random};

#[test]
fn one_thread_at_a_time_has_it() {
    passes(random(), || {
        let mutex = Mutex::new((0, 0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut both = mutex.lock().unwrap();
                    both.0 += 1;
                    thread::yield_now();
                    both.1 += 1;
                    assert_eq!(both.0, both.1);
                });
            }
        });
        assert_eq!(mutex.into_inner().unwrap(), (3, 3));
    });
}

#[test]
fn try_lock_fails_while_another_thread_has_it() {
    let seen = outcomes(random(), || {
        let mutex = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&mutex);
        let thread = thread::spawn(move || {
            let _guard = theirs.lock().unwrap();
            thread::yield_now();
        });
        let blocked = matches!(mutex.try_lock(), Err(TryLockError::WouldBlock));
        thread.join().unwrap();
        assert!(mutex.try_lock().is_ok());
        blocked
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

#[test]
fn locking_it_again_is_a_deadlock() {
    fails(FailureKind::Deadlock, random(), || {
        let mutex = Mutex::new(());
        let _first = mutex.lock();
        let _second = mutex.lock();
    });
}

#[test]
fn a_panic_poisons_it() {
    passes(random(), || {
        let mutex = Mutex::new(1);
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _guard = mutex.lock().unwrap();
                panic!("while locked");
            });
            assert!(thread.join().is_err());
        });
        assert!(mutex.is_poisoned());
        assert_eq!(*mutex.lock().unwrap_err().into_inner(), 1);
        assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
        mutex.clear_poison();
        assert!(mutex.lock().is_ok());
    });
}

#[test]
fn a_guard_taken_while_unwinding_does_not_poison_it() {
    struct LockOnDrop<'a>(&'a Mutex<u32>);

    impl Drop for LockOnDrop<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }

    passes(random(), || {
        let mutex = Mutex::new(0);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _lock = LockOnDrop(&mutex);
            panic!("unwind");
        }));
        assert!(result.is_err());
        assert_eq!(*mutex.lock().unwrap(), 1);
    });
}
