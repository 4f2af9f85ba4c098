//! Programs whose threads wait in loops, with a known number of executions: a loop that waits counts once, however often it
//! goes round; one that gives up is explored to its end.

use drawloom::hint::spin_loop;
use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicU32, AtomicU64};
use drawloom::sync::{Arc, RwLock};
use drawloom::{MemoryModel, Timeouts, thread};

use crate::programs::{factorial, rc11, same, share};
use crate::{config, count, shown};

#[test]
fn locks_made_of_atomics_and_loops() {
    for threads in [2u64, 3] {
        let ticket = |lock: &(AtomicU64, AtomicU64), _| {
            let ticket = lock.0.fetch_add(1, Relaxed);
            while lock.1.load(Acquire) != ticket {
                spin_loop();
            }
            lock.1.store(ticket + 1, Release);
        };
        let lock = || (AtomicU64::new(0), AtomicU64::new(0));
        assert_eq!(rc11(|| drop(share(lock(), same(threads as usize, ticket)))), factorial(threads));
        let exchange = |lock: &AtomicU64, _| {
            while lock.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
                spin_loop();
            }
            lock.store(0, Release);
        };
        assert_eq!(
            rc11(|| drop(share(AtomicU64::new(0), same(threads as usize, exchange)))),
            factorial(threads)
        );
        let swap = |lock: &AtomicU64, _| {
            while lock.swap(1, Acquire) == 1 {
                thread::yield_now();
            }
            lock.store(0, Release);
        };
        assert_eq!(rc11(|| drop(share(AtomicU64::new(0), same(threads as usize, swap)))), factorial(threads));
    }
}

#[test]
fn a_flag_that_many_wait_for() {
    for waiters in 1..=4 {
        let body = || {
            let mut bodies = same(waiters, |x: &AtomicU64, _| {
                while x.load(Acquire) < 2 {
                    spin_loop();
                }
            });
            bodies.push(Box::new(|x: &AtomicU64| {
                x.store(1, Release);
                x.store(2, Release);
            }));
            share(AtomicU64::new(0), bodies);
        };
        assert_eq!(rc11(body), 1);
        assert_eq!(count(MemoryModel::SequentiallyConsistent, body), 1);
    }
}

#[test]
fn a_loop_that_gives_up_is_explored_to_its_end() {
    let body = || {
        let tries = |x: &AtomicU64, _| {
            for _ in 0..3 {
                if x.load(Relaxed) == 1 {
                    return;
                }
                spin_loop();
            }
        };
        let mut bodies = same(1, tries);
        bodies.push(Box::new(|x: &AtomicU64| x.store(1, Relaxed)));
        share(AtomicU64::new(0), bodies);
    };
    // The first, second or third look sees it, or none.
    assert_eq!(rc11(body), 4);
}

/// A thread that gives up after two tries, and how often it has failed; with the tries in a loop or one after the other.
fn two_tries(in_loop: bool) -> (u64, u64) {
    let x = Arc::new(AtomicU64::new(0));
    let theirs = Arc::clone(&x);
    let other = thread::spawn(move || (1..3).for_each(|value| theirs.store(10 * value, Relaxed)));
    let mut failures = 0;
    if in_loop {
        for _ in 0..2 {
            let found = x.load(Relaxed);
            match x.compare_exchange(found, found + 1, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(_) => failures += 1,
            }
        }
    } else {
        let found = x.load(Relaxed);
        if x.compare_exchange(found, found + 1, Relaxed, Relaxed).is_err() {
            failures += 1;
            let found = x.load(Relaxed);
            failures += u64::from(x.compare_exchange(found, found + 1, Relaxed, Relaxed).is_err());
        }
    }
    other.join().unwrap();
    (failures, x.load(Relaxed))
}

#[test]
fn tries_that_count_are_explored() {
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let (straight, report) = shown(config(memory), || two_tries(false));
        let (looped, in_loop) = shown(config(memory), || two_tries(true));
        assert!(straight.iter().any(|&(failures, _)| failures == 2));
        assert_eq!(looped, straight);
        assert_eq!(in_loop.executions(), report.executions());
    }
}

#[test]
fn message_passing_with_acquire_and_release() {
    let body = || {
        let pass = |x: &(AtomicU64, AtomicU64), me| {
            if me == 0 {
                x.0.store(1, Relaxed);
                x.1.store(1, Release);
            } else if x.1.load(Acquire) == 1 {
                assert_eq!(x.0.load(Relaxed), 1);
            }
        };
        share((AtomicU64::new(0), AtomicU64::new(0)), same(2, pass));
    };
    assert_eq!(rc11(body), 2);
    // One that others pass on is as good.
    let chain = || {
        let pass = |x: &(AtomicU64, AtomicU64), me| {
            if me == 0 {
                x.0.store(1, Relaxed);
                x.1.fetch_add(1, Release);
            } else if me == 1 {
                x.1.fetch_add(1, Relaxed);
            } else if x.1.load(Acquire) == 2 {
                assert_eq!(x.0.load(Relaxed), 1);
            }
        };
        share((AtomicU64::new(0), AtomicU64::new(0)), same(3, pass));
    };
    assert!(rc11(chain) > 2);
}

#[test]
fn a_loop_that_waits_with_a_modification_that_changes_nothing() {
    let tail_and_slot = || (AtomicU64::new(0), AtomicU64::new(0));
    let push = |(tail, slot): &(AtomicU64, AtomicU64), _| {
        let mut now = tail.load(Relaxed);
        while let Err(other) = tail.compare_exchange(now, now + 1, SeqCst, Acquire) {
            now = other;
            spin_loop();
        }
        slot.store(1, SeqCst);
    };
    let pop = |(tail, slot): &(AtomicU64, AtomicU64), _| {
        while slot.load(Acquire) != 1 {
            tail.fetch_or(0, SeqCst);
            thread::yield_now();
        }
    };
    for (pushes, expected) in [(1, 1), (2, 16)] {
        let executions = rc11(|| {
            let mut bodies = same(pushes, push);
            bodies.extend(same(1, pop));
            drop(share(tail_and_slot(), bodies));
        });
        assert_eq!(executions, expected, "{pushes} threads that push");
    }
}

#[test]
fn a_loop_whose_first_round_reads_elsewhere_waits_for_what_the_others_read() {
    let wait = |(other, flag): &(AtomicU64, AtomicU64), _| {
        let mut is_first = true;
        while is_first || flag.load(Acquire) == 0 {
            is_first = false;
            other.load(Acquire);
            spin_loop();
        }
    };
    let set = |(_, flag): &(AtomicU64, AtomicU64), _| flag.store(1, Release);
    let body = || {
        let shared = (AtomicU64::new(0), AtomicU64::new(0));
        shared.1.store(0, Relaxed);
        let mut bodies = same(1, wait);
        bodies.extend(same(1, set));
        drop(share(shared, bodies));
    };
    assert!(rc11(body) >= 1);
    assert!(count(MemoryModel::SequentiallyConsistent, body) >= 1);
}

/// A thread that looks three times under locks may wait in a loop. That it does not is found by letting it go on with what it has
/// seen, which nobody is to see: SeqCst does not allow it.
#[test]
fn a_thread_that_was_taken_to_wait_shows_nothing_impossible() {
    let (seen, report) = shown(config(MemoryModel::Rc11), || {
        let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0), RwLock::new(()), RwLock::new(())));
        let other = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            other.0.store(1, SeqCst);
            other.1.fetch_add(1, SeqCst);
        });
        let (first, second, one, two) = &*shared;
        let look = |lock: &RwLock<()>, value: &AtomicU32| {
            let _guard = lock.read().unwrap();
            value.load(SeqCst)
        };
        let seen = (look(one, first), look(two, second), look(one, first));
        writer.join().unwrap();
        seen
    });
    assert!(report.passed(), "{report}");
    assert_eq!(Vec::from_iter(seen), [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)]);
}

/// A thread that waits by putting back what it has read stores again and again, which no graph has: what others store comes after
/// that.
#[test]
fn what_a_waiting_thread_puts_back_hides_nothing() {
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        for timeouts in [Timeouts::Last, Timeouts::Any] {
            let (seen, report) = shown(config(memory).timeouts(timeouts), || {
                let flag = Arc::new(AtomicU64::new(0));
                let waiting = Arc::clone(&flag);
                let waiter = thread::spawn(move || {
                    while waiting.fetch_or(0, SeqCst) != 1 {
                        spin_loop();
                    }
                });
                let storing = thread::spawn(move || {
                    flag.store(1, SeqCst);
                    let seen = flag.load(SeqCst);
                    flag.store(1, SeqCst);
                    seen
                });
                waiter.join().unwrap();
                storing.join().unwrap()
            });
            assert!(report.passed(), "{report}");
            assert_eq!(Vec::from_iter(seen), [1], "{memory:?}, {timeouts:?}");
        }
    }
}

/// Operations of one place in the source: a macro has that, and so has a function that tracks its caller.
macro_rules! wait_or_set {
    ($flag:expr) => {
        if $flag.compare_exchange(2, 3, SeqCst, SeqCst).is_err() {
            while $flag.load(Acquire) == 0 {
                spin_loop();
            }
        }
    };
}

macro_rules! set_weakly {
    ($flag:expr) => {
        loop {
            let seen = $flag.load(Acquire);
            if $flag.compare_exchange_weak(seen, 1, SeqCst, Acquire).is_ok() {
                break;
            }
        }
    };
}

#[test]
fn a_loop_is_seen_where_all_of_its_operations_are_in_one_place() {
    let waits = || {
        let flag = Arc::new(AtomicU64::new(0));
        let other = Arc::clone(&flag);
        let storing = thread::spawn(move || other.store(1, Release));
        wait_or_set!(flag);
        storing.join().unwrap();
    };
    // One more than with a place for each: what is known not to be a loop is known by its place.
    assert_eq!(rc11(waits), 3);
}

#[test]
fn a_weak_failure_is_no_reason_to_fail_for_ever() {
    for spurious in [0, 1, 3] {
        let sets = || {
            let flag = Arc::new(AtomicU64::new(0));
            let other = Arc::clone(&flag);
            let thread = thread::spawn(move || set_weakly!(other));
            set_weakly!(flag);
            thread.join().unwrap();
            let same = AtomicU64::new(1);
            while same.compare_exchange_weak(1, 1, SeqCst, SeqCst).is_err() {}
        };
        let (_, report) = shown(config(MemoryModel::Rc11).spurious(spurious).executions(10_000), sets);
        assert!(report.passed(), "{report}");
    }
}
