//! Random programs, against trying all their interleavings.

use std::cell::Cell;
use std::collections::BTreeSet;

use drawloom::sync::atomic::{AtomicBool, Ordering};
use drawloom::sync::{Arc, Mutex, RwLock};
use drawloom::{Config, FailureKind, Policy, explore};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::predicted::{has_followed, is_sure};
use super::{config, locks, one, run};

/// Which locks each of a program's threads takes, and gives back, in nested sections.
type Program = Vec<Vec<(usize, usize)>>;

fn program() -> impl Strategy<Value = Program> {
    let section = (0..3usize, 1..3usize).prop_map(|(outer, next)| (outer, (outer + next) % 3));
    prop::collection::vec(prop::collection::vec(section, 1..3), 2..4)
}

/// Whether some interleaving of the sections deadlocks, by trying them all.
fn can_deadlock(program: &Program) -> bool {
    // Of each thread: the section, and how far in it is: nothing, the outer lock, both, the outer one again.
    let start = vec![(0usize, 0u8); program.len()];
    let mut seen = BTreeSet::from([start.clone()]);
    let mut left = vec![start];
    while let Some(state) = left.pop() {
        let holds = |lock: usize| {
            state.iter().zip(program).any(|(&(section, stage), sections)| {
                sections
                    .get(section)
                    .is_some_and(|&(outer, inner)| stage >= 1 && outer == lock || stage == 2 && inner == lock)
            })
        };
        let mut stuck = true;
        let mut ended = true;
        for (thread, sections) in program.iter().enumerate() {
            let (section, stage) = state[thread];
            let Some(&(outer, inner)) = sections.get(section) else { continue };
            ended = false;
            let next = match stage {
                0 if holds(outer) => continue,
                1 if holds(inner) => continue,
                0..=2 => (section, stage + 1),
                _ => (section + 1, 0),
            };
            stuck = false;
            let mut state = state.clone();
            state[thread] = next;
            if seen.insert(state.clone()) {
                left.push(state);
            }
        }
        if stuck && !ended {
            return true;
        }
    }
    false
}

/// What is confirmed exists, and what exists is predicted from one execution: here every thread takes its locks
/// whatever the others do.
fn check(program: &Program, seed: u64) -> Result<(), TestCaseError> {
    let body = || {
        let locks = locks(3);
        let thread = |sections: &Vec<(usize, usize)>| {
            let (locks, sections) = (Arc::clone(&locks), sections.clone());
            Box::new(move || {
                for (outer, inner) in sections {
                    let held = locks[outer].lock().unwrap();
                    drop(locks[inner].lock().unwrap());
                    drop(held);
                }
            }) as Box<dyn FnOnce() + Send>
        };
        run(program.iter().map(thread).collect());
    };
    let report = one(seed, body);
    prop_assert!(
        can_deadlock(program) || report.passed() || report.failed_with(FailureKind::LockOrder),
        "{}",
        report
    );
    prop_assert_eq!(report.failed_with(FailureKind::Deadlock), can_deadlock(program), "{}", report);
    Ok(())
}

/// The same programs each time: where nothing leads into a deadlock, steering is a matter of luck.
#[test]
fn deadlocks_are_those_that_trying_all_interleavings_finds() {
    deadlocks_are_found(500);
}

/// As the one before, with more programs.
#[test]
#[ignore = "takes minutes"]
fn deadlocks_of_many_programs_are_those_that_trying_all_interleavings_finds() {
    deadlocks_are_found(40_000);
}

fn deadlocks_are_found(cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let programs = (program(), 0..1_000u64);
    TestRunner::new_with_rng(config, rng).run(&programs, |(program, seed)| check(&program, seed)).unwrap();
}

/// A step of a thread whose way depends on what others have done.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Takes a lock in another, each for reading or for writing.
    Section((usize, bool), (usize, bool)),
    /// Sets a flag.
    Set(usize),
    /// Leaves the next step out, if the flag is as told.
    Unless(usize, bool),
}

fn dependent_program() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let lock = || (0..3usize, prop::bool::weighted(0.3));
    let section = (lock(), 1..3usize, prop::bool::weighted(0.3))
        .prop_map(|(outer, next, shared)| Step::Section(outer, ((outer.0 + next) % 3, shared)));
    let step = prop_oneof![
        3 => section,
        1 => (0..2usize).prop_map(Step::Set),
        1 => (0..2usize, any::<bool>()).prop_map(|(flag, value)| Step::Unless(flag, value)),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..5), 2..4)
}

/// Whether some interleaving deadlocks, by trying them all.
fn can_deadlock_dependent(program: &[Vec<Step>]) -> bool {
    // Of each thread: the step, and how far in it is; and the flags.
    let start = (vec![(0usize, 0u8); program.len()], [false; 2]);
    let mut seen = BTreeSet::from([start.clone()]);
    let mut left = vec![start];
    while let Some((state, flags)) = left.pop() {
        let is_free = |(lock, shared): (usize, bool)| {
            !state.iter().zip(program).any(|(&(step, stage), steps)| match steps.get(step) {
                Some(&Step::Section(outer, inner)) => {
                    let conflicts = |(held, read): (usize, bool)| held == lock && !(read && shared);
                    stage >= 1 && conflicts(outer) || stage == 2 && conflicts(inner)
                }
                _ => false,
            })
        };
        let (mut stuck, mut ended) = (true, true);
        for (thread, steps) in program.iter().enumerate() {
            let (step, stage) = state[thread];
            let Some(&next) = steps.get(step) else { continue };
            ended = false;
            let mut flags = flags;
            let next = match (next, stage) {
                (Step::Section(outer, _), 0) if !is_free(outer) => continue,
                (Step::Section(_, inner), 1) if !is_free(inner) => continue,
                (Step::Section(..), 0..=2) => (step, stage + 1),
                (Step::Section(..), _) => (step + 1, 0),
                (Step::Set(flag), _) => {
                    flags[flag] = true;
                    (step + 1, 0)
                }
                (Step::Unless(flag, value), _) => (step + 1 + usize::from(flags[flag] == value), 0),
            };
            stuck = false;
            let mut state = state.clone();
            state[thread] = next;
            if seen.insert((state.clone(), flags)) {
                left.push((state, flags));
            }
        }
        if stuck && !ended {
            return true;
        }
    }
    false
}

/// A flag in one of the ways in which threads can see it.
enum Flag {
    Atomic(AtomicBool),
    Locked(Mutex<bool>),
    Shared(RwLock<bool>),
}

impl Flag {
    fn new(kind: usize) -> Flag {
        match kind {
            0 => Flag::Atomic(AtomicBool::new(false)),
            1 => Flag::Locked(Mutex::new(false)),
            _ => Flag::Shared(RwLock::new(false)),
        }
    }

    fn set(&self) {
        match self {
            Flag::Atomic(flag) => flag.store(true, Ordering::Release),
            Flag::Locked(flag) => *flag.lock().unwrap() = true,
            Flag::Shared(flag) => *flag.write().unwrap() = true,
        }
    }

    fn get(&self) -> bool {
        match self {
            Flag::Atomic(flag) => flag.load(Ordering::Acquire),
            Flag::Locked(flag) => *flag.lock().unwrap(),
            Flag::Shared(flag) => *flag.read().unwrap(),
        }
    }
}

fn run_dependent(program: &[Vec<Step>], kinds: (usize, usize)) {
    let locks: Arc<[RwLock<()>]> = (0..3).map(|_| RwLock::new(())).collect();
    let flags = Arc::new([Flag::new(kinds.0), Flag::new(kinds.1)]);
    let thread = |steps: &Vec<Step>| {
        let (locks, flags, steps) = (Arc::clone(&locks), Arc::clone(&flags), steps.clone());
        let within = move |(lock, shared): (usize, bool), inside: &dyn Fn()| {
            if shared {
                let held = locks[lock].read().unwrap();
                inside();
                drop(held);
            } else {
                let held = locks[lock].write().unwrap();
                inside();
                drop(held);
            }
        };
        Box::new(move || {
            let mut at = 0;
            while let Some(&step) = steps.get(at) {
                match step {
                    Step::Section(outer, inner) => within(outer, &|| within(inner, &|| ())),
                    Step::Set(flag) => flags[flag].set(),
                    Step::Unless(flag, value) => at += usize::from(flags[flag].get() == value),
                }
                at += 1;
            }
        }) as Box<dyn FnOnce() + Send>
    };
    run(program.iter().map(thread).collect());
}

/// What is predicted exists, though executions without preemptions hardly ever meet it; and one that an execution was led
/// into does so of course.
#[test]
fn predicted_deadlocks_exist() {
    predicted_exist(400);
}

/// As `predicted_deadlocks_exist`, with more programs: `cargo test --release --test detect -- --ignored lock_order`.
#[test]
#[ignore = "takes minutes"]
fn predicted_deadlocks_exist_in_many_programs() {
    predicted_exist(40_000);
}

fn predicted_exist(cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let programs = (dependent_program(), (0..3usize, 0..3usize), 0..1_000u64);
    let (sure, followed, existing) = (Cell::new(0), Cell::new(0), Cell::new(0));
    TestRunner::new_with_rng(config, rng)
        .run(&programs, |(program, kinds, seed)| {
            let exists = can_deadlock_dependent(&program);
            existing.set(existing.get() + u32::from(exists));
            let warned = two_executions(seed);
            let report = explore(warned.clone().max_preemptions(0), || run_dependent(&program, kinds));
            prop_assert!(exists || report.passed(), "{}", report);
            sure.set(sure.get() + u32::from(is_sure(&report)));
            let report = explore(warned, || run_dependent(&program, kinds));
            prop_assert!(exists || report.passed(), "{}", report);
            // What is sure is met.
            prop_assert!(report.passed() || report.failed_with(FailureKind::Deadlock), "{}", report);
            followed.set(followed.get() + u32::from(has_followed(&report)));
            Ok(())
        })
        .unwrap();
    let counts = format!(
        "{} of {cases} deadlock, {} predicted, {} led into",
        existing.get(),
        sure.get(),
        followed.get()
    );
    println!("{counts}");
    assert!(sure.get() > cases / 20 && followed.get() > cases / 40, "{counts}");
}

fn two_executions(seed: u64) -> Config {
    config().lock_order(Policy::Warn).executions(2).seed(seed)
}
