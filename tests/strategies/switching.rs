//! Where threads may switch at all: pauses, and the bound on preemptions.

use drawloom::sync::atomic::Ordering::SeqCst;
use drawloom::sync::atomic::{AtomicBool, AtomicUsize};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, FailureKind, Report, StrategyKind, explore, thread};

fn config() -> Config {
    Config::new().strategy(StrategyKind::Portfolio).executions(300)
}

#[track_caller]
fn fails(kind: FailureKind, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config(), &body);
    assert!(report.failed_with(kind), "expected {kind}, but: {report}");
    let failure = report.failure().unwrap();
    let again = explore(config().replay(failure.token()), &body);
    assert_eq!(again.failure().expect("it fails again").message(), failure.message());
    report
}

#[track_caller]
fn passes(body: impl Fn() + Send + Sync) {
    let report = explore(config(), body);
    assert!(report.passed(), "{report}");
}

/// In how many of 300 executions the second of two increments is made between the halves of the first.
fn interrupted(config: Config, body: impl Fn(&dyn Fn()) + Send + Sync) -> usize {
    use std::sync::atomic::AtomicUsize as Count;
    let count = Count::new(0);
    let report = explore(config, || {
        let value = Arc::new(AtomicUsize::new(0));
        body(&|| {
            let other = Arc::clone(&value);
            let thread = thread::spawn(move || other.store(other.load(SeqCst) + 1, SeqCst));
            value.store(value.load(SeqCst) + 1, SeqCst);
            thread.join().unwrap();
        });
        if value.load(SeqCst) == 1 {
            count.fetch_add(1, SeqCst);
        }
    });
    assert!(report.passed(), "{report}");
    count.into_inner()
}

#[test]
fn threads_switch_only_where_they_must_while_switching_is_paused() {
    use drawloom::switching::{pause, resume, stop};
    assert!(interrupted(config(), |race| race()) > 10);
    let quiet = |race: &dyn Fn()| {
        pause();
        race();
        resume();
    };
    assert_eq!(interrupted(config(), quiet), 0);
    let resumed = |race: &dyn Fn()| {
        pause();
        drop(Arc::new(Mutex::new(1)).lock());
        resume();
        race();
    };
    assert!(interrupted(config(), resumed) > 10);
    let stopped = |race: &dyn Fn()| {
        stop();
        resume();
        race();
    };
    assert_eq!(interrupted(config(), stopped), 0);
}

#[test]
fn paused_threads_that_yield_to_each_other_take_turns() {
    passes(|| {
        drawloom::switching::pause();
        let done = Arc::new(AtomicBool::new(false));
        let spinner = || {
            let done = Arc::clone(&done);
            thread::spawn(move || {
                while !done.load(SeqCst) {
                    thread::yield_now()
                }
            })
        };
        let spinners = [spinner(), spinner()];
        let setter = {
            let done = Arc::clone(&done);
            thread::spawn(move || done.store(true, SeqCst))
        };
        while !done.load(SeqCst) {
            drawloom::hint::spin_loop();
        }
        setter.join().unwrap();
        spinners.into_iter().for_each(|spinner| spinner.join().unwrap());
    });
}

#[test]
fn a_failure_after_a_pause_is_replayed() {
    let report = fails(FailureKind::Panic, || {
        drawloom::switching::pause();
        let value = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&value);
        let thread = thread::spawn(move || {
            for _ in 0..3 {
                other.store(other.load(SeqCst) + 1, SeqCst);
            }
        });
        let _ = value.compare_exchange_weak(0, 0, SeqCst, SeqCst).expect("none fails weakly while paused");
        drawloom::switching::resume();
        value.store(value.load(SeqCst) + 1, SeqCst);
        thread.join().unwrap();
        assert_eq!(value.load(SeqCst), 4);
    });
    assert!(report.failure().unwrap().token().starts_with("dl1"));
}

#[test]
fn preemptions_are_bounded() {
    let with = |bound| config().max_preemptions(bound);
    assert_eq!(interrupted(with(0), |race| race()), 0);
    assert!(interrupted(with(1), |race| race()) > 10);
    // Two lost updates take two preemptions.
    let twice = |bound| {
        explore(with(bound).executions(2_000), || {
            let value = Arc::new(AtomicUsize::new(0));
            let other = Arc::clone(&value);
            let increment = |value: &AtomicUsize| value.store(value.load(SeqCst) + 1, SeqCst);
            let thread = thread::spawn(move || increment(&other));
            for _ in 0..3 {
                increment(&value);
            }
            thread.join().unwrap();
            assert!(value.load(SeqCst) > 2, "two updates were lost");
        })
    };
    assert!(twice(1).passed() && twice(2).failed_with(FailureKind::Panic));
}
