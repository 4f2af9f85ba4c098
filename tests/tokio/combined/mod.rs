//! What is sampled is among what was verified, for random programs in which tasks combine futures. There is no definition of these:
//! the two ways to explore have little in common but the kernel, so that an order which one of them leaves out is seen.
//!
//! Usually some programs are tried. Many, which takes minutes (`DRAWLOOM_PROGRAMS` of each shape, 2,000 if it is not set):
//!
//! ```text
//! cargo test --release --test tokio -- --ignored combined
//! ```

mod program;
mod run;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use drawloom::tokio::runtime::Builder;
use drawloom::{Assumption, Config, Coverage, FailureKind, Log, Policy, Report, StrategyKind, explore};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config as Settings, RngAlgorithm, TestRng, TestRunner};

use self::program::Leaf::*;
use self::program::{Op, Program, Shape, programs};

/// How many executions are explored at most, and how many are drawn.
const EXECUTIONS: u64 = 3_000;
const SAMPLES: u64 = 300;

/// What there is besides the program's own choices.
#[derive(Clone, Copy, Default, Debug)]
struct Besides {
    cancellations: u32,
    /// How often a task is polled although nobody has woken it.
    spurious: u32,
    fifo: bool,
}

/// So many cancellations.
fn cancelled(cancellations: u32) -> Besides {
    Besides { cancellations, ..Besides::default() }
}

fn outcomes(program: &Program, config: Config, besides: Besides) -> (BTreeSet<String>, Report) {
    let found = Mutex::new(BTreeSet::new());
    let Besides { cancellations, spurious, fifo } = besides;
    let mut config = config.cancel(cancellations).fifo(fifo);
    if spurious > 0 {
        config = config.spurious(spurious);
    }
    let config = config.lock_order(Policy::Allow).shrink(false).log(Log::Off);
    let report = explore(config, || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let outcome = runtime.block_on(run::run(program.clone()));
        drop(runtime);
        found.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    (found.into_inner().unwrap_or_else(PoisonError::into_inner), report)
}

/// What is wrong with what was found of a program. Nothing where not all of it was explored.
fn judge(program: &Program, besides: Besides, verified: &mut u32) -> Result<(), String> {
    let exhaustive = Config::new().strategy(StrategyKind::Exhaustive).executions(EXECUTIONS);
    let (explored, report) = outcomes(program, exhaustive, besides);
    if let Some(failure) = report.failure() {
        return match failure.kind() {
            FailureKind::Unverified => Ok(()),
            _ => Err(format!("{program:?}\n{report}")),
        };
    }
    let is_bounded = report.assumptions().contains(&Assumption::UnseenData);
    let has_slots = format!("{program:?}").contains("Slot");
    if report.coverage() != Some(Coverage::Verified) || is_bounded && has_slots {
        return Ok(());
    }
    *verified += 1;
    for strategy in [StrategyKind::RandomWalk, StrategyKind::Portfolio] {
        let (drawn, sampled) =
            outcomes(program, Config::new().strategy(strategy).executions(SAMPLES), besides);
        if sampled.failure().is_some() {
            return Err(format!("{program:?}\n{report}, but\n{sampled}"));
        }
        let missing: Vec<_> = drawn.difference(&explored).collect();
        if !missing.is_empty() {
            return Err(format!(
                "{program:?}\n{report},\nbut {strategy:?} sees {missing:?} besides {explored:?}"
            ));
        }
    }
    Ok(())
}

fn compare(count: u32, shape: Shape, seed: u8, besides: Besides) {
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Settings::default(), random);
    let strategy = programs(shape);
    let mut verified = 0;
    for _ in 0..count {
        let mut tree = strategy.new_tree(&mut runner).expect("a program");
        let Err(mut smallest) = judge(&tree.current(), besides, &mut verified) else { continue };
        let mut is_simpler = tree.simplify();
        while is_simpler {
            is_simpler = match judge(&tree.current(), besides, &mut 0) {
                Err(text) => {
                    smallest = text;
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        panic!("{smallest}");
    }
    println!("{shape:?}, {besides:?}: {verified} of {count} programs verified");
    // Tasks of tasks that may each be dropped have many executions, and of slots not every order may be tried.
    let share = if shape.has_slots { 5 } else { 3 };
    let is_plain = besides.cancellations == 0 && besides.spurious == 0;
    assert!(!is_plain || share * verified > count, "many programs are to be small enough");
}

const PLAIN: Shape =
    Shape { tasks: 3, ops: 3, depth: 0, joins: false, spawns: false, sleeps: false, has_slots: false };
const SHAPES: [Shape; 6] = [
    PLAIN,
    Shape { tasks: 2, ops: 2, depth: 2, spawns: true, ..PLAIN },
    Shape { tasks: 2, ops: 2, depth: 1, spawns: true, sleeps: true, ..PLAIN },
    Shape { tasks: 2, ops: 2, depth: 1, joins: true, ..PLAIN },
    Shape { tasks: 2, ops: 1, depth: 2, joins: true, spawns: true, sleeps: true, ..PLAIN },
    Shape { tasks: 2, ops: 2, depth: 1, spawns: true, has_slots: true, ..PLAIN },
];

#[test]
fn programs_of_which_orders_were_left_out() {
    let two = |first, second| Box::new((Op::Leaf(first), Op::Leaf(second)));
    let programs = [
        // Nobody else is ready when the first future gives way with the permit.
        (vec![vec![Op::Join(two(Acquire, TryAcquire))], vec![Op::Leaf(Yield)]], 0),
        (vec![vec![Op::Join(two(RecvBroadcast, Yield))], vec![Op::Leaf(SendBroadcast(2))]], 1),
        // By hand: whether the first one gives way is seen by the second one only.
        (vec![vec![Op::JoinByHand(two(Send(2), TrySend(3)))], vec![Op::Leaf(IsFinished(0))]], 0),
        (
            vec![
                vec![Op::Leaf(IsFinished(1))],
                vec![Op::JoinByHand(two(TryRecvBroadcast, SendBroadcast(1)))],
            ],
            0,
        ),
        // A race that is in no run but one that leads nowhere.
        (
            vec![
                vec![Op::Leaf(IsFinished(2))],
                vec![Op::Set(two(AcquireForget, AcquireKeep)), Op::Leaf(IsFinished(0))],
            ],
            0,
        ),
        // Without the abort the second task would meet the lock.
        (
            vec![
                vec![Op::Set(Box::new((Op::Leaf(Abort(1)), Op::Detach(vec![Op::Leaf(Lock)]))))],
                vec![Op::Leaf(Lock), Op::Spawn(vec![Op::Leaf(Lock)])],
            ],
            0,
        ),
        // What is in plain data only.
        (vec![vec![Op::Leaf(SetSlot)], vec![Op::Leaf(IsFinished(1)), Op::Leaf(WaitForSlot)]], 1),
    ];
    for (program, cancellations) in programs {
        let mut verified = 0;
        judge(&program, cancelled(cancellations), &mut verified).unwrap_or_else(|text| panic!("{text}"));
        assert_eq!(verified, 1, "{program:?}");
    }
}

#[test]
fn samples_of_combined_futures_show_nothing_else() {
    for (seed, shape) in (0..).zip(SHAPES) {
        compare(25, shape, seed, cancelled(0));
        compare(10, shape, 10 + seed, cancelled(1));
        compare(10, shape, 50 + seed, Besides { spurious: 1, ..Besides::default() });
        compare(10, shape, 60 + seed, Besides { fifo: true, ..Besides::default() });
    }
}

#[test]
#[ignore = "takes minutes"]
fn samples_of_many_combined_futures_show_nothing_else() {
    let count = std::env::var("DRAWLOOM_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    for (seed, shape) in (20..).zip(SHAPES) {
        compare(count, shape, seed, cancelled(0));
        compare(count / 2, shape, 10 + seed, cancelled(1));
        compare(count / 4, shape, 20 + seed, cancelled(2));
        compare(count / 2, shape, 70 + seed, Besides { spurious: 1, ..Besides::default() });
        compare(count / 2, shape, 80 + seed, Besides { fifo: true, ..Besides::default() });
    }
}
