//! Channels: drawloom's. A message that nobody has received or dropped when the execution ends is a leak: its
//! receiver was forgotten, for one that is dropped drops what is in the channel.

use std::fmt;
use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError};
use std::time::Duration;

use drawloom::alloc::Track;

use crate::outside;

/// Creates a channel without bound; see [`std::sync::mpsc::channel`].
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    outside::check("loom::sync::mpsc::channel");
    let (sender, receiver) = drawloom::sync::mpsc::channel();
    (Sender(sender), Receiver(receiver))
}

/// The end of a channel that sends; see [`std::sync::mpsc::Sender`].
pub struct Sender<T>(drawloom::sync::mpsc::Sender<Track<T>>);

impl<T> Sender<T> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        outside::check("loom::sync::mpsc::Sender");
        let sent = self.0.send(Track::named("Message", msg));
        sent.map_err(|SendError(message)| SendError(message.into_inner()))
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// The end of a channel that receives; see [`std::sync::mpsc::Receiver`].
pub struct Receiver<T>(drawloom::sync::mpsc::Receiver<Track<T>>);

impl<T> Receiver<T> {
    /// Waits for a message.
    ///
    /// # Errors
    ///
    /// If the channel is empty and all senders are gone.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        outside::check("loom::sync::mpsc::Receiver");
        self.0.recv().map(Track::into_inner)
    }

    /// Waits for a message, for at most `timeout` of virtual time, which passes when nothing else can go on.
    ///
    /// # Errors
    ///
    /// If the time is over, or the channel is empty and all senders are gone.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        outside::check("loom::sync::mpsc::Receiver");
        self.0.recv_timeout(timeout).map(Track::into_inner)
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// If there is none.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        outside::check("loom::sync::mpsc::Receiver");
        self.0.try_recv().map(Track::into_inner)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
