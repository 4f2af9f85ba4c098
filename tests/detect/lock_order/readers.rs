//! Readers that wait behind writers that wait.

use drawloom::sync::{Arc, Mutex, RwLock};
use drawloom::{FailureKind, Policy, explore, thread};

use super::{config, verified};

/// What becomes of readers that wait behind writers, in tests that are sampled and in such that are verified.
fn warns_of_writers(expected: bool, body: impl Fn() + Send + Sync + Copy) {
    for (config, is_denied) in [
        (config().lock_order(Policy::Warn).executions(50), false),
        (config().executions(50), true),
        (verified(Policy::Warn), false),
        (verified(Policy::Deny), true),
    ] {
        let report = explore(config, body);
        let text = report.to_string();
        assert_eq!(text.contains("behind a writer that waits"), expected, "{report}");
        assert_eq!(report.failed_with(FailureKind::LockOrder), expected && is_denied, "{report}");
        assert!(report.passed() || is_denied, "{report}");
    }
}

#[test]
fn a_lock_that_is_read_twice_is_told_where_another_thread_writes() {
    warns_of_writers(true, || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let writer = thread::spawn(move || *theirs.write().unwrap() += 1);
        let outer = lock.read().unwrap();
        let inner = lock.read().unwrap();
        drop((inner, outer));
        writer.join().unwrap();
    });
}

#[test]
fn a_lock_that_is_read_twice_is_quiet_where_nobody_writes_meanwhile() {
    let twice = |lock: &RwLock<u32>| drop((lock.read().unwrap(), lock.read().unwrap()));
    warns_of_writers(false, || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        let reader = thread::spawn(move || drop((theirs.read().unwrap(), theirs.read().unwrap())));
        twice(&lock);
        reader.join().unwrap();
    });
    warns_of_writers(false, || {
        let lock = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&lock);
        *lock.write().unwrap() = 1;
        thread::spawn(move || *theirs.write().unwrap() += 1).join().unwrap();
        twice(&lock);
        *lock.write().unwrap() = 2;
    });
    // A writer that only tries does not wait, and one that a gate keeps out is not there.
    warns_of_writers(false, || {
        let shared = Arc::new((RwLock::new(0), Mutex::new(())));
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            drop(theirs.0.try_write());
            let gate = theirs.1.lock().unwrap();
            *theirs.0.write().unwrap() += 1;
            drop(gate);
        });
        let gate = shared.1.lock().unwrap();
        twice(&shared.0);
        drop(gate);
        writer.join().unwrap();
    });
}

#[test]
fn readers_of_each_others_locks_are_told_where_writers_come_between() {
    let crossed = |writers: bool| {
        let locks = Arc::new((RwLock::new(()), RwLock::new(())));
        let mut threads = Vec::new();
        for turned in [false, true] {
            let theirs = Arc::clone(&locks);
            threads.push(thread::spawn(move || {
                let (outer, inner) = if turned { (&theirs.1, &theirs.0) } else { (&theirs.0, &theirs.1) };
                drop((outer.read().unwrap(), inner.read().unwrap()));
            }));
        }
        if writers {
            let theirs = Arc::clone(&locks);
            threads.push(thread::spawn(move || drop(theirs.0.write().unwrap())));
            drop(locks.1.write().unwrap());
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let report = explore(config().executions(30), move || crossed(true));
    assert!(report.to_string().contains("behind a writer that waits"), "{report}");
    let report = explore(config().executions(30), move || crossed(false));
    assert!(report.passed() && !report.to_string().contains("potential"), "{report}");
}

#[test]
fn a_reader_that_waits_behind_a_writer_is_described() {
    let report = explore(config().executions(5).name("reader"), || {
        let settings = Arc::new(RwLock::new(0));
        let theirs = Arc::clone(&settings);
        let writer = thread::spawn(move || *theirs.write().unwrap() += 1);
        let outer = settings.read().unwrap();
        let inner = settings.read().unwrap();
        drop((inner, outer));
        writer.join().unwrap();
    });
    insta::assert_snapshot!(report.failure().expect("it is denied").message());
}
