//! Data races on cells, and what their reports say of the cause: a missing ordering, a missing lock, or nothing at all that
//! leads from one access to the other.

use drawloom::cell::{Cell, CellExt, UnsafeCell};
use drawloom::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use drawloom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, fence};
use drawloom::sync::{Arc, Mutex};
use drawloom::{Config, FailureKind, Report, StrategyKind, explore, thread};

#[track_caller]
fn races(body: impl Fn() + Send + Sync) -> Report {
    let report = explore(Config::new(), &body);
    assert!(report.failed_with(FailureKind::DataRace), "{report}");
    let failure = report.failure().unwrap();
    let again = explore(Config::new().replay(failure.token()), &body);
    assert_eq!(again.failure().expect("it fails again").message(), failure.message());
    report
}

#[track_caller]
fn passes(body: impl Fn() + Send + Sync) {
    let report = explore(Config::new(), body);
    assert!(report.passed(), "{report}");
}

/// Content that threads share.
struct Letter {
    text: UnsafeCell<u32>,
    times: Cell<u32>,
}

// SAFETY: only one thread of an execution runs at a time, and a race ends it before the access.
unsafe impl Sync for Letter {}

impl Letter {
    #[track_caller]
    fn write(&self, text: u32) {
        // SAFETY: see the impl of `Sync`.
        self.text.with_mut(|letter| unsafe { *letter = text });
    }

    #[track_caller]
    fn read(&self) -> u32 {
        // SAFETY: see the impl of `Sync`.
        self.text.with(|letter| unsafe { *letter })
    }
}

fn letter() -> Arc<Letter> {
    Arc::new(Letter { text: UnsafeCell::new(0), times: Cell::new(0) })
}

/// One thread writes a letter and says so, another passes it on, and the test body reads it.
fn pass_on(first: [Ordering; 2], second: [Ordering; 2]) {
    let (letter, sent, passed) =
        (letter(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (writer, sent_flag) = (Arc::clone(&letter), Arc::clone(&sent));
    let writer = thread::spawn(move || {
        writer.write(1);
        sent_flag.store(true, first[0]);
    });
    let passed_flag = Arc::clone(&passed);
    let messenger = thread::spawn(move || {
        if sent.load(first[1]) {
            passed_flag.store(true, second[0]);
        }
    });
    if passed.load(second[1]) {
        assert_eq!(letter.read(), 1);
    }
    writer.join().unwrap();
    messenger.join().unwrap();
}

#[test]
fn cells_are_watched_under_every_strategy() {
    let bad = || pass_on([Release, Acquire], [Relaxed, Acquire]);
    races(bad);
    for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::Pct { depth: 3 }] {
        assert!(
            explore(Config::new().strategy(strategy), bad).failed_with(FailureKind::DataRace),
            "{strategy:?}"
        );
        let good =
            explore(Config::new().strategy(strategy), || pass_on([Release, Acquire], [Release, Acquire]));
        assert!(good.passed(), "{good}");
    }
}

#[test]
fn a_cell_that_is_shared_without_order_races() {
    races(|| {
        let letter = letter();
        let other = Arc::clone(&letter);
        let thread = thread::spawn(move || other.times.set(1));
        letter.times.get();
        thread.join().unwrap();
    });
    passes(|| {
        let letter = letter();
        let other = Arc::clone(&letter);
        let thread = thread::spawn(move || _ = other.times.get());
        letter.times.get();
        thread.join().unwrap();
        letter.times.update(|times| times + 1);
        assert_eq!(letter.times.replace(5), 1);
    });
}

#[test]
fn cells_made_by_from_are_written_by_their_makers() {
    let publish = |order| {
        move || {
            let shared: Arc<AtomicPtr<Letter>> = Arc::default();
            let other = Arc::clone(&shared);
            let thread = thread::spawn(move || {
                let letter = Letter { text: UnsafeCell::from(7), times: Cell::from(0) };
                other.store(Box::into_raw(Box::new(letter)), order);
            });
            // SAFETY: what is there is never freed before the join.
            if let Some(letter) = unsafe { shared.load(Acquire).as_ref() } {
                assert_eq!(letter.read(), 7);
            }
            thread.join().unwrap();
            // SAFETY: it was made by `Box`, and nobody uses it any more.
            drop(unsafe { Box::from_raw(shared.load(Relaxed)) });
        }
    };
    passes(publish(Release));
    races(publish(Relaxed));
}

/// What a report says between the trace and how to replay, without stacks, which depend on the compiler.
fn reason(report: &Report) -> String {
    let text = report.to_string();
    let from = text.find("\n\n  ").and_then(|trace| text[trace + 2..].find("\n\n").map(|at| trace + 4 + at));
    let to = text.find("\nreplay: ").unwrap();
    let lines = text[from.expect("the race follows the trace")..to].lines();
    lines
        .filter(|line| !line.contains("::") && !line.trim_start().starts_with("(tests/"))
        .map(|line| line.to_owned() + "\n")
        .collect()
}

#[test]
fn a_missing_ordering_is_named() {
    let report = races(|| pass_on([Release, Acquire], [Relaxed, Acquire]));
    insta::assert_snapshot!("missing_release", reason(&report));
    let report = races(|| pass_on([Release, Relaxed], [Relaxed, Acquire]));
    insta::assert_snapshot!("missing_acquire_and_release", reason(&report));
}

#[test]
fn a_missing_lock_is_named() {
    let increment = |letter: &Letter, lock: Option<&Mutex<()>>| {
        let _guard = lock.map(|lock| lock.lock().unwrap());
        letter.times.update(|times| times + 1);
    };
    let with = |first: bool, second: bool| {
        move || {
            let (letter, a, b) = (letter(), Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
            let (other, other_lock) = (Arc::clone(&letter), Arc::clone(&b));
            let thread = thread::spawn(move || increment(&other, first.then_some(&*other_lock)));
            increment(&letter, second.then_some(&*a));
            thread.join().unwrap();
        }
    };
    insta::assert_snapshot!("different_locks", reason(&races(with(true, true))));
    insta::assert_snapshot!("one_lock", reason(&races(with(true, false))));
}

/// A function that others call.
#[inline(never)]
fn stamp(letter: &Letter) {
    letter.times.set(letter.times.get() + 1);
}

#[test]
fn stacks_name_the_functions_that_led_there() {
    let report = races(|| {
        let letter = letter();
        let other = Arc::clone(&letter);
        let thread = thread::spawn(move || stamp(&other));
        stamp(&letter);
        thread.join().unwrap();
    });
    let text = report.to_string();
    assert_eq!(text.matches("in detect::races::stamp (tests/detect/races.rs:").count(), 2, "{text}");
    assert!(text.contains("stacks_name_the_functions_that_led_there::{{closure}}"), "{text}");
    assert!(!text.contains("trampoline"), "{text}");
}

/// A reference count of one's own over an atomic, which its last owner takes out.
mod counted {
    use super::*;

    struct Inner {
        count: AtomicUsize,
        value: AtomicU32,
    }

    /// With the ordering of decrements, and that of the fence after the last.
    struct Counted(*mut Inner, Ordering, Option<Ordering>);

    // SAFETY: the count says who is the last. (With these orderings?)
    unsafe impl Send for Counted {}

    impl Counted {
        fn inner(&self) -> &Inner {
            // SAFETY: there is an owner.
            unsafe { &*self.0 }
        }

        fn share(&self) -> Counted {
            self.inner().count.fetch_add(1, Relaxed);
            Counted(self.0, self.1, self.2)
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            if self.inner().count.fetch_sub(1, self.1) == 1 {
                if let Some(order) = self.2 {
                    fence(order);
                }
                // SAFETY: this is the last owner.
                let mut inner = unsafe { Box::from_raw(self.0) };
                assert!(*inner.value.get_mut() <= 1);
            }
        }
    }

    fn share(decrement: Ordering, after: Option<Ordering>) {
        let inner = Inner { count: AtomicUsize::new(1), value: AtomicU32::new(0) };
        let counted = Counted(Box::into_raw(Box::new(inner)), decrement, after);
        let other = counted.share();
        let thread = thread::spawn(move || other.inner().value.store(1, Relaxed));
        drop(counted);
        thread.join().unwrap();
    }

    fn found(check: bool, decrement: Ordering, after: Option<Ordering>) -> Vec<bool> {
        let strategies = [StrategyKind::Portfolio, StrategyKind::Exhaustive];
        let explored = strategies.map(|strategy| {
            let config = Config::new().strategy(strategy).check_exclusive(check);
            let report = explore(config.executions(2_000), || share(decrement, after));
            assert!(report.passed() || report.failed_with(FailureKind::DataRace), "{report}");
            !report.passed()
        });
        explored.to_vec()
    }

    #[test]
    fn last_owners_that_are_not_ordered_are_found_where_that_is_checked() {
        assert_eq!(found(true, Relaxed, None), [true, true]);
        assert_eq!(found(true, Release, None), [true, true]);
        assert_eq!(found(true, Relaxed, Some(Acquire)), [true, true]);
        assert_eq!(found(true, Release, Some(Acquire)), [false, false]);
        assert_eq!(found(true, AcqRel, None), [false, false]);
        assert_eq!(found(false, Relaxed, None), [false, false]);
    }

    #[test]
    fn operations_after_an_exclusive_access_are_to_be_ordered_as_well() {
        let publish = |order| {
            move || {
                let shared: Arc<AtomicPtr<AtomicU32>> = Arc::default();
                let other = Arc::clone(&shared);
                let thread = thread::spawn(move || {
                    let mut value = Box::new(AtomicU32::new(0));
                    *value.get_mut() = 7;
                    other.store(Box::into_raw(value), order);
                });
                // SAFETY: what is there is never freed before the join.
                if let Some(value) = unsafe { shared.load(Acquire).as_ref() } {
                    value.load(Relaxed);
                }
                thread.join().unwrap();
                // SAFETY: it was made by `Box`, and nobody uses it any more.
                drop(unsafe { Box::from_raw(shared.load(Relaxed)) });
            }
        };
        let config = || Config::new().check_exclusive(true);
        assert!(explore(config(), publish(Release)).passed());
        let report = explore(config(), publish(Relaxed));
        assert!(report.failed_with(FailureKind::DataRace), "{report}");
        let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("write of AtomicU32 `value` by thread 1")
                && text.contains("is Relaxed: make it Release"),
            "{text}"
        );
    }
}

/// Whether the panic of the thread counts for anything is not known where the race ends the execution: a join may handle it.
#[test]
fn a_race_while_a_thread_unwinds_is_told_before_its_panic() {
    struct WritesAtEnd(Arc<Letter>);
    impl Drop for WritesAtEnd {
        fn drop(&mut self) {
            self.0.write(2);
        }
    }
    races(|| {
        let letter = Arc::new(Letter { text: UnsafeCell::new(0), times: Cell::new(0) });
        let writes = WritesAtEnd(Arc::clone(&letter));
        let thread = thread::spawn(move || {
            let _writes = writes;
            panic!("a panic that is handled");
        });
        letter.write(1);
        assert!(thread.join().is_err());
    });
}
