//! inspect/qsort_mt: a quicksort that hands parts of the array to idle workers of a pool.
//!
//! Whoever gives work to a worker marks it as working before it has the worker's lock. A worker that is just
//! about to wait sees the mark, sorts the part that it was given last, and goes idle; the part that comes
//! afterwards is never sorted.

use std::ops::Range;
use std::sync::atomic::AtomicU32 as PlainU32;

use drawloom::sync::atomic::{AtomicU8, Ordering};
use drawloom::sync::{Arc, Condvar, Mutex, MutexGuard};
use drawloom::thread;

use crate::join_all;

const WORKERS: usize = 2;
const UNSORTED: [u32; 12] = [7, 3, 11, 5, 1, 9, 10, 0, 6, 4, 8, 2];
/// A shorter part is sorted by whoever found it.
const SHORTEST_PART: usize = 3;

const IDLE: u8 = 0;
const WORKING: u8 = 1;
const ENDED: u8 = 2;

struct Worker {
    /// Written under the worker's lock or under the pool's, as it comes.
    state: AtomicU8,
    part: Mutex<Range<usize>>,
    changed: Condvar,
}

type Allocate = for<'a> fn(&'a Worker) -> MutexGuard<'a, Range<usize>>;

struct Pool {
    workers: [Worker; WORKERS],
    idle: Mutex<usize>,
    allocate: Allocate,
    /// Plain memory, for no two workers are meant to have the same part: no scheduling points here.
    array: [PlainU32; UNSORTED.len()],
}

pub(crate) fn qsort_mt() {
    sort_with_workers(|worker| {
        worker.state.store(WORKING, Ordering::Relaxed);
        worker.part.lock().unwrap()
    });
}

pub(crate) fn qsort_mt_repaired() {
    sort_with_workers(|worker| {
        let part = worker.part.lock().unwrap();
        worker.state.store(WORKING, Ordering::Relaxed);
        part
    });
}

fn sort_with_workers(allocate: Allocate) {
    let pool = Arc::new(Pool {
        workers: [const { Worker { state: AtomicU8::new(IDLE), part: Mutex::new(0..0), changed: Condvar::new() } };
            WORKERS],
        idle: Mutex::new(WORKERS),
        allocate,
        array: UNSORTED.map(PlainU32::new),
    });
    let threads: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let pool = pool.clone();
            thread::spawn(move || pool.work(worker))
        })
        .collect();
    pool.give_first(0..UNSORTED.len());
    join_all(threads);
    let sorted: Vec<u32> = (0..UNSORTED.len()).map(|index| pool.get(index)).collect();
    assert!(sorted.is_sorted(), "not sorted: {sorted:?}");
}

impl Pool {
    fn give_first(&self, all: Range<usize>) {
        let worker = &self.workers[0];
        *self.idle.lock().unwrap() -= 1;
        let mut part = worker.part.lock().unwrap();
        *part = all;
        worker.state.store(WORKING, Ordering::Relaxed);
        worker.changed.notify_one();
    }

    fn work(&self, worker: usize) {
        let own = &self.workers[worker];
        loop {
            let part = own.part.lock().unwrap();
            let idle = |_: &mut Range<usize>| own.state.load(Ordering::Relaxed) == IDLE;
            let part = own.changed.wait_while(part, idle).unwrap().clone();
            if own.state.load(Ordering::Relaxed) == ENDED {
                return;
            }
            self.sort(part);

            let mut idle = self.idle.lock().unwrap();
            own.state.store(IDLE, Ordering::Relaxed);
            *idle += 1;
            if *idle == WORKERS {
                self.end();
            }
        }
    }

    fn end(&self) {
        for worker in &self.workers {
            let _part = worker.part.lock().unwrap();
            worker.state.store(ENDED, Ordering::Relaxed);
            worker.changed.notify_one();
        }
    }

    fn idle_worker(&self) -> Option<(&Worker, MutexGuard<'_, Range<usize>>)> {
        let mut idle = self.idle.lock().unwrap();
        let worker = self.workers.iter().find(|worker| worker.state.load(Ordering::Relaxed) == IDLE)?;
        *idle -= 1;
        Some((worker, (self.allocate)(worker)))
    }

    fn sort(&self, mut range: Range<usize>) {
        while range.len() > 1 {
            let pivot = self.partition(range.clone());
            let left = range.start..pivot;
            range.start = pivot + 1;
            if left.len() >= SHORTEST_PART
                && let Some((worker, mut part)) = self.idle_worker()
            {
                *part = left;
                worker.changed.notify_one();
            } else {
                self.sort(left);
            }
        }
    }

    /// Moves what is less than the last element before it, and returns where that one ends up.
    fn partition(&self, range: Range<usize>) -> usize {
        let last = range.end - 1;
        let pivot = self.get(last);
        let mut end_of_less = range.start;
        for index in range.start..last {
            if self.get(index) < pivot {
                self.swap(index, end_of_less);
                end_of_less += 1;
            }
        }
        self.swap(end_of_less, last);
        end_of_less
    }

    fn get(&self, index: usize) -> u32 {
        self.array[index].load(Ordering::Relaxed)
    }

    fn swap(&self, one: usize, other: usize) {
        let (first, second) = (self.get(one), self.get(other));
        self.array[one].store(second, Ordering::Relaxed);
        self.array[other].store(first, Ordering::Relaxed);
    }
}
