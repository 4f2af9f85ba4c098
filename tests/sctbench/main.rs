//! The programs of SCTBench (Thomson, Donaldson, Betts: Concurrency testing using controlled schedulers, TOPC
//! 2016), written anew: the field's usual measure of how soon a strategy finds a bug.
//!
//! Each program has to fail in its own way within 10,000 executions, each failure has to come back from its
//! token, and each repaired twin has to pass. A plain shared variable of a C program is a relaxed atomic here, so
//! that each access is a scheduling point.

mod account;
mod allocation;
mod bluetooth;
mod bounded_buffer;
mod conditions;
mod handoff;
mod lock_order;
mod published;
mod qsort_mt;
mod reorder;
mod stringbuffer;
mod turns;
mod twostage;
mod work_stealing;
mod wronglock;

use std::time::{Duration, Instant};

use drawloom::thread::JoinHandle;
use drawloom::{Config, Failure, FailureKind, MemoryModel, Report, StrategyKind, explore};

const EXECUTIONS: u64 = 10_000;
const SEED: u64 = 2016;

struct Program {
    name: &'static str,
    body: fn(),
    failure: FailureKind,
}

/// The table of all programs, and a module of tests for each.
macro_rules! programs {
    ($($name:ident: $body:expr, $repaired:expr, $failure:ident;)*) => {
        const PROGRAMS: &[Program] = &[
            $(Program {
                name: stringify!($name),
                body: $body,
                failure: FailureKind::$failure,
            },)*
        ];

        mod program {
            $(mod $name {
                use crate::*;

                #[test]
                fn fails() {
                    crate::fails($body, FailureKind::$failure);
                }

                #[test]
                fn fails_again_from_its_token() {
                    crate::fails_again_from_its_token($body);
                }

                #[test]
                fn passes_when_repaired() {
                    crate::passes($repaired);
                }
            })*
        }
    };
}

programs! {
    account: account::account, account::account_repaired, Panic;
    bluetooth: bluetooth::bluetooth, bluetooth::bluetooth_repaired, Panic;
    circular_buffer: handoff::circular_buffer, handoff::circular_buffer_repaired, Panic;
    queue: handoff::queue, handoff::queue_repaired, Panic;
    stack: handoff::stack, handoff::stack_repaired, Panic;
    lazy01: turns::lazy01, turns::lazy01_repaired, Panic;
    token_ring: turns::token_ring, turns::token_ring_repaired, Panic;
    deadlock01: lock_order::deadlock01, lock_order::deadlock01_repaired, Deadlock;
    carter01: lock_order::carter01, lock_order::carter01_repaired, Deadlock;
    phase01: lock_order::phase01, lock_order::phase01_repaired, Deadlock;
    din_phil_2: lock_order::philosophers::<2>, lock_order::philosophers_repaired::<2>, Deadlock;
    din_phil_3: lock_order::philosophers::<3>, lock_order::philosophers_repaired::<3>, Deadlock;
    din_phil_4: lock_order::philosophers::<4>, lock_order::philosophers_repaired::<4>, Deadlock;
    din_phil_5: lock_order::philosophers::<5>, lock_order::philosophers_repaired::<5>, Deadlock;
    din_phil_6: lock_order::philosophers::<6>, lock_order::philosophers_repaired::<6>, Deadlock;
    din_phil_7: lock_order::philosophers::<7>, lock_order::philosophers_repaired::<7>, Deadlock;
    sync01: conditions::sync01, conditions::sync01_repaired, Deadlock;
    sync02: conditions::sync02, conditions::sync02_repaired, Deadlock;
    arithmetic_prog: conditions::arithmetic_prog, conditions::arithmetic_prog_repaired, Deadlock;
    wronglock: wronglock::wronglock::<1, 7>, wronglock::wronglock_repaired::<1, 7>, Panic;
    wronglock_3: wronglock::wronglock::<1, 3>, wronglock::wronglock_repaired::<1, 3>, Panic;
    twostage: twostage::twostage::<1, 1>, twostage::twostage_repaired::<1, 1>, Panic;
    twostage_20: twostage::twostage::<19, 1>, twostage::twostage_repaired::<19, 1>, Panic;
    reorder_3: reorder::reorder::<3>, reorder::reorder_repaired::<3>, Panic;
    reorder_4: reorder::reorder::<4>, reorder::reorder_repaired::<4>, Panic;
    reorder_5: reorder::reorder::<5>, reorder::reorder_repaired::<5>, Panic;
    reorder_10: reorder::reorder::<10>, reorder::reorder_repaired::<10>, Panic;
    reorder_20: reorder::reorder::<20>, reorder::reorder_repaired::<20>, Panic;
    fsbench: allocation::fsbench, allocation::fsbench_repaired, Panic;
    stringbuffer: stringbuffer::stringbuffer, stringbuffer::stringbuffer_repaired, Panic;
    wsq: work_stealing::wsq, work_stealing::wsq_repaired, Panic;
    interlocked_wsq: work_stealing::interlocked_wsq, work_stealing::interlocked_wsq_repaired, Panic;
    bounded_buffer: bounded_buffer::bounded_buffer, bounded_buffer::bounded_buffer_repaired, Panic;
    qsort_mt: qsort_mt::qsort_mt, qsort_mt::qsort_mt_repaired, Panic;
}

#[test]
fn indexer_passes_with_its_first_collision() {
    passes(allocation::indexer::<12>);
}

#[test]
fn indexer_passes_with_more_collisions() {
    passes(allocation::indexer::<13>);
}

/// For the programs whose threads return nothing.
fn join_all(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

fn config() -> Config {
    Config::new().executions(EXECUTIONS).seed(SEED)
}

fn failure(report: &Report) -> &Failure {
    report.failure().unwrap_or_else(|| panic!("no failure was found: {report}"))
}

fn fails(body: fn(), expected: FailureKind) {
    let report = explore(config(), body);
    assert_eq!(failure(&report).kind(), expected, "{report}");
}

fn fails_again_from_its_token(body: fn()) {
    let found = explore(config(), body);
    let found = failure(&found);
    let replayed = explore(config().replay(found.token()), body);
    let replayed = failure(&replayed);
    assert_eq!(replayed.kind(), found.kind());
    assert_eq!(replayed.message(), found.message());
}

fn passes(body: fn()) {
    let report = explore(config(), body);
    assert!(report.passed(), "{report}");
}

/// Prints the mean number of executions to the first failure, beside the published figures:
///
/// `cargo test --release --test sctbench -- --ignored --nocapture executions_to_the_first_failure`
#[test]
#[ignore = "a measurement that takes minutes"]
fn executions_to_the_first_failure() {
    const STRATEGIES: [(&str, StrategyKind); 7] = [
        ("portfolio", StrategyKind::Portfolio),
        ("surw", StrategyKind::Surw),
        ("pct:3", StrategyKind::Pct { depth: 3 }),
        ("pos", StrategyKind::Pos),
        ("random", StrategyKind::RandomWalk),
        ("urw", StrategyKind::Urw),
        ("round-robin", StrategyKind::RoundRobin),
    ];
    let row = |name: &str, measured: &[String], published: &[&str]| {
        let cells = |cells: &[String]| -> String { cells.iter().map(|cell| format!("{cell:>12}")).collect() };
        let published: Vec<String> = published.iter().map(|cell| (*cell).to_owned()).collect();
        println!("{name:16}{}  |{}", cells(measured), cells(&published));
    };
    row("program", &STRATEGIES.map(|(name, _)| name.to_owned()), &published::STRATEGIES);
    for program in PROGRAMS {
        let measured = STRATEGIES.map(|(_, strategy)| mean_executions(program, strategy));
        let published = published::FIGURES
            .iter()
            .find(|(name, _)| *name == program.name)
            .map_or(&["."; 5], |(_, figures)| figures);
        row(program.name, &measured, published);
    }
}

/// In the notation of the published figures.
fn mean_executions(program: &Program, strategy: StrategyKind) -> String {
    const TRIALS: u64 = 20;
    let found: Vec<u64> = (0..TRIALS)
        .filter_map(|seed| {
            let config = config().seed(seed).strategy(strategy);
            let report = explore(config, program.body);
            let failure = report.failure()?;
            (failure.kind() == program.failure).then(|| failure.execution() + 1)
        })
        .collect();
    let trials = found.len() as u64;
    if trials == 0 {
        return "-".to_owned();
    }
    let mean = (found.iter().sum::<u64>() + trials / 2) / trials;
    if trials == TRIALS { mean.to_string() } else { format!("{mean}({trials})") }
}

/// Whether the exhaustive explorer says within a minute that no execution with fewer preemptions fails, all loads reading the
/// last store.
fn has_no_fewer(body: fn(), preemptions: u64) -> bool {
    let config = config().strategy(StrategyKind::Exhaustive).memory(MemoryModel::SequentiallyConsistent);
    let below = config.max_preemptions(preemptions as u32 - 1).executions(u64::MAX);
    explore(below.time(Duration::from_secs(60)), body).passed()
}

/// `cargo test --release --test sctbench -- --ignored --nocapture minimized`
#[test]
#[ignore = "prints the table of docs/performance.md; its times are for reading"]
fn minimized_schedules() {
    println!("| program | found by sampling: preemptions, steps | minimized | fewest | replays | ms |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for program in PROGRAMS {
        let config = config().strategy(StrategyKind::Portfolio);
        let start = Instant::now();
        explore(config.clone().shrink(false), program.body);
        let unshrunk = start.elapsed();
        let start = Instant::now();
        let report = explore(config, program.body);
        let time = start.elapsed().saturating_sub(unshrunk);
        let failure = failure(&report);
        let (steps, preemptions) = failure.found();
        println!(
            "| {} | {preemptions}, {steps} | {}, {} | {} | {} | {:.1} |",
            program.name,
            failure.preemptions(),
            failure.steps(),
            match failure.is_minimal() {
                true => "yes",
                false if has_no_fewer(program.body, failure.preemptions()) => "yes, by exploring",
                false => "not proved",
            },
            failure.replays(),
            time.as_secs_f64() * 1e3,
        );
    }
}
