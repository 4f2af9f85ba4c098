//! What drawloom cannot see: it notices that something decides, or says that a verdict rests on it.
//!
//! In a process of its own, since OS threads of other tests that end meanwhile hide those that are to be seen.

use std::process::Command;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicBool as StdAtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, Coverage, FailureKind, StrategyKind, explore, thread};

/// The body passes, sampled, and is told to share what is not seen; it cannot be verified.
#[track_caller]
fn is_sampled(body: impl Fn() + Send + Sync) {
    let report = explore(Config::new().executions(100), &body);
    assert!(report.passed(), "{report}");
    assert!(matches!(report.coverage(), Some(Coverage::Sampled { .. })), "{report}");
    assert!(report.to_string().contains("not verified, because of something that its threads"), "{report}");
    let report = explore(Config::new().strategy(StrategyKind::Exhaustive), body);
    assert!(report.failed_with(FailureKind::Unverified), "{report}");
}

#[test]
fn state_that_is_not_seen_is_no_failure_but_sampled() {
    let body = || {
        let (first, count) = (Arc::new(StdAtomicBool::new(true)), Arc::new(Mutex::new(0)));
        let threads = [(); 2].map(|()| {
            let (first, count) = (Arc::clone(&first), Arc::clone(&count));
            thread::spawn(move || {
                if first.swap(false, SeqCst) {
                    *count.lock().unwrap() += 1;
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*count.lock().unwrap(), 1);
    };
    is_sampled(body);
}

#[test]
fn state_that_is_not_seen_is_noticed_in_the_only_execution() {
    let body = || {
        let number = Arc::new(StdMutex::new(0));
        let theirs = Arc::clone(&number);
        let thread = thread::spawn(move || {
            thread::yield_now();
            *theirs.lock().unwrap() = 1;
        });
        thread::yield_now();
        let found = *number.lock().unwrap();
        thread.join().unwrap();
        assert_eq!(found, 0);
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Panic));
}

#[test]
fn hints_that_wait_for_what_is_not_seen_are_no_failure() {
    let body = || {
        let done = Arc::new(StdAtomicBool::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || theirs.store(true, SeqCst));
        while !done.load(SeqCst) {
            thread::yield_now();
        }
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), body).passed());
    let exhaustive = explore(Config::new().strategy(StrategyKind::Exhaustive), body);
    assert!(exhaustive.failed_with(FailureKind::Unverified), "{exhaustive}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thread_of_the_operating_system_is_noticed_where_it_is_started() {
    let body = || {
        // Several, since other tests' threads end meanwhile.
        for _ in 0..8 {
            std::thread::spawn(|| std::thread::sleep(Duration::from_millis(300)));
        }
        thread::spawn(|| {}).join().unwrap();
    };
    let report = explore(Config::new().executions(3), body);
    assert!(report.passed() && report.coverage() != Some(Coverage::Verified), "{report}");
    assert!(report.to_string().contains("a thread of the operating system that it starts"), "{report}");
    let exhaustive = explore(Config::new().strategy(StrategyKind::Exhaustive), body);
    assert!(exhaustive.failed_with(FailureKind::Unverified), "{exhaustive}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_wait_for_a_thread_of_the_operating_system_is_no_deadlock() {
    let report = explore(Config::new(), || {
        // Several, since other tests' threads end meanwhile.
        for _ in 0..8 {
            let main = thread::current();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                main.unpark();
            });
        }
        thread::park();
    });
    assert!(report.failed_with(FailureKind::Misuse), "{report}");
    assert!(report.to_string().contains("has started a thread of the operating"), "{report}");
}

#[test]
fn the_count_of_an_arc_is_noticed_where_a_new_thread_may_have_changed_it() {
    is_sampled(|| {
        let mine = Arc::new(());
        let theirs = Arc::clone(&mine);
        let thread = thread::spawn(move || drop(theirs));
        let count = Arc::strong_count(&mine);
        thread.join().unwrap();
        assert_eq!(count, 2);
    });
    is_sampled(|| {
        let mine = Arc::new(());
        let theirs = Arc::clone(&mine);
        thread::scope(|scope| {
            scope.spawn(move || drop(theirs));
            assert_eq!(Arc::strong_count(&mine), 2);
        });
    });
}

/// Tells who has dropped it.
struct Last(Arc<AtomicU32>);

impl Drop for Last {
    fn drop(&mut self) {
        let is_worker = thread::current().name() == Some("worker");
        self.0.store(if is_worker { 1 } else { 2 }, SeqCst);
    }
}

#[test]
fn which_of_two_owners_is_the_last_is_noticed() {
    is_sampled(|| {
        let dropped_by = Arc::new(AtomicU32::new(0));
        let mine = Arc::new(Last(Arc::clone(&dropped_by)));
        let theirs = Arc::clone(&mine);
        let worker = thread::Builder::new().name("worker".to_owned());
        let thread = worker.spawn(move || drop(theirs)).unwrap();
        drop(mine);
        thread.join().unwrap();
        assert_eq!(dropped_by.load(SeqCst), 1);
    });
}

/// What follows a spawn may come late, which is nothing to notice if nothing depends on it.
#[test]
fn what_a_body_does_after_a_spawn_is_its_own_affair() {
    let report = explore(Config::new(), || {
        let count = Arc::new(Mutex::new(0));
        let mut threads = Vec::new();
        for number in 0..2 {
            let count = Arc::clone(&count);
            threads.push(thread::spawn(move || *count.lock().unwrap() += number));
        }
        let names: Vec<_> = threads.iter().map(|thread| thread.thread().id()).collect();
        assert_ne!(names[0], names[1]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Arc::into_inner(count).unwrap().into_inner().unwrap(), 1);
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
}

/// Tests whose line says what nobody sees of their bodies.
mod told {
    use super::*;

    struct Pointer(*mut u32);
    // SAFETY: none is needed to make it: who uses it has to argue.
    unsafe impl Send for Pointer {}

    #[drawloom::test]
    fn plain_memory() {
        let mut number = 0;
        let pointer = Pointer(&raw mut number);
        let thread = thread::spawn(move || {
            let pointer = pointer;
            // SAFETY: none: the other thread writes as well.
            unsafe { *pointer.0 += 1 }
        });
        number += 1;
        thread.join().unwrap();
        assert_ne!(number, 0);
    }

    #[drawloom::test]
    fn arc_counts() {
        let mine = Arc::new(7);
        let theirs = Arc::clone(&mine);
        let thread = thread::spawn(move || Arc::try_unwrap(theirs).is_ok());
        let is_mine = Arc::try_unwrap(mine).is_ok();
        assert!(thread.join().unwrap() || is_mine);
    }

    #[drawloom::test]
    fn one_thread() {
        let mut number = 0;
        let pointer = &raw mut number;
        // SAFETY: there is no other thread.
        unsafe { *pointer += Arc::strong_count(&Arc::new(())) };
        assert_eq!(number, 1);
    }
}

#[test]
fn a_line_says_what_nobody_sees_of_the_body() {
    let lines = [
        ("plain_memory", "verified: the only execution (plain memory in unsafe code is not watched)"),
        ("arc_counts", "verified: the only execution (the counts of `Arc` are not explored)"),
        ("one_thread", "verified: the only execution\n"),
    ];
    for (test, line) in lines {
        let mut this = Command::new(std::env::current_exe().unwrap());
        this.args(["--exact", &format!("told::{test}"), "--nocapture"]).env("DRAWLOOM_LOG", "summary");
        let output = this.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && shown.contains(line), "{shown}");
    }
}
