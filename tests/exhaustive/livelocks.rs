//! Loops that nobody ends, which an exhaustive exploration has to tell as livelocks, whatever they read and write on their way
//! round; and loops that only look like one.

use drawloom::hint::spin_loop;
use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Coverage, FailureKind, MemoryModel, explore, thread};

use crate::bugs::failure;
use crate::config;

#[test]
fn a_loop_that_nobody_ends_is_a_livelock() {
    let report = failure(|| {
        let flag = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || {
            while theirs.load(Acquire) != 2 {
                spin_loop();
            }
        });
        flag.store(1, Release);
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
}

#[test]
fn an_old_value_that_leads_into_a_loop_is_a_livelock() {
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let report = explore(config(memory), || {
            let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || theirs.0.store(1, Release));
            if shared.0.load(Acquire) == 0 {
                while shared.1.load(Acquire) == 0 {
                    spin_loop();
                }
            }
            thread.join().unwrap();
        });
        assert!(report.failed_with(FailureKind::Livelock), "{report}");
    }
}

#[test]
fn threads_that_wait_by_writing_what_they_have_found_are_a_livelock() {
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let report = explore(config(memory), || {
            let flag = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&flag);
            let thread = thread::spawn(move || {
                while theirs.fetch_or(0, SeqCst) == 0 {
                    spin_loop();
                }
            });
            while flag.fetch_or(0, SeqCst) == 0 {
                spin_loop();
            }
            thread.join().unwrap();
        });
        assert!(report.failed_with(FailureKind::Livelock), "{report}");
    }
}

#[test]
fn a_loop_that_would_give_up_but_for_what_it_reads_is_a_livelock() {
    let report = failure(|| {
        let flag = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || theirs.store(1, Release));
        let mut tries = 0;
        while tries < 3 {
            tries += u32::from(flag.load(Acquire) == 0);
            spin_loop();
        }
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
}

#[test]
fn a_loop_whose_first_round_reads_elsewhere_is_a_livelock_if_nobody_ends_it() {
    let report = failure(|| {
        let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || theirs.1.store(1, Release));
        let mut is_first = true;
        while is_first || shared.1.load(Acquire) != 2 {
            is_first = false;
            shared.0.load(Acquire);
            spin_loop();
        }
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
}

#[test]
fn what_was_read_before_a_loop_is_read_anew_in_it() {
    // Runs that are of no use end as they like: only what a failure is found in counts.
    for forbidden in [0, 1] {
        let report = failure(move || {
            let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
            let theirs = Arc::clone(&shared);
            let thread = thread::spawn(move || theirs.1.store(1, Release));
            let before = shared.1.load(Acquire);
            let mut is_first = true;
            while is_first || shared.1.load(Acquire) == 0 {
                is_first = false;
                shared.0.load(Acquire);
                spin_loop();
            }
            thread.join().unwrap();
            assert_ne!(before, forbidden);
        });
        assert!(report.failed_with(FailureKind::Panic), "{report}");
    }
}

#[test]
fn a_loop_without_a_hint_is_a_loop_all_the_same() {
    let body = || {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let thread = thread::spawn(move || while !theirs.load(Acquire) {});
        flag.store(true, Release);
        thread.join().unwrap();
    };
    let report = explore(config(MemoryModel::Rc11), body);
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
}

#[test]
fn a_suspected_loop_is_no_nondeterminism() {
    // The third look at the same thing gives reason to see whether the thread goes round; the execution in which
    // that is seen is left.
    let report = failure(|| {
        let value = Arc::new(AtomicU32::new(0));
        let thread = thread::spawn(move || {
            for _ in 0..3 {
                value.load(Relaxed);
            }
        });
        let held = Mutex::new(());
        let _held = held.lock().unwrap();
        let _forever = held.lock().unwrap();
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::Deadlock), "{report}");
}

/// The steps that show that threads go round are none of those that `max_steps` allows, nor are they where the failure is run again.
#[test]
fn a_livelock_is_one_under_a_low_limit_of_steps() {
    let spins = || {
        let flag = Arc::new(AtomicU32::new(0));
        let waits = |flag: Arc<AtomicU32>| {
            while flag.load(SeqCst) == 0 {
                spin_loop();
            }
        };
        let other = Arc::clone(&flag);
        let thread = thread::spawn(move || waits(other));
        waits(flag);
        thread.join().unwrap();
    };
    for memory in [MemoryModel::Rc11, MemoryModel::SequentiallyConsistent] {
        let config = config(memory).max_steps(1_500);
        let report = explore(config.clone(), spins);
        assert!(report.failed_with(FailureKind::Livelock), "{report}");
        let again = explore(config.replay(report.failure().unwrap().token()), spins);
        assert!(again.failed_with(FailureKind::Livelock), "{again}");
    }
}
