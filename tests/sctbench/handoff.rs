//! CS/circular_buffer, CS/queue and CS/stack: two threads that hand items over, with flags in place of waiting.
//!
//! All three take one lock around each round, so no access races. What is wrong is that a round whose flag is
//! not set yet is skipped, while the code below counts rounds as if each had moved an item.

use std::collections::VecDeque;

use drawloom::sync::{Arc, Condvar, Mutex};
use drawloom::thread;

const BUFFER_ROUNDS: usize = 7;
const QUEUE_SIZE: usize = 20;
const STACK_ROUNDS: usize = 10;

/// What the two threads share: the items, and whose turn it is.
struct Handoff {
    items: VecDeque<usize>,
    /// A copy of every item in the order in which they were put in.
    stored: Vec<usize>,
    may_send: bool,
    may_receive: bool,
}

impl Handoff {
    fn new() -> Arc<(Mutex<Handoff>, Condvar)> {
        let handoff =
            Handoff { items: VecDeque::new(), stored: Vec::new(), may_send: true, may_receive: false };
        Arc::new((Mutex::new(handoff), Condvar::new()))
    }

    fn send(&mut self, item: usize) {
        self.items.push_back(item);
        self.stored.push(item);
        self.may_send = false;
        self.may_receive = true;
    }

    fn receive(&mut self) -> usize {
        self.may_receive = false;
        self.may_send = true;
        self.items.pop_front().expect("an item was sent")
    }
}

pub(crate) fn circular_buffer() {
    let shared = Handoff::new();
    let theirs = shared.clone();
    let producer = thread::spawn(move || {
        for round in 0..BUFFER_ROUNDS {
            let mut handoff = theirs.0.lock().unwrap();
            if handoff.may_send {
                handoff.send(round);
            }
        }
    });
    for round in 0..BUFFER_ROUNDS {
        let mut handoff = shared.0.lock().unwrap();
        if handoff.may_receive {
            assert_eq!(handoff.receive(), round);
        }
    }
    producer.join().unwrap();
}

pub(crate) fn circular_buffer_repaired() {
    let shared = Handoff::new();
    let theirs = shared.clone();
    let producer = thread::spawn(move || {
        let (handoff, turned) = &*theirs;
        for round in 0..BUFFER_ROUNDS {
            let handoff = handoff.lock().unwrap();
            turned.wait_while(handoff, |handoff| !handoff.may_send).unwrap().send(round);
            turned.notify_one();
        }
    });
    let (handoff, turned) = &*shared;
    for round in 0..BUFFER_ROUNDS {
        let handoff = handoff.lock().unwrap();
        let mut handoff = turned.wait_while(handoff, |handoff| !handoff.may_receive).unwrap();
        assert_eq!(handoff.receive(), round);
        turned.notify_one();
    }
    producer.join().unwrap();
}

/// As the buffer, but the producer starts with an item that it does not ask leave for.
pub(crate) fn queue() {
    let shared = Handoff::new();
    let theirs = shared.clone();
    let producer = thread::spawn(move || {
        {
            let mut handoff = theirs.0.lock().unwrap();
            handoff.items.push_back(0);
            handoff.stored.push(0);
        }
        for item in 1..QUEUE_SIZE {
            let mut handoff = theirs.0.lock().unwrap();
            if handoff.may_send {
                handoff.send(item);
            }
        }
    });
    for round in 0..QUEUE_SIZE {
        let mut handoff = shared.0.lock().unwrap();
        if handoff.may_receive {
            let item = handoff.receive();
            assert_eq!(handoff.stored.get(round), Some(&item));
        }
    }
    producer.join().unwrap();
}

pub(crate) fn queue_repaired() {
    let shared = Handoff::new();
    let theirs = shared.clone();
    let producer = thread::spawn(move || {
        for item in 0..QUEUE_SIZE {
            theirs.0.lock().unwrap().send(item);
            theirs.1.notify_one();
        }
    });
    let (handoff, sent) = &*shared;
    for round in 0..QUEUE_SIZE {
        let handoff = handoff.lock().unwrap();
        let mut handoff = sent.wait_while(handoff, |handoff| handoff.items.is_empty()).unwrap();
        let item = handoff.receive();
        assert_eq!(handoff.stored[round], item);
    }
    producer.join().unwrap();
}

#[derive(Default)]
struct Stack {
    items: Vec<usize>,
    /// Set by the first push and never cleared.
    pushed: bool,
}

pub(crate) fn stack() {
    push_and_pop(|stack| stack.pushed);
}

pub(crate) fn stack_repaired() {
    push_and_pop(|stack| !stack.items.is_empty());
}

fn push_and_pop(may_pop: fn(&Stack) -> bool) {
    let stack = Arc::new(Mutex::new(Stack::default()));
    let theirs = stack.clone();
    let pusher = thread::spawn(move || {
        for item in 0..STACK_ROUNDS {
            let mut stack = theirs.lock().unwrap();
            stack.items.push(item);
            stack.pushed = true;
        }
    });
    let popper = thread::spawn(move || {
        for _ in 0..STACK_ROUNDS {
            let mut stack = stack.lock().unwrap();
            if may_pop(&stack) {
                stack.items.pop().expect("the stack does not underflow");
            }
        }
    });
    pusher.join().unwrap();
    popper.join().unwrap();
}
