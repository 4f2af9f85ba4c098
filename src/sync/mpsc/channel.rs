//! What the two ends of a channel share.

use std::collections::VecDeque;
use std::mem;
use std::panic::Location;
use std::sync::mpsc::{RecvTimeoutError, SendError, TryRecvError, TrySendError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::rt::objects::{ChannelState, Delivery};
use crate::rt::op::ObjectId;
use crate::rt::primitives::SendOutcome;
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

pub(super) struct Channel<T> {
    identity: Identity,
    /// `None` if it holds any number; `Some(0)` if it hands over.
    capacity: Option<usize>,
    queue: Mutex<Queue<T>>,
    /// For the threads outside explorations: any change of the queue.
    changed: Condvar,
}

struct Queue<T> {
    messages: VecDeque<T>,
    senders: usize,
    receiver: bool,
    sent: u64,
    taken: u64,
    /// OS threads that wait for a change.
    waiting: usize,
    /// Whether one of them is the receiver.
    receiving: bool,
}

impl<T> Queue<T> {
    fn put(&mut self, message: T) {
        self.messages.push_back(message);
        self.sent += 1;
    }

    fn take(&mut self) -> Option<T> {
        let message = self.messages.pop_front()?;
        self.taken += 1;
        Some(message)
    }
}

impl<T> Channel<T> {
    /// A channel with one sender and its receiver.
    #[track_caller]
    pub(super) fn new(capacity: Option<usize>) -> Channel<T> {
        let queue = Queue {
            messages: VecDeque::new(),
            senders: 1,
            receiver: true,
            sent: 0,
            taken: 0,
            waiting: 0,
            receiving: false,
        };
        Channel { identity: Identity::new(), capacity, queue: Mutex::new(queue), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, current: Current) -> ObjectId {
        current.channel_object(&self.identity, || {
            let queue = self.lock();
            ChannelState::new(self.capacity, queue.senders, queue.receiver, queue.messages.len())
        })
    }

    /// Changes the queue.
    fn change<R>(&self, change: impl FnOnce(&mut Queue<T>) -> R) -> R {
        let mut queue = self.lock();
        let result = change(&mut queue);
        if queue.waiting > 0 {
            self.changed.notify_all();
        }
        result
    }

    fn has_room(&self, queue: &Queue<T>) -> bool {
        self.capacity.is_none_or(|capacity| queue.messages.len() < capacity.max(1))
    }

    #[track_caller]
    pub(super) fn send(&self, message: T) -> Result<(), SendError<T>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "channel");
            return self.send_outside(message);
        };
        let put = |message| self.change(|queue| queue.put(message));
        let recall = || self.change(|queue| queue.messages.pop_front());
        let object = self.object(current);
        current.channel_send(object, message, put, recall, Location::caller()).map_err(SendError)
    }

    #[track_caller]
    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let Some(current) = current() else {
            outside::check(&self.identity, "channel");
            return self.try_send_outside(message);
        };
        let mut message = Some(message);
        let put = || self.change(|queue| message.take().into_iter().for_each(|message| queue.put(message)));
        let outcome = current.channel_try_send(self.object(current), put, Location::caller());
        match (outcome, message) {
            (SendOutcome::Full, Some(message)) => Err(TrySendError::Full(message)),
            (SendOutcome::Disconnected, Some(message)) => Err(TrySendError::Disconnected(message)),
            _ => Ok(()),
        }
    }

    /// Receives, waiting at most for `timeout`.
    #[track_caller]
    pub(super) fn receive(&self, timeout: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let Some(current) = current() else {
            outside::check(&self.identity, "channel");
            return self.receive_outside(timeout);
        };
        match current.channel_receive(self.object(current), timeout, Location::caller()) {
            Delivery::Message => Ok(self.take_granted()),
            Delivery::Empty => Err(RecvTimeoutError::Timeout),
            Delivery::Disconnected => Err(RecvTimeoutError::Disconnected),
        }
    }

    #[track_caller]
    pub(super) fn try_receive(&self) -> Result<T, TryRecvError> {
        let Some(current) = current() else {
            outside::check(&self.identity, "channel");
            let message = self.change(|queue| queue.take().ok_or(queue.senders));
            return message.map_err(|senders| match senders {
                0 => TryRecvError::Disconnected,
                _ => TryRecvError::Empty,
            });
        };
        match current.channel_try_receive(self.object(current), Location::caller()) {
            Delivery::Message => Ok(self.take_granted()),
            Delivery::Empty => Err(TryRecvError::Empty),
            Delivery::Disconnected => Err(TryRecvError::Disconnected),
        }
    }

    /// The message that the model has granted.
    fn take_granted(&self) -> T {
        self.change(Queue::take).unwrap_or_else(|| {
            panic!(
                "drawloom: the channel made at {} is received from by several executions at once; make it in the \
                 test body, or set workers = 1",
                self.identity.location(),
            )
        })
    }

    pub(super) fn add_sender(&self) {
        if let Some(current) = current() {
            current.channel_add_sender(self.object(current));
        }
        self.lock().senders += 1;
    }

    pub(super) fn drop_sender(&self) {
        if let Some(current) = current() {
            current.channel_drop_sender(self.object(current), self.identity.location());
        }
        self.change(|queue| queue.senders -= 1);
    }

    pub(super) fn drop_receiver(&self) {
        if let Some(current) = current() {
            current.channel_drop_receiver(self.object(current), self.identity.location());
        }
        let hands_over = self.capacity == Some(0);
        let messages = self.change(|queue| {
            queue.receiver = false;
            // A message that is being handed over goes back to its sender, who waits for that.
            if hands_over { VecDeque::new() } else { mem::take(&mut queue.messages) }
        });
        // After the queue is unlocked: a message may have an end of this very channel in it.
        drop(messages);
    }
}

/// Outside explorations.
impl<T> Channel<T> {
    /// Waits for a change, or until `deadline`.
    fn wait<'a>(
        &self,
        mut queue: MutexGuard<'a, Queue<T>>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, Queue<T>> {
        queue.waiting += 1;
        let mut queue = match deadline {
            None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        queue.waiting -= 1;
        queue
    }

    fn send_outside(&self, message: T) -> Result<(), SendError<T>> {
        let mut queue = self.lock();
        while queue.receiver && !self.has_room(&queue) {
            queue = self.wait(queue, None);
        }
        if !queue.receiver {
            return Err(SendError(message));
        }
        queue.put(message);
        self.changed.notify_all();
        if self.capacity != Some(0) {
            return Ok(());
        }
        let ticket = queue.sent;
        while queue.receiver && queue.taken < ticket {
            queue = self.wait(queue, None);
        }
        // Room for one: if it was not taken, the message there is this one.
        let recalled = if queue.taken < ticket { queue.messages.pop_front() } else { None };
        recalled.map_or(Ok(()), |message| Err(SendError(message)))
    }

    fn try_send_outside(&self, message: T) -> Result<(), TrySendError<T>> {
        self.change(|queue| {
            if !queue.receiver {
                Err(TrySendError::Disconnected(message))
            } else if !self.has_room(queue) || self.capacity == Some(0) && !queue.receiving {
                Err(TrySendError::Full(message))
            } else {
                queue.put(message);
                Ok(())
            }
        })
    }

    fn receive_outside(&self, timeout: Option<Duration>) -> Result<T, RecvTimeoutError> {
        // So far in the future that no instant says it: for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut queue = self.lock();
        loop {
            if let Some(message) = queue.take() {
                if queue.waiting > 0 {
                    self.changed.notify_all();
                }
                return Ok(message);
            }
            if queue.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(RecvTimeoutError::Timeout);
            }
            queue.receiving = true;
            queue = self.wait(queue, deadline);
            queue.receiving = false;
        }
    }
}
