//! Minimized schedules: they fail as the original did, every time, and no schedule with fewer preemptions does, which the
//! exhaustive explorer, bounded to fewer, is asked. And what is said of the cause.

#[path = "exhaustive/locked.rs"]
mod locked;

use std::collections::BTreeMap;
use std::sync::Mutex as StdMutex;

use drawloom::sync::atomic::Ordering::{Relaxed, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, Failure, FailureKind, Log, MemoryModel, Report, StrategyKind, explore, hint, thread};
use locked::{Outcome, Program, run};
use proptest::prelude::*;

fn sampling() -> Config {
    Config::new().strategy(StrategyKind::RandomWalk).memory(MemoryModel::SequentiallyConsistent)
}

#[track_caller]
fn failure(report: &Report) -> &Failure {
    report.failure().unwrap_or_else(|| panic!("nothing was found: {report}"))
}

/// The outcome that is seen least often.
fn rarest(program: &Program) -> Outcome {
    let seen = StdMutex::new(BTreeMap::<Outcome, u32>::new());
    let report = explore(sampling().executions(400), || {
        *seen.lock().unwrap().entry(run(program)).or_insert(0) += 1;
    });
    assert!(report.passed(), "{report}");
    let seen = seen.into_inner().unwrap();
    seen.into_iter().min_by_key(|(_, count)| *count).expect("one at least").0
}

fn check(program: &Program) -> Result<(), TestCaseError> {
    let wrong = rarest(program);
    let body = || assert_ne!(run(program), wrong, "the rare outcome");
    let report = explore(sampling().executions(20_000), body);
    let found = failure(&report);
    let (steps, preemptions) = found.found();
    prop_assert!((found.preemptions(), found.steps()) <= (preemptions, steps), "{report}");
    for _ in 0..3 {
        let again = explore(sampling().replay(found.token()), body);
        prop_assert_eq!(failure(&again).message(), found.message());
        prop_assert_eq!(failure(&again).steps(), found.steps());
    }
    if found.is_minimal() && found.preemptions() > 0 {
        let fewer = found.preemptions() as u32 - 1;
        let exhaustive = sampling().strategy(StrategyKind::Exhaustive);
        let below = explore(exhaustive.clone().max_preemptions(fewer), body);
        prop_assert!(below.passed(), "with fewer than {report}\n{below}");
        let with_as_many = explore(exhaustive.max_preemptions(fewer + 1), body);
        prop_assert!(!with_as_many.passed(), "there is none with as many as {report}");
    }
    Ok(())
}

fn program() -> impl Strategy<Value = Program> {
    locked::program([3, 2, 2, 1])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_with_fewer_preemptions_fails(program in program()) {
        check(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test shrink -- --ignored deep`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_no_schedule_with_fewer_preemptions_fails(program in program()) {
        check(&program)?;
    }
}

fn lost_update() {
    let count = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&count);
    let other = thread::spawn(move || theirs.store(theirs.load(Relaxed) + 1, Relaxed));
    count.store(count.load(Relaxed) + 1, Relaxed);
    other.join().unwrap();
    assert_eq!(count.load(Relaxed), 2, "an update is lost");
}

fn two_locks() {
    let (left, right) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (theirs_left, theirs_right) = (Arc::clone(&left), Arc::clone(&right));
    let other = thread::spawn(move || {
        let _right = theirs_right.lock().unwrap();
        let _left = theirs_left.lock().unwrap();
    });
    let guards = (left.lock().unwrap(), right.lock().unwrap());
    drop(guards);
    other.join().unwrap();
}

fn early_notification() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let notifier = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    // The check and the wait are two sections.
    let is_ready = *pair.0.lock().unwrap();
    if !is_ready {
        drop(pair.1.wait(pair.0.lock().unwrap()).unwrap());
    }
    notifier.join().unwrap();
}

/// Waits for ever in a loop if the other thread comes between the two stores.
fn missed_state() {
    let (state, noise) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (theirs, their_noise) = (Arc::clone(&state), Arc::clone(&noise));
    let other = thread::spawn(move || {
        (0..5).for_each(|_| _ = their_noise.fetch_add(1, Relaxed));
        if theirs.load(SeqCst) == 1 {
            while theirs.load(SeqCst) != 3 {
                hint::spin_loop();
            }
        }
    });
    (0..5).for_each(|_| _ = noise.fetch_add(1, Relaxed));
    state.store(1, SeqCst);
    state.store(2, SeqCst);
    other.join().unwrap();
}

/// As `missed_state`, but the loop changes something in each round, and never yields.
fn polled_lock() {
    let (state, noise) = (Arc::new(Mutex::new(0)), Arc::new(AtomicU32::new(0)));
    let (theirs, their_noise) = (Arc::clone(&state), Arc::clone(&noise));
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let other = thread::spawn(move || {
        (0..5).for_each(|_| _ = their_noise.fetch_add(1, Relaxed));
        let seen = *theirs.lock().unwrap();
        if seen == 1 {
            // It never comes.
            while *theirs.lock().unwrap() != 3 {}
        }
        is_done.store(true, Relaxed);
    });
    (0..5).for_each(|_| _ = noise.fetch_add(1, Relaxed));
    *state.lock().unwrap() = 1;
    *state.lock().unwrap() = 2;
    while !done.load(Relaxed) {
        thread::yield_now();
    }
    other.join().unwrap();
}

#[test]
fn a_minimized_schedule_fails_the_same_way_a_hundred_times() {
    for (body, kind) in [
        (lost_update as fn(), FailureKind::Panic),
        (two_locks, FailureKind::Deadlock),
        (early_notification, FailureKind::Deadlock),
        (missed_state, FailureKind::Livelock),
        (polled_lock, FailureKind::GoodSamaritan),
    ] {
        // What a strategy does with an execution that never ends depends on it.
        let strategy = match kind {
            FailureKind::GoodSamaritan => StrategyKind::Pct { depth: 3 },
            _ => StrategyKind::Portfolio,
        };
        let config = Config::new().strategy(strategy).max_steps(50_000);
        let report = explore(config, body);
        let found = failure(&report);
        assert_eq!((found.kind(), found.preemptions()), (kind, 1), "{report}");
        // Where a thread yields in a loop, there is no end to the schedules without preemptions.
        assert_eq!(found.is_minimal(), kind != FailureKind::GoodSamaritan, "{report}");
        // Those that go on for ever take longer.
        let times = if matches!(kind, FailureKind::Panic | FailureKind::Deadlock) { 100 } else { 10 };
        for _ in 0..times {
            let again = explore(Config::new().max_steps(50_000).replay(found.token()), body);
            let again = failure(&again);
            assert_eq!((again.kind(), again.message()), (kind, found.message()));
            assert_eq!((again.steps(), again.preemptions()), (found.steps(), 1));
        }
    }
}

#[test]
fn the_cause_is_told() {
    for (name, body) in [
        ("lost_update", lost_update as fn()),
        ("two_locks", two_locks),
        ("early_notification", early_notification),
    ] {
        let sampled = explore(Config::new().strategy(StrategyKind::Portfolio), body).to_string();
        let from = sampled.find("cause:").unwrap_or_else(|| panic!("no cause in {sampled}"));
        let to = sampled[from..].find("\n\n").map_or(sampled.len(), |to| from + to);
        insta::assert_snapshot!(name, &sampled[from..to]);
    }
}

#[test]
fn the_nearest_schedule_that_passes_is_shown_where_all_is_shown() {
    for body in [lost_update as fn(), two_locks, early_notification] {
        let text = explore(Config::new().log(Log::Full), body).to_string();
        let from = text.find("a schedule that passes").unwrap_or_else(|| panic!("none is shown: {text}"));
        let passes = text[..from].contains("it passes") || text[..from].contains("some schedules pass");
        assert!(passes, "{text}");
        assert!(!text[from..].contains("panics"), "{text}");
    }
}

#[test]
fn a_minimized_failure_can_be_pinned() {
    drawloom::assert_failure_snapshot!("pinned", explore(Config::new(), two_locks));
}

#[test]
#[should_panic(expected = "there is no failure to compare")]
fn what_passes_cannot_be_pinned() {
    drawloom::assert_failure_snapshot!(explore(Config::new(), || ()));
}

#[test]
fn what_fails_in_any_order_is_said_to() {
    let report = explore(Config::new().strategy(StrategyKind::Portfolio), || {
        let other = thread::spawn(|| ());
        other.join().unwrap();
        panic!("always");
    });
    let text = report.to_string();
    assert!(text.contains("cause: it fails whatever the order of operations is"), "{text}");
}

#[test]
fn values_that_the_program_draws_become_small() {
    let report = explore(Config::new().strategy(StrategyKind::Portfolio), || {
        let drawn = drawloom::choose(1_000);
        assert!(drawn < 357, "drawn {drawn}");
    });
    // The message without its numbers is the same.
    let again = explore(Config::new().replay(failure(&report).token()), || {
        panic!("drawn {}", drawloom::choose(1_000))
    });
    assert_eq!(failure(&again).message(), "drawn 357");
}

#[test]
fn nothing_is_shrunk_where_that_is_not_wanted() {
    let config = Config::new().strategy(StrategyKind::Portfolio).shrink(false);
    let report = explore(config, lost_update);
    let found = failure(&report);
    assert_eq!((found.replays(), found.is_minimal()), (0, false));
    assert_eq!(found.found(), (found.steps(), found.preemptions()));
}

/// One of fifty threads must not be half done while another is half done; each does ten thousand rounds.
fn long() {
    let (counters, gate) = (Arc::new([const { AtomicU32::new(0) }; 50]), Arc::new(AtomicU32::new(0)));
    let threads: Vec<_> = (0..50usize)
        .map(|me| {
            let (counters, gate) = (Arc::clone(&counters), Arc::clone(&gate));
            thread::spawn(move || {
                for round in 0..10_000u32 {
                    counters[(me + round as usize % 2) % 50].fetch_add(1, Relaxed);
                    if me == 7 && round == 3_000 {
                        gate.store(1, Relaxed);
                    } else if me == 31 && round == 5_000 {
                        assert_eq!(gate.load(Relaxed), 0, "the gate is open");
                    } else if me == 7 && round == 7_000 {
                        gate.store(0, Relaxed);
                    }
                    counters[me].load(Relaxed);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// `cargo test --release --test shrink -- --ignored --nocapture a_million`
#[test]
#[ignore = "takes long; see the command in its documentation"]
fn a_million_steps_shrink_to_few_switches() {
    let config = sampling().max_steps(2_000_000).executions(100);
    let start = std::time::Instant::now();
    let unshrunk = explore(config.clone().shrink(false), long);
    let search = start.elapsed();
    let start = std::time::Instant::now();
    let report = explore(config, long);
    let found = failure(&report);
    println!(
        "{} steps, {} switches; minimized {} steps, {} switches, {} preemptions; {} replays, {:.1} s",
        failure(&unshrunk).steps(),
        failure(&unshrunk).switches(),
        found.steps(),
        found.switches(),
        found.preemptions(),
        found.replays(),
        start.elapsed().saturating_sub(search).as_secs_f64(),
    );
    assert!(found.preemptions() <= 2 && found.switches() <= 20, "{report}");
}

#[test]
fn a_schedule_that_is_kept_is_explained_again() {
    let folder = std::env::temp_dir().join(format!("drawloom-explained-{}", std::process::id()));
    let config = || Config::new().name("explained").regressions(&folder).strategy(StrategyKind::Portfolio);
    let cause = |report: Report| {
        let text = report.to_string();
        let from = text.find("cause:").unwrap_or_else(|| panic!("no cause in {text}"));
        (text.contains("the schedule is from line"), text[from..].lines().next().map(str::to_owned))
    };
    for body in [lost_update as fn(), missed_state] {
        let (is_old, found) = cause(explore(config(), body));
        assert!(!is_old);
        assert_eq!(cause(explore(config(), body)), (true, found));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn threads_that_it_fails_without_do_not_run_before_it_fails() {
    let body = || {
        let (state, log) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
        let notes = |who: u32| {
            let log = Arc::clone(&log);
            thread::spawn(move || (0..3).for_each(|line| log.lock().unwrap().push((who, line))))
        };
        let bystanders = [notes(1), notes(2), notes(3)];
        let (theirs, their_log) = (Arc::clone(&state), Arc::clone(&log));
        let writer = thread::spawn(move || {
            theirs.store(1, SeqCst);
            their_log.lock().unwrap().push((4, 0));
            theirs.store(2, SeqCst);
        });
        let reader = thread::spawn(move || assert_ne!(state.load(SeqCst), 1, "between the two"));
        writer.join().unwrap();
        reader.join().unwrap();
        bystanders.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let report = explore(sampling(), body);
    let found = failure(&report);
    // To the writer, to the reader.
    assert_eq!((found.preemptions(), found.switches()), (1, 2), "{report}");
}
