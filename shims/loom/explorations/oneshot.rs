//! Finds what `oneshot` 0.1.11 and 0.1.12 repaired: a receiver that was polled is dropped while a message is being
//! sent. In 0.1.10 the drop panics; in 0.1.11 it frees the channel that the sender still uses (RUSTSEC-2026-0005).
//!
//! shims/loom/try.sh --add shims/loom/explorations/oneshot.rs --features std,async,loom oneshot 0.1.11 added

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::thread;

type Received = Result<u32, oneshot::RecvError>;

fn poll(receiver: &mut oneshot::Receiver<u32>) -> Poll<Received> {
    Pin::new(receiver).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn added_receiver_dropped_while_sending() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let thread = thread::spawn(move || drop(sender.send(1)));
        if poll(&mut receiver).is_pending() {
            drop(receiver);
        }
        thread.join().unwrap();
    });
}

#[test]
fn added_receiver_tried_while_sending() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let thread = thread::spawn(move || drop(sender.send(1)));
        if poll(&mut receiver).is_pending() {
            // Not there yet, or there: both are right, a panic is not.
            let _ = receiver.try_recv();
        }
        thread.join().unwrap();
    });
}
