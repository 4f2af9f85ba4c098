//! How failures are told: in drawloom's words, and in those that suites expect of loom.

mod common;

use std::rc::Rc;

use common::fails;
use loom::sync::{Condvar, Mutex};
use loom::thread;

#[test]
#[should_panic(expected = "the user's own words")]
fn a_panic_is_told_in_its_own_words() {
    loom::model(|| panic!("the user's own words"));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_deadlock_is_called_so() {
    loom::model(|| {
        let (a, b) = (Rc::new(Mutex::new(1)), Rc::new(Mutex::new(2)));
        let (a2, b2) = (a.clone(), b.clone());
        let thread = thread::spawn(move || *a2.lock().unwrap() + *b2.lock().unwrap());
        let sum = *b.lock().unwrap() + *a.lock().unwrap();
        assert_eq!(sum, thread.join().unwrap());
    });
}

#[test]
fn a_thread_that_never_ends_is_a_deadlock() {
    let message = fails(|| {
        thread::spawn(|| {
            let mutex = Mutex::new(());
            let condvar = Condvar::new();
            let mut guard = mutex.lock().unwrap();
            loop {
                guard = condvar.wait(guard).unwrap();
            }
        });
    });
    assert!(message.starts_with("leaked-thread: ") && message.contains("deadlock"), "{message}");
}

#[test]
fn a_thread_that_nobody_joins_fails_the_model_if_it_panics() {
    let message = fails(|| drop(thread::spawn(|| panic!("in the thread"))));
    assert_eq!(message, "panic: in the thread");
}

#[test]
fn an_endless_loop_is_found() {
    let message = common::panics(|| {
        let mut builder = loom::model::Builder::new();
        builder.max_permutations = Some(1);
        builder.check(|| {
            loop {
                thread::yield_now();
            }
        });
    });
    assert!(message.contains("Model exceeded maximum number of branches"), "{message}");
}
