//! Virtual time: when it passes, and the numbers of executions that a separate explorer, checked against brute force, has found
//! for families of programs whose threads sleep and wait with deadlines.

use std::sync::Arc as StdArc;
use std::time::Duration;

use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::atomic::Ordering::{Relaxed, SeqCst};
use drawloom::sync::{Arc, Condvar, Mutex, Semaphore};
use drawloom::{Config, FailureKind, MemoryModel, StrategyKind, Timeouts, explore, hint, thread};

use crate::{config, count, shown};

fn seconds(count: usize) -> Duration {
    Duration::from_secs(count as u64)
}

/// Runs the bodies as threads. Nobody waits for them, so that those that wait for ever count as well.
fn spawn_all(bodies: impl IntoIterator<Item = Box<dyn FnOnce() + Send>>) {
    bodies.into_iter().for_each(|body| drop(thread::spawn(body)));
}

fn spawn_each<T: Send + Sync + 'static>(
    count: usize,
    shared: T,
    body: impl Fn(usize, &T) + Send + Sync + 'static,
) {
    let shared = Arc::new((shared, body));
    spawn_all((0..count).map(|number| {
        let shared = Arc::clone(&shared);
        Box::new(move || (shared.1)(number, &shared.0)) as Box<dyn FnOnce() + Send>
    }));
}

/// The numbers of executions, deadlocks included: timeouts last with SC and RC11, timeouts at any time with both.
type Counts = [u64; 4];

#[track_caller]
fn check(name: &str, expected: Counts, body: impl Fn() + Send + Sync + 'static) {
    let body = StdArc::new(body);
    let settings = [Timeouts::Last, Timeouts::Any].into_iter().flat_map(|timeouts| {
        [(timeouts, MemoryModel::SequentiallyConsistent), (timeouts, MemoryModel::Rc11)]
    });
    let counts = settings.map(|(timeouts, memory)| {
        let config = Config::new()
            .strategy(StrategyKind::Exhaustive)
            .spurious(0)
            .timeouts(timeouts)
            .memory(memory)
            .allow_leaked_threads(true);
        let report = explore(config, || body());
        assert!(report.passed(), "{name}, {timeouts:?}, {memory:?}: {report}");
        report.executions()
    });
    assert_eq!(counts.collect::<Vec<_>>(), expected, "{name}");
}

#[test]
fn sleeping_threads_go_on_in_any_order_and_by_their_deadlines() {
    for (count, all) in [(2, 2), (3, 6), (4, 24)] {
        check("sleepers", [all; 4], move || {
            spawn_each(count, AtomicU32::new(0), |_, x| {
                thread::sleep(seconds(1));
                x.fetch_add(1, SeqCst);
            });
        });
        check("staggered", [1, 1, all, all], move || {
            spawn_each(count, AtomicU32::new(0), |number, x| {
                thread::sleep(seconds(number + 1));
                x.fetch_add(1, SeqCst);
            });
        });
    }
}

#[test]
fn time_that_passes_under_a_lock_changes_nothing_for_those_who_wait_for_it() {
    for (count, all) in [(2, 2), (3, 6), (4, 24)] {
        check("held", [all; 4], move || {
            spawn_each(count, Mutex::new(()), |_, mutex| {
                let _guard = mutex.lock().unwrap();
                thread::sleep(seconds(1));
            });
        });
        check("held by the first", [all; 4], move || {
            spawn_each(count, Mutex::new(()), |number, mutex| {
                let _guard = mutex.lock().unwrap();
                if number == 0 {
                    thread::sleep(seconds(1));
                }
            });
        });
        if count < 4 {
            check("late", [all; 4], move || {
                spawn_each(count, Mutex::new(()), |_, mutex| {
                    thread::sleep(seconds(1));
                    let _guard = mutex.lock().unwrap();
                    thread::sleep(seconds(1));
                });
            });
        }
    }
}

#[test]
fn a_wait_that_is_due_is_an_attempt() {
    for (length, last) in [(1, 2), (2, 3), (3, 2)] {
        check("a holder that sleeps two seconds", [last, last, 3, 3], move || {
            spawn_each(2, Semaphore::new(1), move |number, permits| {
                if number == 0 {
                    let _permit = permits.acquire();
                    thread::sleep(seconds(2));
                } else {
                    drop(permits.acquire_timeout(seconds(length)));
                }
            });
        });
    }
    for (count, last, any) in [(2, 4, 4), (3, 15, 21)] {
        check("impatient", [last, last, any, any], move || {
            spawn_each(count, Semaphore::new(1), |_, permits| {
                if let Some(_permit) = permits.acquire_timeout(seconds(1)) {
                    thread::sleep(seconds(1));
                }
            });
        });
    }
    for (count, last, any) in [(2, 2, 4), (3, 6, 21), (4, 24, 148)] {
        check("patient", [last, last, any, any], move || {
            spawn_each(count, Semaphore::new(1), move |_, permits| {
                if let Some(_permit) = permits.acquire_timeout(seconds(count)) {
                    thread::sleep(seconds(1));
                }
            });
        });
    }
    for (count, all) in [(2, 2), (3, 5), (4, 13)] {
        check("one permit", [all; 4], move || {
            spawn_each(count, Semaphore::new(0), |number, permits| {
                if number == 0 {
                    thread::sleep(seconds(1));
                    permits.add_permits(1);
                } else if let Some(permit) = permits.acquire_timeout(seconds(1)) {
                    permit.forget();
                }
            });
        });
    }
}

#[test]
fn a_notification_and_the_end_of_a_wait_come_in_either_order() {
    for (length, last) in [(1, 1), (2, 3), (3, 1)] {
        check("a wait with a deadline", [last, last, 4, 4], move || {
            spawn_each(2, (Mutex::new(()), Condvar::new()), move |number, (mutex, condvar)| {
                if number == 0 {
                    drop(condvar.wait_timeout(mutex.lock().unwrap(), seconds(length)).unwrap());
                } else {
                    thread::sleep(seconds(2));
                    let _guard = mutex.lock().unwrap();
                    condvar.notify_one();
                }
            });
        });
    }
}

#[test]
fn a_wait_for_no_time_is_an_attempt_from_its_beginning() {
    check("a sleep of nothing", [2; 4], || {
        spawn_each(2, AtomicU32::new(0), |number, x| {
            if number == 0 {
                thread::sleep(Duration::ZERO);
                x.load(SeqCst);
            } else {
                x.store(1, SeqCst);
            }
        });
    });
    for (held, last) in [(0, 3), (1, 2)] {
        check("an attempt to acquire", [last, last, 3, 3], move || {
            spawn_each(2, Semaphore::new(1), move |number, permits| {
                if number == 0 {
                    drop(permits.acquire_timeout(Duration::ZERO));
                } else {
                    let _permit = permits.acquire();
                    if held > 0 {
                        thread::sleep(seconds(held));
                    }
                }
            });
        });
    }
}

#[test]
fn who_spins_while_time_passes_looks_again() {
    check("a loop that waits for a sleeper", [1; 4], || {
        spawn_each(2, AtomicU32::new(0), |number, x| {
            if number == 0 {
                while x.load(SeqCst) == 0 {
                    hint::spin_loop();
                }
            } else {
                thread::sleep(seconds(1));
                x.store(1, SeqCst);
            }
        });
    });
}

/// Two threads that take two locks in opposite orders, each after and between sleeps of these lengths.
fn opposite_locks(before: [usize; 2], between: [usize; 2]) -> impl Fn() + Send + Sync + 'static {
    let nap = |length| {
        if length > 0 {
            thread::sleep(seconds(length));
        }
    };
    move || {
        spawn_each(2, [Mutex::new(()), Mutex::new(())], move |number, locks| {
            nap(before[number]);
            let _first = locks[number].lock().unwrap();
            nap(between[number]);
            let _second = locks[1 - number].lock().unwrap();
        });
    }
}

#[test]
fn time_brings_threads_together_or_keeps_them_apart() {
    check("both after a second", [3; 4], opposite_locks([1, 1], [0, 0]));
    check("one of them later", [1, 1, 3, 3], opposite_locks([1, 2], [0, 0]));
    check("a sleep in between", [1, 1, 3, 3], opposite_locks([0, 0], [1, 1]));
    check("one sleeps first", [1, 1, 3, 3], opposite_locks([0, 1], [0, 0]));
}

#[test]
fn a_deadlock_after_equal_sleeps_is_found_by_every_strategy() {
    let body = || {
        let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
        let theirs = Arc::clone(&locks);
        let thread = thread::spawn(move || {
            thread::sleep(seconds(1));
            let _first = theirs[0].lock().unwrap();
            let _second = theirs[1].lock().unwrap();
        });
        thread::sleep(seconds(1));
        {
            let _second = locks[1].lock().unwrap();
            let _first = locks[0].lock().unwrap();
        }
        thread.join().unwrap();
    };
    for strategy in ["auto", "exhaustive", "portfolio", "random", "pct", "pos", "surw", "urw"] {
        let config = Config::new().strategy(strategy.parse().unwrap()).lock_order(drawloom::Policy::Allow);
        let report = explore(config, body);
        assert!(report.failed_with(FailureKind::Deadlock), "{strategy}: {report}");
    }
}

#[test]
fn the_end_of_a_sleep_orders_what_happens_but_tells_nobody_of_it() {
    check("store buffering after equal sleeps", [3; 4], || {
        spawn_each(2, [AtomicU32::new(0), AtomicU32::new(0)], |number, values| {
            thread::sleep(seconds(1));
            values[number].store(1, SeqCst);
            values[1 - number].load(SeqCst);
        });
    });
    check("a load before, a store after a sleep", [1, 1, 2, 2], || {
        spawn_each(2, AtomicU32::new(0), |number, x| {
            if number == 0 {
                x.load(Relaxed);
            } else {
                thread::sleep(seconds(1));
                x.store(1, Relaxed);
            }
        });
    });
    // What is `SeqCst` is in one order for all, which is that of time.
    check("message passing by sleep, in one order", [1, 1, 2, 2], || {
        spawn_each(2, AtomicU32::new(0), |number, x| {
            if number == 0 {
                x.store(1, SeqCst);
            } else {
                thread::sleep(seconds(1));
                x.load(SeqCst);
            }
        });
    });
    check("message passing by sleep", [1, 2, 2, 2], || {
        spawn_each(2, AtomicU32::new(0), |number, x| {
            if number == 0 {
                x.store(1, Relaxed);
            } else {
                thread::sleep(seconds(1));
                x.load(Relaxed);
            }
        });
    });
}

#[test]
fn time_passes_when_nothing_else_can_happen() {
    let body = || {
        let ready = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&ready);
        let thread = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let guard = ready.0.lock().unwrap();
        let (guard, waited) = ready.1.wait_timeout(guard, Duration::from_millis(1)).unwrap();
        assert!(*guard, "the thread has run before time passes");
        let _ = waited;
        drop(guard);
        thread.join().unwrap();
    };
    // Woken; or not, because the thread was done before the wait, or had only to notify, which came before.
    let (_, report) = shown(config(MemoryModel::Rc11).spurious(0), body);
    assert!(report.passed(), "{report}");
    assert_eq!(report.executions(), 3);
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let body = || {
        let start = drawloom::time::Instant::now();
        let hour = Duration::from_secs(3_600);
        let other = thread::spawn(move || thread::sleep(hour));
        thread::sleep(Duration::from_secs(10));
        assert!(!other.is_finished());
        other.join().unwrap();
        assert!(start.elapsed() < hour + Duration::from_secs(1));
    };
    assert_eq!(count(MemoryModel::Rc11, body), 1);
}
