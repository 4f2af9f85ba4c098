//! Deadlocks that no execution has met, predicted from the order in which one took its locks, and confirmed by steering
//! executions into them; and programs that take locks in many orders and cannot deadlock.

mod drawn;
mod predicted;
mod programs;
mod readers;
mod tasks;

use drawloom::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use drawloom::{Config, FailureKind, Policy, Report, StrategyKind, explore, thread};

/// One execution, and what it lets expect.
fn one(seed: u64, body: impl Fn() + Send + Sync) -> Report {
    explore(config().executions(1).seed(seed), body)
}

fn config() -> Config {
    Config::new().strategy(StrategyKind::RandomWalk).lock_order(Policy::Deny).spurious(0).shrink(false)
}

/// Whether the report has these words, wherever its lines are broken.
pub(crate) fn says(report: &Report, words: &str) -> bool {
    report.to_string().split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}

/// Whether the report is of a deadlock that was predicted from an execution that passed.
fn is_predicted(report: &Report) -> bool {
    says(report, "predicted from the order of locks")
}

/// Each of many single executions that do not deadlock by themselves is enough.
fn is_found_from_one(body: impl Fn() + Send + Sync + Copy) {
    let mut predicted = 0;
    for seed in 0..60 {
        let report = one(seed, body);
        assert!(report.failed_with(FailureKind::Deadlock), "seed {seed}: {report}");
        predicted += u32::from(is_predicted(&report));
        let failure = report.failure().expect("checked above");
        let again = explore(Config::new().replay(failure.token()), body);
        assert!(again.failed_with(FailureKind::Deadlock), "the token shows another thing: {again}");
    }
    assert!(predicted > 0, "every execution met it");
}

/// Runs the bodies on threads of their own, and waits for them.
fn run(bodies: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = bodies.into_iter().map(|body| thread::spawn(body)).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn locks(count: usize) -> Arc<[Mutex<()>]> {
    (0..count).map(|_| Mutex::new(())).collect()
}

/// A thread that takes locks one after the other, and holds them all.
fn takes(locks: &Arc<[Mutex<()>]>, order: &'static [usize]) -> Box<dyn FnOnce() + Send> {
    let locks = Arc::clone(locks);
    Box::new(move || {
        let guards: Vec<MutexGuard<'_, ()>> = order.iter().map(|&at| locks[at].lock().unwrap()).collect();
        drop(guards);
    })
}

#[test]
fn two_orders_of_two_locks_are_found() {
    is_found_from_one(|| {
        let locks = locks(2);
        run(vec![takes(&locks, &[0, 1]), takes(&locks, &[1, 0])]);
    });
}

#[test]
fn philosophers_are_found() {
    fn dine<const COUNT: usize>() {
        let forks = locks(COUNT);
        let dine = |me: usize| {
            let forks = Arc::clone(&forks);
            Box::new(move || {
                let left = forks[me].lock().unwrap();
                let right = forks[(me + 1) % COUNT].lock().unwrap();
                drop((left, right));
            }) as Box<dyn FnOnce() + Send>
        };
        run((0..COUNT).map(dine).collect());
    }
    is_found_from_one(dine::<2>);
    is_found_from_one(dine::<3>);
    is_found_from_one(dine::<4>);
    is_found_from_one(dine::<5>);
    is_found_from_one(dine::<6>);
    is_found_from_one(dine::<7>);
}

#[test]
fn locks_that_counters_take_are_found() {
    // CS/carter01 of SCTBench.
    is_found_from_one(|| {
        let shared = Arc::new((Mutex::new([0, 0]), Mutex::new(())));
        let work = |me: usize| {
            let shared = Arc::clone(&shared);
            Box::new(move || {
                let mut held = None;
                {
                    let mut counters = shared.0.lock().unwrap();
                    counters[me] += 1;
                    if counters[me] == 1 {
                        held = Some(shared.1.lock().unwrap());
                    }
                }
                let mut counters = shared.0.lock().unwrap();
                counters[me] -= 1;
                if counters[me] == 0 {
                    drop(held.take());
                }
            }) as Box<dyn FnOnce() + Send>
        };
        run(vec![work(0), work(1), Box::new(|| ()), Box::new(|| ())]);
    });
}

#[test]
fn readers_and_writers_are_found() {
    is_found_from_one(|| {
        let locks = Arc::new((RwLock::new(()), RwLock::new(())));
        let theirs = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let read = theirs.0.read().unwrap();
            drop((theirs.1.write().unwrap(), read));
        });
        let read = locks.1.read().unwrap();
        drop((locks.0.write().unwrap(), read));
        thread.join().unwrap();
    });
}

#[test]
fn a_lock_that_is_taken_again_after_waiting_is_found() {
    is_found_from_one(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new(), Mutex::new(())));
        let theirs = Arc::clone(&shared);
        let waiter = thread::spawn(move || {
            let other = theirs.2.lock().unwrap();
            let ready = theirs.0.lock().unwrap();
            let (ready, _) = theirs.1.wait_timeout(ready, std::time::Duration::from_millis(1)).unwrap();
            drop((ready, other));
        });
        {
            let mut ready = shared.0.lock().unwrap();
            *ready = true;
            shared.1.notify_one();
            drop(shared.2.lock().unwrap());
        }
        waiter.join().unwrap();
    });
}

/// Not a word about it, from executions and from those that are steered.
fn is_quiet(body: impl Fn() + Send + Sync + Copy) {
    let report = explore(config().executions(300), body);
    assert!(report.passed(), "{report}");
    assert!(!report.to_string().contains("deadlock"), "{report}");
}

#[test]
fn a_gate_keeps_orders_apart() {
    is_quiet(|| {
        let locks = locks(3);
        run(vec![takes(&locks, &[2, 0, 1]), takes(&locks, &[2, 1, 0])]);
    });
}

#[test]
fn philosophers_in_order_are_no_cycle() {
    is_quiet(|| {
        let forks = locks(3);
        run(vec![takes(&forks, &[0, 1]), takes(&forks, &[1, 2]), takes(&forks, &[0, 2])]);
    });
}

#[test]
fn a_list_that_is_locked_hand_over_hand_is_no_cycle() {
    is_quiet(|| {
        let nodes = locks(4);
        let walk = || {
            let nodes = Arc::clone(&nodes);
            Box::new(move || {
                let mut held = nodes[0].lock().unwrap();
                for node in &nodes[1..] {
                    let next = node.lock().unwrap();
                    drop(std::mem::replace(&mut held, next));
                }
            }) as Box<dyn FnOnce() + Send>
        };
        run(vec![walk(), walk()]);
    });
}

#[test]
fn what_spawning_and_joining_orders_is_no_cycle() {
    is_quiet(|| {
        let locks = locks(2);
        run(vec![takes(&locks, &[0, 1])]);
        run(vec![takes(&locks, &[1, 0])]);
        takes(&locks, &[0, 1])();
    });
}

#[test]
fn readers_do_not_wait_for_readers() {
    is_quiet(|| {
        let locks = Arc::new((RwLock::new(()), RwLock::new(())));
        let theirs = Arc::clone(&locks);
        let thread = thread::spawn(move || drop((theirs.0.read().unwrap(), theirs.1.read().unwrap())));
        drop((locks.1.read().unwrap(), locks.0.read().unwrap()));
        thread.join().unwrap();
    });
}

#[test]
fn who_only_tries_does_not_wait() {
    is_quiet(|| {
        let locks = locks(2);
        let theirs = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            let first = theirs[1].lock().unwrap();
            drop((theirs[0].try_lock(), first));
        });
        takes(&locks, &[0, 1])();
        thread.join().unwrap();
    });
}

#[test]
fn what_a_flag_orders_is_told_as_potential() {
    let body = || {
        let locks = locks(2);
        let first = thread::spawn(takes(&locks, &[0, 1]));
        let theirs = Arc::clone(&locks);
        let second = thread::spawn(move || {
            first.join().unwrap();
            takes(&theirs, &[1, 0])();
        });
        second.join().unwrap();
    };
    is_quiet(body);
    // An order that the detector knows nothing of.
    let body = || {
        let locks = locks(2);
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let (mine, tell) = (Arc::clone(&locks), Arc::clone(&done));
        let first = thread::spawn(move || {
            takes(&mine, &[0, 1])();
            *tell.0.lock().unwrap() = true;
            tell.1.notify_one();
        });
        let mut is_done = done.0.lock().unwrap();
        while !*is_done {
            is_done = done.1.wait(is_done).unwrap();
        }
        drop(is_done);
        takes(&locks, &[1, 0])();
        first.join().unwrap();
    };
    let warned = explore(config().executions(100).lock_order(Policy::Warn), body);
    assert!(warned.passed() && warned.to_string().contains("potential deadlock"), "{warned}");
    let denied = explore(config().executions(100), body);
    assert!(denied.failed_with(FailureKind::LockOrder), "{denied}");
    let allowed = explore(config().executions(100).lock_order(Policy::Allow), body);
    assert!(!allowed.to_string().contains("potential"), "{allowed}");
}

#[test]
fn the_report_tells_the_cycle_and_how_to_break_it() {
    let report = explore(config().executions(16).seed(3).shrink(true).name("transfer"), || {
        let checking = Arc::new(Mutex::new(1));
        let savings = Arc::new(Mutex::new(2));
        let (from, to) = (Arc::clone(&checking), Arc::clone(&savings));
        // Only after a while: a few executions do not meet the deadlock.
        let other = thread::spawn(move || {
            let mut from = from.lock().unwrap();
            *from -= 1;
            *to.lock().unwrap() += 1;
        });
        (0..40).for_each(|_| thread::yield_now());
        let mut from = savings.lock().unwrap();
        *from -= 1;
        *checking.lock().unwrap() += 1;
        drop(from);
        other.join().unwrap();
    });
    assert!(is_predicted(&report), "{report}");
    let text = report.to_string();
    let cycle = text.split_once("the order of locks:\n").expect("it has a part about it").1;
    insta::assert_snapshot!(cycle.split_once("\nreplay").expect("how to see it again").0);
}

/// A test that is small enough to have all its executions explored.
fn verified(policy: Policy) -> Config {
    Config::new().lock_order(policy).spurious(0)
}

/// Two orders of two locks that a flag keeps apart.
fn kept_apart() {
    let locks = locks(2);
    let done = Arc::new(Mutex::new(false));
    let (first, tell) = (takes(&locks, &[0, 1]), Arc::clone(&done));
    let thread = thread::spawn(move || {
        first();
        *tell.lock().unwrap() = true;
    });
    let is_done = *done.lock().unwrap();
    if is_done {
        takes(&locks, &[1, 0])();
    }
    thread.join().unwrap();
}

#[test]
fn a_cycle_that_no_execution_meets_is_denied_only() {
    let report = explore(verified(Policy::Warn), kept_apart);
    assert!(report.passed() && report.coverage() == Some(drawloom::Coverage::Verified), "{report}");
    assert!(!report.to_string().contains("deadlock"), "{report}");
    let report = explore(verified(Policy::Deny), kept_apart);
    assert!(report.failed_with(FailureKind::LockOrder), "{report}");
    let message = report.failure().unwrap().message();
    assert!(message.starts_with("locks are taken in a circle, although no execution deadlocks"), "{report}");
    // The same whatever the number of workers.
    let other = explore(verified(Policy::Deny).workers(3), kept_apart);
    assert_eq!(other.failure().unwrap().message(), message);
    let bounded = explore(verified(Policy::Warn).max_preemptions(0), || {
        let locks = locks(2);
        run(vec![takes(&locks, &[0, 1]), takes(&locks, &[1, 0])]);
    });
    assert!(bounded.to_string().contains("no execution within the bounds"), "{bounded}");
}

#[test]
fn an_order_can_be_asserted_from_within() {
    for policy in [Policy::Warn, Policy::Allow] {
        for config in [verified(policy), config().lock_order(policy).executions(200)] {
            let report = explore(config, || {
                kept_apart();
                thread::spawn(drawloom::lock_order::assert_acyclic).join().unwrap();
            });
            assert!(report.failed_with(FailureKind::LockOrder), "{report}");
            assert!(report.to_string().contains("said to have no cycle at"), "{report}");
        }
    }
    let report = explore(verified(Policy::Warn), || {
        drawloom::lock_order::assert_acyclic();
        let locks = locks(2);
        run(vec![takes(&locks, &[0, 1]), takes(&locks, &[0, 1])]);
    });
    assert!(report.passed(), "{report}");
    drawloom::lock_order::assert_acyclic();
}
