//! crossbeam-channel up to 0.5.11: if the receiver goes while the first message is on its way, it can overwrite
//! the pointer to the block that the sender has just allocated, which is then lost.
//! https://github.com/crossbeam-rs/crossbeam/pull/1084, fixed in 0.5.12.

use std::thread;

use crossbeam_channel::unbounded;
use drawloom_quarantine::{Quarantine, Watch};

#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

/// Large, so that a block of messages is the only allocation of its size.
type Message = [u64; 64];

#[drawloom::test]
fn the_first_block_is_freed() {
    let watch = Watch::new(31 * size_of::<Message>()..=usize::MAX);
    let (sender, receiver) = unbounded::<Message>();
    let other = thread::spawn(move || drop(sender.send([0; 64])));
    drop(receiver);
    other.join().unwrap();
    assert_eq!(watch.alive(), 0, "a block of messages is left over");
}
