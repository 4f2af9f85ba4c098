//! oneshot 0.1.2 to 0.1.11: the destructor of a receiver that was polled lets go of the channel before it drops
//! the waker in it, and the sender may free the channel in between. RUSTSEC-2026-0005, fixed in 0.1.12.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::thread::ThreadId;

use drawloom_quarantine::{Quarantine, Watch, is_freed};

#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

/// Wakes nobody, but knows where the channel is that it is kept in, and whose the receiver is.
struct Witness {
    channel: usize,
    receiver: ThreadId,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Witness {
    fn drop(&mut self) {
        if thread::current().id() == self.receiver {
            // A waker may take its time, and use locks and atomics: a point where the sender may go on.
            thread::yield_now();
            assert!(!is_freed(self.channel), "the receiver uses a channel that the sender has freed");
        }
    }
}

#[drawloom::test]
fn the_receiver_drops_its_waker_while_there_is_a_channel() {
    let watch = Watch::new(1..=256);
    let (sender, mut receiver) = oneshot::channel::<u32>();
    let witness = Arc::new(Witness { channel: watch.latest().unwrap(), receiver: thread::current().id() });
    let waker = Waker::from(witness);
    let polled = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    // What is in the channel is the last one.
    drop(waker);
    let other = thread::spawn(move || drop(sender));
    drop(receiver);
    other.join().unwrap();
}
