//! The receiving end, and its iterators.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::channel::Channel;

/// Receives from a channel; see [`std::sync::mpsc::Receiver`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::mpsc, thread, Config};
/// use drawloom::sync::mpsc::{RecvTimeoutError, TryRecvError};
/// use std::time::Duration;
///
/// let report = explore(Config::new().executions(100), || {
///     let (sender, receiver) = mpsc::channel::<u32>();
///     assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
///     // An hour of virtual time.
///     let hour = Duration::from_secs(3600);
///     assert_eq!(receiver.recv_timeout(hour), Err(RecvTimeoutError::Timeout));
///     thread::spawn(move || drop(sender));
///     assert!(receiver.recv().is_err());
/// });
/// assert!(report.passed());
/// ```
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    /// std's is not `Sync`: there is one receiver at a time.
    marker: PhantomData<Cell<()>>,
}

/// The messages of a channel, until its senders are gone; see [`std::sync::mpsc::Iter`].
#[derive(Debug)]
pub struct Iter<'a, T: 'a> {
    rx: &'a Receiver<T>,
}

/// The messages that a channel has now; see [`std::sync::mpsc::TryIter`].
#[derive(Debug)]
pub struct TryIter<'a, T: 'a> {
    rx: &'a Receiver<T>,
}

/// The messages of a channel, until its senders are gone; see [`std::sync::mpsc::IntoIter`].
#[derive(Debug)]
pub struct IntoIter<T> {
    rx: Receiver<T>,
}

impl<T> Receiver<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Receiver<T> {
        Receiver { channel, marker: PhantomData }
    }

    /// Takes the first message if there is one now.
    ///
    /// # Errors
    ///
    /// Whether there is no message, or will never be one, as the senders are gone.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_receive()
    }

    /// Takes the first message, waiting for one.
    ///
    /// # Errors
    ///
    /// If there is none and the senders are gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.channel.receive(None).map_err(|_| RecvError)
    }

    /// As [`Receiver::recv`], for at most `timeout`: of virtual time, inside an exploration.
    ///
    /// # Errors
    ///
    /// If there is no message, and either the time is over or the senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.channel.receive(Some(timeout))
    }

    /// The messages, waiting for each, until the senders are gone.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { rx: self }
    }

    /// The messages that are there now.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.drop_receiver();
    }
}

// As std's: the other end sees nothing but whole messages.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.rx.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { rx: self }
    }
}
