//! The state of a channel: how many messages are on the way, who may send and receive, and who is still there.
//!
//! The messages themselves stay in the face; the model counts them. A channel without capacity hands over:
//! its sender waits until its message is taken.

use super::Primitive;
use crate::rt::op::key::Entry;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::{ChannelArgument, ChannelValue, Outcome};
use crate::rt::op::{Op, OpKind, ThreadId};

/// A channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelState {
    /// `None` if it holds any number; `Some(0)` if it hands over.
    pub(crate) capacity: Option<usize>,
    pub(crate) senders: usize,
    pub(crate) receiver: bool,
    pub(crate) sent: u64,
    pub(crate) taken: u64,
    /// How many senders were dropped.
    pub(crate) closed: u64,
    /// Threads that wait to receive, for a `try_send` to a channel that hands over.
    pub(crate) receiving: u32,
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

    /// What a receiver finds that sees `value`, in which no message is on the way.
    pub(crate) fn found_without_message(&self, value: u64) -> Delivery {
        let all_closed = ChannelValue::unpack(value).closed >= self.senders as u64 + self.closed;
        if all_closed { Delivery::Disconnected } else { Delivery::Empty }
    }

    pub(crate) fn on_the_way(&self) -> u64 {
        self.sent - self.taken
    }

    pub(crate) fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.on_the_way() < capacity.max(1) as u64)
    }

    /// What its value stands for; how many senders were dropped only if that is asked.
    pub(crate) fn counts(&self, strict: Strict) -> ChannelValue {
        ChannelValue {
            sent: self.sent,
            taken: self.taken,
            closed: if strict.channels { self.closed } else { 0 },
            receiver_gone: !self.receiver,
        }
    }

    /// Whether the message with this ticket was taken; tickets wrap.
    pub(crate) fn is_taken(&self, ticket: u32) -> bool {
        (self.taken as u32).wrapping_sub(ticket) as i32 >= 0
    }
}

impl Primitive for ChannelState {
    fn permits(&self, _: &[Entry], op: &Op, _: ThreadId) -> bool {
        match op.kind {
            OpKind::Send => !self.receiver || self.has_room(),
            OpKind::SendComplete => !self.receiver || self.is_taken(op.argument),
            _ => self.on_the_way() > 0 || self.senders == 0,
        }
    }

    fn value(&self, _: &[Entry], _: u32, strict: Strict) -> u64 {
        self.counts(strict).pack()
    }

    fn outcome(kind: OpKind, argument: u64, value: u64, _: u32) -> Outcome {
        let value = ChannelValue::unpack(value);
        let ChannelArgument { capacity, senders } = ChannelArgument::unpack(argument);
        let on_the_way = value.sent - value.taken;
        let has_room = capacity.is_none_or(|capacity| on_the_way < capacity.max(1) as u64);
        let write = |value: ChannelValue| Outcome::Writes(value.pack());
        match kind {
            OpKind::Send | OpKind::TrySend if value.receiver_gone => Outcome::Reads,
            OpKind::Send | OpKind::TrySend if has_room => {
                write(ChannelValue { sent: value.sent + 1, ..value })
            }
            OpKind::Send => Outcome::Blocks,
            // The argument is the number of the message.
            OpKind::SendComplete if value.taken >= argument || value.receiver_gone => Outcome::Reads,
            OpKind::SendComplete => Outcome::Blocks,
            OpKind::Receive | OpKind::TryReceive if on_the_way > 0 => {
                write(ChannelValue { taken: value.taken + 1, ..value })
            }
            OpKind::Receive if value.closed < senders => Outcome::Blocks,
            OpKind::CloseSender => write(ChannelValue { closed: value.closed + 1, ..value }),
            OpKind::CloseReceiver => write(ChannelValue { receiver_gone: true, ..value }),
            _ => Outcome::Reads,
        }
    }
}
