//! Random programs over mutexes, semaphores, condition variables and channels: the executions are those that
//! enumerating interleavings finds, each once, and a deadlock is found where there is one.

use drawloom::sync::atomic::{AtomicU64, Ordering::SeqCst};
use drawloom::sync::{Arc, Condvar, Mutex, MutexGuard, Semaphore, mpsc};
use drawloom::{FailureKind, MemoryModel, thread};
use proptest::prelude::*;

use crate::interleavings::{Act, OBJECTS, executions};
use crate::{config, shown};

struct Objects {
    values: [AtomicU64; OBJECTS],
    mutexes: [Mutex<()>; OBJECTS],
    semaphores: [Semaphore; OBJECTS],
    condvar: Condvar,
}

/// Runs the program. What its threads read.
fn run(program: &[Vec<Act>]) -> Vec<Vec<u64>> {
    let objects = Arc::new(Objects {
        values: [const { AtomicU64::new(0) }; OBJECTS],
        mutexes: [const { Mutex::new(()) }; OBJECTS],
        semaphores: [const { Semaphore::new(1) }; OBJECTS],
        condvar: Condvar::new(),
    });
    let (sender, receiver) = mpsc::channel();
    let mut receiver = Some(receiver);
    let mut spawn = |acts: &Vec<Act>| {
        let (objects, acts) = (Arc::clone(&objects), acts.clone());
        let receives = acts.contains(&Act::Receive);
        let sender = (!receives).then(|| sender.clone());
        let receiver = if receives { receiver.take() } else { None };
        thread::spawn(move || {
            let log = run_thread(&objects, &acts, sender.as_ref(), receiver.as_ref());
            // A receiver that is dropped would make sends fail.
            (log, receiver)
        })
    };
    let threads: Vec<_> = program.iter().map(&mut spawn).collect();
    drop(sender);
    let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    ended.into_iter().map(|(log, _)| log).collect()
}

fn run_thread(
    objects: &Objects,
    acts: &[Act],
    sender: Option<&mpsc::Sender<u64>>,
    receiver: Option<&mpsc::Receiver<u64>>,
) -> Vec<u64> {
    let mut log = Vec::new();
    let mut guards: [Option<MutexGuard<'_, ()>>; OBJECTS] = [const { None }; OBJECTS];
    let mut position = 0;
    while let Some(&act) = acts.get(position) {
        position += 1;
        match act {
            Act::Load(at) => log.push(objects.values[at].load(SeqCst)),
            Act::Store(at, value) => objects.values[at].store(value, SeqCst),
            Act::Add(at) => log.push(objects.values[at].fetch_add(1, SeqCst)),
            Act::Lock(at) => guards[at] = Some(objects.mutexes[at].lock().unwrap()),
            Act::Unlock(at) => guards[at] = None,
            Act::TryLock(at, skipped) => {
                guards[at] = objects.mutexes[at].try_lock().ok();
                log.push(u64::from(guards[at].is_some()));
                position += if guards[at].is_some() { 0 } else { skipped };
            }
            Act::Acquire(at) => objects.semaphores[at].acquire().forget(),
            Act::Release(at) => objects.semaphores[at].add_permits(1),
            Act::Wait => guards[0] = guards[0].take().map(|guard| objects.condvar.wait(guard).unwrap()),
            Act::NotifyOne => objects.condvar.notify_one(),
            Act::NotifyAll => objects.condvar.notify_all(),
            Act::Send(value) => sender.expect("a thread that does not receive").send(value).unwrap(),
            Act::Receive => log.push(receiver.map_or(99, |receiver| receiver.recv().unwrap_or(99))),
        }
    }
    log
}

/// A few operations that belong together.
fn block() -> impl Strategy<Value = Vec<Act>> {
    let at = 0..OBJECTS;
    let inner = prop_oneof![
        (0..OBJECTS).prop_map(|at| vec![Act::Load(at)]),
        (0..OBJECTS, 1..3u64).prop_map(|(at, value)| vec![Act::Store(at, value)]),
        Just(Vec::new()),
    ];
    let around = |first: Act, inner: Vec<Act>, last: Act| [vec![first], inner, vec![last]].concat();
    prop_oneof![
        3 => (0..OBJECTS).prop_map(|at| vec![Act::Load(at)]),
        3 => (0..OBJECTS, 1..3u64).prop_map(|(at, value)| vec![Act::Store(at, value)]),
        2 => (0..OBJECTS).prop_map(|at| vec![Act::Add(at)]),
        4 => (at.clone(), inner.clone()).prop_map(move |(at, inner)| around(Act::Lock(at), inner, Act::Unlock(at))),
        2 => (at.clone(), inner.clone()).prop_map(move |(at, inner)| {
            let first = Act::TryLock(at, inner.len() + 1);
            around(first, inner, Act::Unlock(at))
        }),
        1 => Just(vec![Act::Lock(0), Act::Lock(1), Act::Unlock(1), Act::Unlock(0)]),
        1 => Just(vec![Act::Lock(1), Act::Lock(0), Act::Unlock(0), Act::Unlock(1)]),
        3 => (at.clone(), inner).prop_map(move |(at, inner)| around(Act::Acquire(at), inner, Act::Release(at))),
        1 => at.clone().prop_map(|at| vec![Act::Acquire(at)]),
        1 => at.prop_map(|at| vec![Act::Release(at)]),
        2 => Just(vec![Act::Lock(0), Act::Wait, Act::Unlock(0)]),
        2 => prop_oneof![Just(vec![Act::NotifyOne]), Just(vec![Act::NotifyAll])],
        2 => (1..3u64).prop_map(|value| vec![Act::Send(value)]),
    ]
}

fn program() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let threads = |count, blocks| {
        let thread = prop::collection::vec(block(), 1..=blocks).prop_map(|blocks| blocks.concat());
        prop::collection::vec(thread, count)
    };
    let receives = prop::sample::select(vec![0usize, 0, 1, 2]);
    (prop_oneof![2 => threads(2, 3), 2 => threads(3, 2), 1 => threads(4, 1)], receives).prop_map(
        |(mut program, receives)| {
            // One more thread, which receives.
            if receives > 0 {
                program.push(vec![Act::Receive; receives]);
            }
            program
        },
    )
}

fn check(program: &[Vec<Act>]) -> Result<(), TestCaseError> {
    let Some(expected) = executions(program, 60_000, None) else { return Ok(()) };
    let (outcomes, report) = shown(config(MemoryModel::SequentiallyConsistent), || run(program));
    if expected.deadlock {
        prop_assert!(report.failed_with(FailureKind::Deadlock), "a deadlock was not found: {report}");
        let token = report.failure().expect("a deadlock").token().to_owned();
        let again = drawloom::explore(drawloom::Config::new().replay(token), || drop(run(program)));
        prop_assert!(again.failed_with(FailureKind::Deadlock), "the token shows another thing: {again}");
    } else {
        prop_assert!(report.passed(), "{report}");
        prop_assert_eq!(&outcomes, &expected.outcomes, "outcomes");
        prop_assert_eq!(report.executions(), expected.count as u64, "executions");
        // What is sequentially consistent is allowed by every model.
        let (weak, report) = shown(config(MemoryModel::Rc11), || run(program));
        prop_assert!(report.passed(), "{report}");
        prop_assert!(outcomes.is_subset(&weak));
    }
    Ok(())
}

fn check_bounded(program: &[Vec<Act>], bound: u32) -> Result<(), TestCaseError> {
    let Some(expected) = executions(program, 60_000, Some(bound)) else { return Ok(()) };
    let bounded = config(MemoryModel::SequentiallyConsistent).max_preemptions(bound);
    let (outcomes, report) = shown(bounded, || run(program));
    if expected.deadlock {
        prop_assert!(report.failed_with(FailureKind::Deadlock), "a deadlock was not found: {report}");
    } else {
        prop_assert!(report.passed(), "{report}");
        // Those that led to others were run as well.
        prop_assert!(expected.outcomes.is_subset(&outcomes), "outcomes");
        prop_assert_eq!(report.executions(), expected.count as u64, "executions");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn executions_with_few_preemptions_are_those_that_interleaving_finds(program in program(), bound in 0..3u32) {
        check_bounded(&program, bound)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn executions_are_those_that_interleaving_finds(program in program()) {
        check(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test exhaustive -- --ignored deep_objects`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_objects_executions_are_those_that_interleaving_finds(program in program()) {
        check(&program)?;
    }
}
