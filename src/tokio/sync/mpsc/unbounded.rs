//! The sending end of an unbounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::error::SendError;
use super::real;
use crate::rt::op::verb::Verb;
use crate::tokio::act::Kept;
use crate::tokio::leaf::Leaf;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [tokio's `sync::mpsc::UnboundedSender`](::tokio::sync::mpsc::UnboundedSender).
pub struct UnboundedSender<T> {
    end: End<real::UnboundedSender<Kept<T>>>,
}

/// Mirror of [tokio's `sync::mpsc::WeakUnboundedSender`](::tokio::sync::mpsc::WeakUnboundedSender).
pub struct WeakUnboundedSender<T> {
    real: real::WeakUnboundedSender<Kept<T>>,
    channel: Arc<Channel>,
}

impl<T> UnboundedSender<T> {
    pub(super) fn new(real: real::UnboundedSender<Kept<T>>, channel: &Arc<Channel>) -> UnboundedSender<T> {
        UnboundedSender { end: End::new(real, channel, Verb::DropSender) }
    }

    /// Sends the message.
    ///
    /// # Errors
    ///
    /// If the channel is closed: the message.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let result = self.end.channel().site(Location::caller()).act(Verb::Send, || {
            let result = self.end.real().send(Kept::new(message));
            let is_same = result.is_err();
            (result, is_same)
        });
        result.map_err(|SendError(message)| SendError(message.into_inner()))
    }

    /// Waits until the channel is closed, or has no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let site = self.end.channel().site(Location::caller());
        Leaf::new(&site, Verb::AwaitClosed, self.end.real().closed())
    }

    /// Whether the channel is closed.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_closed())
    }

    /// Whether both send to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.end.real().same_channel(other.end.real())
    }

    /// A sender that does not keep the channel open.
    #[must_use = "downgrade creates a WeakSender without destroying the original non-weak sender"]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { real: self.end.real().downgrade(), channel: Arc::clone(self.end.channel()) }
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.look(Location::caller(), |real| real.strong_count())
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.end.look(Location::caller(), |real| real.weak_count())
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> UnboundedSender<T> {
        UnboundedSender::new(self.end.real().clone(), self.end.channel())
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender").finish_non_exhaustive()
    }
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, if there still is one.
    #[track_caller]
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        let site = self.channel.site(Location::caller());
        let real = site.act(Verb::Upgrade, || {
            let real = self.real.upgrade();
            let is_same = real.is_none();
            (real, is_same)
        });
        real.map(|real| UnboundedSender::new(real, &self.channel))
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.channel.site(Location::caller()).look(|| self.real.strong_count())
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.channel.site(Location::caller()).look(|| self.real.weak_count())
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { real: self.real.clone(), channel: Arc::clone(&self.channel) }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish_non_exhaustive()
    }
}
