//! What would end the process, or does: overflows of the stack, signals, aborts, exits. Where drawloom can catch it, it is a failure
//! like another; where it cannot, the last words say how to run the execution again.

use std::sync::atomic::Ordering::SeqCst;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize};
use drawloom::{Config, FailureKind, explore, thread};

use super::{config, fails};

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
            assert!(
                text.contains(&words) && text.contains("\n  at tests/verdicts/failures/crashes.rs:"),
                "{text}"
            );
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
            assert!(
                text.contains("main stands\n      in verdicts::failures::crashes::an_abort_is_a_failure"),
                "{text}"
            );
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
    let (_, here) = module_path!().split_once("::").unwrap();
    child.args(["--exact", &format!("{here}::{test}"), "--nocapture"]);
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
