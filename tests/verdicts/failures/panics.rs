//! Panics, joined and not, several at once, and while a thread unwinds: which of them is the failure.

use std::sync::atomic::Ordering::SeqCst;

use drawloom::sync::atomic::{AtomicBool, AtomicU32};
use drawloom::sync::{Arc, Mutex};
use drawloom::{FailureKind, explore, hint, thread};

use super::{config, fails};

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
