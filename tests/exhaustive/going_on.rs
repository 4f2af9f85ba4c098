//! An exploration that is stopped goes on from its checkpoint, and explores in all what it would have at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex as RealMutex;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::{Coverage, FailureKind, MemoryModel, Policy, Report, Timeouts, explore, thread};

use crate::config;

/// A file that no other test uses, and that does not exist.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.checkpoint"));
    let _ = fs::remove_file(&path);
    path
}

/// Three threads, each with `rounds` increments. What they have read.
fn count(rounds: usize) -> Vec<u32> {
    let counter = Arc::new(AtomicU32::new(0));
    let add = |_| {
        let counter = Arc::clone(&counter);
        thread::spawn(move || (0..rounds).map(|_| counter.fetch_add(1, SeqCst)).collect::<Vec<_>>())
    };
    let threads: Vec<_> = (0..3).map(add).collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}

fn part(path: &Path, executions: u64, workers: usize, body: impl Fn() + Send + Sync) -> Report {
    let config =
        config(MemoryModel::Rc11).name("counts").checkpoint(path).executions(executions).workers(workers);
    explore(config, body)
}

#[test]
fn the_parts_of_an_exploration_are_the_whole() {
    for workers in [1, 2] {
        let path = file(&format!("parts-{workers}"));
        let seen = RealMutex::new(Vec::new());
        let body = || {
            let read = count(2);
            seen.lock().unwrap().push(read);
        };
        let mut parts = 0;
        let report = loop {
            parts += 1;
            let report = part(&path, 25, workers, body);
            if report.passed() {
                break report;
            }
            assert!(report.failed_with(FailureKind::Unverified), "{report}");
            assert!(report.to_string().contains("run the same again to go on"), "{report}");
            assert!(parts < 10, "it does not get on");
        };
        assert!(parts >= 3, "{parts}");
        assert_eq!((report.executions(), report.coverage()), (90, Some(Coverage::Verified)), "{report}");
        assert!(report.to_string().contains("went on from"), "{report}");
        assert!(!path.exists(), "what is done is not kept");
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 90);
    }
}

#[test]
fn loops_that_wait_are_no_trouble() {
    let path = file("loops");
    let body = || {
        let turn = Arc::new(AtomicU32::new(0));
        let take_turn = |me: u32| {
            let turn = Arc::clone(&turn);
            thread::spawn(move || {
                turn.fetch_add(1, SeqCst);
                thread::yield_now();
                while turn.load(SeqCst) < 3 {
                    thread::yield_now();
                }
                turn.fetch_add(me, SeqCst);
            })
        };
        let threads: Vec<_> = (0..3).map(take_turn).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let whole = explore(config(MemoryModel::Rc11), body);
    assert!(whole.passed(), "{whole}");
    let mut parts = 0;
    let report = loop {
        parts += 1;
        let report = part(&path, 40, 1, body);
        if report.passed() {
            break report;
        }
        assert!(report.failed_with(FailureKind::Unverified) && parts < 1_000, "{report}");
    };
    assert!(parts > 2);
    assert_eq!(report.executions(), whole.executions());
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let path = file("refused");
    let unfinished = || {
        assert!(part(&path, 10, 1, || drop(count(2))).failed_with(FailureKind::Unverified));
    };
    let refused = |report: &Report, why: &str| {
        let failure = report.failure().expect("it is refused");
        assert_eq!(failure.kind(), FailureKind::Misuse);
        assert!(failure.message().contains(why) && failure.message().contains("remove it"), "{failure}");
    };
    unfinished();
    let config = config(MemoryModel::SequentiallyConsistent).name("counts").checkpoint(&path);
    refused(&explore(config, || drop(count(2))), "belongs to `counts memory=rc11");
    refused(&part(&path, 10, 1, || ()), "does not fit the test any more");
    unfinished();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("counts ", "counts 1")).unwrap();
    refused(&part(&path, 10, 1, || drop(count(2))), "is damaged");
}

#[test]
fn a_folder_has_a_file_for_each_test() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checkpoints");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    assert!(part(&folder, 10, 1, || drop(count(2))).failed_with(FailureKind::Unverified));
    assert!(folder.join("counts.checkpoint").exists());
    assert!(part(&folder, 1_000, 1, || drop(count(2))).passed());
    assert!(!folder.join("counts.checkpoint").exists());
}

#[test]
fn what_a_failure_is_decides_whose_checkpoint_it_is() {
    let path = file("settings");
    let body = || drop(count(2));
    let begun = part(&path, 20, 1, body);
    assert!(begun.failed_with(FailureKind::Unverified), "{begun}");
    let others = [
        config(MemoryModel::Rc11).check_exclusive(true),
        config(MemoryModel::Rc11).leaks(Policy::Allow),
        config(MemoryModel::Rc11).allow_leaked_threads(true),
        config(MemoryModel::Rc11).timeouts(Timeouts::Any),
        config(MemoryModel::Rc11).max_threads(9),
        config(MemoryModel::Rc11).max_steps(10_000),
    ];
    for other in others {
        let other = other.name("counts").checkpoint(&path);
        let refused = explore(other, body);
        assert!(refused.failed_with(FailureKind::Misuse), "{refused}");
    }
    assert_eq!(part(&path, 1_000, 1, body).executions(), 90);
}
