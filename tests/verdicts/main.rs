//! What verdicts say, what they rest on, and what ends an exploration.

mod failures;
mod liberties;
mod limits;
mod line;
mod panics;

use std::time::Duration;

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::{Report, thread};

/// The first line of a report.
fn line(report: &Report) -> String {
    report.to_string().lines().next().expect("a report has a line").to_owned()
}

/// A thread sleeps while it holds a lock that another one wants.
fn a_holder_that_sleeps() {
    let mutex = Arc::new(Mutex::new(()));
    let theirs = Arc::clone(&mutex);
    let thread = thread::spawn(move || {
        let _guard = theirs.lock().unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    drop(mutex.lock().unwrap());
    thread.join().unwrap();
}

/// A thread waits for a flag in a loop, as it has to.
fn a_waiter() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let theirs = Arc::clone(&pair);
    let thread = thread::spawn(move || {
        *theirs.0.lock().unwrap() = true;
        theirs.1.notify_one();
    });
    let mut guard = pair.0.lock().unwrap();
    while !*guard {
        guard = pair.1.wait(guard).unwrap();
    }
    drop(guard);
    thread.join().unwrap();
}
