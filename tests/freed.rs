//! Memory that is used after its end. These programs have undefined behaviour: the memory may be anything's by then. So they
//! are one test, in a process of its own, one after the other.
#![cfg(target_os = "linux")]

use std::sync::atomic::Ordering::{AcqRel, Acquire, SeqCst};

use drawloom::sync::atomic::{AtomicPtr, AtomicU32};
use drawloom::sync::{Arc, Condvar, Mutex, RwLock, Semaphore};
use drawloom::{Config, FailureKind, StrategyKind, explore, thread};

#[test]
fn what_is_used_after_its_end_is_told() {
    what_is_freed_while_another_thread_is_about_to_use_it_is_told();
    what_is_freed_before_it_is_read_or_notified_is_told_by_everybody();
}

/// Frees the memory of a value while the other thread is about to use it.
fn frees<T: 'static>(make: fn() -> T, uses: fn(&T)) -> impl Fn() + Send + Sync {
    move || {
        let address = Box::into_raw(Box::new(make())).expose_provenance();
        let pointer = move || std::ptr::with_exposed_provenance_mut::<T>(address);
        // SAFETY: none: the other thread may use the value afterwards.
        let thread = thread::spawn(move || drop(unsafe { Box::from_raw(pointer()) }));
        // SAFETY: none, as above.
        uses(unsafe { &*pointer() });
        thread.join().unwrap();
    }
}

fn what_is_freed_while_another_thread_is_about_to_use_it_is_told() {
    type Body = Box<dyn Fn() + Send + Sync>;
    let cases: [(&str, &str, Body); 3] = [
        ("Mutex", "lock", Box::new(frees(|| Mutex::new(0), |mutex| *mutex.lock().unwrap() += 1))),
        ("RwLock", "write", Box::new(frees(|| RwLock::new(0), |lock| *lock.write().unwrap() += 1))),
        (
            "AtomicU32",
            "modify",
            Box::new(frees(|| AtomicU32::new(0), |count| assert!(count.fetch_add(1, SeqCst) < 9))),
        ),
    ];
    for (name, verb, body) in cases {
        let report = explore(Config::new(), body);
        assert!(report.failed_with(FailureKind::Crash), "{report}");
        let text = report.to_string();
        assert!(text.contains(&format!("main uses a value of type {name} after its end")), "{text}");
        assert!(text.lines().any(|line| line.contains(" 5 ") && line.contains(verb)), "{text}");
    }
}

/// As with a list whose nodes are freed too early: the other thread only reads, or only notifies.
fn what_is_freed_before_it_is_read_or_notified_is_told_by_everybody() {
    let reads = || {
        let node = Box::into_raw(Box::new(AtomicU32::new(7)));
        let head = Arc::new(AtomicPtr::new(node));
        let theirs = Arc::clone(&head);
        let thread = thread::spawn(move || {
            let node = theirs.swap(std::ptr::null_mut(), AcqRel);
            // SAFETY: none: the other thread may have loaded the pointer already.
            drop(unsafe { Box::from_raw(node) });
        });
        let node = head.load(Acquire);
        if !node.is_null() {
            // SAFETY: none, as above.
            assert_eq!(unsafe { &*node }.load(Acquire), 7);
        }
        thread.join().unwrap();
    };
    let notifies = frees(Condvar::new, Condvar::notify_one);
    let adds = frees(|| Semaphore::new(0), |semaphore| semaphore.add_permits(1));
    type Body = Box<dyn Fn() + Send + Sync>;
    let cases: [(&str, Body); 3] =
        [("AtomicU32", Box::new(reads)), ("Condvar", Box::new(notifies)), ("Semaphore", Box::new(adds))];
    for (name, body) in cases {
        for strategy in [StrategyKind::Auto, StrategyKind::Exhaustive, StrategyKind::Portfolio] {
            let report = explore(Config::new().strategy(strategy), &body);
            assert!(report.failed_with(FailureKind::Crash), "{report}");
            assert!(
                report.to_string().contains(&format!("a value of type {name} after its end")),
                "{report}"
            );
        }
    }
}
