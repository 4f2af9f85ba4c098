//! Same seed, same binary, same result: whatever the number of workers, and in debug and release builds.

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, Report, StrategyKind, explore, thread};

const STRATEGIES: [StrategyKind; 7] = [
    StrategyKind::Portfolio,
    StrategyKind::RandomWalk,
    StrategyKind::Pct { depth: 3 },
    StrategyKind::Pos,
    StrategyKind::Urw,
    StrategyKind::Surw,
    StrategyKind::RoundRobin,
];

/// Four threads, locks, atomics, weak exchanges and choices; never fails.
fn busy_program() {
    let total = Arc::new(Mutex::new(0));
    let flag = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let (total, flag) = (Arc::clone(&total), Arc::clone(&flag));
            thread::spawn(move || {
                for _ in 0..drawloom::choose(3) {
                    *total.lock().unwrap() += 1;
                    let seen = flag.load(Ordering::Acquire);
                    let _ = flag.compare_exchange_weak(seen, number, Ordering::AcqRel, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Fails once in a few hundred executions.
fn rarely_failing_program() {
    let count = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                let seen = count.load(Ordering::SeqCst);
                thread::yield_now();
                count.store(seen + 1, Ordering::SeqCst);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let unlucky = drawloom::choose(60) == 0;
    assert!(count.load(Ordering::SeqCst) > 1 || !unlucky, "all three updates collided");
}

fn config(strategy: StrategyKind, workers: usize) -> Config {
    Config::new().executions(2_000).seed(42).strategy(strategy).workers(workers)
}

/// What must not differ.
fn essence(report: &Report) -> (u64, Option<String>, String) {
    let token = report.failure().map(|failure| failure.token().to_owned());
    (report.executions(), token, report.to_string())
}

#[test]
fn the_number_of_workers_changes_nothing() {
    for strategy in STRATEGIES {
        for program in [busy_program, rarely_failing_program] {
            let one = explore(config(strategy, 1), program);
            for workers in [2, 4] {
                let many = explore(config(strategy, workers), program);
                assert_eq!(essence(&many), essence(&one), "{strategy} with {workers} workers");
            }
            if one.passed() {
                assert_eq!(explore(config(strategy, 2), program).steps(), one.steps(), "{strategy}");
            }
        }
    }
}

#[test]
fn a_seed_replays_the_execution_it_names_alone() {
    for strategy in STRATEGIES {
        // A seed names the execution that was found, not the smaller one.
        let report = explore(config(strategy, 2).shrink(false), rarely_failing_program);
        let Some(failure) = report.failure() else { continue };
        let seed = format!("{strategy}/{:#x}/{}", failure.seed(), failure.execution());
        let replayed = explore(Config::new().replay(&seed), rarely_failing_program);
        let again = replayed.failure().unwrap_or_else(|| panic!("{seed} does not fail again"));
        assert_eq!((again.kind(), again.message()), (failure.kind(), failure.message()));
        assert_eq!(again.token(), failure.token(), "{seed}");
        let replayed = explore(Config::new().replay(failure.token()), rarely_failing_program);
        let again = replayed.failure().expect("a token replays its failure");
        assert_eq!((again.message(), again.token()), (failure.message(), failure.token()));
    }
}

/// The tokens that these seeds gave when this test was written: a debug build, a release build, another
/// machine and tomorrow's compiler have to give the same.
#[test]
fn tokens_are_the_same_on_every_build_and_machine() {
    let tokens: Vec<String> = STRATEGIES
        .into_iter()
        .filter_map(|strategy| {
            let report = explore(config(strategy, 1), rarely_failing_program);
            let failure = report.failure()?;
            Some(format!("{strategy} {} {}", failure.execution(), failure.token()))
        })
        .collect();
    insta::assert_snapshot!(tokens.join("\n"));
}
