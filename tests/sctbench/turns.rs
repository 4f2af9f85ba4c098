//! CS/lazy01 and CS/token_ring: steps under one lock, right in one order only.

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::thread;

use crate::join_all;

pub(crate) fn lazy01() {
    sum_and_check(3);
}

pub(crate) fn lazy01_repaired() {
    sum_and_check(4);
}

/// The check fails if it comes after both additions, one of them lazily.
fn sum_and_check(limit: i32) {
    let data = Arc::new(Mutex::new(0));
    let steps: [fn(&mut i32, i32); 3] =
        [|data, _| *data += 1, |data, _| *data += 2, |data, limit| assert!(*data < limit)];
    let threads = steps.map(|step| {
        let data = data.clone();
        thread::spawn(move || step(&mut data.lock().unwrap(), limit))
    });
    join_all(threads);
}

struct Ring {
    x: [u32; 3],
    passed: [bool; 3],
}

impl Ring {
    fn new() -> Ring {
        Ring { x: [1, 2, 1], passed: [false; 3] }
    }

    /// Hands the token on from the station before; the first one counts the rounds.
    fn pass(&mut self, station: usize) {
        self.x[station] = match station {
            0 => (self.x[2] + 1) % 4,
            _ => self.x[station - 1],
        };
        self.passed[station] = true;
    }

    fn check(&self) {
        if self.passed == [true; 3] {
            assert!(self.x[0] == self.x[1] && self.x[1] == self.x[2]);
        }
    }
}

pub(crate) fn token_ring() {
    let ring = Arc::new(Mutex::new(Ring::new()));
    let steps: [fn(&mut Ring); 4] =
        [|ring| ring.pass(0), |ring| ring.pass(1), |ring| ring.pass(2), |ring| ring.check()];
    let threads = steps.map(|step| {
        let ring = ring.clone();
        thread::spawn(move || step(&mut ring.lock().unwrap()))
    });
    join_all(threads);
}

/// Each station waits until the one before has passed the token on.
pub(crate) fn token_ring_repaired() {
    let shared = Arc::new((Mutex::new(Ring::new()), Condvar::new()));
    let threads = [0, 1, 2, 3].map(|station| {
        let shared = shared.clone();
        thread::spawn(move || {
            let (ring, passed) = &*shared;
            let ring = ring.lock().unwrap();
            let mut ring = passed.wait_while(ring, |ring| station > 0 && !ring.passed[station - 1]).unwrap();
            if station == 3 {
                ring.check();
            } else {
                ring.pass(station);
            }
            passed.notify_all();
        })
    });
    join_all(threads);
}
