//! CS/sync01, CS/sync02 and CS/arithmetic_prog: a producer and a consumer that wait for a number to change.
//!
//! Locks and condition variables are used as they should be. What is wrong is the counting: somebody waits
//! for a change that nobody makes.

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::thread;

const TERMS: u32 = 3;

#[derive(Default)]
struct Channel {
    number: Mutex<u32>,
    full: Condvar,
    empty: Condvar,
}

impl Channel {
    fn holding(number: u32) -> Arc<Channel> {
        Arc::new(Channel { number: Mutex::new(number), ..Channel::default() })
    }

    fn produce(&self) {
        let number = self.number.lock().unwrap();
        *self.empty.wait_while(number, |number| *number > 0).unwrap() += 1;
        self.full.notify_one();
    }

    fn consume(&self, amount: u32) {
        let number = self.number.lock().unwrap();
        *self.full.wait_while(number, |number| *number == 0).unwrap() -= amount;
        self.empty.notify_one();
    }
}

pub(crate) fn sync01() {
    rounds(1, 0);
}

pub(crate) fn sync01_repaired() {
    rounds(1, 1);
}

pub(crate) fn sync02() {
    rounds(5, 0);
}

pub(crate) fn sync02_repaired() {
    rounds(5, 1);
}

/// Starts with one in the channel. A consumer that takes nothing away leaves the producer waiting.
fn rounds(rounds: u32, consumed: u32) {
    let channel = Channel::holding(1);
    let theirs = channel.clone();
    let producer = thread::spawn(move || {
        for _ in 0..rounds {
            theirs.produce();
        }
    });
    let consumer = thread::spawn(move || {
        for _ in 0..rounds {
            channel.consume(consumed);
        }
    });
    producer.join().unwrap();
    consumer.join().unwrap();
}

pub(crate) fn arithmetic_prog() {
    // The sum of 0..=TERMS has one term more than the producer sends.
    sum_of_terms(TERMS + 1);
}

pub(crate) fn arithmetic_prog_repaired() {
    sum_of_terms(TERMS);
}

fn sum_of_terms(consumed: u32) {
    let channel = Channel::holding(0);
    let theirs = channel.clone();
    let producer = thread::spawn(move || {
        for _ in 0..TERMS {
            theirs.produce();
        }
    });
    let consumer = thread::spawn(move || {
        let mut sum = 0;
        for term in 1..=consumed {
            channel.consume(1);
            sum += term;
        }
        sum
    });
    producer.join().unwrap();
    assert_eq!(consumer.join().unwrap(), TERMS * (TERMS + 1) / 2);
}
