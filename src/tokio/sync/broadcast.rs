//! Mirror of [tokio's `sync::broadcast`](::tokio::sync::broadcast), on tokio's own: what is kept, who lags and how far is its matter.
//!
//! A receiver clones the value, which is the user's code and so does not belong into an act. Hence the channel carries shared
//! values; each is cloned after the act that received it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::end::{Channel, End};
use crate::rt::current;
use crate::rt::op::verb::Verb;
use crate::tokio::acting::Kept;
use crate::tokio::leaf::Leaf;
use crate::tokio::runtime::block_outside_tasks;

use ::tokio::sync::broadcast as real;
pub use ::tokio::sync::broadcast::error;
use error::{RecvError, SendError, TryRecvError};

/// A value that receivers share. One of them clones it at a time, as the value need not be `Sync`.
struct Message<T>(Arc<Mutex<T>>);

impl<T> Message<T> {
    fn new(value: T) -> Kept<Message<T>> {
        Kept::new(Message(Arc::new(Mutex::new(value))))
    }

    /// The value itself, of a message that nobody received.
    fn into_inner(self) -> T {
        let value = Arc::into_inner(self.0).expect("nobody has received it");
        value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Message<T> {
    fn received(message: Kept<Message<T>>) -> T {
        let message = message.into_inner();
        // A thread of the model may stop within `clone`; another one must not wait for it unseen.
        let value = loop {
            match message.0.try_lock() {
                Ok(value) => break value,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if current().is_some() => crate::thread::yield_now(),
                Err(TryLockError::WouldBlock) => {
                    break message.0.lock().unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        T::clone(&value)
    }
}

impl<T> Clone for Message<T> {
    fn clone(&self) -> Message<T> {
        Message(Arc::clone(&self.0))
    }
}

/// Mirror of [tokio's `sync::broadcast::channel`](::tokio::sync::broadcast::channel).
///
/// # Panics
///
/// If it is to keep nothing, or more than half of what can be counted.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let capacity = current().map_or(capacity, |current| current.capacity_for(capacity));
    let (sender, receiver) = real::channel(capacity);
    let channel = Channel::new(NAME);
    (Sender::of(sender, &channel), Receiver::of(receiver, &channel))
}

const NAME: &str = "broadcast channel";

/// Mirror of [tokio's `sync::broadcast::Sender`](::tokio::sync::broadcast::Sender).
pub struct Sender<T> {
    end: End<real::Sender<Kept<Message<T>>>>,
}

/// Mirror of [tokio's `sync::broadcast::WeakSender`](::tokio::sync::broadcast::WeakSender).
pub struct WeakSender<T> {
    real: real::WeakSender<Kept<Message<T>>>,
    channel: Arc<Channel>,
}

/// Mirror of [tokio's `sync::broadcast::Receiver`](::tokio::sync::broadcast::Receiver).
pub struct Receiver<T> {
    end: End<real::Receiver<Kept<Message<T>>>>,
}

impl<T> Sender<T> {
    fn of(real: real::Sender<Kept<Message<T>>>, channel: &Arc<Channel>) -> Sender<T> {
        Sender { end: End::new(real, channel, Verb::DropSender) }
    }

    /// The sender of a channel without receivers.
    ///
    /// # Panics
    ///
    /// As `channel`.
    #[track_caller]
    #[must_use]
    pub fn new(capacity: usize) -> Sender<T> {
        let capacity = current().map_or(capacity, |current| current.capacity_for(capacity));
        Sender::of(real::Sender::new(capacity), &Channel::new(NAME))
    }

    /// Sends the value to all receivers. Returns how many there are.
    ///
    /// # Errors
    ///
    /// If there are none: the value.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let message = Message::new(value);
        let result = self.end.channel().site(Location::caller()).act(Verb::Send, || {
            let result = self.end.real().send(message);
            let is_same = result.is_err();
            (result, is_same)
        });
        result.map_err(|SendError(message)| SendError(message.into_inner().into_inner()))
    }

    /// A receiver of what is sent from now on.
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let real = self.end.change(Verb::Subscribe, Location::caller(), |real| real.subscribe());
        Receiver::of(real, self.end.channel())
    }

    /// A sender that does not keep the channel open.
    #[must_use = "downgrade creates a WeakSender without destroying the original non-weak sender"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { real: self.end.real().downgrade(), channel: Arc::clone(self.end.channel()) }
    }

    /// How many values are kept for receivers.
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.look(Location::caller(), |real| real.len())
    }

    /// Whether no value is kept for a receiver.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_empty())
    }

    /// How many receivers there are.
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.end.count(Location::caller(), |real| real.receiver_count())
    }

    /// Whether both send to the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.end.real().same_channel(other.end.real())
    }

    /// Waits until there is no receiver.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let site = self.end.channel().site(Location::caller());
        Leaf::without_budget(&site, Verb::AwaitClosed, self.end.real().closed())
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.count(Location::caller(), |real| real.strong_count())
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.end.count(Location::caller(), |real| real.weak_count())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender::of(self.end.real().clone(), self.end.channel())
    }
}

impl<T> WeakSender<T> {
    /// A sender, if there still is one.
    #[track_caller]
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let real = self.channel.site(Location::caller()).act(Verb::Upgrade, || {
            let real = self.real.upgrade();
            let is_same = real.is_none();
            (real, is_same)
        });
        real.map(|real| Sender::of(real, &self.channel))
    }

    /// How many senders there are.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.channel.site(Location::caller()).count(|| self.real.strong_count())
    }

    /// How many weak senders there are.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.channel.site(Location::caller()).count(|| self.real.weak_count())
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender { real: self.real.clone(), channel: Arc::clone(&self.channel) }
    }
}

impl<T> Receiver<T> {
    fn of(real: real::Receiver<Kept<Message<T>>>, channel: &Arc<Channel>) -> Receiver<T> {
        Receiver { end: End::new(real, channel, Verb::DropReceiver) }
    }

    /// How many values were sent that this one has not received.
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.look(Location::caller(), |real| real.len())
    }

    /// Whether this one has received all that was sent.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_empty())
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.end.real().same_channel(other.end.real())
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

    /// Whether there is no sender any more.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.look(Location::caller(), |real| real.is_closed())
    }
}

impl<T: Clone> Receiver<T> {
    /// A receiver of what is sent from now on.
    #[track_caller]
    #[must_use]
    pub fn resubscribe(&self) -> Receiver<T> {
        let real = self.end.change(Verb::Subscribe, Location::caller(), |real| real.resubscribe());
        Receiver::of(real, self.end.channel())
    }

    /// Waits for the next value.
    ///
    /// # Errors
    ///
    /// If there are none any more, or some were missed.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> {
        let location = Location::caller();
        let (real, channel) = self.end.both();
        let leaf = Leaf::new(&channel.site(location), Verb::Receive, real.recv());
        async move { leaf.await.map(Message::received) }
    }

    /// Takes the next value, if there is one.
    ///
    /// # Errors
    ///
    /// If there is none now, or ever, or some were missed.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let (real, channel) = self.end.both();
        let result = channel.site(Location::caller()).act(Verb::TryReceive, || {
            let result = real.try_recv();
            // One that has missed some goes on to the first that is kept.
            let is_same = matches!(result, Err(TryRecvError::Empty | TryRecvError::Closed));
            (result, is_same)
        });
        result.map(Message::received)
    }

    /// Blocks the thread until there is a value.
    ///
    /// # Errors
    ///
    /// As `recv`.
    ///
    /// # Panics
    ///
    /// Inside a task.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        block_outside_tasks(self.recv())
    }
}

macro_rules! shown {
    ($($name:ident)*) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!("broadcast::", stringify!($name)))
            }
        }
    )*};
}

shown! { Sender WeakSender Receiver }
