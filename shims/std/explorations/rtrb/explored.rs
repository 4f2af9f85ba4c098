//! rtrb: a ring buffer gives back what was put in, in that order, and drops the rest once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rtrb::{PushError, RingBuffer};

/// A value that counts how often one of its kind is dropped.
struct Counted(u32, Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[drawloom::test(executions = 3_000)]
fn values_come_in_order() {
    let (mut producer, mut consumer) = RingBuffer::new(2);
    let other = thread::spawn(move || {
        for value in 0..4 {
            let mut rest = value;
            while let Err(PushError::Full(value)) = producer.push(rest) {
                rest = value;
                thread::yield_now();
            }
        }
    });
    for expected in 0..4 {
        let value = loop {
            match consumer.pop() {
                Ok(value) => break value,
                Err(_) => thread::yield_now(),
            }
        };
        assert_eq!(value, expected);
    }
    other.join().unwrap();
    assert!(consumer.pop().is_err());
}

// Sequentially consistent: what is left is dropped by whoever drops the last `Arc`, and drawloom does not know that
// an `Arc` orders what its owners did before.
#[drawloom::test(executions = 3_000, memory = "sc")]
fn what_is_left_is_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (mut producer, mut consumer) = RingBuffer::new(2);
    let count = drops.clone();
    let other = thread::spawn(move || {
        for value in 0..3 {
            // One that does not fit any more comes back, and is dropped here.
            drop(producer.push(Counted(value, count.clone())));
        }
    });
    if let Ok(first) = consumer.pop() {
        assert_eq!(first.0, 0);
    }
    drop(consumer);
    other.join().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 3);
}
