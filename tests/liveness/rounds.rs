//! Loops that find the same many times, and end: they read what does not change.

use drawloom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use drawloom::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock, mpsc};
use drawloom::{Config, FailureKind, MemoryModel, StrategyKind, explore, thread};

const STRATEGIES: [StrategyKind; 3] = [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::Portfolio];

#[track_caller]
fn passes(body: impl Fn() + Send + Sync) {
    for strategy in STRATEGIES {
        let report = explore(Config::new().strategy(strategy).executions(4), &body);
        assert!(report.passed(), "{strategy:?}: {report}");
    }
}

#[test]
fn an_atomic_is_read_many_times() {
    passes(|| {
        let flag = AtomicU32::new(1);
        assert_eq!((0..20_000).filter(|_| flag.load(Relaxed) == 1).count(), 20_000);
    });
}

#[test]
fn a_lock_is_taken_many_times() {
    passes(|| {
        let (list, table) = (Mutex::new(vec![1]), RwLock::new(1));
        for _ in 0..2_000 {
            assert_eq!(list.lock().unwrap().len(), 1);
            assert_eq!(*table.read().unwrap(), 1);
        }
    });
}

#[test]
fn what_was_computed_once_is_read_many_times() {
    passes(|| {
        let (cell, lazy) = (OnceLock::new(), LazyLock::new(|| 3));
        for _ in 0..2_000 {
            assert_eq!((*cell.get_or_init(|| 2), cell.get(), *lazy), (2, Some(&2), 3));
        }
    });
}

#[test]
fn an_empty_channel_is_asked_many_times() {
    passes(|| {
        let (_sender, receiver) = mpsc::channel::<()>();
        assert!((0..2_000).all(|_| receiver.try_recv().is_err()));
    });
}

#[test]
fn what_never_ends_is_a_livelock_all_the_same() {
    for strategy in STRATEGIES {
        let report = explore(Config::new().strategy(strategy).executions(4), || {
            let flag = AtomicU32::new(0);
            while flag.load(Relaxed) == 0 {}
        });
        assert_eq!(report.failure().map(|failure| failure.kind()), Some(FailureKind::Livelock), "{report}");
    }
}

#[test]
fn others_may_be_there_that_change_nothing() {
    passes(|| {
        let (value, other) = (Arc::new(AtomicU32::new(1)), Arc::new(AtomicU32::new(0)));
        let theirs = (Arc::clone(&value), Arc::clone(&other));
        let thread = thread::spawn(move || {
            assert!((0..1_500).all(|_| theirs.0.load(Relaxed) == 1));
            theirs.1.store(1, Relaxed);
        });
        assert!((0..1_500).all(|_| value.load(Relaxed) == 1));
        thread.join().unwrap();
        assert_eq!(other.load(Relaxed), 1);
    });
}

/// As crossbeam's `Backoff` gives them: a number of hints, and only then another look.
fn pause(hints: u32) {
    for _ in 0..hints {
        drawloom::hint::spin_loop();
    }
}

#[test]
fn a_pause_of_many_hints_is_no_wait() {
    for strategy in STRATEGIES {
        // To sleep is no synchronization: under weak memory an older value could be read.
        let memory = MemoryModel::SequentiallyConsistent;
        let report = explore(Config::new().strategy(strategy).executions(50).memory(memory), || {
            let count = Arc::new(AtomicU32::new(0));
            let threads = [0; 2].map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    pause(4);
                    count.fetch_add(1, Relaxed);
                })
            });
            // Nobody waits for this one, so no time passes before they are done.
            thread::sleep(std::time::Duration::from_secs(1));
            assert_eq!(count.load(Relaxed), 2);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        assert!(report.passed(), "{strategy:?}: {report}");
    }
}

#[test]
fn a_loop_with_a_long_pause_looks_again() {
    let report = explore(Config::new(), || {
        let flag = Arc::new(AtomicU32::new(1));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || [1, 0, 1, 0].map(|value| theirs.store(value, Relaxed)));
        while flag.load(Relaxed) != 0 {
            pause(64);
        }
        thread.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}
