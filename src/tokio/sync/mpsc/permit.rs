//! Places in a bounded channel. To drop one gives it back, in an act.

use std::fmt;
use std::future::Future;
use std::iter::FusedIterator;
use std::panic::Location;
use std::sync::Arc;

use super::error::{SendError, TrySendError};
use super::real;
use super::sender::Sender;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::leaf::Taking;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [tokio's `sync::mpsc::Permit`](::tokio::sync::mpsc::Permit).
#[must_use]
pub struct Permit<'a, T> {
    end: End<real::Permit<'a, Kept<T>>>,
}

/// Mirror of [tokio's `sync::mpsc::PermitIterator`](::tokio::sync::mpsc::PermitIterator).
#[must_use]
pub struct PermitIterator<'a, T> {
    end: End<real::PermitIterator<'a, Kept<T>>>,
}

/// Mirror of [tokio's `sync::mpsc::OwnedPermit`](::tokio::sync::mpsc::OwnedPermit).
#[must_use]
pub struct OwnedPermit<T> {
    end: End<real::OwnedPermit<Kept<T>>>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(
        real: real::Permit<'a, Kept<T>>,
        channel: &Arc<Channel>,
        location: &'static Location<'static>,
    ) -> Permit<'a, T> {
        Permit { end: End::at(real, channel, Verb::Release, location) }
    }

    /// Sends a message to this place, whether there is a receiver or not.
    #[track_caller]
    pub fn send(self, value: T) {
        self.send_at(value, Location::caller());
    }

    pub(super) fn send_at(self, value: T, location: &'static Location<'static>) {
        let (real, channel) = self.end.take();
        channel.site(location).change(Verb::Send, || real.send(Kept::new(value)));
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(
        real: real::PermitIterator<'a, Kept<T>>,
        channel: &Arc<Channel>,
        location: &'static Location<'static>,
    ) -> PermitIterator<'a, T> {
        let mut end = End::at(real, channel, Verb::Release, location);
        if end.real().len() == 0 {
            end.set_over();
        }
        PermitIterator { end }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        // The places are had already: to take one of them changes nothing.
        let permit = self.end.real_mut().next()?;
        if self.end.real().len() == 0 {
            self.end.set_over();
        }
        Some(Permit::new(permit, self.end.channel(), self.end.location()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.end.real().size_hint()
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator").field("capacity", &self.len()).finish_non_exhaustive()
    }
}

impl<T> OwnedPermit<T> {
    pub(super) fn new(
        real: real::OwnedPermit<Kept<T>>,
        channel: &Arc<Channel>,
        location: &'static Location<'static>,
    ) -> OwnedPermit<T> {
        OwnedPermit { end: End::at(real, channel, Verb::Release, location) }
    }

    /// Sends a message to this place, whether there is a receiver or not. Returns the sender.
    #[track_caller]
    pub fn send(self, value: T) -> Sender<T> {
        let (real, channel) = self.end.take();
        let real = channel.site(Location::caller()).change(Verb::Send, || real.send(Kept::new(value)));
        Sender::new(real, &channel)
    }

    /// Gives the place back. Returns the sender.
    #[track_caller]
    pub fn release(self) -> Sender<T> {
        let (real, channel) = self.end.take();
        let real = channel.site(Location::caller()).change(Verb::Release, || real.release());
        Sender::new(real, &channel)
    }

    /// Whether both are places in the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.end.real().same_channel(other.end.real())
    }

    /// Whether the sender sends to the channel of this place.
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.end.real().same_channel_as_sender(sender.real())
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}

/// Taking places.
impl<T> Sender<T> {
    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        let (channel, location) = (self.end.channel(), Location::caller());
        let real = self.end.real();
        let again = |permit| if real.is_closed() { Err(SendError(())) } else { Ok(permit) };
        let leaf = Taking::new(&channel.site(location), Verb::Reserve, real.reserve(), again);
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
        let real = self.end.real();
        let again = |permits| if real.is_closed() { Err(SendError(())) } else { Ok(permits) };
        let leaf = Taking::new(&channel.site(location), Verb::Reserve, real.reserve_many(count), again);
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
            // Where it has given way, it does not learn that the channel was closed meanwhile: the sender is in the permit.
            let permit =
                Taking::new(&channel.site(location), Verb::Reserve, real.reserve_owned(), Ok).await?;
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
}
