//! The sending end of a bounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use super::error::{SendError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator};
use super::real;
use crate::rt::op::verb::Verb;
use crate::tokio::act::Kept;
use crate::tokio::leaf::Leaf;
use crate::tokio::runtime::block_outside_tasks;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [`tokio::sync::mpsc::Sender`](::tokio::sync::mpsc::Sender).
pub struct Sender<T> {
    end: End<real::Sender<Kept<T>>>,
}

/// Mirror of [`tokio::sync::mpsc::WeakSender`](::tokio::sync::mpsc::WeakSender).
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

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        let (channel, location) = (self.end.channel(), Location::caller());
        let leaf = Leaf::new(&channel.site(location), Verb::Reserve, self.end.real().reserve());
        async move { Ok(Permit::new(leaf.await?, channel, location)) }
    }

    /// Waits for so many places.
    ///
    /// # Errors
    ///
    /// If the channel is closed, or never has as many.
    #[track_caller]
    pub fn reserve_many(
        &self,
        count: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        let (channel, location) = (self.end.channel(), Location::caller());
        let leaf = Leaf::new(&channel.site(location), Verb::Reserve, self.end.real().reserve_many(count));
        async move { Ok(PermitIterator::new(leaf.await?, channel, location)) }
    }

    /// Waits for a place; the permit borrows nothing.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        let location = Location::caller();
        async move {
            // Up to here, to drop the future is to drop a sender.
            let (real, channel) = self.end.take();
            let permit = Leaf::new(&channel.site(location), Verb::Reserve, real.reserve_owned()).await?;
            Ok(OwnedPermit::new(permit, &channel, location))
        }
    }

    /// Takes a place if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, or the channel is closed.
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let (channel, location) = (self.end.channel(), Location::caller());
        let permit = self.try_act(Verb::TryReserve, location, |real| real.try_reserve())?;
        Ok(Permit::new(permit, channel, location))
    }

    /// Takes so many places if there are as many.
    ///
    /// # Errors
    ///
    /// If there are not, or the channel is closed.
    #[track_caller]
    pub fn try_reserve_many(&self, count: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        let (channel, location) = (self.end.channel(), Location::caller());
        let permits = self.try_act(Verb::TryReserve, location, |real| real.try_reserve_many(count))?;
        Ok(PermitIterator::new(permits, channel, location))
    }

    /// Takes a place if there is one; the permit borrows nothing.
    ///
    /// # Errors
    ///
    /// If there is none, or the channel is closed: the sender.
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let location = Location::caller();
        let (real, channel) = self.end.take();
        let result = channel.site(location).act(Verb::TryReserve, || {
            let result = real.try_reserve_owned();
            let is_same = result.is_err();
            (result, is_same)
        });
        match result {
            Ok(permit) => Ok(OwnedPermit::new(permit, &channel, location)),
            Err(TrySendError::Full(real)) => Err(TrySendError::Full(Sender::new(real, &channel))),
            Err(TrySendError::Closed(real)) => Err(TrySendError::Closed(Sender::new(real, &channel))),
        }
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
    fn try_act<'a, R, E>(
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
