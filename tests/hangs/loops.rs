//! Code that goes round in loops without operations.

use std::hint::black_box;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::{FailureKind, explore, thread};

use super::{config, hangs_and_says};

#[test]
fn a_loop_without_anything_is_told() {
    hangs_and_says("goes round in a loop without operations", || {
        let mut rounds = 0u64;
        loop {
            rounds = black_box(rounds.wrapping_add(1));
        }
    });
}

#[test]
fn a_loop_in_another_thread_is_told() {
    hangs_and_says("worker stands\n", || {
        let run = || {
            let seen = AtomicU32::new(0);
            while seen.swap(1, SeqCst) > 1 {}
            loop {
                black_box(());
            }
        };
        thread::Builder::new().name("worker".to_owned()).spawn(run).unwrap().join().unwrap();
    });
}

#[test]
fn a_loop_that_reads_the_counts_of_an_arc_is_told() {
    hangs_and_says("reads the count of an `Arc`", || {
        let count = Arc::new(());
        let theirs = Arc::clone(&count);
        let thread = thread::spawn(move || drop(theirs));
        while Arc::strong_count(&count) != 1 {}
        thread.join().unwrap();
    });
}

#[test]
fn a_loop_that_reads_atomics_of_std_is_told() {
    hangs_and_says("reads atomics of std", || {
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || theirs.store(true, SeqCst));
        while !done.load(SeqCst) {}
        thread.join().unwrap();
    });
}

#[test]
fn a_loop_that_allocates_all_the_time_is_told() {
    hangs_and_says("hang in a_test", || {
        loop {
            black_box(vec![0u8; 1_000]);
        }
    });
}

#[test]
fn a_test_may_take_as_long_as_it_likes() {
    let report = explore(config().hang_after(None).executions(1), || {
        let start = std::time::Instant::now();
        while start.elapsed() < std::time::Duration::from_millis(600) {}
    });
    assert!(!report.failed_with(FailureKind::Hang), "{report}");
}

#[test]
fn what_hangs_is_found_while_a_schedule_is_made_smaller() {
    // Fails in many schedules, and hangs in some.
    let report = explore(config().strategy(drawloom::StrategyKind::RandomWalk), || {
        let count = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&count);
        let thread = thread::spawn(move || {
            for _ in 0..3 {
                theirs.fetch_add(1, SeqCst);
            }
        });
        let seen = count.load(SeqCst);
        assert!(seen != 2, "two");
        if seen == 0 && count.load(SeqCst) == 3 {
            loop {
                black_box(());
            }
        }
        thread.join().unwrap();
    });
    assert!(!report.passed());
}
