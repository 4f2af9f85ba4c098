//! Loops that find the same many times, and end: they read what does not change.

use drawloom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use drawloom::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock, mpsc};
use drawloom::{Config, FailureKind, StrategyKind, explore, thread};

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
