//! CS/deadlock01, CS/carter01, CS/phase01 and CS/din_phil: threads that wait for each other's locks.
//!
//! The C programs unlock by name; here a guard is kept where a lock outlives its block (carter01), and
//! forgotten where a lock is never released (phase01).

use std::mem;

use drawloom::sync::{Arc, Mutex, MutexGuard};
use drawloom::thread;

use crate::join_all;

pub(crate) fn deadlock01() {
    two_locks([0, 1], [1, 0]);
}

pub(crate) fn deadlock01_repaired() {
    two_locks([0, 1], [0, 1]);
}

fn two_locks(mine: [usize; 2], theirs: [usize; 2]) {
    let counters = Arc::new([Mutex::new(0), Mutex::new(0)]);
    let threads = [mine, theirs].map(|[first, second]| {
        let counters = counters.clone();
        thread::spawn(move || {
            let mut first = counters[first].lock().unwrap();
            let mut second = counters[second].lock().unwrap();
            *first += 1;
            *second += 1;
        })
    });
    join_all(threads);
}

/// Each of two classes of users takes `shared` with its first user and gives it back with its last one,
/// counting its users under `counters`.
#[derive(Default)]
struct Carter {
    counters: Mutex<[u32; 2]>,
    shared: Mutex<()>,
}

pub(crate) fn carter01() {
    carter(|state, class| {
        let mut counters = state.counters.lock().unwrap();
        counters[class] += 1;
        let shared = (counters[class] == 1).then(|| state.shared.lock().unwrap());
        drop(counters);

        let mut counters = state.counters.lock().unwrap();
        counters[class] -= 1;
        if counters[class] == 0 {
            drop(shared);
        }
    });
}

/// Takes `shared` only while it holds nothing else.
pub(crate) fn carter01_repaired() {
    carter(|state, class| {
        let shared = state.shared.lock().unwrap();
        state.counters.lock().unwrap()[class] += 1;
        state.counters.lock().unwrap()[class] -= 1;
        drop(shared);
    });
}

fn carter(enter_and_leave: fn(&Carter, usize)) {
    let state = Arc::new(Carter::default());
    let users = [0, 1].map(|class| {
        let state = state.clone();
        thread::spawn(move || enter_and_leave(&state, class))
    });
    let idle = [(); 2].map(|()| thread::spawn(|| {}));
    join_all(users);
    join_all(idle);
}

pub(crate) fn phase01() {
    // The first thread ends with the lock in its hands.
    phases(|x| mem::forget(x));
}

pub(crate) fn phase01_repaired() {
    phases(|x| drop(x));
}

fn phases(end: fn(MutexGuard<'_, ()>)) {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let threads = [(); 2].map(|()| {
        let locks = locks.clone();
        thread::spawn(move || {
            let (x, y) = &*locks;
            drop(x.lock().unwrap());
            let x = x.lock().unwrap();
            drop(y.lock().unwrap());
            drop(y.lock().unwrap());
            end(x);
        })
    });
    join_all(threads);
}

/// Dining philosophers, each with the left fork first.
pub(crate) fn philosophers<const N: usize>() {
    dine(N, |philosopher| (philosopher, (philosopher + 1) % N));
}

/// The last philosopher is right-handed, so the forks are taken in one order by all.
pub(crate) fn philosophers_repaired<const N: usize>() {
    dine(N, |philosopher| {
        let right = (philosopher + 1) % N;
        (philosopher.min(right), philosopher.max(right))
    });
}

fn dine(count: usize, order: fn(usize) -> (usize, usize)) {
    let forks: Arc<Vec<Mutex<()>>> = Arc::new((0..count).map(|_| Mutex::new(())).collect());
    let philosophers: Vec<_> = (0..count)
        .map(|philosopher| {
            let forks = forks.clone();
            thread::spawn(move || {
                let (first, second) = order(philosopher);
                let _first = forks[first].lock().unwrap();
                let _second = forks[second].lock().unwrap();
            })
        })
        .collect();
    join_all(philosophers);
}
