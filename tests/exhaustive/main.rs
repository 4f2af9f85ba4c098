//! Exhaustive exploration against independent answers: published numbers of execution graphs, graphs enumerated by
//! definition, programs with known counts, and what must be found in programs with bugs.

mod acts;
mod attempts;
mod bounds;
mod bugs;
#[path = "../memory_model/corpus.rs"]
#[expect(dead_code, reason = "the documented programs are for others")]
mod corpus;
mod counted_objects;
mod families;
mod family;
mod going_on;
#[path = "../memory_model/graphs.rs"]
#[expect(dead_code, reason = "the variants of RC11 that only sampling needs")]
mod graphs;
mod interleavings;
mod livelocks;
mod locked;
mod loops;
mod objects;
#[path = "../memory_model/program.rs"]
mod program;
mod programs;
mod published;
mod random;
#[path = "../memory_model/relation.rs"]
mod relation;
mod rules;
mod time;

use std::collections::BTreeSet;
use std::sync::Mutex;

use drawloom::{Config, Coverage, MemoryModel, Report, StrategyKind, explore};

fn config(memory: MemoryModel) -> Config {
    Config::new().strategy(StrategyKind::Exhaustive).memory(memory).shrink(false)
}

/// Explores every execution of a body that must not fail. How many there are.
fn count(memory: MemoryModel, body: impl Fn() + Send + Sync) -> u64 {
    let report = explore(config(memory), body);
    assert!(report.passed(), "{report}");
    assert_eq!(report.coverage(), Some(Coverage::Verified));
    report.executions()
}

/// The executions, what they showed, and the report.
fn shown<T: Ord + Send>(config: Config, body: impl Fn() -> T + Send + Sync) -> (BTreeSet<T>, Report) {
    let seen = Mutex::new(BTreeSet::new());
    let report = explore(config, || {
        let outcome = body();
        seen.lock().unwrap().insert(outcome);
    });
    (seen.into_inner().unwrap(), report)
}

#[test]
fn litmus_programs_have_as_many_executions_as_published() {
    let mut programs = 0;
    for corpus::Litmus { name, program, rc11, sc } in corpus::published() {
        let run = || drop(program::run(&program));
        assert_eq!(count(MemoryModel::Rc11, run), rc11 as u64, "{name} under RC11");
        assert_eq!(count(MemoryModel::SequentiallyConsistent, run), sc as u64, "{name} under SC");
        programs += 1;
    }
    assert!(programs >= 60, "only {programs} programs were read");
}

#[test]
fn several_workers_find_the_same_executions() {
    let body = || {
        let counter = drawloom::sync::Arc::new(drawloom::sync::atomic::AtomicU32::new(0));
        let add = |_| {
            let counter = counter.clone();
            drawloom::thread::spawn(move || {
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            })
        };
        let threads: Vec<_> = (0..3).map(add).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    for workers in [1, 2, 4] {
        let report = explore(config(MemoryModel::Rc11).workers(workers), body);
        assert_eq!(report.executions(), 90, "{workers} workers");
    }
}
