//! The sending end of an unbounded channel.

use std::panic::Location;
use std::sync::Arc;

use super::error::SendError;
use super::real;
use super::senders::senders;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [tokio's `sync::mpsc::UnboundedSender`](::tokio::sync::mpsc::UnboundedSender).
pub struct UnboundedSender<T> {
    end: End<real::UnboundedSender<Kept<T>>>,
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
        let (channel, location) = (self.end.channel(), Location::caller());
        let result = channel.site(location).act(Verb::Send, || {
            let result = self.end.real().send(Kept::new(message));
            let is_same = result.is_err();
            (result, is_same)
        });
        if result.is_ok() {
            channel.note_sent(location);
        }
        result.map_err(|SendError(message)| SendError(message.into_inner()))
    }
}

senders! { UnboundedSender, WeakUnboundedSender }
