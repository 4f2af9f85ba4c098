//! Channels: how many messages are on the way, who may send and receive, and who is still there.
//!
//! The messages themselves stay in the face; the model counts them. A channel without capacity hands over:
//! its sender waits until its message is taken. Dropping an end is an operation, since the other end can
//! tell. Each message carries what its sender knew; the model joins it into the channel's clock, which is
//! coarser only among senders of one channel (their sends are ordered by the channel anyway).

use std::panic::Location;
use std::time::Duration;

use crate::rt::kernel::Kernel;
use crate::rt::objects::{ChannelState, Delivery, State};
use crate::rt::op::key::ObjectKind;
use crate::rt::op::limits::Timeouts;
use crate::rt::op::outcome::{Grant, Stop};
use crate::rt::op::rule::ChannelValue;
use crate::rt::op::{Note, ObjectId, Op, OpKind, ThreadId};
use crate::rt::threads::timers::Instant;
use crate::rt::{Current, Identity};

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

fn channel(kernel: &mut Kernel, object: ObjectId) -> &mut ChannelState {
    kernel.objects.state_mut(object)
}

fn put_message(kernel: &mut Kernel, object: ObjectId, thread: ThreadId) {
    let state = channel(kernel, object);
    state.sent += 1;
    if state.capacity.is_some() {
        // The sender learns who made room.
        kernel.acquire(thread, object);
    }
    kernel.release(thread, object);
    // What time a receiver knows of is then up to the messages that it gets, and clocks show it.
    let tells_time = kernel.limits.directed || kernel.limits.timeouts == Timeouts::Any;
    if tells_time && kernel.limits.keeps_clocks {
        let object = kernel.objects.get_mut(object);
        object.messages.push_back(object.knowledge.clone());
    }
    kernel.recheck(object);
}

fn take_message(kernel: &mut Kernel, object: ObjectId, thread: ThreadId) -> Delivery {
    // Later messages do not tell a receiver anything. A strategy finds that out by another schedule.
    match kernel.objects.get_mut(object).messages.pop_front() {
        Some(message) => kernel.views[thread.index()].acquire(&message),
        None => kernel.acquire(thread, object),
    }
    let state = channel(kernel, object);
    if state.on_the_way() == 0 {
        return if state.senders == 0 { Delivery::Disconnected } else { Delivery::Empty };
    }
    state.taken += 1;
    if state.capacity.is_some() {
        // A sender that finds room, or whose message was taken, knows what the receiver knew.
        kernel.release(thread, object);
    }
    kernel.recheck(object);
    Delivery::Message
}

impl Current {
    /// The object of a channel, registered at its first use.
    pub(crate) fn channel_object(self, channel: &Identity, state: impl FnOnce() -> ChannelState) -> ObjectId {
        self.object(channel, ObjectKind::Channel, || State::Channel(state()))
    }

    /// A channel without bound, made there, holds so many messages after a send.
    pub(crate) fn note_queued(
        mut self,
        count: u64,
        made_at: &'static Location<'static>,
        location: &'static Location<'static>,
    ) {
        let execution = self.execution();
        let longest = &mut execution.kernel.longest_queue;
        *longest = (*longest).max(Some((count, made_at)));
        if count > execution.kernel.limits.max_queued && !execution.is_winding_up() {
            self.fail(Stop::QueueLimit { location, made_at });
        }
    }

    /// How many messages a channel holds that is made for so many: fewer, if the test wants channels to be full.
    pub(crate) fn capacity_for(mut self, wanted: usize) -> usize {
        wanted.min(self.kernel().limits.capacity)
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
        let state = *channel(self.kernel(), object);
        let hands_over = state.capacity == Some(0);
        if state.capacity.is_none() {
            let (result, _) = self.channel_send_alone(object, message, put, recall, location);
            if result.is_ok() {
                let count = channel(self.kernel(), object).on_the_way();
                let made_at = self.kernel().objects.get(object).location;
                self.note_queued(count, made_at, location);
            }
            return result;
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
            if !channel(&mut execution.kernel, object).receiver {
                execution.kernel.acquire(thread, object);
                execution.kernel.note = Note::Failed(0);
                return Err(message);
            }
            put(message);
            put_message(&mut execution.kernel, object, thread);
            Ok(channel(&mut execution.kernel, object).sent as u32)
        });
        let sent = match sent {
            Ok(sent) => sent,
            Err(message) => return (Err(message), false),
        };
        if channel(self.kernel(), object).capacity != Some(0) {
            return (Ok(()), true);
        }
        let complete = Op { argument: sent, ..Op::new(OpKind::SendComplete, object, location) };
        let taken = self.op(complete, |execution, thread| {
            execution.kernel.acquire(thread, object);
            channel(&mut execution.kernel, object).is_taken(sent)
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
            let state = channel(&mut execution.kernel, object);
            let refused = if let Some(shown) = shown {
                if shown.receiver_gone { SendOutcome::Disconnected } else { SendOutcome::Full }
            } else if !state.receiver {
                SendOutcome::Disconnected
            } else if !state.has_room() || state.capacity == Some(0) && state.receiving == 0 {
                SendOutcome::Full
            } else {
                put();
                put_message(&mut execution.kernel, object, thread);
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
        if channel(self.kernel(), object).capacity == Some(0) && !self.kernel().limits.directed {
            // A `try_send` may come before.
            self.op(Op::new(OpKind::ArriveToReceive, object, location), |execution, _| {
                execution.kernel.found(0);
            });
        }
        let state = channel(self.kernel(), object);
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
        channel(self.kernel(), object).receiving += 1;
        self.timed_op(Op::new(OpKind::Receive, object, location), deadline, |execution, thread, grant| {
            channel(&mut execution.kernel, object).receiving -= 1;
            match grant {
                Grant::Granted => take_message(&mut execution.kernel, object, thread),
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
                Some(shown) => channel(&mut execution.kernel, object).found_without_message(shown),
                None => take_message(&mut execution.kernel, object, thread),
            };
            if delivery != Delivery::Message {
                execution.kernel.note_failed(0);
            }
            delivery
        })
    }

    /// A sender was cloned: nobody can tell yet.
    pub(crate) fn channel_add_sender(mut self, object: ObjectId) {
        channel(self.kernel(), object).senders += 1;
    }

    /// A sender is dropped.
    pub(crate) fn channel_drop_sender(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::CloseSender, object, location), |execution, thread| {
            let state = channel(&mut execution.kernel, object);
            state.senders -= 1;
            state.closed += 1;
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }

    /// The receiver is dropped.
    pub(crate) fn channel_drop_receiver(self, object: ObjectId, location: &'static Location<'static>) {
        self.op(Op::new(OpKind::CloseReceiver, object, location), |execution, thread| {
            channel(&mut execution.kernel, object).receiver = false;
            execution.kernel.release(thread, object);
            execution.kernel.recheck(object);
        });
    }
}
