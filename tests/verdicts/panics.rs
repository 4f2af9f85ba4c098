//! Panics that are caught, and those that std does not let anybody catch.

use drawloom::sync::{Arc, Mutex, RwLock, mpsc};
use drawloom::{Assumption, Config, FailureKind, StrategyKind, explore, thread};

use crate::line;

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
fn a_panic_that_was_caught_is_no_failure_of_a_thread_that_is_left_behind() {
    let body = || {
        let (sender, receiver) = mpsc::channel();
        let other = Arc::new(Mutex::new(0));
        thread::spawn(move || {
            assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
            sender.send(()).unwrap();
            *other.lock().unwrap() += 1;
            *other.lock().unwrap() += 1;
        });
        receiver.recv().unwrap();
    };
    let config = Config::new().daemons(true).allow_leaked_threads(true);
    for strategy in [StrategyKind::Auto, StrategyKind::RandomWalk, StrategyKind::Pct { depth: 3 }] {
        let report = explore(config.clone().strategy(strategy).executions(100), body);
        assert!(report.passed(), "{report}");
    }
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

#[test]
fn whether_a_lock_is_poisoned_is_asked_at_a_moment() {
    let asked_twice = || {
        let mutex = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&mutex);
        let thread = thread::spawn(move || {
            let _guard = theirs.lock();
            panic!("while it has the lock");
        });
        let (first, second) = (mutex.is_poisoned(), mutex.is_poisoned());
        let _ = thread.join();
        assert_eq!(first, second);
    };
    let cleared = || {
        let lock = Arc::new(RwLock::new(()));
        let theirs = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            let _guard = theirs.write();
            panic!("while it has the lock");
        });
        lock.clear_poison();
        let is_poisoned = lock.is_poisoned();
        let _ = thread.join();
        assert!(!is_poisoned);
    };
    for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive] {
        let config = Config::new().strategy(strategy);
        let report = explore(config.clone(), asked_twice);
        assert!(report.failed_with(FailureKind::Panic), "{report}");
        assert!(report.to_string().contains("is poisoned"), "{report}");
        let report = explore(config, cleared);
        assert!(report.failed_with(FailureKind::Panic), "{report}");
    }
    let waits = || {
        let mutex = Arc::new(Mutex::new(()));
        let theirs = Arc::clone(&mutex);
        let thread = thread::spawn(move || {
            let _guard = theirs.lock();
            panic!("while it has the lock");
        });
        while !mutex.is_poisoned() {}
        assert!(mutex.lock().is_err() && thread.join().is_err());
    };
    // The panic is no failure: it is joined.
    let report = explore(Config::new(), waits);
    assert!(line(&report).contains(": verified: "), "{report}");
}

#[test]
fn a_panic_that_may_have_been_caught_while_another_thread_unwinds_is_told() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let body = || {
        let (first, second) = (Mutex::new(0), Mutex::new(0));
        let (unwinds, is_unwinding) = mpsc::channel();
        let (goes_on, may_go_on) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let _waits = OnDrop(|| {
                unwinds.send(()).unwrap();
                may_go_on.recv().unwrap();
            });
            panic!("unwinds for long");
        });
        is_unwinding.recv().unwrap();
        for mutex in [&first, &second] {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _guard = mutex.lock().unwrap();
                panic!("caught");
            }));
            assert!(caught.is_err());
        }
        goes_on.send(()).unwrap();
        assert!(thread.join().is_err());
    };
    let report = explore(Config::new(), body);
    assert!(line(&report).contains("no panic is caught while another thread is unwinding"), "{report}");
    assert!(report.assumptions().contains(&Assumption::CaughtPanics), "{report}");
}
