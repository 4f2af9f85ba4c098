//! Channels; mirrors [`std::sync::mpsc`], with every send, receive and disconnection a scheduling point.
//!
//! The messages of a channel are in one queue, inside an exploration and outside. Who may send or receive is
//! decided by the model inside, and by a std mutex and condition variable outside; so a channel that was made
//! outside can be used inside, with the messages that it has.

mod channel;
mod receiver;
mod sender;

use std::sync::Arc;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::{Sender, SyncSender};

use channel::Channel;

use crate::rt::current;

/// Creates a channel that holds any number of messages; see [`std::sync::mpsc::channel`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::mpsc, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let (sender, receiver) = mpsc::channel();
///     let thread = thread::spawn(move || {
///         sender.send(1).unwrap();
///         sender.send(2).unwrap();
///     });
///     assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2]);
///     thread.join().unwrap();
/// });
/// assert!(report.passed());
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(None));
    (Sender::new(Arc::clone(&channel)), Receiver::new(channel))
}

/// Creates a channel that holds `bound` messages; with 0, a send waits until its message is taken. See
/// [`std::sync::mpsc::sync_channel`].
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let bound = current().map_or(bound, |current| current.capacity_for(bound));
    let channel = Arc::new(Channel::new(Some(bound)));
    (SyncSender::new(Arc::clone(&channel)), Receiver::new(channel))
}
