//! Finds what `tokio` 1.13.1 repaired (RUSTSEC-2021-0124): a data race between sending and receiving on a oneshot
//! channel that the receiver has closed.
//!
//! shims/loom/try.sh --add shims/loom/explorations/tokio.rs --into src/sync/tests tokio 1.13.0 added

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use crate::sync::oneshot;
use loom::thread;

#[test]
fn added_receiver_polled_after_closing() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let thread = thread::spawn(move || {
            let _ = sender.send(1);
        });
        let mut context = Context::from_waker(Waker::noop());
        if Pin::new(&mut receiver).poll(&mut context).is_pending() {
            receiver.close();
            let _ = Pin::new(&mut receiver).poll(&mut context);
        }
        thread.join().unwrap();
    });
}

#[test]
fn added_receiver_tried_after_closing() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let thread = thread::spawn(move || {
            let _ = sender.send(1);
        });
        receiver.close();
        let _ = receiver.try_recv();
        thread.join().unwrap();
    });
}
