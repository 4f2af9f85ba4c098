//! crossbeam-channel 0.5.12 to 0.5.14: if the receiver goes while one sender allocates the first block and another
//! has sent into it, the receiver frees the block and leaves the pointer to it, and the channel's end frees it
//! again. RUSTSEC-2025-0024, fixed in 0.5.15.

use std::thread;

use crossbeam_channel::unbounded;
use drawloom_quarantine::{Quarantine, Watch};

#[global_allocator]
static ALLOCATOR: Quarantine = Quarantine;

/// Large, so that a block of messages is the only allocation of its size.
type Message = [u64; 64];

#[drawloom::test]
fn the_first_block_is_freed_once() {
    let watch = Watch::new(31 * size_of::<Message>()..=usize::MAX);
    let (sender, receiver) = unbounded::<Message>();
    let others = [sender.clone(), sender].map(|sender| thread::spawn(move || drop(sender.send([0; 64]))));
    drop(receiver);
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(watch.double_frees(), 0, "a block of messages was freed twice");
}
