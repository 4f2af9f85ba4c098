//! What loom, another model checker, finds possible, drawloom's exhaustive exploration shows too.
//!
//! loom (0.7) is independent of everything here, and models C11 in its own way. It is asked about programs
//! without SeqCst accesses, which it takes for acquire and release ones (loom #180). Where it shows an outcome
//! that drawloom does not, that has to be a known error of loom's:
//!
//! - A store can fall between what a read-modify-write reads and what it writes (loom #254, #389): such an outcome
//!   has to be one that RC11 admits without its axiom of atomicity.
//! - It keeps modification order as a clock of each store. A load that finds one store to come after another
//!   changes the clock of the one that it reads, but not of those that come after that: their order is forgotten,
//!   and a later load may read what was overwritten. `store x 1; store x 2 | store x 3; load x` ends with 1 if the
//!   load reads that. It takes three stores to a location.
//!
//! The other way round it shows less, which is no error of drawloom's: stores take their places in modification
//! order in the order in which they are executed, so that 2+2W, S and what else puts one before an earlier one
//! is missing; it gives up at seven stores to an atomic and at five threads.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::{Arc, Mutex};

use crate::corpus::{Litmus, documented, published};
use crate::graphs::{Axioms, graphs, outcomes};
use crate::program::{Outcome, Program, Step, locations, run, with_valid_ordering};
use drawloom::{Config, MemoryModel, StrategyKind, explore};
use proptest::prelude::*;

/// How many executions of a program loom may take; that it did not end does no harm.
const EXECUTIONS: usize = 20_000;

/// What loom finds possible; `None` if the program is too large for it.
fn shown_by_loom(program: &Program) -> Option<BTreeSet<Outcome>> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let mut model = loom_original::model::Builder::new();
    model.max_permutations = Some(EXECUTIONS);
    model.checkpoint_interval = EXECUTIONS;
    let (program, into) = (program.clone(), Arc::clone(&seen));
    let check = || {
        model.check(move || {
            let outcome = run_under_loom(&program);
            into.lock().unwrap().insert(outcome);
        });
    };
    catch_unwind(AssertUnwindSafe(check)).ok()?;
    let seen = seen.lock().unwrap().clone();
    Some(seen)
}

/// Runs the program once, inside a model of loom's.
fn run_under_loom(program: &Program) -> Outcome {
    use loom_original::sync::atomic::{AtomicU64, fence};
    let values: Arc<Vec<AtomicU64>> = Arc::new((0..locations(program)).map(|_| AtomicU64::new(0)).collect());
    let start = |steps: &Vec<Step>| {
        let (values, steps) = (Arc::clone(&values), steps.clone());
        loom_original::thread::spawn(move || {
            let mut read = Vec::new();
            for step in steps {
                match step {
                    Step::Load(at, order) => read.push(values[at].load(order)),
                    Step::Store(at, value, order) => values[at].store(value, order),
                    Step::Add(at, plus, order) => read.push(values[at].fetch_add(plus, order)),
                    Step::Swap(at, value, order) => read.push(values[at].swap(value, order)),
                    Step::Exchange { at, expected, new, success, failure } => {
                        let exchange = values[at].compare_exchange(expected, new, success, failure);
                        read.push(exchange.unwrap_or_else(|found| found));
                    }
                    Step::Fence(order) => fence(order),
                }
            }
            read
        })
    };
    let threads: Vec<_> = program.iter().map(start).collect();
    let read = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    (read, values.iter().map(|value| value.load(Relaxed)).collect())
}

fn shown_exhaustively(program: &Program) -> BTreeSet<Outcome> {
    let outcomes = Mutex::new(BTreeSet::new());
    let config = Config::new().strategy(StrategyKind::Exhaustive).memory(MemoryModel::Rc11);
    let report = explore(config, || {
        let outcome = run(program);
        outcomes.lock().unwrap().insert(outcome);
    });
    assert!(report.passed(), "{report}");
    outcomes.into_inner().unwrap()
}

fn has_sc_access(program: &Program) -> bool {
    let is_sc = |step: &Step| match *step {
        Step::Fence(_) => false,
        Step::Exchange { success, failure, .. } => success == SeqCst || failure == SeqCst,
        step => step.ordering(0) == SeqCst,
    };
    program.iter().flatten().any(is_sc)
}

/// Whether some location may be written three times.
fn has_three_stores(program: &Program) -> bool {
    let writes = |step: &&Step| !matches!(step, Step::Load(..));
    let stores =
        |at| program.iter().flatten().filter(writes).filter(|step| step.location() == Some(at)).count();
    (0..locations(program)).any(|at| stores(at) >= 3)
}

/// Whether loom's opinion of the program was heard.
fn check(program: &Program) -> Result<bool, TestCaseError> {
    let Some(by_loom) = shown_by_loom(program) else { return Ok(false) };
    let explored = shown_exhaustively(program);
    let missed: BTreeSet<_> = by_loom.difference(&explored).cloned().collect();
    if !missed.is_empty() && !has_three_stores(program) {
        let torn = outcomes(program, &graphs(program, Axioms::Rc11WithoutAtomicity));
        let unexplained: Vec<_> = missed.difference(&torn).collect();
        prop_assert!(unexplained.is_empty(), "loom shows {unexplained:?}, explored was {explored:?}");
    }
    Ok(true)
}

#[test]
fn litmus_programs_show_what_loom_shows() {
    let mut heard = 0;
    let programs = published().chain(documented());
    for Litmus { name, program, .. } in programs.filter(|litmus| !has_sc_access(&litmus.program)) {
        // More threads, the main one among them, than loom can take.
        if program.len() < 4 && program.iter().flatten().count() < 8 {
            heard += usize::from(check(&program).unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }
    assert!(heard >= 30, "loom had an opinion of only {heard} programs");
}

#[test]
fn the_errors_are_as_described() {
    // When loom does better, the exceptions can go.
    let shows = |program: &str, outcome: Outcome| {
        let program = crate::program::parse(program).expect("a program");
        assert!(shown_by_loom(&program).is_some_and(|shown| shown.contains(&outcome)), "{program:?}");
        assert!(!shown_exhaustively(&program).contains(&outcome), "{program:?}");
    };
    let torn = "fetch_add x 1 relaxed | store x 2 relaxed";
    shows(torn, (vec![vec![0], vec![]], vec![1]));
    let forgotten = "store x 1 relaxed; store x 2 relaxed | store x 3 relaxed; load x relaxed";
    shows(forgotten, (vec![vec![], vec![1]], vec![1]));
}

fn order() -> impl Strategy<Value = Ordering> {
    prop::sample::select(vec![Relaxed, Relaxed, Acquire, Release, AcqRel])
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2usize;
    let value = 1..3u64;
    prop_oneof![
        4 => (at.clone(), order()).prop_map(|(at, order)| Step::Load(at, order)),
        4 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Store(at, value, order)),
        1 => (at.clone(), value.clone(), order()).prop_map(|(at, plus, order)| Step::Add(at, plus, order)),
        1 => (at.clone(), value.clone(), order()).prop_map(|(at, value, order)| Step::Swap(at, value, order)),
        1 => (at, 0..2u64, value, order(), order())
            .prop_map(|(at, expected, new, success, failure)| Step::Exchange { at, expected, new, success, failure }),
        2 => prop::sample::select(vec![Acquire, Release, AcqRel, SeqCst]).prop_map(Step::Fence),
    ]
    .prop_map(with_valid_ordering)
}

fn program() -> impl Strategy<Value = Program> {
    let threads = |count, steps| prop::collection::vec(prop::collection::vec(step(), 1..=steps), count);
    prop_oneof![threads(2, 3), threads(3, 2)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_show_what_loom_shows(program in program()) {
        check(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test memory_model -- --ignored loom_oracle`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_random_programs_show_what_loom_shows(program in program()) {
        check(&program)?;
    }
}
