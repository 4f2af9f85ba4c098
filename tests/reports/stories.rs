//! What is told of a failure is the plainest story that was found of it, and no more than was shown.

use std::fs;
use std::path::{Path, PathBuf};

use drawloom::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use drawloom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence};
use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Config, FailureKind, MemoryModel, Report, StrategyKind, explore, thread};

const STRATEGIES: [StrategyKind; 3] = [StrategyKind::Auto, StrategyKind::Portfolio, StrategyKind::Exhaustive];

/// Explores a body that fails under each strategy, and passes the reports on, with their texts.
fn told(body: fn(), check: impl Fn(&Report, &str)) {
    for strategy in STRATEGIES {
        let report = explore(Config::new().strategy(strategy), body);
        assert!(!report.passed(), "{report}");
        check(&report, &report.to_string());
    }
}

fn needs_weak_memory(report: &Report) -> Option<bool> {
    report.failure().and_then(|failure| failure.needs_weak_memory())
}

/// The flag is looked at under the lock, but raised without it.
fn flag_beside_the_lock() {
    let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
    let theirs = Arc::clone(&shared);
    let waiter = thread::spawn(move || {
        let guard = theirs.1.lock().unwrap();
        if !theirs.0.load(SeqCst) {
            drop(theirs.2.wait(guard).unwrap());
        }
    });
    shared.0.store(true, Release);
    shared.2.notify_all();
    waiter.join().unwrap();
}

#[test]
fn a_bug_without_weak_memory_is_told_without_stale_reads() {
    told(flag_beside_the_lock, |report, text| {
        assert!(report.failed_with(FailureKind::Deadlock), "{text}");
        assert!(!text.contains("stale"), "{text}");
        assert_eq!(needs_weak_memory(report), Some(false), "{text}");
        assert!(text.contains("also under sequential consistency"), "{text}");
    });
}

/// Each of two threads stores one value and loads the other.
fn store_buffering(store: fn(&AtomicU32), load: fn(&AtomicU32) -> u32) {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = Arc::clone(&shared);
    let thread = thread::spawn(move || {
        store(&theirs.0);
        load(&theirs.1)
    });
    store(&shared.1);
    let seen = load(&shared.0);
    assert!(seen + thread.join().unwrap() > 0, "neither has seen the other");
}

#[test]
fn store_buffering_is_answered_with_seq_cst() {
    let release_acquire = || store_buffering(|to| to.store(1, Release), |from| from.load(Acquire));
    told(release_acquire, |report, text| {
        assert_eq!(needs_weak_memory(report), Some(true), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("make all four operations SeqCst"), "{text}");
        assert!(words.contains("`fence(SeqCst)` between store and load in both threads"), "{text}");
        assert!(words.contains("needs weak memory: none of the"), "{text}");
    });
    // What is advised helps.
    for body in [(|| store_buffering(|to| to.store(1, SeqCst), |from| from.load(SeqCst))) as fn(), || {
        let store = |to: &AtomicU32| {
            to.store(1, Relaxed);
            fence(SeqCst);
        };
        store_buffering(store, |from| from.load(Relaxed));
    }] {
        let report = explore(Config::new(), body);
        assert!(report.passed(), "{report}");
    }
}

fn hand_over(set: fn(&AtomicBool), get: fn(&AtomicBool) -> bool) {
    let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let thread = thread::spawn(move || {
        theirs.0.store(7, Relaxed);
        set(&theirs.1);
    });
    if get(&shared.1) {
        assert_eq!(shared.0.load(Relaxed), 7, "the value has not come");
    }
    thread.join().unwrap();
}

#[test]
fn a_missing_fence_is_named() {
    let without_release = || {
        let get = |flag: &AtomicBool| {
            let is_set = flag.load(Relaxed);
            fence(Acquire);
            is_set
        };
        hand_over(|flag| flag.store(true, Relaxed), get);
    };
    told(without_release, |_, text| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("would have to be Release, or to have a `fence(Release)` before it"),
            "{text}"
        );
        assert!(!words.contains("would have to be Acquire"), "{text}");
    });
}

/// Three threads decide whether they are the first by a flag; the value of the note is a `bool`.
#[test]
fn values_are_told_as_in_the_trace() {
    let flags = || {
        let shared = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            theirs.0.store(true, Relaxed);
            theirs.1.store(true, Relaxed);
        });
        if shared.1.load(Relaxed) {
            assert!(shared.0.load(Relaxed), "the first flag is not set");
        }
        thread.join().unwrap();
    };
    told(flags, |_, text| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("may read false although thread 1 has stored true"), "{text}");
    });
    let pointers = || {
        let shared = Arc::new((AtomicPtr::new(std::ptr::null_mut::<u8>()), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            theirs.0.store(std::ptr::dangling_mut(), Relaxed);
            theirs.1.store(true, Relaxed);
        });
        if shared.1.load(Relaxed) {
            assert!(!shared.0.load(Relaxed).is_null(), "the pointer has not come");
        }
        thread.join().unwrap();
    };
    told(pointers, |_, text| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("may read null although thread 1 has stored pointer 1"), "{text}");
    });
}

#[test]
fn an_update_of_an_overwritten_value_is_marked_as_stale() {
    fn after_a_store(update: impl Fn(&AtomicU32)) {
        let shared = Arc::new((AtomicU32::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            theirs.0.store(5, Relaxed);
            theirs.1.store(true, Relaxed);
        });
        if shared.1.load(Relaxed) {
            update(&shared.0);
        }
        thread.join().unwrap();
    }
    let compare = || {
        after_a_store(|number| {
            let found = number.compare_exchange(5, 6, Relaxed, Relaxed);
            assert_eq!(found, Ok(5), "the value is old");
        });
    };
    told(compare, |report, text| {
        assert_eq!(needs_weak_memory(report), Some(true), "{text}");
        assert!(text.contains("fails, it is 0 (stale: it is 5)"), "{text}");
    });
    let add = || after_a_store(|number| assert_eq!(number.fetch_add(1, Relaxed), 5, "the value is old"));
    told(add, |_, text| assert!(text.contains("0 → 1 (stale: it is 5)"), "{text}"));
}

/// A thread that finds nobody there comes in, and expects to be alone until it goes.
fn check_then_act() {
    let inside = Arc::new(AtomicU32::new(0));
    let enter = |inside: &AtomicU32| {
        if inside.load(SeqCst) == 0 {
            inside.fetch_add(1, SeqCst);
            assert_eq!(inside.load(SeqCst), 1, "somebody else is there");
            inside.fetch_sub(1, SeqCst);
        }
    };
    let theirs = Arc::clone(&inside);
    let thread = thread::spawn(move || enter(&theirs));
    enter(&inside);
    thread.join().unwrap();
}

#[test]
fn of_check_then_act_a_cause_is_found() {
    told(check_then_act, |_, text| {
        assert!(text.contains("cause: it fails whenever these 2 hold (proved"), "{text}");
        // What is turned round fails in other ways as well.
        assert!(text.contains("some schedules pass, and some fail"), "{text}");
    });
}

/// A limit of two in each window, which takes what it has read to be there still.
fn limiter() {
    fn try_acquire(state: &AtomicU64, window: u64) -> bool {
        let seen = state.load(Acquire);
        let used = if seen >> 32 == window { seen & 0xffff_ffff } else { 0 };
        if used >= 2 {
            return false;
        }
        state.store(window << 32 | (used + 1), Release);
        true
    }
    let shared = Arc::new((AtomicU64::new(0), AtomicU32::new(0)));
    let acquire = |windows: &'static [u64]| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            for &window in windows {
                if try_acquire(&shared.0, window) && window == 1 {
                    shared.1.fetch_add(1, Relaxed);
                }
            }
        })
    };
    let threads = [acquire(&[1, 1]), acquire(&[0, 1]), acquire(&[1])];
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(shared.1.load(Relaxed) <= 2, "limit exceeded");
}

#[test]
fn a_cause_is_told_as_far_as_it_was_shown() {
    told(limiter, |_, text| {
        if let Some(from) = text.find("cause: it fail") {
            let cause = &text[from..];
            let is_proved = cause.starts_with("cause: it fails whenever") && cause.contains("(proved");
            let was_seen =
                cause.starts_with("cause: it failed whenever") && cause.contains("that were tried)");
            assert!(is_proved || was_seen, "{text}");
            // There are other ways to exceed the limit, whichever order is turned round.
            assert!(!cause.contains("other way round, it passes"), "{text}");
        } else {
            assert!(text.contains("cause: none was found"), "{text}");
        }
    });
}

/// A folder that no other test uses, and that is empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stories-{name}"));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// A schedule that is kept, under settings that it does not fit.
#[test]
fn a_kept_schedule_that_does_not_fit_the_settings_is_told() {
    let folder = folder("weak");
    let kept = |config: Config| config.name("weak").regressions(&folder);
    let body = || store_buffering(|to| to.store(1, Release), |from| from.load(Acquire));
    let found = explore(kept(Config::new()), body);
    assert_eq!(needs_weak_memory(&found), Some(true), "{found}");
    let again = explore(kept(Config::new()), body);
    assert!(again.to_string().contains("the schedule is from line"), "{again}");
    let sequential = kept(Config::new().memory(MemoryModel::SequentiallyConsistent));
    let passes = explore(sequential, body);
    assert!(passes.passed(), "{passes}");
    let words = passes.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("but not with the settings of this run: it needs `memory = \"rc11\"`"), "{words}");
    let token = found.failure().unwrap().token();
    let replayed = explore(Config::new().memory(MemoryModel::SequentiallyConsistent).replay(token), body);
    let words = replayed.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("does not fit the settings of this run: it needs `memory = \"rc11\"`"),
        "{replayed}"
    );
}

/// A kept schedule without stale reads holds under sequential consistency too.
#[test]
fn a_kept_schedule_that_fits_other_settings_holds() {
    let folder = folder("plain");
    let kept = |config: Config| config.name("plain").regressions(&folder);
    assert!(!explore(kept(Config::new()), flag_beside_the_lock).passed());
    let sequential = kept(Config::new().memory(MemoryModel::SequentiallyConsistent));
    let again = explore(sequential, flag_beside_the_lock);
    assert!(again.to_string().contains("the schedule is from line"), "{again}");
}

/// What is minimized has no more preemptions than the test may have.
#[test]
fn a_bound_of_preemptions_holds_for_what_is_told() {
    let bounded = Config::new().strategy(StrategyKind::Portfolio).max_preemptions(0);
    let report = explore(bounded, flag_beside_the_lock);
    let failure = report.failure().expect("it fails without preemptions, where memory is weak");
    assert_eq!(failure.preemptions(), 0, "{report}");
    // It fails without weak memory as well, but not without preemptions.
    assert_eq!(failure.needs_weak_memory(), None, "{report}");
}
