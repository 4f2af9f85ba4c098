//! A program run under drawloom, and the final states that many executions reach.

use std::collections::BTreeSet;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU64 as StdAtomicU64, Ordering as StdOrdering};

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex, MutexGuard};
use drawloom::{Config, FailureKind, StrategyKind, explore, hint, thread};

use super::interleavings::{Final, LOCATIONS, LOCKS, Program, Step};

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
pub(super) fn sampled_finals(program: &Program, strategy: StrategyKind, executions: u64) -> BTreeSet<Final> {
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
pub(super) fn sampled_finals_of_loops(
    program: &Program,
    strategy: StrategyKind,
    executions: u64,
) -> BTreeSet<Final> {
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
