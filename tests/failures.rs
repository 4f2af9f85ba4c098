//! Every way to fail, and every wrong use: one clear message each, no abort, no hang, and the process can go
//! on exploring afterwards.

use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex as StdMutex, PoisonError};

use drawloom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};
use drawloom::sync::{Arc, Mutex, MutexGuard};
use drawloom::{Config, Failure, FailureKind, Report, StrategyKind, explore, hint, thread};

fn config() -> Config {
    Config::new().strategy(StrategyKind::Portfolio).executions(200).seed(1)
}

/// The failure of `report`, which must be of this kind and replay to the same.
#[track_caller]
fn failure_of(report: &Report, kind: FailureKind) -> &Failure {
    let failure = report.failure().unwrap_or_else(|| panic!("expected {kind}, but: {report}"));
    assert_eq!(failure.kind(), kind, "{report}");
    failure
}

/// Explores, expects this kind of failure, and expects it again from the token.
#[track_caller]
fn fails(config: Config, kind: FailureKind, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config.clone(), &body);
    let failure = failure_of(&report, kind);
    let replayed = explore(config.replay(failure.token()), &body);
    let again = failure_of(&replayed, kind);
    assert_eq!(again.message(), failure.message());
    assert_eq!(again.token(), failure.token());
    report
}

#[test]
fn a_panic_that_is_joined_and_handled_is_no_failure() {
    let report = explore(config(), || {
        let thread = thread::spawn(|| panic!("handled"));
        let payload = thread.join().unwrap_err();
        assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "handled");
        assert!(!thread::panicking());
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_panic_that_nobody_joins_fails_the_test() {
    let report = fails(config(), FailureKind::Panic, || drop(thread::spawn(|| panic!("lonely"))));
    assert_eq!(report.failure().unwrap().message(), "lonely");
}

#[test]
fn the_first_panic_is_the_message_when_joining_it_makes_others_panic() {
    let report = fails(config(), FailureKind::Panic, || {
        thread::spawn(|| thread::spawn(|| panic!("cause")).join().unwrap()).join().unwrap();
    });
    assert_eq!(report.failure().unwrap().message(), "cause");
    assert!(report.to_string().contains("main panicked as well"), "{report}");
}

#[test]
fn a_panic_is_the_failure_even_if_others_wait_for_ever_then() {
    let report = fails(config(), FailureKind::Panic, || {
        let waiter = thread::spawn(thread::park);
        waiter.is_finished();
        panic!("before unpark");
    });
    assert_eq!(report.failure().unwrap().message(), "before unpark");
}

#[test]
fn destructors_that_run_operations_while_unwinding_are_explored() {
    struct JoinsOnDrop(Option<thread::JoinHandle<()>>, Arc<AtomicBool>);
    impl Drop for JoinsOnDrop {
        fn drop(&mut self) {
            assert!(thread::panicking());
            self.1.store(true, SeqCst);
            self.0.take().unwrap().join().unwrap();
        }
    }
    let report = explore(config(), || {
        let thread = thread::spawn(|| {
            let done = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&done);
            let worker = thread::spawn(move || {
                while !seen.load(SeqCst) {
                    hint::spin_loop();
                }
                // Another thread is unwinding, this one is not.
                assert!(!thread::panicking());
            });
            let _guard = JoinsOnDrop(Some(worker), done);
            panic!("unwind");
        });
        assert!(thread.join().is_err());
        assert!(!thread::panicking());
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_mutex_is_poisoned_by_its_holder_only() {
    let report = explore(config(), || {
        let (held, other) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let (held2, other2) = (Arc::clone(&held), Arc::clone(&other));
        let panics = thread::spawn(move || {
            let _guard = held2.lock().unwrap();
            panic!("poison");
        });
        let calm = thread::spawn(move || *other2.lock().unwrap() += 1);
        assert!(panics.join().is_err());
        calm.join().unwrap();
        assert!(held.is_poisoned() && held.lock().is_err() && !other.is_poisoned());
        held.clear_poison();
        assert!(held.lock().is_ok());
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_deadlock_says_who_waits_for_whom() {
    let report = fails(config(), FailureKind::Deadlock, || {
        let left = Arc::new(Mutex::new(()));
        let right = Arc::new(Mutex::new(()));
        let (left2, right2) = (Arc::clone(&left), Arc::clone(&right));
        let builder = thread::Builder::new().name("second".to_owned());
        let second = builder.spawn(move || {
            let _right = right2.lock().unwrap();
            let _left = left2.lock().unwrap();
        });
        {
            let _left = left.lock().unwrap();
            let _right = right.lock().unwrap();
        }
        second.unwrap().join().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn locking_twice_is_a_deadlock_with_oneself() {
    let report = fails(config(), FailureKind::Deadlock, || {
        let mutex = Mutex::new(());
        let _first = mutex.lock().unwrap();
        let _second = mutex.lock().unwrap();
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_lost_update_is_shown_with_values() {
    let report = fails(config(), FailureKind::Panic, || {
        let balance = Arc::new(AtomicU32::new(100));
        let theirs = Arc::clone(&balance);
        let withdrawal = thread::spawn(move || {
            let seen = theirs.load(SeqCst);
            theirs.store(seen - 30, SeqCst);
        });
        let seen = balance.load(SeqCst);
        balance.store(seen + 10, SeqCst);
        withdrawal.join().unwrap();
        assert_eq!(balance.load(SeqCst), 80);
    });
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn a_loop_that_never_ends_hits_the_step_limit() {
    let report = fails(config().max_steps(1_000), FailureKind::StepLimit, || {
        let never = AtomicBool::new(false);
        while !never.load(SeqCst) {}
    });
    let message = report.failure().unwrap().message();
    assert!(message.contains("1,000 steps") && message.contains("max_steps"), "{message}");
}

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
fn a_spin_loop_that_says_so_ends_under_every_strategy() {
    for strategy in ["portfolio", "random", "pct:3", "pos", "urw", "surw", "round-robin"] {
        let report = explore(config().strategy(strategy.parse().unwrap()).max_steps(100_000), || {
            let ready = Arc::new(AtomicBool::new(false));
            let sets = Arc::clone(&ready);
            let thread = thread::spawn(move || sets.store(true, SeqCst));
            while !ready.load(SeqCst) {
                hint::spin_loop();
            }
            thread.join().unwrap();
        });
        assert!(report.passed(), "{strategy}: {report}");
    }
}

#[test]
fn too_many_threads_fail_where_the_last_one_is_spawned() {
    let report = fails(config().max_threads(3), FailureKind::ThreadLimit, || {
        let threads: Vec<_> = (0..3).map(|_| thread::spawn(|| thread::park())).collect();
        drop(threads);
    });
    let message = report.failure().unwrap().message();
    assert!(message.contains("tests/failures.rs") && message.contains("max_threads"), "{message}");
}

#[test]
fn a_thread_that_can_never_end_is_leaked() {
    let body = || drop(thread::spawn(thread::park));
    let report = fails(config().spurious(0), FailureKind::LeakedThread, body);
    assert!(report.to_string().contains("thread 1 waits to be unparked"), "{report}");
    assert!(explore(config().spurious(0).allow_leaked_threads(true), body).passed());
    let ends = || drop(thread::spawn(thread::yield_now));
    assert!(explore(config(), ends).passed(), "a thread that ends after the test body is not leaked");
}

#[test]
fn a_body_that_differs_from_run_to_run_is_nondeterministic() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let report = explore(config(), || {
        let value = AtomicU32::new(0);
        if RUNS.fetch_add(1, SeqCst).is_multiple_of(2) {
            value.store(1, SeqCst);
        } else {
            value.load(SeqCst);
        }
    });
    let failure = failure_of(&report, FailureKind::Nondeterminism);
    assert!(failure.message().contains("at step 2, in the first run main did store"), "{report}");
    assert!(failure.message().contains("in the second main did load"), "{report}");
}

#[test]
fn a_failure_that_does_not_come_again_is_nondeterministic() {
    static RUNS: StdAtomicUsize = StdAtomicUsize::new(0);
    let report = explore(config(), || {
        AtomicU32::new(0).load(SeqCst);
        // Not one of those that are run twice, the first of which pass.
        assert_ne!(RUNS.fetch_add(1, SeqCst), 200, "the two hundredth");
    });
    let failure = failure_of(&report, FailureKind::Nondeterminism);
    assert!(failure.message().contains("the two hundredth"), "{report}");
    assert!(failure.message().contains("the second passed"), "{report}");
}

#[test]
fn data_kept_in_a_static_is_noticed() {
    static KEPT: Mutex<u32> = Mutex::new(0);
    let report = explore(config(), || {
        let mut kept = KEPT.lock().unwrap();
        *kept += 1;
        assert!(*kept < 50, "now {kept}");
    });
    assert!(report.to_string().contains("failed with another message: now "), "{report}");
}

#[test]
fn a_destructor_that_panics_during_unwinding_does_not_abort() {
    struct PanicsOnDrop;
    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("second");
        }
    }
    for _ in 0..2 {
        let report = fails(config(), FailureKind::DoublePanic, || {
            let _guard = PanicsOnDrop;
            panic!("first");
        });
        let message = report.failure().unwrap().message();
        assert!(message.contains("first \"first\", then \"second\""), "{message}");
    }
    assert!(!std::thread::panicking());
    assert!(explore(config(), || ()).passed());
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn a_stack_overflow_is_a_failure() {
    fn deep(n: u64) -> u64 {
        let filler = std::hint::black_box([n; 64]);
        if n == u64::MAX { 0 } else { deep(n + 1) + filler[(n % 64) as usize] }
    }
    for _ in 0..2 {
        let report = fails(config().stack_size(128 << 10), FailureKind::StackOverflow, || {
            let builder = thread::Builder::new().name("diver".to_owned());
            builder.spawn(|| std::hint::black_box(deep(0))).unwrap().join().unwrap();
        });
        let message = report.failure().unwrap().message();
        assert!(message.contains("diver") && message.contains("stack_size"), "{message}");
    }
    assert!(explore(config(), || ()).passed());
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_is_a_failure() {
    for _ in 0..2 {
        let report = fails(config(), FailureKind::Crash, || {
            let turn = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&turn);
            let thread = thread::spawn(move || theirs.store(1, SeqCst));
            let pointer = if turn.load(SeqCst) == 1 { 8 } else { (&raw const turn).addr() };
            // SAFETY: none: one of the two is no address of anything.
            std::hint::black_box(unsafe { std::ptr::with_exposed_provenance::<u8>(pointer).read_volatile() });
            thread.join().unwrap();
        });
        let message = report.failure().unwrap().message();
        assert!(message.starts_with("main crashed (SIGSEGV)"), "{message}");
    }
    assert!(explore(config(), || ()).passed());
}

#[test]
fn a_use_after_free_is_a_failure_where_the_memory_was_overwritten() {
    let report = fails(config(), FailureKind::Crash, || {
        let memory = Box::into_raw(Box::new(AtomicU32::new(7)));
        // SAFETY: none: the second use comes after the end. The memory stays allocated, so that all that
        // happens is what the model notices.
        unsafe {
            (*memory).store(1, SeqCst);
            std::ptr::drop_in_place(memory);
            memory.cast::<u8>().write_bytes(0xdd, size_of::<AtomicU32>());
            (*memory).load(SeqCst);
        }
    });
    let message = report.failure().unwrap().message();
    assert_eq!(message, "main uses a value of type AtomicU32 after its end: it has been overwritten");
}

#[test]
fn atomics_may_be_made_out_of_zeroed_memory() {
    let report = explore(config().executions(5), || {
        // SAFETY: std documents that an atomic has the representation of its integer, and zero is one.
        let zeroed: Box<[AtomicUsize; 4]> = unsafe { Box::new_zeroed().assume_init() };
        zeroed[2].fetch_add(3, SeqCst);
        assert_eq!(zeroed.iter().map(|atomic| atomic.load(SeqCst)).collect::<Vec<_>>(), [0, 0, 3, 0]);
    });
    assert!(report.passed(), "{report}");
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn a_panic_that_cannot_unwind_is_a_failure_with_its_message_and_place() {
    extern "C" fn never_unwinds() {
        panic!("nobody may see it");
    }
    let null = || {
        let pointer = AtomicPtr::new(std::ptr::null_mut::<u32>());
        // SAFETY: none: rustc's own check finds it.
        std::hint::black_box(unsafe { *pointer.load(SeqCst) });
    };
    let panics: [(&str, &(dyn Fn() + Send + Sync)); 2] =
        [("null pointer dereference occurred", &null), ("nobody may see it", &|| never_unwinds())];
    for (message, body) in panics {
        for _ in 0..2 {
            let report = fails(config(), FailureKind::Crash, body);
            let text = format!("{report:10000}");
            let words = format!("main panicked where it cannot unwind, which aborts the process: {message}");
            assert!(text.contains(&words) && text.contains("\n  at tests/failures.rs:"), "{text}");
        }
    }
    assert!(!std::thread::panicking());
    assert!(explore(config(), || ()).passed());
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn an_abort_is_a_failure_that_says_where() {
    let too_much = || drop(std::hint::black_box(Vec::<u8>::with_capacity(isize::MAX as usize)));
    let aborts: [&(dyn Fn() + Send + Sync); 2] = [&|| std::process::abort(), &too_much];
    for body in aborts {
        for _ in 0..2 {
            let report = fails(config(), FailureKind::Crash, body);
            let text = format!("{report:10000}");
            assert!(text.contains("main aborts the process: by `abort`, or because an allocation"), "{text}");
            assert!(text.contains("main stands\n      in failures::an_abort_is_a_failure"), "{text}");
        }
    }
    assert!(explore(config(), || ()).passed());
}

/// The last words of this test's process, run again for a test of this name that dies there, and the token in them.
#[cfg(unix)]
fn last_words(test: &str, body: impl Fn() + Send + Sync) -> Option<(String, String)> {
    const CHILD: &str = "DRAWLOOM_TEST_DIES";
    if std::env::var_os(CHILD).is_some() {
        // Which of the two threads is first decides.
        explore(Config::new().name("doomed"), || {
            let turn = Arc::new(AtomicU32::new(0));
            let theirs = Arc::clone(&turn);
            let thread = thread::spawn(move || theirs.store(1, SeqCst));
            if turn.load(SeqCst) == 1 {
                body();
            }
            thread.join().unwrap();
        });
        return None;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]);
    let output = child.env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let token = said.split_once("; replay: DRAWLOOM_REPLAY=").map(|(_, token)| token.trim().to_owned());
    Some((said.clone(), token.unwrap_or_else(|| panic!("no last words in {said}"))))
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_dies_says_how_to_run_the_execution_again() {
    let test = "a_process_that_dies_says_how_to_run_the_execution_again";
    let dies = || {
        // SAFETY: none: no text is there, and a library finds that.
        std::hint::black_box(unsafe { std::ffi::CStr::from_ptr(std::ptr::without_provenance(8)) });
    };
    let Some((said, token)) = last_words(test, dies) else { return };
    assert!(said.contains("drawloom: SIGSEGV ends the process in doomed, in main after step "), "{said}");
    assert!(token.starts_with("dl1"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_test_that_exits_says_how_to_run_the_execution_again() {
    let test = "a_test_that_exits_says_how_to_run_the_execution_again";
    let Some((said, token)) = last_words(test, || std::process::exit(0)) else { return };
    assert!(said.contains("drawloom: `exit` ends the process in doomed, in main after step "), "{said}");
    assert!(token.starts_with("dl1"), "{said}");
}

#[test]
fn a_thread_may_ask_for_more_stack() {
    fn deep(n: u32) -> u32 {
        let filler = std::hint::black_box([n; 256]);
        if n == 0 { 0 } else { deep(n - 1).max(filler[3]) }
    }
    let report = explore(config().executions(5).stack_size(64 << 10), || {
        let builder = thread::Builder::new().stack_size(16 << 20);
        assert_eq!(builder.spawn(|| deep(2_000)).unwrap().join().unwrap(), 2_000);
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn an_exploration_inside_an_exploration_is_refused() {
    let report = explore(config(), || {
        let inner = explore(Config::new(), || ());
        let failure = failure_of(&inner, FailureKind::Misuse);
        assert!(failure.message().contains("cannot be nested"), "{inner}");
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("cannot be nested"), "nor does the outer one pass: {message}");
}

#[test]
fn an_unknown_thread_that_comes_first_is_told_apart() {
    let report = explore(config(), || {
        let value = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&value);
        std::thread::spawn(move || theirs.fetch_add(1, SeqCst)).join().unwrap();
        value.fetch_add(1, SeqCst);
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("was used by an OS thread that the exploration does not know"), "{message}");
    let report = explore(Config::new(), || {
        let lock = Mutex::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| *lock.lock().unwrap() += 1);
        });
        assert_eq!(*lock.lock().unwrap(), 1);
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.starts_with("the Mutex made at tests/failures.rs:"), "{message}");
}

#[test]
fn a_value_that_was_used_before_the_exploration_is_no_misuse() {
    static SHARED: AtomicU32 = AtomicU32::new(0);
    let value = Arc::new(AtomicU32::new(0));
    let lock = Mutex::new(0);
    for _ in 0..3 {
        value.fetch_add(1, SeqCst);
        *lock.lock().unwrap() += 1;
        let report = explore(config().executions(20), || {
            // A test that has nothing to do with this one may use what is in a static.
            std::thread::spawn(|| SHARED.fetch_add(1, SeqCst)).join().unwrap();
            SHARED.fetch_add(1, SeqCst);
            value.fetch_add(1, SeqCst);
            drop(lock.lock());
        });
        assert!(report.passed(), "{report}");
    }
    assert_eq!(value.load(SeqCst), 3);
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
fn an_unknown_thread_is_told_apart() {
    let report = explore(config(), || {
        let value = Arc::new(AtomicU32::new(0));
        value.store(1, SeqCst);
        let theirs = Arc::clone(&value);
        std::thread::spawn(move || theirs.load(SeqCst)).join().unwrap_err();
    });
    let message = failure_of(&report, FailureKind::Misuse).message();
    assert!(message.contains("use") && message.contains("drawloom::thread::spawn"), "{message}");
}

#[test]
fn a_guard_kept_past_its_execution_is_a_misuse() {
    static MUTEX: Mutex<()> = Mutex::new(());
    struct Kept(#[expect(dead_code, reason = "only kept")] MutexGuard<'static, ()>);
    // SAFETY: the guard is dropped by the worker that took it, in its next execution.
    unsafe impl Send for Kept {}
    static KEPT: StdMutex<Option<Kept>> = StdMutex::new(None);
    let report = explore(config(), || {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        drop(kept.take());
        *kept = Some(Kept(MUTEX.lock().unwrap()));
    });
    let failure = report.failure().expect("a guard was kept");
    assert!(failure.message().contains("kept past the end of its execution"), "{report}");
    drop(KEPT.lock().unwrap_or_else(PoisonError::into_inner).take());
}

#[test]
fn a_handle_kept_past_its_execution_is_told_apart() {
    static KEPT: StdMutex<Option<thread::JoinHandle<()>>> = StdMutex::new(None);
    let report = explore(config(), || {
        let earlier = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = earlier {
            handle.join().unwrap();
        }
        let handle = thread::spawn(|| ());
        *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    });
    let failure = report.failure().expect("a handle was kept");
    assert!(failure.message().contains("execution that has ended"), "{report}");
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (config, name) in [
        (config().max_steps(0), "max_steps"),
        (config().executions(0), "executions"),
        (config().workers(0), "workers"),
        (config().max_threads(0), "max_threads"),
        (config().stack_size(1), "stack_size"),
    ] {
        let report = explore(config, || unreachable!("nothing runs"));
        assert!(failure_of(&report, FailureKind::Misuse).message().contains(name), "{report}");
    }
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
    assert!(text.contains("expected") && text.contains("tests/failures.rs"), "{text}");
    assert!(text.contains("modify `count`: 0 → 1"), "it is shown what the replay did: {text}");
}

#[test]
fn an_atomic_in_a_static_starts_afresh_in_each_execution_of_each_worker() {
    static COUNT: AtomicUsize = AtomicUsize::new(7);
    let report = explore(config().executions(2_000).workers(4), || {
        let threads: Vec<_> = (0..2).map(|_| thread::spawn(|| COUNT.fetch_add(1, SeqCst))).collect();
        let mut seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        seen.sort_unstable();
        assert_eq!(seen, [7, 8]);
        assert_eq!(COUNT.load(SeqCst), 9);
    });
    assert!(report.passed(), "{report}");
    assert_eq!(COUNT.load(SeqCst), 7, "outside, nothing has happened");
}

#[test]
fn a_mutex_in_a_static_can_be_shared_by_workers() {
    static SHARED: Mutex<u32> = Mutex::new(0);
    let report = explore(config().executions(500).workers(4), || {
        let thread = thread::spawn(|| {
            assert_eq!(*SHARED.lock().unwrap(), 0);
        });
        drop(SHARED.lock().unwrap());
        thread.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn what_a_failed_execution_held_does_not_block_the_next() {
    static HELD: Mutex<u32> = Mutex::new(0);
    for _ in 0..3 {
        fails(config(), FailureKind::Deadlock, || {
            let _first = HELD.lock().unwrap();
            let _second = HELD.lock().unwrap();
        });
    }
    assert!(HELD.try_lock().is_ok(), "an exploration that has ended holds nothing");
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

#[test]
fn what_comes_long_after_a_panic_is_left_out() {
    let report = fails(config(), FailureKind::Panic, || {
        thread::spawn(|| panic!("early"));
        let busy = thread::spawn(|| {
            let number = AtomicU32::new(0);
            (0..200).for_each(|_| _ = number.fetch_add(1, SeqCst));
        });
        busy.join().unwrap();
    });
    let text = report.to_string();
    assert!(text.contains("panics: early") && text.contains(" more steps after the panic)"), "{text}");
    assert!(text.lines().count() < 50, "{text}");
}
