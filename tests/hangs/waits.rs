//! Code that waits for what drawloom does not see.

use std::io::Read;

use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::sync::{Arc, Mutex};
use drawloom::{FailureKind, thread};

use super::{config, hangs, hangs_and_says};

/// Two threads that take a lock, and come to operations while they have it: if the other runs meanwhile, it waits for the
/// operating system, and the one that has the lock never runs again.
fn contend<G>(take: impl Fn() -> G + Sync) {
    let count = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let held = take();
                count.fetch_add(1, SeqCst);
                count.fetch_add(1, SeqCst);
                drop(held);
            });
        }
    });
}

#[test]
fn a_mutex_of_std_is_told() {
    hangs_and_says("waits for a `Mutex` of std, which drawloom does not see", || {
        let lock = std::sync::Mutex::new(());
        contend(|| lock.lock());
    });
}

#[test]
fn a_rwlock_of_std_is_told() {
    hangs_and_says("waits for an `RwLock` of std", || {
        let lock = std::sync::RwLock::new(());
        contend(|| lock.write());
    });
}

#[test]
fn a_mutex_of_parking_lot_is_told() {
    hangs_and_says("waits for a lock of parking_lot", || {
        let lock = parking_lot::Mutex::new(());
        contend(|| lock.lock());
    });
}

#[test]
fn a_channel_of_std_is_told() {
    hangs_and_says("waits for a channel of std", || {
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(receiver.recv(), Ok(1));
    });
}

#[test]
fn a_channel_of_crossbeam_is_told() {
    hangs_and_says("waits for a channel of crossbeam", || {
        let (sender, receiver) = crossbeam_channel::bounded(0);
        thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(receiver.recv(), Ok(1));
    });
}

#[test]
fn a_channel_of_tokio_is_told() {
    hangs_and_says("waits for tokio, whose blocking calls", || {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(receiver.blocking_recv(), Ok(1));
    });
}

#[test]
fn a_condvar_of_std_is_told() {
    hangs_and_says("waits for a `Condvar` of std", || {
        let pair = Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
        let theirs = Arc::clone(&pair);
        thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut done = pair.0.lock().unwrap();
        while !*done {
            done = pair.1.wait(done).unwrap();
        }
    });
}

#[test]
fn a_once_of_std_is_told() {
    hangs_and_says("waits for a one-time initialization of std", || {
        let (once, count) = (std::sync::OnceLock::new(), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    count.fetch_add(1, SeqCst);
                    *once.get_or_init(|| count.fetch_add(1, SeqCst) + count.fetch_add(1, SeqCst))
                });
            }
        });
    });
}

#[test]
fn input_is_told() {
    // Nobody ever writes.
    let (reader, writer) = std::io::pipe().unwrap();
    let reader = &reader;
    hangs_and_says("waits for input or output", move || {
        let mut reader = reader;
        let _ = reader.read(&mut [0]);
    });
    drop(writer);
}

#[test]
fn a_replay_comes_to_the_same_place() {
    let body = || {
        let (lock, count) = (std::sync::Mutex::new(()), Mutex::new(0));
        thread::scope(|scope| {
            for name in ["one", "two"] {
                let run = || {
                    let _held = lock.lock();
                    *count.lock().unwrap() += 1;
                    *count.lock().unwrap() += 1;
                };
                thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run).unwrap();
            }
        });
    };
    let report = hangs(config(), body);
    let text = report.to_string();
    assert!(text.contains("spawn two"), "{text}");
    let failure = report.failure().unwrap();
    let replayed = hangs(config().replay(failure.token()), body);
    assert_eq!(replayed.failure().unwrap().message(), failure.message());
    assert_eq!(replayed.failure().unwrap().steps(), failure.steps());
}

#[test]
fn who_has_hung_keeps_nobody_else_from_running() {
    // Each hangs on a lock that the one before has left locked for ever.
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    for _ in 0..3 {
        hangs(config(), || contend(|| LOCK.lock()));
        let report = drawloom::explore(config(), || {
            let count = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&count);
            let thread = thread::spawn(move || theirs.fetch_add(1, SeqCst));
            count.fetch_add(1, SeqCst);
            thread.join().unwrap();
        });
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn several_workers_can_hang() {
    hangs(config().workers(3).strategy(drawloom::StrategyKind::RandomWalk), || {
        // Only once all of them run executions.
        static EXECUTIONS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        if EXECUTIONS.fetch_add(1, SeqCst) > 40 {
            let lock = std::sync::Mutex::new(());
            contend(|| lock.lock());
        }
    });
}

#[test]
fn real_time_that_passes_between_operations_is_no_hang() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let report = drawloom::explore(config().executions(1), || {
        let lock = Mutex::new(());
        for _ in 0..100 {
            drop(lock.lock());
            std::thread::sleep(std::time::Duration::from_millis(5));
            count.fetch_add(1, SeqCst);
        }
    });
    assert!(report.passed(), "{report}");
    assert!(count.into_inner() >= 100);
}

#[test]
fn waiting_for_another_exploration_is_no_hang() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    let body = || {
        *LOCK.lock().unwrap() += 1;
        // Longer than an operation may take in all, but never in one go.
        for _ in 0..50 {
            drop(LOCK.lock());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    };
    let run = || drawloom::explore(config().executions(1), body);
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(run);
        (run(), one.join().unwrap())
    });
    assert!(!one.failed_with(FailureKind::Hang) && !two.failed_with(FailureKind::Hang), "{one}\n{two}");
}
