//! Places in a bounded channel. To drop one gives it back, in an act.

use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
use std::sync::Arc;

use super::real;
use super::sender::Sender;
use crate::rt::op::verb::Verb;
use crate::tokio::act::Kept;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [`tokio::sync::mpsc::Permit`](::tokio::sync::mpsc::Permit).
#[must_use]
pub struct Permit<'a, T> {
    end: End<real::Permit<'a, Kept<T>>>,
}

/// Mirror of [`tokio::sync::mpsc::PermitIterator`](::tokio::sync::mpsc::PermitIterator).
#[must_use]
pub struct PermitIterator<'a, T> {
    end: End<real::PermitIterator<'a, Kept<T>>>,
}

/// Mirror of [`tokio::sync::mpsc::OwnedPermit`](::tokio::sync::mpsc::OwnedPermit).
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
