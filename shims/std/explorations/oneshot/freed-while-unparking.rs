//! oneshot 0.1.11 to 0.1.13: the receiver's destructor can take its own mark for the sender's, and free the
//! channel while the sender still takes the waker from it. Reported in August 2026
//! (https://github.com/faern/oneshot/issues/87), not fixed in 0.1.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use drawloom_quarantine::{Quarantine, Watch, is_freed};

#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

/// Wakes nobody, but knows where the channel is that it is kept in.
struct Witness {
    channel: usize,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        // Only the sender wakes, with what it has just read in the channel.
        assert!(!is_freed(self.channel), "the sender uses a channel that the receiver has freed");
    }
}

#[drawloom::test]
fn the_sender_wakes_while_there_is_a_channel() {
    let watch = Watch::new(1..=256);
    let (sender, mut receiver) = oneshot::channel();
    let witness = Arc::new(Witness { channel: watch.latest().unwrap() });
    let waker = Waker::from(witness);
    let polled = Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    let other = thread::spawn(move || drop(sender.send(7)));
    drop(receiver);
    other.join().unwrap();
}
