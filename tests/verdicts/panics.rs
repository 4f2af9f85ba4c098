//! Panics that are caught, and those that std does not let anybody catch.

use drawloom::sync::mpsc;
use drawloom::{Config, FailureKind, explore, thread};

#[test]
fn a_panic_that_was_caught_hides_no_deadlock() {
    let body = || {
        assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
        let (sender, receiver) = mpsc::channel::<u32>();
        let _ = receiver.recv();
        drop(sender);
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Deadlock));
}

#[test]
fn a_destructor_of_a_thread_local_that_panics_aborts_as_with_std() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    drawloom::thread_local! {
        static KEPT: std::cell::RefCell<Option<Panics>> = const { std::cell::RefCell::new(None) };
    }
    let body = || {
        let thread = thread::spawn(|| KEPT.with(|kept| *kept.borrow_mut() = Some(Panics)));
        thread.join().unwrap();
    };
    assert!(explore(Config::new(), body).failed_with(FailureKind::Crash));
}
