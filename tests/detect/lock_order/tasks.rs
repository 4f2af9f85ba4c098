//! Tasks that hold tokio's locks: deadlocks predicted from one execution, orders that look like them, and random programs
//! against trying all their interleavings.

use std::collections::{BTreeSet, VecDeque};

use drawloom::sync::Arc;
use drawloom::tokio::runtime::{Builder, Runtime};
use drawloom::tokio::sync::{Mutex, RwLock};
use drawloom::tokio::task::spawn_blocking;
use drawloom::{Config, FailureKind, Report, StrategyKind, explore, tokio};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::{is_found_from_one, one, says};

fn runtime(workers: usize) -> Runtime {
    match workers {
        0 => Builder::new_current_thread().build().unwrap(),
        _ => Builder::new_multi_thread().worker_threads(workers).build().unwrap(),
    }
}

/// Two mutexes, and a future that takes both: the first one first, or the second one.
fn pair() -> (Pair, impl Fn(bool) -> Taker) {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let theirs = Arc::clone(&locks);
    (locks, move |forth| Box::pin(take_both(Arc::clone(&theirs), forth)) as Taker)
}

type Pair = Arc<(Mutex<()>, Mutex<()>)>;
type Taker = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn take_both(locks: Pair, forth: bool) {
    let (outer, inner) = if forth { (&locks.0, &locks.1) } else { (&locks.1, &locks.0) };
    let held = outer.lock().await;
    drop(inner.lock().await);
    drop(held);
}

#[test]
fn two_orders_of_two_tasks_are_found() {
    for workers in 0..3 {
        is_found_from_one(|| {
            runtime(workers).block_on(async {
                let (_, take) = pair();
                let (one, other) = (tokio::spawn(take(true)), tokio::spawn(take(false)));
                one.await.unwrap();
                other.await.unwrap();
            });
        });
    }
}

#[test]
fn the_future_of_block_on_and_blocking_locks_are_in_it() {
    is_found_from_one(|| {
        runtime(0).block_on(async {
            let (_, take) = pair();
            let other = tokio::spawn(take(false));
            take(true).await;
            other.await.unwrap();
        });
    });
    is_found_from_one(|| {
        runtime(1).block_on(async {
            let (locks, take) = pair();
            let other = tokio::spawn(take(false));
            let blocking = spawn_blocking(move || {
                let held = locks.0.blocking_lock();
                drop((locks.1.blocking_lock(), held));
            });
            blocking.await.unwrap();
            other.await.unwrap();
        });
    });
}

#[test]
fn tasks_that_dine_are_found() {
    fn dine<const COUNT: usize>() {
        runtime(0).block_on(async {
            let forks: Arc<[Mutex<()>]> = (0..COUNT).map(|_| Mutex::new(())).collect();
            let dine = |me: usize| {
                let forks = Arc::clone(&forks);
                tokio::spawn(async move {
                    let left = forks[me].lock().await;
                    drop((forks[(me + 1) % COUNT].lock().await, left));
                })
            };
            for task in (0..COUNT).map(dine).collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
    }
    is_found_from_one(dine::<3>);
    is_found_from_one(dine::<5>);
}

#[test]
fn readers_wait_behind_writers_as_in_tokio() {
    is_found_from_one(|| {
        runtime(0).block_on(async {
            let lock = Arc::new(RwLock::new(()));
            let theirs = Arc::clone(&lock);
            let writer = tokio::spawn(async move { drop(theirs.write().await) });
            let first = lock.read().await;
            drop((lock.read().await, first));
            writer.await.unwrap();
        });
    });
}

/// No execution deadlocks, nor is one predicted to.
fn is_not_predicted(body: impl Fn() + Send + Sync + Copy) {
    for seed in 0..20 {
        let report = one(seed, body);
        assert!(report.passed(), "seed {seed}: {report}");
    }
}

#[test]
fn orders_that_spawning_and_joining_keep_apart_are_no_deadlocks() {
    // The one has ended when the other is spawned.
    is_not_predicted(|| {
        runtime(2).block_on(async {
            let (_, take) = pair();
            tokio::spawn(take(true)).await.unwrap();
            tokio::spawn(take(false)).await.unwrap();
        });
    });
    // Whoever spawns the other has done with its locks.
    is_not_predicted(|| {
        runtime(2).block_on(async {
            let (_, take) = pair();
            let (first, second) = (take(true), take(false));
            let outer = tokio::spawn(async move {
                first.await;
                tokio::spawn(second).await.unwrap();
            });
            outer.await.unwrap();
        });
    });
    // Work that may block, before and after.
    is_not_predicted(|| {
        runtime(0).block_on(async {
            let (locks, take) = pair();
            let first = spawn_blocking(move || {
                let held = locks.0.blocking_lock();
                drop((locks.1.blocking_lock(), held));
            });
            first.await.unwrap();
            tokio::spawn(take(false)).await.unwrap();
        });
    });
    // A third lock keeps them apart.
    is_not_predicted(|| {
        runtime(0).block_on(async {
            let (_, take) = pair();
            let gate = Arc::new(Mutex::new(()));
            let gated = |taker: Taker| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move {
                    let held = gate.lock().await;
                    taker.await;
                    drop(held);
                })
            };
            let (one, other) = (gated(take(true)), gated(take(false)));
            one.await.unwrap();
            other.await.unwrap();
        });
    });
}

#[test]
fn a_guard_that_another_task_drops_is_held_no_more() {
    is_not_predicted(|| {
        runtime(0).block_on(async {
            let locks = Arc::new((Arc::new(Mutex::new(())), Mutex::new(())));
            let theirs = Arc::clone(&locks);
            // It hands its first lock on before it wants the second one.
            let hands_on = tokio::spawn(async move {
                let held = Arc::clone(&theirs.0).lock_owned().await;
                tokio::spawn(async move { drop(held) }).await.unwrap();
                drop(theirs.1.lock().await);
            });
            let theirs = Arc::clone(&locks);
            let nests = tokio::spawn(async move {
                let held = theirs.1.lock().await;
                drop((theirs.0.lock().await, held));
            });
            hands_on.await.unwrap();
            nests.await.unwrap();
        });
    });
}

#[test]
fn the_report_names_the_tasks() {
    let report = (0..60).map(|seed| {
        one(seed, || {
            runtime(0).block_on(async {
                let (_, take) = pair();
                let (one, other) = (tokio::spawn(take(true)), tokio::spawn(take(false)));
                one.await.unwrap();
                other.await.unwrap();
            });
        })
    });
    let report =
        report.into_iter().find(super::is_predicted).expect("one of them does not deadlock by itself");
    assert!(says(&report, "task 1 wants to lock") && says(&report, "task 2 wants to lock"), "{report}");
    assert!(says(&report, "while it holds"), "{report}");
}

/// Which locks each task takes, for reading or for writing, and gives back, in nested sections.
type Program = Vec<Vec<[(usize, bool); 2]>>;

fn program() -> impl Strategy<Value = Program> {
    let reads = || prop::bool::weighted(0.3);
    let section = (0..3usize, 1..3usize, reads(), reads())
        .prop_map(|(outer, next, first, second)| [(outer, first), ((outer + next) % 3, second)]);
    prop::collection::vec(prop::collection::vec(section, 1..3), 2..4)
}

/// How far the tasks are, by section and stage: before the outer lock, waiting for it, with it, waiting for the inner one, with
/// both, with the outer one again. And who has each lock and who waits for it, in order.
type State = (Vec<(usize, u8)>, [(Vec<(usize, bool)>, VecDeque<(usize, bool)>); 3]);

/// Whether some interleaving deadlocks, by trying them all. A lock is given to those that wait in the order in which they came.
fn can_deadlock(program: &Program) -> bool {
    let start: State = (vec![(0, 0); program.len()], Default::default());
    let mut seen = BTreeSet::from([start.clone()]);
    let mut left = vec![start];
    while let Some(state) = left.pop() {
        let (mut is_stuck, mut has_ended) = (true, true);
        for (task, sections) in program.iter().enumerate() {
            let (section, stage) = state.0[task];
            let Some(&[outer, inner]) = sections.get(section) else { continue };
            has_ended = false;
            let mut next = state.clone();
            let wanted = if stage < 2 { outer } else { inner };
            match stage {
                0 | 2 => next.1[wanted.0].1.push_back((task, wanted.1)),
                1 | 3 if next.1[wanted.0].0.iter().any(|&(has, _)| has == task) => {}
                1 | 3 => continue,
                4 => next.1[inner.0].0.retain(|&(has, _)| has != task),
                _ => next.1[outer.0].0.retain(|&(has, _)| has != task),
            }
            next.0[task] = if stage == 5 { (section + 1, 0) } else { (section, stage + 1) };
            for (has, waits) in &mut next.1 {
                while let Some(&(first, reads)) = waits.front()
                    && (has.is_empty() || reads && has.iter().all(|&(_, reads)| reads))
                {
                    waits.pop_front();
                    has.push((first, reads));
                }
            }
            is_stuck = false;
            if seen.insert(next.clone()) {
                left.push(next);
            }
        }
        if is_stuck && !has_ended {
            return true;
        }
    }
    false
}

fn run(program: &Program, workers: usize) {
    runtime(workers).block_on(async {
        let locks: Arc<[RwLock<()>]> = (0..3).map(|_| RwLock::new(())).collect();
        let spawned = program.iter().map(|sections| {
            let (locks, sections) = (Arc::clone(&locks), sections.clone());
            tokio::spawn(async move {
                for [outer, inner] in sections {
                    let held = take(&locks, outer).await;
                    drop(take(&locks, inner).await);
                    drop(held);
                }
            })
        });
        for task in spawned.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

async fn take(locks: &[RwLock<()>], (lock, reads): (usize, bool)) -> Box<dyn Send + '_> {
    if reads { Box::new(locks[lock].read().await) } else { Box::new(locks[lock].write().await) }
}

/// What is found exists, and what exists is found: by trying all, and in one execution and those that are led from it.
fn check(program: &Program, workers: usize, seed: u64) -> Result<bool, TestCaseError> {
    let exists = can_deadlock(program);
    let report = one(seed, || run(program, workers));
    let is_predicted = report.failed_with(FailureKind::Deadlock);
    prop_assert!(exists || report.passed() || report.failed_with(FailureKind::LockOrder), "{}", report);
    if workers == 0 && program.iter().map(Vec::len).sum::<usize>() <= 3 {
        let all = Config::new().strategy(StrategyKind::Exhaustive).shrink(false);
        let all: Report = explore(all, || run(program, workers));
        prop_assert!(all.failed_with(FailureKind::Deadlock) == exists, "{}", all);
    }
    Ok(is_predicted == exists)
}

fn deadlocks_are_found(cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let missed = std::cell::Cell::new(0);
    TestRunner::new_with_rng(config, rng)
        .run(&(program(), 0..3usize, 0..1_000u64), |(program, workers, seed)| {
            missed.set(missed.get() + u32::from(!check(&program, workers, seed)?));
            Ok(())
        })
        .unwrap();
    println!("missed in {} of {cases}", missed.get());
    assert!(missed.get() <= cases / 20, "missed in {} of {cases}", missed.get());
}

#[test]
fn deadlocks_of_tasks_are_those_that_trying_all_interleavings_finds() {
    deadlocks_are_found(100);
}

/// As the one before, with more programs: `cargo test --release --test detect -- --ignored lock_order`.
#[test]
#[ignore = "takes minutes"]
fn deadlocks_of_many_programs_of_tasks_are_those_that_trying_all_interleavings_finds() {
    deadlocks_are_found(5_000);
}
