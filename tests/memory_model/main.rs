//! Weak memory against brute force: the outcomes that executions show are among those that RC11's axioms
//! admit, and many executions of a small program show them all. Beside axioms stand loom and real threads, in files of their own.

mod corpus;
mod graphs;
mod loom_oracle;
mod native;
mod program;
mod races;
mod relation;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use corpus::{Litmus, documented, published};
use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::{Config, FailureKind, MemoryModel, StrategyKind, explore, thread};
use graphs::{Axioms, graphs, outcomes};
use program::{Outcome, Program, Step, run, with_valid_ordering};
use proptest::prelude::*;

fn sampling() -> Config {
    Config::new().strategy(StrategyKind::Portfolio)
}

/// The outcomes that this many executions show.
fn sampled(program: &Program, config: Config) -> BTreeSet<Outcome> {
    let seen = Mutex::new(BTreeSet::new());
    let report = explore(config, || {
        let outcome = run(program);
        seen.lock().unwrap().insert(outcome);
    });
    assert!(report.passed(), "{report}");
    seen.into_inner().unwrap()
}

#[test]
fn the_axioms_admit_as_many_graphs_as_published() {
    let mut programs = 0;
    for Litmus { name, program, rc11, sc } in published().filter(|litmus| litmus.rc11 < 200) {
        assert_eq!(graphs(&program, Axioms::Rc11GenMc).len(), rc11, "{name} under RC11");
        assert_eq!(graphs(&program, Axioms::Sc).len(), sc, "{name} under SC");
        programs += 1;
    }
    assert!(programs > 30, "only {programs} programs were read");
}

#[test]
fn litmus_programs_show_exactly_what_the_axioms_admit() {
    for Litmus { name, program, rc11, .. } in published().filter(|litmus| litmus.rc11 < 30) {
        let in_order = outcomes(&program, &graphs(&program, Axioms::Rc11InOrder));
        let shown = sampled(&program, sampling().executions(4_000 * rc11.isqrt() as u64));
        assert_eq!(shown, in_order, "{name}: shown, and admitted");
        let sc = outcomes(&program, &graphs(&program, Axioms::Sc));
        let config = sampling().executions(1_000).memory(MemoryModel::SequentiallyConsistent);
        assert!(sampled(&program, config).is_subset(&sc), "{name} under SC");
    }
}

#[test]
fn the_documented_outcomes_are_those_that_are_shown() {
    let documented: Vec<_> = documented().collect();
    assert!(documented.len() >= 15);
    for Litmus { name, program, rc11, sc } in documented {
        let shown = sampled(&program, sampling());
        assert_eq!(shown, outcomes(&program, &graphs(&program, Axioms::Rc11)), "{name}");
        assert_eq!(shown.len(), rc11, "{name}");
        let exhaustive = Config::new().strategy(StrategyKind::Exhaustive);
        assert_eq!(sampled(&program, exhaustive), shown, "{name}, explored exhaustively");
        let config = sampling().memory(MemoryModel::SequentiallyConsistent);
        assert_eq!(sampled(&program, config).len(), sc, "{name} under SC");
    }
}

#[test]
fn what_weak_memory_did_is_in_the_trace() {
    let report = explore(sampling(), || {
        let data = Arc::new(AtomicU32::new(0));
        let ready = Arc::new(AtomicBool::new(false));
        let (theirs, flag) = (Arc::clone(&data), Arc::clone(&ready));
        let writer = thread::spawn(move || {
            theirs.store(42, Relaxed);
            flag.store(true, Relaxed);
        });
        if ready.load(Acquire) {
            assert_eq!(data.load(Relaxed), 42, "the data is not there yet");
        }
        writer.join().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
    let replayed = explore(Config::new().replay(report.failure().unwrap().token()), || ());
    assert!(!replayed.failed_with(FailureKind::Panic), "another program");
}

#[test]
fn histories_do_not_grow_with_what_nobody_can_read() {
    // Two threads hand a number to and fro: whoever has it has read the last store.
    let config = Config::new().executions(3).strategy(StrategyKind::RandomWalk);
    let report = explore(config, || {
        let turn = Arc::new(AtomicU32::new(0));
        let player = |me: u32| {
            let turn = Arc::clone(&turn);
            thread::spawn(move || {
                for round in 0..20_000 {
                    while turn.load(Acquire) != 2 * round + me {
                        thread::yield_now();
                    }
                    turn.store(2 * round + me + 1, Release);
                }
            })
        };
        let players = [player(0), player(1)];
        players.into_iter().for_each(|player| player.join().unwrap());
        assert_eq!(turn.load(Relaxed), 40_000);
    });
    assert!(report.passed(), "{report}");
}

fn order() -> impl Strategy<Value = Ordering> {
    prop::sample::select(vec![Relaxed, Relaxed, Acquire, Release, AcqRel, SeqCst, SeqCst])
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2usize;
    let value = 1..3u64;
    prop_oneof![
        4 => (at.clone(), order()).prop_map(|(at, order)| Step::Load(at, order)),
        4 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Store(at, value, order)),
        1 => (at.clone(), value.clone(), order()).prop_map(|(at, plus, order)| Step::Add(at, plus, order)),
        1 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Swap(at, value, order)),
        2 => (at, 0..2u64, value, order(), order())
            .prop_map(|(at, expected, new, success, failure)| Step::Exchange { at, expected, new, success, failure }),
        2 => order().prop_map(Step::Fence),
    ]
    .prop_map(with_valid_ordering)
}

fn program(threads: std::ops::Range<usize>, steps: std::ops::Range<usize>) -> impl Strategy<Value = Program> {
    prop::collection::vec(prop::collection::vec(step(), steps), threads)
}

fn strategies() -> impl Strategy<Value = StrategyKind> {
    prop::sample::select(vec![
        StrategyKind::Portfolio,
        StrategyKind::RandomWalk,
        StrategyKind::Pct { depth: 3 },
        StrategyKind::Pos,
    ])
}

fn check_soundness(program: &Program, strategy: StrategyKind, executions: u64) -> Result<(), TestCaseError> {
    let admitted = outcomes(program, &graphs(program, Axioms::Rc11InOrder));
    let shown = sampled(program, Config::new().strategy(strategy).executions(executions));
    let forbidden: Vec<_> = shown.difference(&admitted).collect();
    prop_assert!(forbidden.is_empty(), "{strategy} showed {forbidden:?}, admitted are {admitted:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_execution_shows_what_the_axioms_forbid(program in program(2..4, 1..4), strategy in strategies()) {
        check_soundness(&program, strategy, 300)?;
    }

    #[test]
    fn many_executions_of_a_tiny_program_show_all_that_the_axioms_admit(program in program(2..3, 1..4)) {
        let admitted = outcomes(&program, &graphs(&program, Axioms::Rc11InOrder));
        let shown = sampled(&program, sampling().executions(10_000));
        prop_assert_eq!(shown, admitted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test memory_model -- --ignored deep_no_execution`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_no_execution_shows_what_the_axioms_forbid(
        program in program(2..4, 1..4),
        strategy in strategies(),
    ) {
        check_soundness(&program, strategy, 200)?;
    }
}
