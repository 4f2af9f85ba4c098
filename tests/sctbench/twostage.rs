//! CS/twostage: two numbers that belong together, each changed under a lock of its own.
//!
//! A reader that comes between the two stages sees the first number changed and the second one not yet.

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Arc, Mutex};
use drawloom::thread;

use crate::join_all;

#[derive(Default)]
struct Stages {
    /// Changed under `first_lock`, but read under `second` too.
    first: AtomicU32,
    first_lock: Mutex<()>,
    second: Mutex<u32>,
}

impl Stages {
    fn write_first(&self) {
        let _guard = self.first_lock.lock().unwrap();
        self.first.store(1, Ordering::Relaxed);
    }

    fn write_second(&self) {
        let mut second = self.second.lock().unwrap();
        *second = self.first.load(Ordering::Relaxed) + 1;
    }

    fn read_first(&self) -> u32 {
        let _guard = self.first_lock.lock().unwrap();
        self.first.load(Ordering::Relaxed)
    }

    fn write(&self) {
        self.write_first();
        self.write_second();
    }

    fn read(&self) {
        let first = self.read_first();
        if first != 0 {
            assert_eq!(*self.second.lock().unwrap(), first + 1);
        }
    }

    /// Both stages under the second lock.
    fn write_repaired(&self) {
        let mut second = self.second.lock().unwrap();
        self.write_first();
        *second = self.first.load(Ordering::Relaxed) + 1;
    }

    fn read_repaired(&self) {
        let second = self.second.lock().unwrap();
        let first = self.read_first();
        if first != 0 {
            assert_eq!(*second, first + 1);
        }
    }
}

pub(crate) fn twostage<const WRITERS: usize, const READERS: usize>() {
    write_and_read(WRITERS, READERS, Stages::write, Stages::read);
}

pub(crate) fn twostage_repaired<const WRITERS: usize, const READERS: usize>() {
    write_and_read(WRITERS, READERS, Stages::write_repaired, Stages::read_repaired);
}

fn write_and_read(writers: usize, readers: usize, write: fn(&Stages), read: fn(&Stages)) {
    let stages = Arc::new(Stages::default());
    let writers = (0..writers).map(|_| write);
    let readers = (0..readers).map(|_| read);
    let threads: Vec<_> = writers
        .chain(readers)
        .map(|step| {
            let stages = stages.clone();
            thread::spawn(move || step(&stages))
        })
        .collect();
    join_all(threads);
}
