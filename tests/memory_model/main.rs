//! Weak memory against brute force: the outcomes that executions show are among those that RC11's axioms
//! admit, and many executions of a small program show them all.

mod graphs;
mod program;
mod relation;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use drawloom::{Config, MemoryModel, StrategyKind, explore};
use graphs::{Axioms, graphs, is_valid, outcomes};
use program::{Outcome, Program, Step, parse, run};
use proptest::prelude::*;

/// Litmus programs with the published number of graphs under RC11 and SC.
const LITMUS: &str = include_str!("litmus.tsv");

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

fn litmus() -> impl Iterator<Item = (&'static str, usize, usize, Program)> {
    LITMUS.lines().filter(|line| !line.starts_with(['#', 'n'])).filter_map(|line| {
        let mut columns = line.split('\t');
        let mut column = || columns.next().expect("four columns");
        let (name, rc11, sc, program) = (column(), column(), column(), column());
        Some((name, rc11.parse().unwrap(), sc.parse().unwrap(), parse(program)?))
    })
}

#[test]
fn the_axioms_admit_as_many_graphs_as_published() {
    let mut programs = 0;
    for (name, rc11, sc, program) in litmus().filter(|(_, rc11, _, _)| *rc11 < 200) {
        assert_eq!(graphs(&program, Axioms::Rc11GenMc).len(), rc11, "{name} under RC11");
        assert_eq!(graphs(&program, Axioms::Sc).len(), sc, "{name} under SC");
        programs += 1;
    }
    assert!(programs > 30, "only {programs} programs were read");
}

#[test]
fn litmus_programs_show_exactly_what_the_axioms_admit() {
    for (name, rc11, _, program) in litmus().filter(|(_, rc11, _, _)| *rc11 < 30) {
        let in_order = outcomes(&program, &graphs(&program, Axioms::Rc11InOrder));
        let shown = sampled(&program, Config::new().executions(4_000 * rc11.isqrt() as u64));
        assert_eq!(shown, in_order, "{name}: shown, and admitted");
        let sc = outcomes(&program, &graphs(&program, Axioms::Sc));
        let config = Config::new().executions(1_000).memory(MemoryModel::SequentiallyConsistent);
        assert!(sampled(&program, config).is_subset(&sc), "{name} under SC");
    }
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
    .prop_filter("std refuses some orderings", |&step| is_valid(step))
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
        let shown = sampled(&program, Config::new().executions(10_000));
        prop_assert_eq!(shown, admitted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test memory_model -- --ignored`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_no_execution_shows_what_the_axioms_forbid(
        program in program(2..5, 1..5).prop_filter("small", |program| program.iter().flatten().count() <= 9),
        strategy in strategies(),
    ) {
        check_soundness(&program, strategy, 200)?;
    }
}
