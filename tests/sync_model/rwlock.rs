use std::collections::BTreeSet;

use drawloom::FailureKind;
use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, RwLock, RwLockWriteGuard, TryLockError};
use drawloom::thread;

use crate::{fails, outcomes, passes, random};

#[test]
fn a_writer_excludes_readers_and_writers() {
    passes(random(), || {
        let lock = RwLock::new((0, 0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut both = lock.write().unwrap();
                    both.0 += 1;
                    thread::yield_now();
                    both.1 += 1;
                });
                scope.spawn(|| {
                    let both = lock.read().unwrap();
                    let first = both.0;
                    thread::yield_now();
                    assert_eq!(first, both.1);
                });
            }
        });
        assert_eq!(lock.into_inner().unwrap(), (2, 2));
    });
}

#[test]
fn readers_share_it() {
    let most = outcomes(random(), || {
        let (lock, readers, most) = (RwLock::new(()), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let _guard = lock.read().unwrap();
                    most.fetch_max(readers.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    readers.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        most.into_inner()
    });
    assert_eq!(most, BTreeSet::from([1, 2, 3]));
}

#[test]
fn attempts_fail_while_it_is_held() {
    passes(random(), || {
        let lock = RwLock::new(());
        let reader = lock.read().unwrap();
        assert!(lock.try_read().is_ok());
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        drop(reader);
        let writer = lock.try_write().unwrap();
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        drop(writer);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn contention_makes_attempts_fail_sometimes() {
    let seen = outcomes(random(), || {
        let lock = Arc::new(RwLock::new(()));
        let theirs = Arc::clone(&lock);
        let thread = thread::spawn(move || drop(theirs.write().unwrap()));
        let read = lock.try_read().is_ok();
        let write = lock.try_write().is_ok();
        thread.join().unwrap();
        (read, write)
    });
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_downgraded_writer_lets_readers_in_and_no_writer() {
    // `try_read` may fail as well while a writer waits.
    let seen = outcomes(random().spurious(0), || {
        let lock = RwLock::new(0);
        thread::scope(|scope| {
            let mut writer = lock.write().unwrap();
            scope.spawn(|| *lock.write().unwrap() = 2);
            let thread = scope.spawn(|| *lock.read().unwrap());
            *writer = 1;
            let reader = RwLockWriteGuard::downgrade(writer);
            thread::yield_now();
            assert_eq!(*reader, 1);
            assert!(lock.try_read().is_ok());
            drop(reader);
            thread.join().unwrap()
        })
    });
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

#[test]
fn a_writer_that_panics_poisons_it_and_a_reader_does_not() {
    passes(random(), || {
        let lock = RwLock::new(1);
        let panic_in = |write: bool| {
            thread::scope(|scope| {
                let thread = scope.spawn(|| {
                    let _writer = write.then(|| lock.write().unwrap());
                    let _reader = (!write).then(|| lock.read().unwrap());
                    panic!("while locked");
                });
                assert!(thread.join().is_err());
            });
        };
        panic_in(false);
        assert!(!lock.is_poisoned());
        panic_in(true);
        assert!(lock.is_poisoned());
        assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
        assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
        lock.clear_poison();
        assert!(lock.write().is_ok());
    });
}

#[test]
fn writing_while_reading_is_a_deadlock() {
    let report = fails(FailureKind::Deadlock, random(), || {
        let lock = RwLock::new(());
        let _reader = lock.read();
        let _writer = lock.write();
    });
    assert!(report.to_string().contains("RwLock"), "{report}");
}

#[test]
fn upgrading_in_two_threads_is_a_deadlock_sometimes() {
    fails(FailureKind::Deadlock, random(), || {
        let (a, b) = (RwLock::new(()), RwLock::new(()));
        thread::scope(|scope| {
            scope.spawn(|| {
                let _a = a.read();
                let _b = b.write();
            });
            let _b = b.read();
            let _a = a.write();
        });
    });
}

#[test]
fn printing_shows_the_data_unless_it_is_written() {
    passes(random().executions(1), || {
        let lock = RwLock::new(1);
        let reader = lock.read().unwrap();
        assert_eq!(format!("{lock:?} {reader:?}"), "RwLock { data: 1, poisoned: false, .. } 1");
        drop(reader);
        let writer = lock.write().unwrap();
        assert_eq!(format!("{lock:?} {writer}"), "RwLock { data: <locked>, poisoned: false, .. } 1");
    });
}
