//! What the line of a test that passed says that it rests on.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use drawloom::collections::HashMap;
use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{
    Assumption, Config, Coverage, FailureKind, MemoryModel, StrategyKind, Timeouts, explore, thread,
};

use crate::{a_holder_that_sleeps, line};

#[test]
fn a_line_names_what_a_verdict_rests_on_and_nothing_else() {
    let sleeps = explore(Config::new(), a_holder_that_sleeps);
    assert_eq!(
        line(&sleeps),
        "drawloom: verified: all 2 executions (timers end in the order of their deadlines)"
    );
    assert_eq!(sleeps.assumptions(), [Assumption::DeadlineOrder]);
    let at_any_time = explore(Config::new().timeouts(Timeouts::Any), a_holder_that_sleeps);
    assert_eq!(line(&at_any_time), "drawloom: verified: all 2 executions");
    assert_eq!(at_any_time.assumptions(), []);
    let weak = || {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let thread = thread::spawn(move || theirs.store(1, Relaxed));
        x.load(Relaxed);
        thread.join().unwrap();
    };
    let strong = explore(Config::new().memory(MemoryModel::SequentiallyConsistent), weak);
    assert_eq!(line(&strong), "drawloom: verified: all 2 executions (memory is sequentially consistent)");
    assert_eq!(line(&explore(Config::new(), weak)), "drawloom: verified: all 2 executions");
}

#[test]
fn a_longer_sleep_comes_later_unless_time_passes_as_it_likes() {
    let body = || {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            theirs.store(1, SeqCst);
        });
        thread::sleep(Duration::from_millis(11));
        assert_eq!(x.load(SeqCst), 1, "the sleep was too short");
        thread.join().unwrap();
    };
    let report = explore(Config::new(), body);
    assert_eq!(
        line(&report),
        "drawloom: verified: the only execution (timers end in the order of their deadlines)"
    );
    let report = explore(Config::new().timeouts(Timeouts::Any), body);
    assert!(report.failed_with(FailureKind::Panic), "{report}");
    assert!(!report.to_string().contains("stale"), "{report}");
}

#[test]
fn an_order_of_iteration_that_was_not_explored_is_no_verification() {
    let iterates = || {
        let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
        map.keys().count();
    };
    let report = explore(Config::new(), iterates);
    assert_eq!(line(&report), "drawloom: bounded: the only execution (one order of iteration of hash maps)");
    let looks_up = || {
        let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
        assert!(map.contains_key(&1));
    };
    assert_eq!(explore(Config::new(), looks_up).coverage(), Some(Coverage::Verified));
    // By default schedules are sampled as well, and one of the two orders is found to fail.
    for wrong in [0, 1] {
        let depends = move || {
            let map: HashMap<u32, ()> = (0..2).map(|key| (key, ())).collect();
            assert_ne!(*map.keys().next().unwrap(), wrong);
        };
        assert!(explore(Config::new(), depends).failed_with(FailureKind::Panic));
    }
}

#[test]
fn numbers_that_are_drawn_elsewhere_are_nondeterminism() {
    // A bit that is as good as random: an address of a fresh allocation, hashed by std's own keys.
    let coin = || {
        use std::hash::BuildHasher;
        std::hash::RandomState::new().hash_one(0).is_multiple_of(2)
    };
    for _ in 0..10 {
        let fails = explore(Config::new(), || assert!(coin()));
        assert!(fails.failed_with(FailureKind::Nondeterminism), "{fails}");
        let decides = explore(Config::new(), || {
            let mutex = Mutex::new(());
            if coin() {
                drop(mutex.lock());
            }
        });
        assert!(decides.failed_with(FailureKind::Nondeterminism), "{decides}");
    }
}

/// What a test keeps of a round of a loop that waits is not explored: the line says so, and sampling looks.
#[test]
fn what_is_kept_of_a_round_that_waits_is_told_and_sampled() {
    let reads_one = || {
        let number = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&number);
        let thread = thread::spawn(move || {
            theirs.store(1, SeqCst);
            theirs.store(2, SeqCst);
        });
        let mut has_seen_one = false;
        loop {
            match number.load(SeqCst) {
                0 => {}
                1 => has_seen_one = true,
                _ => break,
            }
            thread::yield_now();
        }
        thread.join().unwrap();
        assert!(!has_seen_one);
    };
    assert!(explore(Config::new(), reads_one).failed_with(FailureKind::Panic));
    let exhaustive = explore(Config::new().strategy(StrategyKind::Exhaustive), reads_one);
    assert!(exhaustive.assumptions().contains(&Assumption::WaitingLoops), "{exhaustive}");
}

#[test]
fn a_timeout_of_centuries_is_none() {
    let body = || {
        let pair = Arc::new((Mutex::new(0), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let thread = thread::spawn(move || *theirs.0.lock().unwrap() = 1);
        let guard = pair.0.lock().unwrap();
        if *guard == 0 {
            drop(pair.1.wait_timeout(guard, Duration::MAX).unwrap());
        }
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Deadlock));
}

#[test]
fn what_clocks_show_is_told() {
    let body = || {
        let start = drawloom::time::Instant::now();
        thread::spawn(|| ()).join().unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    };
    let report = explore(Config::new(), body);
    let expected = "drawloom: verified: the only execution (clocks show only the time that waits take)";
    assert_eq!(line(&report), expected);
}

#[test]
fn that_scopes_wait_for_thread_locals_is_told() {
    struct Sets(Arc<AtomicU32>);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.store(1, SeqCst);
        }
    }
    drawloom::thread_local! {
        static KEPT: std::cell::RefCell<Option<Sets>> = const { std::cell::RefCell::new(None) };
    }
    let body = || {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        thread::scope(|scope| {
            scope.spawn(move || KEPT.with(|kept| *kept.borrow_mut() = Some(Sets(theirs))));
        });
        assert_eq!(value.load(SeqCst), 1);
    };
    let report = explore(Config::new(), body);
    assert!(line(&report).ends_with("(scopes wait for destructors of thread locals)"), "{report}");
}
