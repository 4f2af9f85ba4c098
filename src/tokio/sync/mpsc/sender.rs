//! The sending end of a bounded channel.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::error::{SendError, SendTimeoutError, TrySendError};
use super::real;
use super::senders::senders;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::runtime::block_outside_tasks;
use crate::tokio::sync::end::{Channel, End};
use crate::tokio::time::timeout;

/// Mirror of [tokio's `sync::mpsc::Sender`](::tokio::sync::mpsc::Sender).
pub struct Sender<T> {
    pub(super) end: End<real::Sender<Kept<T>>>,
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

    /// Waits for a place, but no longer than this, and sends the message there.
    ///
    /// # Errors
    ///
    /// If the time is over, or the channel is closed: the message.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        limit: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> {
        let (reserving, location) = (timeout(limit, self.reserve()), Location::caller());
        async move {
            match reserving.await {
                Ok(Ok(permit)) => {
                    permit.send_at(value, location);
                    Ok(())
                }
                Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
                Err(_) => Err(SendTimeoutError::Timeout(value)),
            }
        }
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

    /// How many more messages the channel takes.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.look(Location::caller(), |real| real.capacity())
    }

    /// How many messages the channel takes at all.
    pub fn max_capacity(&self) -> usize {
        self.end.real().max_capacity()
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

senders! { Sender, WeakSender }
