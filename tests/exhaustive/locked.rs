//! Random programs of a few threads that change two numbers, with a lock around some of what they do.

use drawloom::sync::Mutex;
use drawloom::sync::atomic::AtomicU64;
use drawloom::sync::atomic::Ordering::SeqCst;
use drawloom::thread;
use proptest::prelude::*;

/// One operation on one of two numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Load(usize),
    Store(usize, u64),
    Add(usize, u64),
    Locked(usize, u64),
}

pub(super) type Program = Vec<Vec<Step>>;

/// What was read, by thread.
pub(super) type Outcome = Vec<Vec<u64>>;

/// Runs the threads, and tells what they have read.
pub(super) fn run(program: &Program) -> Outcome {
    let numbers = [AtomicU64::new(0), AtomicU64::new(0)];
    let lock = Mutex::new(());
    let step = |step: &Step| match *step {
        Step::Load(at) => numbers[at].load(SeqCst),
        Step::Store(at, value) => {
            numbers[at].store(value, SeqCst);
            0
        }
        Step::Add(at, value) => numbers[at].fetch_add(value, SeqCst),
        Step::Locked(at, value) => {
            let _guard = lock.lock().unwrap();
            let old = numbers[at].load(SeqCst);
            numbers[at].store(old + value, SeqCst);
            old
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            program.iter().map(|steps| scope.spawn(|| steps.iter().map(step).collect())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Programs with loads, stores, additions and locked additions in these proportions.
pub(super) fn program([loads, stores, adds, locked]: [u32; 4]) -> impl Strategy<Value = Program> {
    let (at, value) = (0..2usize, 1..3u64);
    let step = prop_oneof![
        loads => at.clone().prop_map(Step::Load),
        stores => (at.clone(), value.clone()).prop_map(|(at, value)| Step::Store(at, value)),
        adds => (at.clone(), value.clone()).prop_map(|(at, value)| Step::Add(at, value)),
        locked => (at, value).prop_map(|(at, value)| Step::Locked(at, value)),
    ];
    let threads = |count, steps| prop::collection::vec(prop::collection::vec(step.clone(), 1..=steps), count);
    prop_oneof![threads(2, 4), threads(3, 3)]
}
