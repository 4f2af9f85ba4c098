//! Mirror of [tokio's `sync::mpsc`](::tokio::sync::mpsc).
//!
//! tokio's own channel carries the messages. What it drops in an act, as the queue of a receiver that is dropped, is dropped after
//! the act. To send to a bounded channel is two acts: to get a place, and to put the message there. In between the receiver may be
//! dropped; the message stays in the channel then until all its senders are dropped, too.

mod permit;
mod receiver;
mod sender;
mod senders;
mod unbounded;

use ::tokio::sync::mpsc as real;
pub use ::tokio::sync::mpsc::error;

pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use receiver::{Receiver, UnboundedReceiver};
pub use sender::{Sender, WeakSender};
pub use unbounded::{UnboundedSender, WeakUnboundedSender};

use super::end::Channel;
use crate::rt::current;

/// How reports call one.
const NAME: &str = "mpsc channel";

/// Mirror of [tokio's `sync::mpsc::channel`](::tokio::sync::mpsc::channel).
///
/// # Panics
///
/// If the buffer is to hold nothing, or more than can be counted.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let buffer = current().map_or(buffer, |current| current.capacity_for(buffer));
    let (sender, receiver) = real::channel(buffer);
    let channel = Channel::new(NAME);
    (Sender::new(sender, &channel), Receiver::new(receiver, &channel))
}

/// Mirror of [tokio's `sync::mpsc::unbounded_channel`](::tokio::sync::mpsc::unbounded_channel).
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = real::unbounded_channel();
    let channel = Channel::new(NAME);
    (UnboundedSender::new(sender, &channel), UnboundedReceiver::new(receiver, &channel))
}
