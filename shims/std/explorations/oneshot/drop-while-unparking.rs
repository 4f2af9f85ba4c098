//! oneshot up to 0.1.10: a receiver that was polled, and is dropped while the sender is about to wake it, finds a
//! state that its destructor calls unreachable. Fixed in 0.1.11 (its changelog).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;

use drawloom_quarantine::{Quarantine, Watch};

// 0.1.11 to 0.1.13 free the channel too early here, which `freed-while-unparking` shows: with this allocator it
// does no harm.
#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

#[drawloom::test]
fn a_polled_receiver_can_be_dropped() {
    let _watch = Watch::new(1..=256);
    let (sender, mut receiver) = oneshot::channel();
    let polled = Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let other = thread::spawn(move || drop(sender.send(7)));
    drop(receiver);
    other.join().unwrap();
}
