//! Random programs over atomics: the executions are exactly the graphs that the axioms admit, each once.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use drawloom::{Config, MemoryModel};
use proptest::prelude::*;

use crate::graphs::{Axioms, graphs, outcomes};
use crate::program::{Program, Step, run, with_valid_ordering};
use crate::{config, shown};

fn order() -> impl Strategy<Value = Ordering> {
    prop::sample::select(vec![Relaxed, Relaxed, Acquire, Release, AcqRel, SeqCst, SeqCst])
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2usize;
    let value = 1..3u64;
    prop_oneof![
        4 => (at.clone(), order()).prop_map(|(at, order)| Step::Load(at, order)),
        4 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Store(at, value, order)),
        2 => (at.clone(), value.clone(), order()).prop_map(|(at, plus, order)| Step::Add(at, plus, order)),
        1 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Swap(at, value, order)),
        3 => (at, 0..2u64, value, order(), order())
            .prop_map(|(at, expected, new, success, failure)| Step::Exchange { at, expected, new, success, failure }),
        2 => order().prop_map(Step::Fence),
    ]
    .prop_map(with_valid_ordering)
}

/// Two to four threads, with few enough steps for a naive enumeration.
fn program() -> impl Strategy<Value = Program> {
    let threads = |count, steps| prop::collection::vec(prop::collection::vec(step(), 1..=steps), count);
    prop_oneof![2 => threads(2, 4), 3 => threads(3, 2), 1 => threads(4, 1)]
}

fn check(program: &Program) -> Result<(), TestCaseError> {
    for (memory, axioms) in
        [(MemoryModel::Rc11, Axioms::Rc11), (MemoryModel::SequentiallyConsistent, Axioms::Sc)]
    {
        let admitted = graphs(program, axioms);
        let (outcomes_shown, report) = shown(config(memory), || run(program));
        prop_assert!(report.passed(), "{report}");
        prop_assert_eq!(
            report.executions(),
            admitted.len() as u64,
            "executions, and graphs under {:?}",
            axioms
        );
        prop_assert_eq!(outcomes_shown, outcomes(program, &admitted), "outcomes under {:?}", axioms);
    }
    let (explored, _) = shown(config(MemoryModel::Rc11), || run(program));
    let portfolio = drawloom::StrategyKind::Portfolio;
    let (sampled, _) = shown(Config::new().strategy(portfolio).executions(100), || run(program));
    prop_assert!(sampled.is_subset(&explored), "sampled {:?}, explored {:?}", sampled, explored);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn executions_are_the_graphs_that_the_axioms_admit(program in program()) {
        check(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test exhaustive -- --ignored deep_executions`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_executions_are_the_graphs_that_the_axioms_admit(program in program()) {
        check(&program)?;
    }
}
