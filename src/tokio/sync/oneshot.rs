//! Mirror of [tokio's `sync::oneshot`](::tokio::sync::oneshot), on tokio's own: each operation is one act. A value that nobody
//! receives is dropped after the act that drops the receiver.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::end::{Channel, End};
use crate::rt::current;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::await_site::await_site;
use crate::tokio::runtime::block_outside_tasks;

use ::tokio::sync::oneshot as real;
pub use ::tokio::sync::oneshot::error;
use error::{RecvError, TryRecvError};

/// Mirror of [tokio's `sync::oneshot::channel`](::tokio::sync::oneshot::channel).
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::channel();
    let channel = Channel::new("oneshot channel");
    let sender = Sender { end: End::new(sender, &channel, Verb::DropSender) };
    (
        sender,
        Receiver {
            end: End::receiving(receiver, &channel, |real| usize::from(!real.is_empty())),
            awaited_at: None,
        },
    )
}

/// Mirror of [tokio's `sync::oneshot::Sender`](::tokio::sync::oneshot::Sender).
pub struct Sender<T> {
    end: End<real::Sender<Kept<T>>>,
}

/// Mirror of [tokio's `sync::oneshot::Receiver`](::tokio::sync::oneshot::Receiver).
pub struct Receiver<T> {
    end: End<real::Receiver<Kept<T>>>,
    /// Where it is awaited, once that is known.
    awaited_at: Option<&'static Location<'static>>,
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    ///
    /// If there is no receiver any more: the value.
    #[track_caller]
    pub fn send(self, value: T) -> Result<(), T> {
        let (real, channel) = self.end.take();
        let result = channel.site(Location::caller()).change(Verb::Send, || real.send(Kept::new(value)));
        result.map_err(Kept::into_inner)
    }

    /// Waits until the receiver is closed or dropped.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        let location = Location::caller();
        async move { poll_fn(|context| self.poll_at(context, location)).await }
    }

    /// Whether the receiver is closed or dropped.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_closed())
    }

    /// Polls for the receiver's being closed or dropped.
    #[track_caller]
    pub fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_at(context, Location::caller())
    }

    fn poll_at(&mut self, context: &mut Context<'_>, location: &'static Location<'static>) -> Poll<()> {
        let (real, channel) = self.end.both();
        channel.site(location).poll(Verb::AwaitClosed, context, |context| real.poll_closed(context))
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Lets the sender send no more. What it has sent can still be received.
    #[track_caller]
    pub fn close(&mut self) {
        let (real, channel) = self.end.both();
        channel.site(Location::caller()).change(Verb::Close, || real.close());
    }

    /// Whether the value, or the error, has been received: to poll again would be a mistake.
    pub fn is_terminated(&self) -> bool {
        self.end.real().is_terminated()
    }

    /// Whether no value is in the channel.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_empty())
    }

    /// Takes the value, if it has been sent.
    ///
    /// # Errors
    ///
    /// If it has not been, or never will be.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let (real, channel) = self.end.both();
        let result = channel.site(Location::caller()).act(Verb::TryReceive, || {
            let result = real.try_recv();
            let is_same = result.is_err();
            (result, is_same)
        });
        self.note_end();
        result.map(Kept::into_inner)
    }

    /// Blocks the thread until the value is sent.
    ///
    /// # Errors
    ///
    /// If the sender is dropped before.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_recv(mut self) -> Result<T, RecvError> {
        let location = Location::caller();
        block_outside_tasks(poll_fn(|context| self.poll_at(context, location)))
    }

    fn poll_at(
        &mut self,
        context: &mut Context<'_>,
        location: &'static Location<'static>,
    ) -> Poll<Result<T, RecvError>> {
        let (real, channel) = self.end.both();
        let result =
            channel.site(location).poll(Verb::Receive, context, |context| Pin::new(real).poll(context));
        self.note_end();
        result.map(|result| result.map(Kept::into_inner))
    }

    /// A receiver that has received has let go of the channel.
    fn note_end(&mut self) {
        if self.end.real().is_terminated() {
            self.end.set_over();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    // Who awaits it calls this, and is the caller: the compiler has written the call at the await.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let (caller, made_at) = (Location::caller(), self.end.location());
        let location = await_site(&mut self.awaited_at, caller, made_at);
        self.poll_at(context, location)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let (Some(location), Some(current)) = (self.awaited_at, current()) {
            current.note_no_await(Verb::Receive, location);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
