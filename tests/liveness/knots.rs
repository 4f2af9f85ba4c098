//! Threads that wait for each other by what anybody could end (messages, permits, notifications, tokens), while others go
//! on and on; and threads that go on when the test body has returned.

use std::collections::BTreeSet;
use std::time::Duration;

use drawloom::sync::atomic::AtomicU64;
use drawloom::sync::atomic::Ordering::Relaxed;
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, Semaphore, mpsc};
use drawloom::thread::BuilderExt;
use drawloom::{Config, FailureKind, Report, StrategyKind, explore, thread};
use proptest::prelude::*;

fn tick() {
    loop {
        thread::sleep(Duration::from_millis(10));
    }
}

/// A thread that never ends, and concerns nobody.
fn ticker() {
    drop(thread::Builder::new().daemon().spawn(tick));
}

fn config() -> Config {
    Config::new().executions(200).max_steps(20_000)
}

/// Explores the body; what it fails with is a knot, is minimized, and is the same when it is replayed.
fn knot(body: impl Fn() + Send + Sync + Clone) -> Report {
    for strategy in [StrategyKind::Portfolio, StrategyKind::Pct { depth: 3 }, StrategyKind::RandomWalk] {
        let report = explore(config().strategy(strategy), body.clone());
        check(&report, &body);
    }
    let report = explore(config(), body.clone());
    check(&report, &body);
    report
}

fn check(report: &Report, body: &(impl Fn() + Send + Sync)) {
    let failure = report.failure().unwrap_or_else(|| panic!("nothing was found: {report}"));
    assert_eq!(failure.kind(), FailureKind::Deadlock, "{report}");
    assert!(failure.message().contains("as it seems: thread 1 goes on until the limit"), "{report}");
    assert!(failure.steps() < 40, "{report}");
    let again = explore(config().replay(failure.token()), body);
    assert_eq!(again.failure().map(|again| again.message()), Some(failure.message()), "{again}");
}

#[test]
fn receivers_of_each_others_messages_are_told() {
    let report = knot(|| {
        ticker();
        let (to_second, of_first) = mpsc::channel::<u32>();
        let (to_first, of_second) = mpsc::channel::<u32>();
        let first = thread::spawn(move || to_second.send(of_second.recv().unwrap()));
        let second = thread::spawn(move || to_first.send(of_first.recv().unwrap()));
        drop((first.join(), second.join()));
    });
    let text = report.to_string();
    assert!(text.contains("main, thread 2 and thread 3 wait for ever"), "{text}");
    assert!(text.contains("more steps that do not change what the others wait for"), "{text}");
}

#[test]
fn a_worker_whose_channel_the_joiner_keeps_open_is_told() {
    knot(|| {
        ticker();
        let (jobs, queue) = mpsc::channel::<u32>();
        let worker = thread::spawn(move || queue.into_iter().sum::<u32>());
        jobs.send(1).unwrap();
        assert_eq!(worker.join().unwrap(), 1);
        drop(jobs);
    });
}

#[test]
fn a_full_channel_whose_receiver_waits_for_the_senders_lock_is_told() {
    knot(|| {
        ticker();
        let lock = Arc::new(Mutex::new(()));
        let (sender, receiver) = mpsc::sync_channel(1);
        let theirs = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            for _ in 0..3 {
                let _guard = theirs.lock().unwrap();
                receiver.recv().unwrap();
            }
        });
        for number in 0..3 {
            let _guard = lock.lock().unwrap();
            sender.send(number).unwrap();
        }
        thread.join().unwrap();
    });
}

#[test]
fn permits_that_each_has_for_the_other_are_told() {
    knot(|| {
        ticker();
        let pair = Arc::new((Semaphore::new(1), Semaphore::new(1)));
        let theirs = Arc::clone(&pair);
        let thread = thread::spawn(move || {
            let outer = theirs.1.acquire();
            drop((theirs.0.acquire(), outer));
        });
        let outer = pair.0.acquire();
        drop((pair.1.acquire(), outer));
        thread.join().unwrap();
    });
}

#[test]
fn a_barrier_that_one_has_not_come_to_is_told() {
    knot(|| {
        ticker();
        let barrier = Arc::new(Barrier::new(3));
        let theirs = Arc::clone(&barrier);
        let thread = thread::spawn(move || theirs.wait().is_leader());
        barrier.wait();
        thread.join().unwrap();
    });
}

#[test]
fn a_token_that_two_parks_wait_for_is_told() {
    knot(|| {
        ticker();
        let waiter = thread::spawn(|| {
            thread::park();
            thread::park();
        });
        waiter.thread().unpark();
        waiter.thread().unpark();
        waiter.join().unwrap();
    });
}

#[test]
fn a_notification_that_came_too_early_is_told_while_the_body_looks_on() {
    let body = || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let notifier = thread::spawn(move || theirs.1.notify_one());
        let waiter = thread::spawn(move || {
            let guard = pair.0.lock().unwrap();
            drop(pair.1.wait(guard).unwrap());
        });
        notifier.join().unwrap();
        while !waiter.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
    };
    let report = explore(config(), body);
    let text = report.to_string();
    assert!(report.failed_with(FailureKind::Deadlock), "{text}");
    assert!(text.contains("thread 2 waits for ever, as it seems: main goes on"), "{text}");
    assert!(text.contains("lost wakeup: the last notification, by thread 1"), "{text}");
}

#[test]
fn threads_that_go_on_without_a_pause_take_turns_in_a_replay() {
    let body = || {
        let ticks = Arc::new(AtomicU64::new(0));
        for _ in 0..2 {
            let ticks = Arc::clone(&ticks);
            thread::spawn(move || {
                loop {
                    ticks.fetch_add(1, Relaxed);
                }
            });
        }
        let (sender, receiver) = mpsc::channel::<u32>();
        thread::spawn(move || receiver.recv()).join().unwrap().unwrap();
        drop(sender);
    };
    let report = explore(config().strategy(StrategyKind::RandomWalk), body);
    let failure = report.failure().unwrap();
    assert_eq!(failure.kind(), FailureKind::Deadlock, "{report}");
    assert!(failure.message().contains("thread 1 and thread 2 go on"), "{report}");
    assert!(failure.steps() <= 5 && report.to_string().contains("cause: it fail"), "{report}");
    assert!(failure.token().len() < 200, "{report}");
    let again = explore(config().replay(failure.token()), body);
    assert_eq!(again.failure().map(|again| again.message()), Some(failure.message()), "{again}");
}

/// The body fails at the step limit, and nothing is said to wait for ever.
fn is_not_told(config: Config, body: impl Fn() + Send + Sync) {
    let report = explore(config.strategy(StrategyKind::RandomWalk), body);
    assert!(report.failed_with(FailureKind::StepLimit), "{report}");
}

#[test]
fn who_waits_for_a_thread_that_goes_on_is_in_no_knot() {
    // It has sent before, and may do so again.
    is_not_told(config(), || {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            sender.send(1).unwrap();
            tick();
        });
        receiver.recv().unwrap();
        let _ = receiver.recv();
    });
    // It is joined.
    is_not_told(config(), || {
        thread::spawn(tick).join().unwrap();
    });
}

#[test]
fn who_waits_for_a_thread_that_has_not_come_to_it_is_in_no_knot() {
    // It sleeps for longer than there are steps.
    is_not_told(config(), || {
        ticker();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(3600));
            sender.send(1)
        });
        receiver.recv().unwrap();
    });
    // The limit comes first.
    is_not_told(config().max_steps(500), || {
        ticker();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            (0..1_000).for_each(|_| thread::yield_now());
            sender.send(1)
        });
        receiver.recv().unwrap();
    });
}

#[test]
fn a_panic_is_what_is_wrong_even_if_others_wait_for_ever_then() {
    let report = explore(config(), || {
        ticker();
        let (sender, receiver) = mpsc::channel::<u32>();
        let late = thread::spawn(|| (0..5).for_each(|_| thread::yield_now()));
        drop(thread::spawn(move || {
            drop(late.join());
            panic!("too late");
        }));
        let _ = receiver.recv();
        drop(sender);
    });
    assert!(report.failed_with(FailureKind::Panic), "{report}");
    let text = report.to_string();
    assert!(text.contains("panics: too late") && !text.contains("max_steps"), "{text}");
}

#[test]
fn who_goes_on_when_the_body_has_returned_is_left_over() {
    let body = || drop(thread::spawn(tick));
    let report = explore(config(), body);
    let failure = report.failure().unwrap();
    assert_eq!(failure.kind(), FailureKind::LeakedThread, "{report}");
    assert_eq!(
        failure.message(),
        "the test body has returned, but thread 1 goes on until the limit `max_steps`"
    );
    assert!(failure.steps() < 10 && report.to_string().contains("make it a daemon"), "{report}");
    let again = explore(config().replay(failure.token()), body);
    assert_eq!(again.failure().map(|again| again.message()), Some(failure.message()), "{again}");

    // Where that is allowed, nobody knows whether it would have ended.
    let report = explore(config().allow_leaked_threads(true), body);
    assert!(report.failed_with(FailureKind::StepLimit), "{report}");
    assert!(explore(config().daemons(true), body).passed());
}

/// What a thread of a random program does: takes a permit, or adds one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Take(usize),
    Give(usize),
}

/// Whether the threads can come to where all that are left wait.
fn can_be_stuck(program: &[Vec<Act>]) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![(vec![0; program.len()], [0u32; 2])];
    while let Some((next, permits)) = open.pop() {
        if !seen.insert((next.clone(), permits)) {
            continue;
        }
        let mut is_stuck = next.iter().zip(program).any(|(&next, thread)| next < thread.len());
        for (thread, acts) in program.iter().enumerate() {
            let mut permits = permits;
            match acts.get(next[thread]) {
                Some(&Act::Take(at)) if permits[at] > 0 => permits[at] -= 1,
                Some(&Act::Give(at)) => permits[at] += 1,
                _ => continue,
            }
            is_stuck = false;
            let mut next = next.clone();
            next[thread] += 1;
            open.push((next, permits));
        }
        if is_stuck {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Executions end, or are told to be knots; and there is a knot exactly where some interleaving is stuck.
    #[test]
    fn knots_are_where_an_interleaving_is_stuck(
        program in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![(0..2usize).prop_map(Act::Take), (0..2usize).prop_map(Act::Give)],
                1..5,
            ),
            1..4,
        ),
    ) {
        let body = || {
            ticker();
            let semaphores = Arc::new([Semaphore::new(0), Semaphore::new(0)]);
            let threads: Vec<_> = program.iter().cloned().map(|acts| {
                let semaphores = Arc::clone(&semaphores);
                thread::spawn(move || for act in acts {
                    match act {
                        Act::Take(at) => semaphores[at].acquire().forget(),
                        Act::Give(at) => semaphores[at].add_permits(1),
                    }
                })
            }).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        };
        let config = Config::new().executions(300).strategy(StrategyKind::RandomWalk).max_steps(2_000).shrink(false);
        let report = explore(config, body);
        prop_assert_eq!(report.failed_with(FailureKind::Deadlock), can_be_stuck(&program), "{}", report);
        prop_assert_eq!(report.passed(), !can_be_stuck(&program), "{}", report);
    }
}
