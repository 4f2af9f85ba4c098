//! Exploration against brute force: random small programs of threads, locks and atomics.
//!
//! An enumerator written from the definition (every interleaving, one step at a time, depth first) gives all
//! final states of a program, deadlock among them. No execution may end in any other, and many executions of a
//! tiny program have to reach all of them: loops that wait included, which the scheduler makes give way to others, and
//! which it says to wait for ever where no interleaving goes on.

mod interleavings;
mod sampled;

use drawloom::StrategyKind;
use interleavings::{LOCATIONS, LOCKS, Program, Step, all_finals};
use proptest::prelude::*;
use sampled::{sampled_finals, sampled_finals_of_loops};

fn step() -> impl Strategy<Value = Step> {
    let at = 0..LOCATIONS;
    let lock = 0..LOCKS;
    prop_oneof![
        3 => at.clone().prop_map(Step::Load),
        3 => (at.clone(), 1u32..3).prop_map(|(at, plus)| Step::Store(at, plus)),
        2 => (at.clone(), 1u32..3).prop_map(|(at, plus)| Step::Add(at, plus)),
        1 => (at, 0u32..3).prop_map(|(at, expected)| Step::Exchange(at, expected)),
        3 => lock.clone().prop_map(Step::Lock),
        1 => lock.clone().prop_map(Step::TryLock),
        1 => lock.prop_map(Step::Unlock),
    ]
}

fn program(threads: std::ops::Range<usize>, steps: std::ops::Range<usize>) -> impl Strategy<Value = Program> {
    // Each thread gives back at its end what it has, one lock after the other.
    let thread = prop::collection::vec(step(), steps).prop_map(|mut steps| {
        steps.extend((0..LOCKS).map(Step::Unlock));
        steps
    });
    prop::collection::vec(thread, threads)
}

/// Programs of two threads that yield and wait in loops.
fn looping_program() -> impl Strategy<Value = Program> {
    let step = prop_oneof![
        4 => step(),
        2 => Just(Step::Yield),
        3 => (0..LOCATIONS, 0u32..3, any::<bool>()).prop_map(|(at, value, says_so)| Step::Await(at, value, says_so)),
    ];
    let thread = prop::collection::vec(step, 1..5).prop_map(|mut steps| {
        steps.extend((0..LOCKS).map(Step::Unlock));
        steps
    });
    prop::collection::vec(thread, 2..3)
}

/// No execution with loops ends, or goes on for ever, where no interleaving does.
fn check_loops_are_sound(
    program: &Program,
    strategy: StrategyKind,
    executions: u64,
) -> Result<(), TestCaseError> {
    let possible = all_finals(program);
    let reached = sampled_finals_of_loops(program, strategy, executions);
    let impossible: Vec<_> = reached.difference(&possible).collect();
    prop_assert!(impossible.is_empty(), "{strategy} reached {impossible:?}, possible are {possible:?}");
    Ok(())
}

/// A random walk reaches every end although threads that yield give way.
fn check_loops_are_complete(program: &Program, executions: u64) -> Result<(), TestCaseError> {
    let possible = all_finals(program);
    let reached = sampled_finals_of_loops(program, StrategyKind::RandomWalk, executions);
    let missing: Vec<_> = possible.difference(&reached).collect();
    prop_assert!(missing.is_empty(), "missed {missing:?} of {possible:?}");
    Ok(())
}

fn strategy() -> impl Strategy<Value = StrategyKind> {
    prop::sample::select(vec![
        StrategyKind::Portfolio,
        StrategyKind::RandomWalk,
        StrategyKind::Pct { depth: 3 },
        StrategyKind::Pos,
        StrategyKind::Urw,
        StrategyKind::Surw,
        StrategyKind::RoundRobin,
    ])
}

/// No execution ends in a state that no interleaving reaches.
fn check_soundness(program: &Program, strategy: StrategyKind, executions: u64) -> Result<(), TestCaseError> {
    let possible = all_finals(program);
    let reached = sampled_finals(program, strategy, executions);
    let impossible: Vec<_> = reached.difference(&possible).collect();
    prop_assert!(impossible.is_empty(), "{strategy} reached {impossible:?}, possible are {possible:?}");
    Ok(())
}

/// Many executions of a tiny program reach every state that some interleaving reaches.
fn check_completeness(program: &Program) -> Result<(), TestCaseError> {
    let possible = all_finals(program);
    for strategy in [StrategyKind::RandomWalk, StrategyKind::Pos, StrategyKind::Portfolio] {
        let reached = sampled_finals(program, strategy, 5_000);
        let missing: Vec<_> = possible.difference(&reached).collect();
        prop_assert!(missing.is_empty(), "{strategy} missed {missing:?} of {possible:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_execution_ends_where_no_interleaving_does(program in program(2..4, 1..5), strategy in strategy()) {
        check_soundness(&program, strategy, 200)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_executions_of_a_tiny_program_reach_every_end(program in program(2..3, 1..4)) {
        check_completeness(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_loop_ends_or_goes_on_for_ever_where_none_does(program in looping_program(), strategy in strategy()) {
        check_loops_are_sound(&program, strategy, 40)?;
    }
}

/// A loop that says that it waits, and then one that does not: the second is told by its rounds all the same.
#[test]
fn a_silent_loop_after_one_with_hints_gives_way() {
    let program = vec![
        vec![Step::Store(0, 1), Step::Await(0, 2, false)],
        vec![Step::Await(0, 1, true), Step::Await(0, 2, false)],
    ];
    check_loops_are_sound(&program, StrategyKind::Pos, 40).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn giving_way_loses_no_end_of_a_tiny_program(program in looping_program()) {
        check_loops_are_complete(&program, 1_000)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test strategies -- --ignored oracle`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_loops_end_where_they_do_in_some_interleaving(program in looping_program(), strategy in strategy()) {
        check_loops_are_sound(&program, strategy, 200)?;
        check_loops_are_complete(&program, 3_000)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test strategies -- --ignored oracle`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_no_execution_ends_where_no_interleaving_does(
        program in program(2..4, 1..6),
        strategy in strategy(),
    ) {
        check_soundness(&program, strategy, 300)?;
    }
}
