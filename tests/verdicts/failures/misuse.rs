//! Wrong use: explorations in explorations, OS threads that drawloom does not know, what is kept past its execution, wrong settings.
//! And what looks like it and is none: values that other explorations, workers and code outside use as well.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex as StdMutex, PoisonError};

use drawloom::sync::atomic::{AtomicU32, AtomicUsize};
use drawloom::sync::{Arc, Mutex, MutexGuard};
use drawloom::{Config, FailureKind, explore, thread};

use super::{config, fails, failure_of};

#[test]
fn an_exploration_inside_an_exploration_is_refused() {
    let report = explore(config(), || {
        let inner = explore(Config::new(), || ());
        let failure = failure_of(&inner, FailureKind::Misuse);
        assert!(failure.message().contains("cannot be nested"), "{inner}");
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("cannot be nested"), "nor does the outer one pass: {message}");
}

#[test]
fn an_unknown_thread_that_comes_first_is_told_apart() {
    let report = explore(config(), || {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        std::thread::spawn(move || theirs.fetch_add(1, SeqCst)).join().unwrap();
        value.fetch_add(1, SeqCst);
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("was used by an OS thread that the exploration does not know"), "{message}");
    let report = explore(Config::new(), || {
        let lock = Mutex::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| *lock.lock().unwrap() += 1);
        });
        assert_eq!(*lock.lock().unwrap(), 1);
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.starts_with("the Mutex made at tests/verdicts/failures/misuse.rs:"), "{message}");
}

#[test]
fn a_value_that_was_used_before_the_exploration_is_no_misuse() {
    static SHARED: AtomicU32 = AtomicU32::new(0);
    let value = Arc::new(AtomicU32::new(0));
    let lock = Mutex::new(0);
    for _ in 0..3 {
        value.fetch_add(1, SeqCst);
        *lock.lock().unwrap() += 1;
        let report = explore(config().executions(20), || {
            // A test that has nothing to do with this one may use what is in a static.
            std::thread::spawn(|| SHARED.fetch_add(1, SeqCst)).join().unwrap();
            SHARED.fetch_add(1, SeqCst);
            value.fetch_add(1, SeqCst);
            drop(lock.lock());
        });
        assert!(report.passed(), "{report}");
    }
    assert_eq!(value.load(SeqCst), 3);
}

#[test]
fn an_unknown_thread_is_told_apart() {
    let report = explore(config(), || {
        let value = Arc::new(AtomicU32::new(0));
        value.store(1, SeqCst);
        let theirs = Arc::clone(&value);
        std::thread::spawn(move || theirs.load(SeqCst)).join().unwrap_err();
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("use") && message.contains("drawloom::thread::spawn"), "{message}");
}

#[test]
fn a_guard_kept_past_its_execution_is_a_misuse() {
    static MUTEX: Mutex<()> = Mutex::new(());
    struct Kept(#[expect(dead_code, reason = "only kept")] MutexGuard<'static, ()>);
    // SAFETY: the guard is dropped by the worker that took it, in its next execution.
    unsafe impl Send for Kept {}
    static KEPT: StdMutex<Option<Kept>> = StdMutex::new(None);
    let report = explore(config(), || {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        drop(kept.take());
        *kept = Some(Kept(MUTEX.lock().unwrap()));
    });
    let failure = report.failure().expect("a guard was kept");
    assert!(failure.message().contains("kept past the end of its execution"), "{report}");
    drop(KEPT.lock().unwrap_or_else(PoisonError::into_inner).take());
}

#[test]
fn a_handle_kept_past_its_execution_is_told_apart() {
    static KEPT: StdMutex<Option<thread::JoinHandle<()>>> = StdMutex::new(None);
    let report = explore(config(), || {
        let earlier = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = earlier {
            handle.join().unwrap();
        }
        let handle = thread::spawn(|| ());
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    });
    let failure = report.failure().expect("a handle was kept");
    assert!(failure.message().contains("execution that has ended"), "{report}");
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (config, name) in [
        (config().max_steps(0), "max_steps"),
        (config().executions(0), "executions"),
        (config().workers(0), "workers"),
        (config().max_threads(0), "max_threads"),
        (config().stack_size(1), "stack_size"),
    ] {
        let report = explore(config, || unreachable!("nothing runs"));
        assert!(failure_of(&report, FailureKind::Misuse).message().contains(name), "{report}");
    }
}

#[test]
fn an_atomic_in_a_static_starts_afresh_in_each_execution_of_each_worker() {
    static COUNT: AtomicUsize = AtomicUsize::new(7);
    let report = explore(config().executions(2_000).workers(4), || {
        let threads: Vec<_> = (0..2).map(|_| thread::spawn(|| COUNT.fetch_add(1, SeqCst))).collect();
        let mut seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        seen.sort_unstable();
        assert_eq!(seen, [7, 8]);
        assert_eq!(COUNT.load(SeqCst), 9);
    });
    assert!(report.passed(), "{report}");
    assert_eq!(COUNT.load(SeqCst), 7, "outside, nothing has happened");
}

#[test]
fn a_mutex_in_a_static_can_be_shared_by_workers() {
    static SHARED: Mutex<u32> = Mutex::new(0);
    let report = explore(config().executions(500).workers(4), || {
        let thread = thread::spawn(|| {
            assert_eq!(*SHARED.lock().unwrap(), 0);
        });
        drop(SHARED.lock().unwrap());
        thread.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn what_a_failed_execution_held_does_not_block_the_next() {
    static HELD: Mutex<u32> = Mutex::new(0);
    for _ in 0..3 {
        fails(config(), FailureKind::Deadlock, || {
            let _first = HELD.lock().unwrap();
            let _second = HELD.lock().unwrap();
        });
    }
    assert!(HELD.try_lock().is_ok(), "an exploration that has ended holds nothing");
}
