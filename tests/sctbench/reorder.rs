//! CS/reorder: setters that change two numbers one after the other, and a checker that looks in between.
//!
//! It fails only while every setter that has started stands between its two stores, so the more of them there
//! are, the rarer the failure is for a scheduler that does not know what to look for.

use drawloom::sync::atomic::{AtomicI32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

use crate::join_all;

/// `THREADS` threads, all setters but the last.
pub(crate) fn reorder<const THREADS: usize>() {
    let shared = Arc::new((AtomicI32::new(0), AtomicI32::new(0)));
    set_and_check(
        THREADS,
        shared,
        |(a, b)| {
            a.store(1, Ordering::Relaxed);
            b.store(-1, Ordering::Relaxed);
        },
        |(a, b)| {
            let (a, b) = (|| a.load(Ordering::Relaxed), || b.load(Ordering::Relaxed));
            assert!((a() == 0 && b() == 0) || (a() == 1 && b() == -1));
        },
    );
}

pub(crate) fn reorder_repaired<const THREADS: usize>() {
    set_and_check(
        THREADS,
        Arc::new(Mutex::new((0, 0))),
        |pair| *pair.lock().unwrap() = (1, -1),
        |pair| assert!(matches!(*pair.lock().unwrap(), (0, 0) | (1, -1))),
    );
}

fn set_and_check<T: Send + Sync + 'static>(threads: usize, shared: Arc<T>, set: fn(&T), check: fn(&T)) {
    let threads: Vec<_> = (1..=threads)
        .map(|thread| {
            let shared = shared.clone();
            let step = if thread < threads { set } else { check };
            thread::spawn(move || step(&shared))
        })
        .collect();
    join_all(threads);
}
