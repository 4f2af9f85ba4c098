//! Channels: how many messages are on the way, who may send and receive, and who is still there.
//!
//! The messages themselves stay in the face; the model counts them. A channel without capacity hands over:
//! its sender waits until its message is taken. Dropping an end is an operation, since the other end can
//! tell. Each message carries what its sender knew; the model joins it into the channel's clock, which is
//! coarser only among senders of one channel (their sends are ordered by the channel anyway).

use std::panic::Location;
use std::time::Duration;

use crate::rt::access::ChannelValue;
use crate::rt::enabling::Grant;
use crate::rt::kernel::Kernel;
use crate::rt::limits::Timeouts;
use crate::rt::object::ObjectKind;
use crate::rt::op::{Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::state::State;
use crate::rt::timer::Instant;
use crate::rt::{Current, Identity};

/// A channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelState {
    /// `None` if it holds any number; `Some(0)` if it hands over.
    pub(crate) capacity: Option<usize>,
    pub(crate) senders: usize,
    pub(crate) receiver: bool,
    sent: u64,
    taken: u64,
    /// How many senders were dropped.
    closed: u64,
    /// Threads that wait to receive, for a `try_send` to a channel that hands over.
    receiving: u32,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SendOutcome {
    /// On its way.
    Sent,
    /// There was no room (in time).
    Full,
    /// The receiver is gone.
    Disconnected,
}

/// What a receiver got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Delivery {
    /// A message: the first on the way.
    Message,
    /// None (in time).
    Empty,
    /// None, and all senders are gone.
    Disconnected,
}

impl ChannelState {
    /// A channel with `messages` on the way.
    pub(crate) fn new(
        capacity: Option<usize>,
        senders: usize,
        receiver: bool,
        messages: usize,
    ) -> ChannelState {
        ChannelState { capacity, senders, receiver, sent: messages as u64, taken: 0, closed: 0, receiving: 0 }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) fn closed(&self) -> u64 {
        self.closed
    }

    /// What a receiver finds that sees `value`, in which no message is on the way.
    fn found_without_message(&self, value: u64) -> Delivery {
        let all_closed = ChannelValue::unpack(value).closed >= self.senders as u64 + self.closed;
        if all_closed { Delivery::Disconnected } else { Delivery::Empty }
    }

    fn on_the_way(&self) -> u64 {
        self.sent - self.taken
    }

    fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.on_the_way() < capacity.max(1) as u64)
    }

    pub(super) fn permits(&self, op: &Op) -> bool {
        match op.kind {
            OpKind::Send => !self.receiver || self.has_room(),
            OpKind::SendComplete => !self.receiver || self.is_taken(op.argument),
            _ => self.on_the_way() > 0 || self.senders == 0,
        }
    }

    /// Whether the message with this ticket was taken; tickets wrap.
    fn is_taken(&self, ticket: u32) -> bool {
        (self.taken as u32).wrapping_sub(ticket) as i32 >= 0
    }
}

impl Kernel {
    fn channel(&mut self, object: ObjectId) -> &mut ChannelState {
        match &mut self.objects.get_mut(object).state {
            State::Channel(state) => state,
            other => unreachable!("a channel object holds {other:?}"),
        }
    }

    fn put_message(&mut self, object: ObjectId, thread: ThreadId) {
        let state = self.channel(object);
        state.sent += 1;
        if state.capacity.is_some() {
            // The sender learns who made room.
            self.acquire(thread, object);
        }
        self.release(thread, object);
        // What time a receiver knows of is then up to the messages that it gets, and clocks show it.
        if self.limits.directed || self.limits.timeouts == Timeouts::Any {
            let object = self.objects.get_mut(object);
            object.messages.push_back(object.knowledge.clone());
        }
        self.recheck(object);
    }

    fn take_message(&mut self, object: ObjectId, thread: ThreadId) -> Delivery {
        // Later messages do not tell a receiver anything. A strategy finds that out by another schedule.
        match self.objects.get_mut(object).messages.pop_front() {
            Some(message) => self.thread_mut(thread).acquire(thread, &message),
            None => self.acquire(thread, object),
        }
        let state = self.channel(object);
        if state.on_the_way() == 0 {
            return if state.senders == 0 { Delivery::Disconnected } else { Delivery::Empty };
        }
        state.taken += 1;
        if state.capacity.is_some() {
            // A sender that finds room, or whose message was taken, knows what the receiver knew.
            self.release(thread, object);
        }
        self.recheck(object);
        Delivery::Message
    }
}

impl Current {
    /// The object of a channel, registered at its first use.
    pub(crate) fn channel_object(self, channel: &Identity, state: impl FnOnce() -> ChannelState) -> ObjectId {
        self.object(channel, ObjectKind::Channel, || State::Channel(state()))
    }

    /// Sends, waiting for room. `put` adds the message to the face's queue; `recall` takes it out again if
    /// nobody is left to take it.
    pub(crate) fn channel_send<M>(
        mut self,
        object: ObjectId,
        message: M,
        put: impl FnOnce(M),
        recall: impl FnOnce() -> Option<M>,
        location: &'static Location<'static>,
    ) -> Result<(), M> {
        let state = *self.kernel().channel(object);
        let hands_over = state.capacity == Some(0);
        if state.capacity.is_none() {
            return self.channel_send_alone(object, message, put, recall, location).0;
        }
        if !self.kernel().limits.directed {
            let waits = state.receiver && (hands_over || !state.has_room());
            let send =
                |current: Current| current.channel_send_alone(object, message, put, recall, location).0;
            return self.may_lose_token(waits, location, send);
        }
        if !self.is_to_lose_token() {
            return self.channel_send_alone(object, message, put, recall, location).0;
        }
        let (mut message, mut put) = (Some(message), Some(put));
        if !hands_over {
            // Who finds room does not park.
            let sends = || {
                let (put, message) =
                    (put.take().expect("there is one"), message.take().expect("there is one"));
                put(message);
            };
            match self.channel_try_send(object, sends, location) {
                SendOutcome::Sent => return Ok(()),
                SendOutcome::Disconnected => return Err(message.expect("it was not sent")),
                SendOutcome::Full => {}
            }
        }
        let (message, put) = (message.expect("it was not sent"), put.expect("it was not sent"));
        let (result, was_put) = self.channel_send_alone(object, message, put, recall, location);
        // Who finds that the receiver has gone does not park.
        if was_put || !hands_over {
            self.lose_token(location);
        }
        result
    }

    /// As `channel_send`, and whether the message was put into the channel, whatever became of it.
    fn channel_send_alone<M>(
        mut self,
        object: ObjectId,
        message: M,
        put: impl FnOnce(M),
        recall: impl FnOnce() -> Option<M>,
        location: &'static Location<'static>,
    ) -> (Result<(), M>, bool) {
        let sent = self.op(Op::new(OpKind::Send, object, location), |execution, thread| {
            if !execution.kernel.channel(object).receiver {
                execution.kernel.acquire(thread, object);
                execution.kernel.note = Note::Failed(0);
                return Err(message);
            }
            put(message);
            execution.kernel.put_message(object, thread);
            Ok(execution.kernel.channel(object).sent as u32)
        });
        let sent = match sent {
            Ok(sent) => sent,
            Err(message) => return (Err(message), false),
        };
        if self.kernel().channel(object).capacity != Some(0) {
            return (Ok(()), true);
        }
        let complete = Op { argument: sent, ..Op::new(OpKind::SendComplete, object, location) };
        let taken = self.op(complete, |execution, thread| {
            execution.kernel.acquire(thread, object);
            execution.kernel.channel(object).is_taken(sent)
        });
        (if taken { Ok(()) } else { recall().map_or(Ok(()), Err) }, true)
    }

    /// Sends if there is room now.
    pub(crate) fn channel_try_send(
        self,
        object: ObjectId,
        put: impl FnOnce(),
        location: &'static Location<'static>,
    ) -> SendOutcome {
        self.op(Op::new(OpKind::TrySend, object, location), |execution, thread| {
            let shown = execution.kernel.shown.take().map(ChannelValue::unpack);
            let state = execution.kernel.channel(object);
            let refused = if let Some(shown) = shown {
                if shown.receiver_gone { SendOutcome::Disconnected } else { SendOutcome::Full }
            } else if !state.receiver {
                SendOutcome::Disconnected
            } else if !state.has_room() || state.capacity == Some(0) && state.receiving == 0 {
                SendOutcome::Full
            } else {
                put();
                execution.kernel.put_message(object, thread);
                return SendOutcome::Sent;
            };
            execution.kernel.note_failed(0);
            refused
        })
    }

    /// Receives, waiting for a message at most until `timeout` is over.
    pub(crate) fn channel_receive(
        mut self,
        object: ObjectId,
        timeout: Option<Duration>,
        location: &'static Location<'static>,
    ) -> Delivery {
        if self.kernel().channel(object).capacity == Some(0) && !self.kernel().limits.directed {
            // A `try_send` may come before.
            self.op(Op::new(OpKind::ArriveToReceive, object, location), |execution, _| {
                execution.kernel.found(0);
            });
        }
        let state = self.kernel().channel(object);
        let waits = state.on_the_way() == 0 && state.senders > 0;
        if !self.kernel().limits.directed {
            let receive = |current: Current| current.channel_receive_alone(object, timeout, location);
            return self.may_lose_token(waits, location, receive);
        }
        if !self.is_to_lose_token() {
            return self.channel_receive_alone(object, timeout, location);
        }
        // Who finds a message does not park.
        match self.channel_try_receive(object, location) {
            Delivery::Empty => {
                let delivery = self.channel_receive_alone(object, timeout, location);
                self.lose_token(location);
                delivery
            }
            delivery => delivery,
        }
    }

    fn channel_receive_alone(
        mut self,
        object: ObjectId,
        timeout: Option<Duration>,
        location: &'static Location<'static>,
    ) -> Delivery {
        let deadline: Instant = self.kernel().deadline(timeout);
        self.kernel().channel(object).receiving += 1;
        self.timed_op(Op::new(OpKind::Receive, object, location), deadline, |execution, thread, grant| {
            execution.kernel.channel(object).receiving -= 1;
            match grant {
                Grant::Granted => execution.kernel.take_message(object, thread),
                Grant::TimedOut => Delivery::Empty,
            }
        })
    }

    /// Receives if there is a message now.
    pub(crate) fn channel_try_receive(
        self,
        object: ObjectId,
        location: &'static Location<'static>,
    ) -> Delivery {
        self.op(Op::new(OpKind::TryReceive, object, location), |execution, thread| {
            let delivery = match execution.kernel.shown.take() {
                Some(shown) => execution.kernel.channel(object).found_without_message(shown),
                None => execution.kernel.take_message(object, thread),
            };
            if delivery != Delivery::Message {
                execution.kernel.note_failed(0);
            }
            delivery
        })
    }

    /// A sender was cloned: nobody can tell yet.
    pub(crate) fn channel_add_sender(mut self, object: ObjectId) {
        self.kernel().channel(object).senders += 1;
    }

    /// A sender is dropped.
    pub(crate) fn channel_drop_sender(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::CloseSender, object, location), |execution, thread| {
            let state = execution.kernel.channel(object);
            state.senders -= 1;
            state.closed += 1;
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The receiver is dropped.
    pub(crate) fn channel_drop_receiver(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::CloseReceiver, object, location), |execution, thread| {
            execution.kernel.channel(object).receiver = false;
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }
}
