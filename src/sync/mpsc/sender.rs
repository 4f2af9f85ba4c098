//! The sending ends.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{SendError, TrySendError};

use super::channel::Channel;

/// Sends to a channel that holds any number of messages; see [`std::sync::mpsc::Sender`].
pub struct Sender<T>(Arc<Channel<T>>);

/// Sends to a channel that holds so many messages, or hands over; see [`std::sync::mpsc::SyncSender`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::mpsc::{sync_channel, TrySendError}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let (sender, receiver) = sync_channel(1);
///     sender.send(1).unwrap();
///     assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
///     let thread = thread::spawn(move || sender.send(2).unwrap());
///     assert_eq!(receiver.recv(), Ok(1));
///     assert_eq!(receiver.recv(), Ok(2));
///     thread.join().unwrap();
/// });
/// assert!(report.passed());
/// ```
pub struct SyncSender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Sender<T> {
        Sender(channel)
    }

    /// Sends a message; never waits.
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.0.send(t)
    }
}

impl<T> SyncSender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> SyncSender<T> {
        SyncSender(channel)
    }

    /// Sends a message, waiting for room, or until it is taken if the channel hands over.
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        self.0.send(t)
    }

    /// Sends a message if there is room now, or the receiver waits for it if the channel hands over.
    ///
    /// # Errors
    ///
    /// The message, if there is no room or the receiver is gone.
    #[track_caller]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(t)
    }
}

macro_rules! sender_traits {
    ($($sender:ident)*) => {$(
        impl<T> Clone for $sender<T> {
            fn clone(&self) -> Self {
                self.0.add_sender();
                $sender(Arc::clone(&self.0))
            }
        }

        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                self.0.drop_sender();
            }
        }

        // As std's: the other end sees nothing but whole messages.
        impl<T> UnwindSafe for $sender<T> {}
        impl<T> RefUnwindSafe for $sender<T> {}

        impl<T> fmt::Debug for $sender<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($sender)).finish_non_exhaustive()
            }
        }
    )*};
}

sender_traits! { Sender SyncSender }
