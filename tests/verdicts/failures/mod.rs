//! Every way to fail, and every wrong use: one clear message each, no abort, no hang, and the process can go
//! on exploring afterwards. Here are deadlocks, limits and nondeterminism.

mod crashes;
mod misuse;
mod panics;
mod replays;

use std::sync::atomic::AtomicUsize as StdAtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, Failure, FailureKind, Report, StrategyKind, explore, hint, thread};

fn config() -> Config {
    Config::new().strategy(StrategyKind::Portfolio).executions(200).seed(1)
}

/// The failure of `report`, which must be of this kind and replay to the same.
#[track_caller]
fn failure_of(report: &Report, kind: FailureKind) -> &Failure {
    let failure = report.failure().unwrap_or_else(|| panic!("expected {kind}, but: {report}"));
    assert_eq!(failure.kind(), kind, "{report}");
    failure
}

/// Explores, expects this kind of failure, and expects it again from the token.
#[track_caller]
fn fails(config: Config, kind: FailureKind, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config.clone(), &body);
    let failure = failure_of(&report, kind);
    let replayed = explore(config.replay(failure.token()), &body);
    let again = failure_of(&replayed, kind);
    assert_eq!(again.message(), failure.message());
    assert_eq!(again.token(), failure.token());
    report
}

#[test]
fn a_deadlock_says_who_waits_for_whom() {
    let report = fails(config(), FailureKind::Deadlock, || {
        let left = Arc::new(Mutex::new(()));
        let right = Arc::new(Mutex::new(()));
        let (left2, right2) = (Arc::clone(&left), Arc::clone(&right));
        let builder = thread::Builder::new().name("second".to_owned());
        let second = builder.spawn(move || {
            let _right = right2.lock().unwrap();
            let _left = left2.lock().unwrap();
        });
        {
            let _left = left.lock().unwrap();
            let _right = right.lock().unwrap();
        }
        second.unwrap().join().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn locking_twice_is_a_deadlock_with_oneself() {
    let report = fails(config(), FailureKind::Deadlock, || {
        let mutex = Mutex::new(());
        let _first = mutex.lock().unwrap();
        let _second = mutex.lock().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_lost_update_is_shown_with_values() {
    let report = fails(config(), FailureKind::Panic, || {
        let balance = Arc::new(AtomicU32::new(100));
        let theirs = Arc::clone(&balance);
        let withdrawal = thread::spawn(move || {
            let seen = theirs.load(SeqCst);
            theirs.store(seen - 30, SeqCst);
        });
        let seen = balance.load(SeqCst);
        balance.store(seen + 10, SeqCst);
        withdrawal.join().unwrap();
        assert_eq!(balance.load(SeqCst), 80);
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_loop_that_never_ends_hits_the_step_limit() {
    let report = fails(config().max_steps(1_000), FailureKind::StepLimit, || {
        let never = AtomicBool::new(false);
        while !never.load(SeqCst) {}
    });
    let message = report.failure().unwrap().message();
    assert!(message.contains("1,000 steps") && message.contains("max_steps"), "{message}");
}

#[test]
fn a_spin_loop_that_says_so_ends_under_every_strategy() {
    for strategy in ["portfolio", "random", "pct:3", "pos", "urw", "surw", "round-robin"] {
        let report = explore(config().strategy(strategy.parse().unwrap()).max_steps(100_000), || {
            let ready = Arc::new(AtomicBool::new(false));
            let sets = Arc::clone(&ready);
            let thread = thread::spawn(move || sets.store(true, SeqCst));
            while !ready.load(SeqCst) {
                hint::spin_loop();
            }
            thread.join().unwrap();
        });
        assert!(report.passed(), "{strategy}: {report}");
    }
}

#[test]
fn too_many_threads_fail_where_the_last_one_is_spawned() {
    let report = fails(config().max_threads(3), FailureKind::ThreadLimit, || {
        let threads: Vec<_> = (0..3).map(|_| thread::spawn(|| thread::park())).collect();
        drop(threads);
    });
    let message = report.failure().unwrap().message();
    assert!(
        message.contains("tests/verdicts/failures/mod.rs") && message.contains("max_threads"),
        "{message}"
    );
}

#[test]
fn too_many_messages_fail_where_the_last_one_is_sent() {
    let sends = |count: u32| {
        move || {
            let (sender, receiver) = drawloom::sync::mpsc::channel();
            let thread = thread::spawn(move || (0..count).for_each(|number| sender.send(number).unwrap()));
            (0..count).for_each(|number| assert_eq!(receiver.recv(), Ok(number)));
            thread.join().unwrap();
        }
    };
    let report = fails(config().max_queued(2), FailureKind::QueueLimit, sends(3));
    let message = report.failure().unwrap().message();
    assert!(
        message.contains("tests/verdicts/failures/mod.rs") && message.contains("max_queued"),
        "{message}"
    );
    let report = explore(config().max_queued(3), sends(3));
    assert!(report.passed(), "{report}");
    let report = explore(config().executions(100), sends(200));
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("held up to 1") && text.contains("`max_queued` sets a limit"), "{report}");
}

#[test]
fn a_thread_that_can_never_end_is_leaked() {
    let body = || drop(thread::spawn(thread::park));
    let report = fails(config().spurious(0), FailureKind::LeakedThread, body);
    assert!(report.to_string().contains("thread 1 waits to be unparked"), "{report}");
    assert!(explore(config().spurious(0).allow_leaked_threads(true), body).passed());
    let ends = || drop(thread::spawn(thread::yield_now));
    assert!(explore(config(), ends).passed(), "a thread that ends after the test body is not leaked");
}

#[test]
fn a_body_that_differs_from_run_to_run_is_nondeterministic() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let report = explore(config(), || {
        let value = AtomicU32::new(0);
        if RUNS.fetch_add(1, SeqCst).is_multiple_of(2) {
            value.store(1, SeqCst);
        } else {
            value.load(SeqCst);
        }
    });
    let failure = failure_of(&report, FailureKind::Nondeterminism);
    assert!(failure.message().contains("at step 2, in the first run main did store"), "{report}");
    assert!(failure.message().contains("in the second main did load"), "{report}");
}

#[test]
fn a_failure_that_does_not_come_again_is_nondeterministic() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let report = explore(config(), || {
        AtomicU32::new(0).load(SeqCst);
        // Not one of those that are run twice, the first of which pass.
        assert_ne!(RUNS.fetch_add(1, SeqCst), 200, "the two hundredth");
    });
    let failure = failure_of(&report, FailureKind::Nondeterminism);
    assert!(failure.message().contains("the two hundredth"), "{report}");
    assert!(failure.message().contains("the second passed"), "{report}");
}

#[test]
fn data_kept_in_a_static_is_noticed() {
    static KEPT: Mutex<u32> = Mutex::new(0);
    let report = explore(config(), || {
        let mut kept = KEPT.lock().unwrap();
        *kept += 1;
        assert!(*kept < 50, "now {kept}");
    });
    assert!(report.to_string().contains("failed with another message: now "), "{report}");
}
