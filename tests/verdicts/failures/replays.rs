//! Failures that are seen again: by token, by seed, from the regressions folder; and what no longer fits.

use std::sync::atomic::AtomicUsize as StdAtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::{FailureKind, explore, thread};

use super::{config, failure_of};

#[test]
fn a_schedule_that_is_too_long_to_keep_is_replayed_by_its_seed() {
    let folder = std::env::temp_dir().join(format!("drawloom-long-{}", std::process::id()));
    let body = || {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        drop(thread::spawn(move || while theirs.fetch_add(1, SeqCst) < u32::MAX {}));
        while value.load(SeqCst) < u32::MAX {}
    };
    let config = config().max_steps(200_000).strategy(drawloom::StrategyKind::RandomWalk);
    let report = explore(config.clone().name("long").regressions(&folder), body);
    let text = report.to_string();
    assert!(text.contains("too long to be kept") && !folder.exists(), "{text}");
    assert!(text.contains("earlier steps") && text.lines().count() < 60, "{text}");
    let seed =
        format!("random/{:#x}/{}", report.failure().unwrap().seed(), report.failure().unwrap().execution());
    assert!(text.contains(&format!("Config::replay(\"{seed}\")")), "{text}");
    let replayed = explore(config.replay(seed), body);
    assert_eq!(failure_of(&replayed, FailureKind::StepLimit).steps(), report.failure().unwrap().steps());
}

#[test]
fn a_regressions_folder_of_many_lines_is_answered_at_once() {
    let folder = std::env::temp_dir().join(format!("drawloom-many-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("many.txt"), "no token\n".repeat(200_000)).unwrap();
    let report = explore(config().name("many").regressions(&folder), || ());
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(report.passed(), "{report}");
    let text = report.to_string();
    assert!(text.lines().count() < 100, "{text}");
}

#[test]
fn what_cannot_be_replayed_is_refused_with_the_reason() {
    let report = explore(config(), || panic!("once"));
    let token = report.failure().unwrap().token().to_owned();
    let changed = format!("{}A{}", &token[..5], &token[6..]);
    for (replay, reason) in [
        (&token[..token.len() - 2], "damaged"),
        (changed.as_str(), "damaged"),
        ("dl7abcdef", "version dl7"),
        ("some text", "neither a token"),
        ("dl1a b", "contains ` `"),
        ("nobody/0x1/2", "is no strategy"),
    ] {
        let report = explore(config().replay(replay), || unreachable!("nothing runs"));
        let message = failure_of(&report, FailureKind::Misuse).message();
        assert!(message.contains(reason), "{replay}: {message}");
    }
}

#[test]
fn a_replay_of_a_changed_program_says_where_it_no_longer_fits() {
    static CHANGED: StdAtomicUsize = StdAtomicUsize::new(0);
    let body = || {
        let count = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&count);
        let thread = thread::spawn(move || {
            if CHANGED.load(SeqCst) == 1 {
                theirs.fetch_add(1, SeqCst);
            } else {
                theirs.store(theirs.load(SeqCst) + 1, SeqCst);
            }
        });
        count.fetch_add(1, SeqCst);
        thread.join().unwrap();
        assert_eq!(count.load(SeqCst), 2);
    };
    let report = explore(config(), body);
    let token = failure_of(&report, FailureKind::Panic).token().to_owned();
    CHANGED.store(1, SeqCst);
    let replayed = explore(config().replay(token), body);
    assert!(replayed.passed());
    let text = replayed.to_string();
    assert!(text.contains("no longer fits the test: at step"), "{text}");
    assert!(text.contains("expected") && text.contains("tests/verdicts/failures/replays.rs"), "{text}");
    assert!(text.contains("modify `count`: 0 → 1"), "it is shown what the replay did: {text}");
}

#[test]
fn failing_schedules_are_kept_and_run_first() {
    let folder = std::env::temp_dir().join(format!("drawloom-failures-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    static BROKEN: StdAtomicUsize = StdAtomicUsize::new(1);
    let body = || {
        let flag = Arc::new(AtomicBool::new(false));
        let sets = Arc::clone(&flag);
        let thread = thread::spawn(move || sets.store(true, SeqCst));
        let early = flag.load(SeqCst);
        thread.join().unwrap();
        assert!(!early || BROKEN.load(SeqCst) == 0, "seen early");
    };
    let config = || config().name("failures::kept").regressions(&folder);
    let first = explore(config(), body);
    assert!(first.to_string().contains("was added to"), "{first}");
    let second = explore(config(), body);
    assert_eq!(second.executions(), 1, "{second}");
    assert!(second.to_string().contains("the schedule is from line 3 of"), "{second}");
    BROKEN.store(0, SeqCst);
    let third = explore(config(), body);
    assert!(third.passed() && !third.to_string().contains("note:"), "{third}");
    // The program changes, and the schedule no longer fits it.
    let fourth = explore(config(), || thread::spawn(|| ()).join().unwrap());
    assert!(fourth.passed() && fourth.to_string().contains("remove the line"), "{fourth}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_regressions_folder_that_cannot_be_written_loses_nothing() {
    let file = std::env::temp_dir().join(format!("drawloom-no-folder-{}", std::process::id()));
    std::fs::write(&file, "a file where a folder should be").unwrap();
    let report = explore(config().name("t").regressions(file.join("below")), || panic!("found"));
    assert_eq!(failure_of(&report, FailureKind::Panic).message(), "found");
    assert!(!report.failure().unwrap().token().is_empty());
    let text = report.to_string();
    assert!(text.contains("could not be") && text.contains("t.txt"), "{text}");
    std::fs::remove_file(&file).unwrap();
}
