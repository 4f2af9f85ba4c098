//! Exploration against brute force: random small programs of threads, locks and atomics.
//!
//! An enumerator written from the definition (every interleaving, one step at a time, depth first) gives all
//! final states of a program, deadlock among them. No execution may end in any other, and many executions of a
//! tiny program have to reach all of them: loops that wait included, which the scheduler makes give way to others, and
//! which it says to wait for ever where no interleaving goes on.

use std::collections::BTreeSet;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU64 as StdAtomicU64, Ordering as StdOrdering};

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex, MutexGuard};
use drawloom::{Config, FailureKind, StrategyKind, explore, hint, thread};
use proptest::prelude::*;

const LOCATIONS: usize = 2;
const LOCKS: usize = 2;

/// One operation of a random program.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Reads a location into the thread's register.
    Load(usize),
    /// Writes the register plus a constant.
    Store(usize, u32),
    /// Adds a constant in one step, and keeps what was there.
    Add(usize, u32),
    /// Writes 7 if the location holds a value.
    Exchange(usize, u32),
    /// Takes a lock, unless the thread has it.
    Lock(usize),
    /// Takes a lock if it is free; the register tells.
    TryLock(usize),
    /// Gives a lock back, if the thread has it.
    Unlock(usize),
    /// Lets others run.
    Yield,
    /// Reads a location until it holds a value; with a hint in the loop, or without.
    Await(usize, u32, bool),
}

type Program = Vec<Vec<Step>>;

/// The registers of all threads and the values of all locations at the end; `None` for a deadlock.
type Final = Option<(Vec<u32>, Vec<u32>)>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    next: Vec<usize>,
    registers: Vec<u32>,
    values: Vec<u32>,
    owners: Vec<Option<usize>>,
}

impl State {
    fn new(program: &Program) -> State {
        State {
            next: vec![0; program.len()],
            registers: vec![0; program.len()],
            values: vec![0; LOCATIONS],
            owners: vec![None; LOCKS],
        }
    }

    /// Executes the next step of `thread`; false if it has none or cannot now.
    fn step(&mut self, program: &Program, thread: usize) -> bool {
        let Some(&step) = program[thread].get(self.next[thread]) else { return false };
        let register = &mut self.registers[thread];
        match step {
            Step::Load(at) => *register = self.values[at],
            Step::Store(at, plus) => self.values[at] = *register + plus,
            Step::Add(at, plus) => {
                *register = self.values[at];
                self.values[at] += plus;
            }
            Step::Exchange(at, expected) => {
                *register = self.values[at];
                if *register == expected {
                    self.values[at] = 7;
                }
            }
            Step::Lock(lock) => match self.owners[lock] {
                None => self.owners[lock] = Some(thread),
                Some(owner) if owner == thread => {}
                Some(_) => return false,
            },
            Step::TryLock(lock) => {
                *register = u32::from(self.owners[lock].is_none());
                if self.owners[lock].is_none() {
                    self.owners[lock] = Some(thread);
                }
            }
            Step::Yield => {}
            Step::Await(at, value, _) => {
                if self.values[at] != value {
                    return false;
                }
                *register = value;
            }
            Step::Unlock(lock) => {
                if self.owners[lock] == Some(thread) {
                    self.owners[lock] = None;
                }
            }
        }
        self.next[thread] += 1;
        true
    }

    /// Every interleaving from here; what follows a state depends on nothing else, so each is visited once.
    fn enumerate(&self, program: &Program, visited: &mut BTreeSet<State>, finals: &mut BTreeSet<Final>) {
        if !visited.insert(self.clone()) {
            return;
        }
        let mut stuck = true;
        for thread in 0..program.len() {
            let mut next = self.clone();
            if next.step(program, thread) {
                stuck = false;
                next.enumerate(program, visited, finals);
            }
        }
        if stuck {
            let done = (0..program.len()).all(|thread| self.next[thread] == program[thread].len());
            finals.insert(done.then(|| (self.registers.clone(), self.values.clone())));
        }
    }
}

fn all_finals(program: &Program) -> BTreeSet<Final> {
    let mut finals = BTreeSet::new();
    State::new(program).enumerate(program, &mut BTreeSet::new(), &mut finals);
    finals
}

/// Runs one thread of the program under drawloom.
fn run_thread(steps: &[Step], values: &[AtomicU32], locks: &[Mutex<()>]) -> u32 {
    let mut register = 0;
    let mut held: Vec<Option<MutexGuard<'_, ()>>> = (0..LOCKS).map(|_| None).collect();
    for &step in steps {
        match step {
            Step::Load(at) => register = values[at].load(Ordering::SeqCst),
            Step::Store(at, plus) => values[at].store(register + plus, Ordering::SeqCst),
            Step::Add(at, plus) => register = values[at].fetch_add(plus, Ordering::SeqCst),
            Step::Exchange(at, expected) => {
                let exchange = values[at].compare_exchange(expected, 7, Ordering::SeqCst, Ordering::SeqCst);
                register = exchange.unwrap_or_else(|found| found);
            }
            Step::Lock(lock) => {
                if held[lock].is_none() {
                    held[lock] = Some(locks[lock].lock().unwrap());
                }
            }
            Step::TryLock(lock) => {
                let taken = if held[lock].is_some() { None } else { locks[lock].try_lock().ok() };
                register = u32::from(taken.is_some());
                if taken.is_some() {
                    held[lock] = taken;
                }
            }
            Step::Unlock(lock) => held[lock] = None,
            Step::Yield => thread::yield_now(),
            Step::Await(at, value, says_so) => {
                while values[at].load(Ordering::SeqCst) != value {
                    if says_so {
                        hint::spin_loop();
                    }
                }
                register = value;
            }
        }
    }
    register
}

/// The final states that this many executions reach, and whether one was a deadlock.
fn sampled_finals(program: &Program, strategy: StrategyKind, executions: u64) -> BTreeSet<Final> {
    let finals = StdMutex::new(BTreeSet::new());
    let mut seed = 0;
    let mut left = executions;
    // A deadlock ends an exploration; the rest of the budget goes on with another seed.
    while left > 0 {
        let config = Config::new().executions(left).strategy(strategy).seed(seed).shrink(false);
        let report = explore(config, || {
            let values: Vec<_> = (0..LOCATIONS).map(|_| AtomicU32::new(0)).collect();
            let locks: Vec<_> = (0..LOCKS).map(|_| Mutex::new(())).collect();
            let registers = thread::scope(|scope| {
                let (values, locks) = (&values, &locks);
                let threads: Vec<_> = program
                    .iter()
                    .map(|steps| scope.spawn(move || run_thread(steps, values, locks)))
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            let values = values.into_iter().map(AtomicU32::into_inner).collect();
            finals.lock().unwrap().insert(Some((registers, values)));
        });
        if let Some(failure) = report.failure() {
            assert_eq!(failure.kind(), FailureKind::Deadlock, "{report}");
            finals.lock().unwrap().insert(None);
        }
        left = left.saturating_sub(report.executions());
        seed += 1;
        if seed > 40 {
            break;
        }
    }
    finals.into_inner().unwrap()
}

/// As `sampled_finals`, for programs with loops that may wait for ever. Nobody joins the threads, and those that are
/// left over are allowed, so that an execution that never ends does not end the exploration.
fn sampled_finals_of_loops(program: &Program, strategy: StrategyKind, executions: u64) -> BTreeSet<Final> {
    /// The threads of one execution, and what came of those that have ended.
    struct Run {
        values: Vec<AtomicU32>,
        locks: Vec<Mutex<()>>,
        registers: StdMutex<Vec<Option<u32>>>,
    }
    // Detached threads borrow nothing from here.
    let program = std::sync::Arc::new(program.clone());
    let finals = std::sync::Arc::new(StdMutex::new(BTreeSet::new()));
    let counts = std::sync::Arc::new((StdAtomicU64::new(0), StdAtomicU64::new(0)));
    let mut left = executions;
    let mut seed = 0;
    while left > 0 && seed < 40 {
        // Enough for a thousand rounds of each of two threads, after which a livelock is told at the limit. A random
        // walk lets both go round about as often.
        let steps = if strategy == StrategyKind::RandomWalk { 4_600 } else { 12_000 };
        let config =
            Config::new().executions(left).strategy(strategy).seed(seed).max_steps(steps).shrink(false);
        let report = explore(config.allow_leaked_threads(true).spurious(0), || {
            counts.0.fetch_add(1, StdOrdering::Relaxed);
            let run = Arc::new(Run {
                values: (0..LOCATIONS).map(|_| AtomicU32::new(0)).collect(),
                locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
                registers: StdMutex::new(vec![None; program.len()]),
            });
            for number in 0..program.len() {
                let run = Arc::clone(&run);
                let (program, finals, counts) = (program.clone(), finals.clone(), counts.clone());
                thread::spawn(move || {
                    let register = run_thread(&program[number], &run.values, &run.locks);
                    let mut registers = run.registers.lock().unwrap();
                    registers[number] = Some(register);
                    if let Some(registers) = registers.iter().copied().collect::<Option<Vec<_>>>() {
                        let values = run.values.iter().map(|value| value.load(Ordering::SeqCst)).collect();
                        finals.lock().unwrap().insert(Some((registers, values)));
                        counts.1.fetch_add(1, StdOrdering::Relaxed);
                    }
                });
            }
        });
        if let Some(failure) = report.failure() {
            assert_eq!(failure.kind(), FailureKind::Deadlock, "{report}");
        }
        left = left.saturating_sub(report.executions());
        seed += 1;
    }
    let mut finals = finals.lock().unwrap().clone();
    if counts.1.load(StdOrdering::Relaxed) < counts.0.load(StdOrdering::Relaxed) {
        finals.insert(None);
    }
    finals
}

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

    /// `cargo test --release --test oracle -- --ignored`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_loops_end_where_they_do_in_some_interleaving(program in looping_program(), strategy in strategy()) {
        check_loops_are_sound(&program, strategy, 200)?;
        check_loops_are_complete(&program, 3_000)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test oracle -- --ignored`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_no_execution_ends_where_no_interleaving_does(
        program in program(2..4, 1..6),
        strategy in strategy(),
    ) {
        check_soundness(&program, strategy, 300)?;
    }
}
