//! CS/wronglock: a number that some threads change under one lock and others under another.

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

use crate::join_all;

#[derive(Default)]
struct Shared {
    value: AtomicU32,
    right: Mutex<()>,
    wrong: Mutex<()>,
}

/// `RIGHT` threads with the right lock and `WRONG` ones with the wrong one.
pub(crate) fn wronglock<const RIGHT: usize, const WRONG: usize>() {
    increments(RIGHT, WRONG, |shared| &shared.wrong);
}

pub(crate) fn wronglock_repaired<const RIGHT: usize, const WRONG: usize>() {
    increments(RIGHT, WRONG, |shared| &shared.right);
}

fn increments(checked: usize, unchecked: usize, lock: fn(&Shared) -> &Mutex<()>) {
    let shared = Arc::new(Shared::default());
    let mut threads = Vec::new();
    for _ in 0..checked {
        let shared = shared.clone();
        threads.push(thread::spawn(move || {
            let _guard = shared.right.lock().unwrap();
            let before = shared.value.load(Ordering::Relaxed);
            increment(&shared.value);
            assert_eq!(shared.value.load(Ordering::Relaxed), before + 1);
        }));
    }
    for _ in 0..unchecked {
        let shared = shared.clone();
        threads.push(thread::spawn(move || {
            let _guard = lock(&shared).lock().unwrap();
            increment(&shared.value);
        }));
    }
    join_all(threads);
}

/// Two accesses, as `value = value + 1` on a plain variable would be.
fn increment(value: &AtomicU32) {
    value.store(value.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
