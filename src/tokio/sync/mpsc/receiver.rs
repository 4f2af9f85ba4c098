//! The receiving ends.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::error::TryRecvError;
use super::real;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::runtime::block_outside_tasks;
use crate::tokio::sync::end::{Channel, End};

/// Mirror of [tokio's `sync::mpsc::Receiver`](::tokio::sync::mpsc::Receiver).
pub struct Receiver<T> {
    end: End<real::Receiver<Kept<T>>>,
}

/// Mirror of [tokio's `sync::mpsc::UnboundedReceiver`](::tokio::sync::mpsc::UnboundedReceiver).
pub struct UnboundedReceiver<T> {
    end: End<real::UnboundedReceiver<Kept<T>>>,
}

impl<T> Receiver<T> {
    /// How many more messages the channel takes.
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.look(Location::caller(), |real| real.capacity())
    }

    /// How many messages the channel takes at all.
    pub fn max_capacity(&self) -> usize {
        self.end.real().max_capacity()
    }
}

macro_rules! receiver {
    ($name:ident) => {
        impl<T> $name<T> {
            pub(super) fn new(real: real::$name<Kept<T>>, channel: &Arc<Channel>) -> $name<T> {
                $name { end: End::receiving(real, channel, |real| real.len()) }
            }

            /// Waits for a message: `None` if there are no more, as the channel is closed or has no senders.
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                let location = Location::caller();
                async move { poll_fn(|context| self.poll_at(context, location)).await }
            }

            /// Waits for messages, and takes so many that are there. Returns how many.
            #[track_caller]
            pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
                let location = Location::caller();
                async move { poll_fn(|context| self.poll_many_at(context, buffer, limit, location)).await }
            }

            /// Takes a message, if there is one.
            ///
            /// # Errors
            ///
            /// If there is none now, or ever.
            #[track_caller]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                let (real, channel) = self.end.both();
                let result = channel.site(Location::caller()).act(Verb::TryReceive, || {
                    let result = real.try_recv();
                    let is_same = result.is_err();
                    (result, is_same)
                });
                channel.note_received(usize::from(result.is_ok()));
                result.map(Kept::into_inner)
            }

            /// Blocks the thread until there is a message.
            ///
            /// # Panics
            ///
            /// Inside a task.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                block_outside_tasks(self.recv())
            }

            /// Blocks the thread until there are messages.
            ///
            /// # Panics
            ///
            /// Inside a task.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                block_outside_tasks(self.recv_many(buffer, limit))
            }

            /// Lets nobody send any more. What is in the channel can still be received.
            #[track_caller]
            pub fn close(&mut self) {
                let (real, channel) = self.end.both();
                channel.site(Location::caller()).change(Verb::Close, || real.close());
            }

            /// Whether nobody can send any more.
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                self.end.look(Location::caller(), |real| real.is_closed())
            }

            /// Whether no message is in the channel.
            #[track_caller]
            pub fn is_empty(&self) -> bool {
                self.end.look(Location::caller(), |real| real.is_empty())
            }

            /// How many messages are in the channel.
            #[track_caller]
            pub fn len(&self) -> usize {
                self.end.look(Location::caller(), |real| real.len())
            }

            /// Polls for a message.
            #[track_caller]
            pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
                self.poll_at(context, Location::caller())
            }

            /// Polls for messages.
            #[track_caller]
            pub fn poll_recv_many(
                &mut self,
                context: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                self.poll_many_at(context, buffer, limit, Location::caller())
            }

            fn poll_at(
                &mut self,
                context: &mut Context<'_>,
                location: &'static Location<'static>,
            ) -> Poll<Option<T>> {
                let (real, channel) = self.end.both();
                let result =
                    channel.site(location).poll(Verb::Receive, context, |context| real.poll_recv(context));
                channel.note_received(usize::from(matches!(result, Poll::Ready(Some(_)))));
                result.map(|message| message.map(Kept::into_inner))
            }

            fn poll_many_at(
                &mut self,
                context: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
                location: &'static Location<'static>,
            ) -> Poll<usize> {
                let (real, channel) = self.end.both();
                let mut messages = Vec::new();
                let result = channel.site(location).poll(Verb::Receive, context, |context| {
                    real.poll_recv_many(context, &mut messages, limit)
                });
                channel.note_received(messages.len());
                buffer.extend(messages.into_iter().map(Kept::into_inner));
                result
            }

            /// How many senders there are.
            #[track_caller]
            pub fn sender_strong_count(&self) -> usize {
                self.end.count(Location::caller(), |real| real.sender_strong_count())
            }

            /// How many weak senders there are.
            #[track_caller]
            pub fn sender_weak_count(&self) -> usize {
                self.end.count(Location::caller(), |real| real.sender_weak_count())
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

receiver! { Receiver }
receiver! { UnboundedReceiver }
