//! Data races against brute force: a program with accesses to a cell, or to an atomic by a mutable reference, between its
//! atomic operations races if and only if some graph that RC11's axioms admit leaves two conflicting accesses unordered.
//!
//! For the graphs, an access is a relaxed load of a location that nobody else uses: it orders nothing and reads nothing.

use drawloom::cell::{CellExt, UnsafeCell};
use drawloom::{Config, FailureKind, StrategyKind, explore, thread};
use proptest::prelude::*;
use std::sync::atomic::Ordering::Relaxed;

use crate::graphs::{Axioms, EventId, are_unordered, graphs};
use crate::program::{Program, Step, locations, run_step};
use drawloom::sync::atomic::AtomicU64;

/// One step of a thread.
#[derive(Clone, Copy, Debug)]
enum Item {
    Atomic(Step),
    Read,
    Write,
    /// Takes a mutable reference to the atomic `EXCLUSIVE`.
    Exclusive,
}

/// Which of the atomics is accessed by mutable references as well.
const EXCLUSIVE: usize = 1;

type Mixed = Vec<Vec<Item>>;

struct Shared {
    cell: UnsafeCell<u64>,
    atomics: std::cell::UnsafeCell<Vec<AtomicU64>>,
}

// SAFETY: one thread of an execution runs at a time, and a race ends it before the access.
unsafe impl Sync for Shared {}

impl Item {
    /// Whether the two race unless one happens before the other.
    fn conflicts_with(self, other: Item) -> bool {
        let is_on_exclusive = |item: Item| match item {
            Item::Atomic(step) => step.location() == Some(EXCLUSIVE),
            item => matches!(item, Item::Exclusive),
        };
        match (self, other) {
            (Item::Write, Item::Read | Item::Write) | (Item::Read, Item::Write) => true,
            (Item::Exclusive, other) => is_on_exclusive(other),
            (one, Item::Exclusive) => is_on_exclusive(one),
            _ => false,
        }
    }
}

/// The program for the graphs, and all that is in it.
fn for_graphs(mixed: &Mixed) -> (Program, Vec<(EventId, Item)>) {
    let mut accesses = Vec::new();
    let mut step = |thread: usize, index: usize, item: Item| {
        accesses.push(((thread, index), item));
        match item {
            Item::Atomic(step) => step,
            Item::Read | Item::Write | Item::Exclusive => Step::Load(1 + accesses.len(), Relaxed),
        }
    };
    let mut program = Vec::new();
    for (thread, items) in mixed.iter().enumerate() {
        program.push(items.iter().enumerate().map(|(index, &item)| step(thread, index, item)).collect());
    }
    (program, accesses)
}

fn may_race(mixed: &Mixed) -> bool {
    let (program, accesses) = for_graphs(mixed);
    let pairs = || {
        let all = accesses.iter().enumerate();
        all.flat_map(|(at, one)| accesses[at + 1..].iter().map(move |other| (one, other)))
            .filter(|(one, other)| one.0.0 != other.0.0 && one.1.conflicts_with(other.1))
    };
    graphs(&program, Axioms::Rc11)
        .iter()
        .any(|graph| pairs().any(|(one, other)| are_unordered(&program, graph, one.0, other.0)))
}

fn races(mixed: &Mixed, strategy: StrategyKind) -> bool {
    let atomics = |items: &Vec<Item>| {
        let atomic = |item: &Item| match item {
            Item::Atomic(step) => Some(*step),
            _ => None,
        };
        items.iter().filter_map(atomic).collect::<Vec<Step>>()
    };
    let count = locations(&mixed.iter().map(atomics).collect());
    let count = count.max(EXCLUSIVE + 1);
    let config = Config::new().strategy(strategy).executions(300).shrink(false).check_exclusive(true);
    let report = explore(config, || {
        let values: Vec<AtomicU64> = (0..count).map(|_| AtomicU64::new(0)).collect();
        let shared = Shared { cell: UnsafeCell::new(0), atomics: values.into() };
        thread::scope(|scope| {
            for items in mixed {
                let shared = &shared;
                scope.spawn(move || {
                    for &item in items {
                        match item {
                            // SAFETY: see the impl of `Sync`.
                            Item::Atomic(step) => _ = run_step(step, unsafe { &*shared.atomics.get() }),
                            // SAFETY: as above.
                            Item::Read => _ = shared.cell.with(|cell| unsafe { *cell }),
                            // SAFETY: as above.
                            Item::Write => shared.cell.with_mut(|cell| unsafe { *cell += 1 }),
                            Item::Exclusive => {
                                // SAFETY: as above.
                                _ = unsafe { (&mut *shared.atomics.get())[EXCLUSIVE].get_mut() }
                            }
                        }
                    }
                });
            }
        });
    });
    assert!(report.passed() || report.failed_with(FailureKind::DataRace), "{report}");
    !report.passed()
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        6 => super::step().prop_map(Item::Atomic),
        2 => Just(Item::Read),
        2 => Just(Item::Write),
        1 => Just(Item::Exclusive),
    ]
}

fn mixed() -> impl Strategy<Value = Mixed> {
    let threads = |count, items| prop::collection::vec(prop::collection::vec(item(), 1..=items), count);
    prop_oneof![threads(2, 4), threads(3, 3)]
}

fn check(mixed: &Mixed) -> Result<(), TestCaseError> {
    let expected = may_race(mixed);
    // Under the exhaustive explorer the number of executions is no limit.
    prop_assert_eq!(races(mixed, StrategyKind::Exhaustive), expected);
    prop_assert!(expected || !races(mixed, StrategyKind::Portfolio), "a false alarm");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_race_is_found_if_and_only_if_there_is_one(mixed in mixed()) {
        check(&mixed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test memory_model -- --ignored deep_a_race`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_a_race_is_found_if_and_only_if_there_is_one(mixed in mixed()) {
        check(&mixed)?;
    }
}
