//! Threads that go round in loops for ever are told soon, with what each of them looks at.

use super::*;

/// It is found under each strategy, early, and replays by its token to the same.
#[track_caller]
fn is_found(limit: u64, body: fn()) {
    under_every_strategy(
        |config| config.executions(5).max_steps(1_000_000),
        body,
        |strategy, report| {
            assert!(report.failed_with(FailureKind::Livelock), "{strategy}: {report}");
            let failure = report.failure().unwrap();
            assert!(failure.steps() < limit, "{strategy}: {} steps", failure.steps());
            assert!(failure.token().len() < 1_000, "{strategy}: {}", failure.token());
            let replayed = explore(config("random").max_steps(1_000_000).replay(failure.token()), body);
            assert!(replayed.failed_with(FailureKind::Livelock), "{strategy}: {replayed}");
            let again = replayed.failure().unwrap();
            assert_eq!(again.message(), failure.message(), "{strategy}");
            assert_eq!(again.token(), failure.token(), "{strategy}");
            assert_eq!(again.steps(), failure.steps(), "{strategy}");
        },
    );
}

/// `ready` is never set, as the condition for it is never met.
fn nobody_sets_the_flag() {
    let (ready, jobs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (theirs, adds) = (Arc::clone(&ready), Arc::clone(&jobs));
    let waits = thread::spawn(move || {
        while !theirs.load(Acquire) {
            hint::spin_loop();
        }
    });
    if adds.fetch_add(1, Relaxed) == 1 {
        ready.store(true, Release);
    }
    while jobs.load(Relaxed) < 2 {
        thread::yield_now();
    }
    waits.join().unwrap();
}

#[test]
fn of_loops_with_hints_is_found() {
    is_found(60_000, nobody_sets_the_flag);
}

#[test]
fn of_loops_without_hints_is_found() {
    is_found(300_000, || {
        let mutex = Arc::new(Mutex::new(()));
        std::mem::forget(mutex.lock().unwrap());
        let theirs = Arc::clone(&mutex);
        let thread = thread::spawn(move || while theirs.try_lock().is_err() {});
        while mutex.try_lock().is_err() {}
        thread.join().unwrap();
    });
}

#[test]
fn of_old_values_is_not_told_before_the_last_was_read() {
    ends(|| {
        let data = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&data);
        let thread = thread::spawn(move || (1..40).for_each(|value| theirs.store(value, Relaxed)));
        while data.load(Relaxed) < 39 {
            hint::spin_loop();
        }
        thread.join().unwrap();
    });
}

#[test]
fn is_found_although_another_thread_waits_for_a_lock() {
    is_found(60_000, || {
        let (mutex, never) = (Arc::new(Mutex::new(())), AtomicBool::new(false));
        let theirs = Arc::clone(&mutex);
        let _guard = mutex.lock().unwrap();
        let waits = thread::spawn(move || drop(theirs.lock()));
        while !never.load(Relaxed) {
            thread::yield_now();
        }
        waits.join().unwrap();
    });
}

#[test]
fn is_told_at_the_step_limit_if_that_comes_first() {
    let report = explore(config("random").max_steps(5_000), || {
        let never = AtomicBool::new(false);
        while !never.load(Relaxed) {}
    });
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
    let report = explore(config("random").max_steps(900), || {
        let never = AtomicBool::new(false);
        while !never.load(Relaxed) {}
    });
    assert!(report.failed_with(FailureKind::StepLimit), "{report}");
}

#[test]
fn is_found_in_one_execution_of_many() {
    // Only if the second thread comes between the two steps of the first.
    let body = || {
        let state = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&state);
        let thread = thread::spawn(move || {
            if theirs.load(Acquire) == 1 {
                while theirs.load(Acquire) != 3 {
                    hint::spin_loop();
                }
            }
        });
        state.store(1, Release);
        state.store(2, Release);
        thread.join().unwrap();
    };
    let config = || Config::new().strategy(StrategyKind::RandomWalk).executions(200).seed(3);
    let report = explore(config(), body);
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
    let workers = explore(config().workers(3), body);
    assert_eq!(report.to_string(), workers.to_string());
    let seed = format!("random/0x3/{}", report.failure().unwrap().execution());
    assert!(explore(config().replay(seed), body).failed_with(FailureKind::Livelock));
}

#[test]
fn is_reported_with_what_each_thread_waits_for() {
    let report = explore(config("random").max_steps(1_000_000), nobody_sets_the_flag);
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn is_reported_with_who_waits_otherwise() {
    let report = explore(config("pct:3").max_steps(1_000_000), || {
        let wants = Arc::new([AtomicBool::new(true), AtomicBool::new(false)]);
        let lock = Arc::new(Mutex::new(()));
        let (theirs, theirs_too) = (Arc::clone(&wants), Arc::clone(&lock));
        let enters = move || {
            let _guard = theirs_too.lock().unwrap();
            while theirs[0].load(SeqCst) && !theirs[1].load(SeqCst) {
                hint::spin_loop();
            }
        };
        let thread = thread::Builder::new().name("enters".to_owned()).spawn(enters).unwrap();
        drop(lock.lock().unwrap());
        wants[1].store(false, SeqCst);
        thread.join().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
}
