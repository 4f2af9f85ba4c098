//! The sending end of a bounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::error::{SendError, TrySendError};
use super::real;
use crate::rt::op::verb::Verb;
use crate::tokio::act::Kept;
use crate::tokio::leaf::Leaf;
use crate::tokio::runtime::block_outside_tasks;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [tokio's `sync::mpsc::Sender`](::tokio::sync::mpsc::Sender).
pub struct Sender<T> {
    pub(super) end: End<real::Sender<Kept<T>>>,
}

/// Mirror of [tokio's `sync::mpsc::WeakSender`](::tokio::sync::mpsc::WeakSender).
pub struct WeakSender<T> {
    real: real::WeakSender<Kept<T>>,
    channel: Arc<Channel>,
}

impl<T> Sender<T> {
    pub(super) fn new(real: real::Sender<Kept<T>>, channel: &Arc<Channel>) -> Sender<T> {
        Sender { end: End::new(real, channel, Verb::DropSender) }
    }

    pub(super) fn real(&self) -> &real::Sender<Kept<T>> {
        self.end.real()
    }

    /// Waits for a place, and sends the message there.
    ///
    /// # Errors
    ///
    /// If the channel is closed: the message.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        let (reserving, location) = (self.reserve(), Location::caller());
        async move {
            match reserving.await {
                Ok(permit) => {
                    permit.send_at(value, location);
                    Ok(())
                }
                Err(_) => Err(SendError(value)),
            }
        }
    }

    /// Waits until the channel is closed, or has no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let site = self.end.channel().site(Location::caller());
        Leaf::new(&site, Verb::AwaitClosed, self.end.real().closed())
    }

    /// Sends the message if there is a place.
    ///
    /// # Errors
    ///
    /// If there is none, or the channel is closed: the message.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let result =
            self.try_act(Verb::TrySend, Location::caller(), |real| real.try_send(Kept::new(message)));
        result.map_err(|error| match error {
            TrySendError::Full(message) => TrySendError::Full(message.into_inner()),
            TrySendError::Closed(message) => TrySendError::Closed(message.into_inner()),
        })
    }

    /// Blocks the thread until the message is sent.
    ///
    /// # Errors
    ///
    /// If the channel is closed: the message.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        block_outside_tasks(self.send(value))
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

    /// How many more messages the channel takes.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.look(Location::caller(), |real| real.capacity())
    }

    /// A sender that does not keep the channel open.
    #[must_use = "downgrade creates a WeakSender without destroying the original non-weak sender"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { real: self.end.real().downgrade(), channel: Arc::clone(self.end.channel()) }
    }

    /// How many messages the channel takes at all.
    pub fn max_capacity(&self) -> usize {
        self.end.real().max_capacity()
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

    /// One step that leaves the channel as it was if it fails.
    pub(super) fn try_act<'a, R, E>(
        &'a self,
        verb: Verb,
        location: &'static Location<'static>,
        act: impl FnOnce(&'a real::Sender<Kept<T>>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.end.channel().site(location).act(verb, || {
            let result = act(self.end.real());
            let is_same = result.is_err();
            (result, is_same)
        })
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender::new(self.end.real().clone(), self.end.channel())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> WeakSender<T> {
    /// A sender, if there still is one.
    #[track_caller]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let site = self.channel.site(Location::caller());
        let real = site.act(Verb::Upgrade, || {
            let real = self.real.upgrade();
            let is_same = real.is_none();
            (real, is_same)
        });
        real.map(|real| Sender::new(real, &self.channel))
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

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender { real: self.real.clone(), channel: Arc::clone(&self.channel) }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
