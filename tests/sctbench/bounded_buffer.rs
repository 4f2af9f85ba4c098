//! inspect/boundedBuffer: a buffer between threads that waits with `if` where it needs `while`.
//!
//! A consumer that was woken for an item still has to take the lock. Another consumer can take it first, and
//! the item with it.

use std::collections::VecDeque;

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::thread;

const CAPACITY: usize = 2;
const CONSUMERS: u32 = 2;

#[derive(Default)]
struct Buffer {
    items: Mutex<VecDeque<u32>>,
    not_empty: Condvar,
    not_full: Condvar,
}

impl Buffer {
    fn put(&self, item: u32) {
        let mut items = self.items.lock().unwrap();
        while items.len() == CAPACITY {
            items = self.not_full.wait(items).unwrap();
        }
        items.push_back(item);
        self.not_empty.notify_one();
    }

    fn take(&self) -> u32 {
        let mut items = self.items.lock().unwrap();
        if items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        self.not_full.notify_one();
        items.pop_front().expect("there is an item to take")
    }

    fn take_repaired(&self) -> u32 {
        let mut items = self.items.lock().unwrap();
        while items.is_empty() {
            items = self.not_empty.wait(items).unwrap();
        }
        self.not_full.notify_one();
        items.pop_front().expect("there is an item to take")
    }
}

pub(crate) fn bounded_buffer() {
    one_item_a_consumer(Buffer::take);
}

pub(crate) fn bounded_buffer_repaired() {
    one_item_a_consumer(Buffer::take_repaired);
}

fn one_item_a_consumer(take: fn(&Buffer) -> u32) {
    let buffer = Arc::new(Buffer::default());
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let buffer = buffer.clone();
            thread::spawn(move || take(&buffer))
        })
        .collect();
    for item in 0..CONSUMERS {
        buffer.put(item);
    }
    let mut taken: Vec<u32> = consumers.into_iter().map(|c| c.join().unwrap()).collect();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(0..CONSUMERS));
}
