//! oneshot: what is sent arrives, or comes back, or is dropped once, whatever the two sides do meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use drawloom::future::block_on;
use oneshot::{RecvTimeoutError, channel};

/// A message that counts how often one of its kind is dropped.
#[derive(Debug)]
struct Message(Arc<AtomicUsize>);

impl Drop for Message {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[drawloom::test]
fn a_message_arrives() {
    let (sender, receiver) = channel();
    let other = thread::spawn(move || sender.send(7).unwrap());
    assert_eq!(receiver.recv(), Ok(7));
    other.join().unwrap();
}

#[drawloom::test]
fn a_message_arrives_where_it_is_awaited() {
    let (sender, receiver) = channel();
    let other = thread::spawn(move || sender.send(7).unwrap());
    assert_eq!(block_on(receiver), Ok(7));
    other.join().unwrap();
}

#[drawloom::test]
fn a_receiver_learns_that_the_sender_is_gone() {
    let (sender, receiver) = channel::<u32>();
    let other = thread::spawn(move || drop(sender));
    assert!(receiver.recv().is_err());
    other.join().unwrap();
}

#[drawloom::test(timeouts = "any")]
fn a_message_is_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = channel();
    let message = Message(drops.clone());
    let other = thread::spawn(move || sender.send(message).is_ok());
    match receiver.recv_timeout(Duration::from_millis(1)) {
        Ok(message) => drop(message),
        Err(RecvTimeoutError::Timeout) => drop(receiver),
        Err(RecvTimeoutError::Disconnected) => panic!("the sender sends before it goes"),
    }
    other.join().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}
