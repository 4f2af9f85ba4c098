//! How each operation on a synchronization object looks to an execution graph: which location it accesses, by
//! which rule, what it orders, and what else it waits for.
//!
//! An object is one location, its operations in one order. Where that would tell executions apart that nobody
//! can, there is less: nothing is accessed by a `join`, by a receive from an unbounded channel, or by the drop of
//! a sender. Each waits for events that are there or not, whatever came between (`Gate`). That a thread begins or
//! ends is no event at all, as long as nobody asks whether it has (`Strict`).

use crate::rt::kernel::Kernel;
use crate::rt::objects::State;
use crate::rt::op::limits::Strict;
use crate::rt::op::rule::{
    Access, ChannelArgument, ENDED, Gate, Ordered, Outcome, Place, Refusal, Rule, STATE,
};
use crate::rt::op::{ObjectId, Op, OpKind, ThreadId, ready};

/// The operation that `thread` is about to execute, as an execution graph sees it; not for atomics.
pub(crate) fn encode(kernel: &mut Kernel, thread: ThreadId, op: Op) -> Result<Access, Refusal> {
    // Who notifies a waiter whose time is over does not change what it is about to do.
    let is_due = std::mem::take(&mut kernel.attempts);
    let notified = match op.kind {
        OpKind::Lock => std::mem::replace(&mut kernel.thread_mut(thread).notified, ObjectId::NONE),
        _ => ObjectId::NONE,
    };
    let argument = u64::from(op.argument);
    let outcome = match op.object {
        ObjectId::NONE => |_, _, _, _| Outcome::Reads,
        object => kernel.objects.get(object).state.outcome(),
    };
    let mut access = Access {
        kind: op.kind,
        site: op.location,
        place: None,
        initial: 0,
        rule: if is_due {
            Rule::Due { outcome, kind: op.kind, argument }
        } else {
            Rule::Object { outcome, kind: op.kind, argument }
        },
        success: Ordered::NONE,
        failure: Ordered::NONE,
        gate: Gate::Open,
        is_object: true,
    };
    let state = Place { object: op.object, part: STATE };
    let place = Some(state);
    match op.kind {
        OpKind::End => {
            access.place = Some(Place { object: op.object, part: ENDED });
            access.success = Ordered::RELEASE;
        }
        OpKind::IsFinished if !kernel.limits.strict.ends => {
            return Err(Refusal::Strict(Strict { ends: true, ..Strict::default() }));
        }
        OpKind::IsFinished => access.place = Some(Place { object: op.object, part: ENDED }),
        OpKind::Join => {
            access.gate = Gate::Ended(thread_of(kernel, op.object));
            access.success = Ordered::ACQUIRE;
        }
        // A thread's first event comes after its spawn, its beginning is none.
        OpKind::Begin
        | OpKind::Spawn
        | OpKind::Yield
        | OpKind::SpinLoop
        | OpKind::ParkSpuriously
        | OpKind::Sleep
        | OpKind::ArriveToReceive
        | OpKind::ReadClock => {}
        OpKind::Lock if notified != ObjectId::NONE => {
            access.place = place;
            access.success = Ordered::ACQUIRE;
            access.gate = Gate::Notified(Place { object: notified, part: STATE });
        }
        OpKind::BarrierLeave => {
            if let State::Barrier(barrier) = kernel.objects.get(op.object).state {
                // All that are let go together have arrived.
                let size = barrier.size.max(1) as u64;
                access.gate = Gate::Written(state, (argument / size + 1) * size);
            }
            access.success = Ordered::ACQUIRE;
        }
        OpKind::OnceEnter | OpKind::OnceGet | OpKind::OnceWait => {
            access.place = place;
            access.success =
                if argument & crate::rt::op::rule::ONCE_SETS != 0 { Ordered::BOTH } else { Ordered::ACQUIRE };
            access.failure = Ordered::ACQUIRE;
        }
        OpKind::Wake | OpKind::EndPoll if is_untold(kernel, op) => {
            return Err(Refusal::Unsupported("more than twenty tasks of one runtime"));
        }
        // The argument says no more.
        OpKind::Release if op.argument == u32::MAX => {
            return Err(Refusal::Unsupported("four billion permits that are added to a semaphore at once"));
        }
        OpKind::Lock
        | OpKind::TryLock
        | OpKind::ReadLock
        | OpKind::TryReadLock
        | OpKind::WriteLock
        | OpKind::TryWriteLock
        | OpKind::Park
        | OpKind::AwaitWake
        | OpKind::Acquire
        | OpKind::TryAcquire
        | OpKind::LoseToken => {
            access.place = place;
            access.success = Ordered::ACQUIRE;
        }
        OpKind::Unlock
        | OpKind::ReadUnlock
        | OpKind::WriteUnlock
        | OpKind::Unpark
        | OpKind::Wake
        | OpKind::Release
        | OpKind::BarrierArrive
        | OpKind::OnceLeave => {
            access.place = place;
            access.success = Ordered::RELEASE;
        }
        OpKind::Downgrade => {
            access.place = place;
            access.success = Ordered::BOTH;
        }
        OpKind::PollNext | OpKind::EndPoll | OpKind::Operate => {
            access.place = place;
            access.success = Ordered::BOTH;
        }
        OpKind::CondvarEnqueue
        | OpKind::CondvarWait
        | OpKind::NotifyOne
        | OpKind::NotifyAll
        | OpKind::AnnounceWrite
        | OpKind::ArriveToRead
        | OpKind::IsPoisoned
        | OpKind::ClearPoison => {
            access.place = place;
        }
        // Of a semaphore.
        OpKind::Load => {
            access.place = place;
            access.failure = Ordered::ACQUIRE;
        }
        OpKind::Send
        | OpKind::SendComplete
        | OpKind::Receive
        | OpKind::TrySend
        | OpKind::TryReceive
        | OpKind::CloseSender
        | OpKind::CloseReceiver => encode_channel(kernel, &mut access, op, state)?,
        OpKind::Store | OpKind::ReadModifyWrite | OpKind::CompareExchange | OpKind::Fence => {
            unreachable!("operations of atomics say what they do themselves")
        }
    }
    if let Some(place) = access.place {
        access.initial = value_of(kernel, place);
    }
    Ok(access)
}

/// Whether the operation is on a task that an execution graph does not tell from others.
fn is_untold(kernel: &Kernel, op: Op) -> bool {
    kernel.objects.is_task_queue(op.object)
        && u64::from(op.argument) & ready::TASK >= u64::from(ready::TOLD_APART)
}

/// Whether an operation of this kind is an event of an execution graph.
#[inline]
pub(crate) fn is_event(kernel: &Kernel, kind: OpKind) -> bool {
    match kind {
        OpKind::Begin => false,
        OpKind::End => kernel.limits.strict.ends,
        _ => true,
    }
}

fn encode_channel(kernel: &Kernel, access: &mut Access, op: Op, place: Place) -> Result<(), Refusal> {
    let State::Channel(channel) = kernel.objects.get(op.object).state else {
        unreachable!("a channel object holds something else");
    };
    let strict = kernel.limits.strict.channels;
    let value = channel.counts(Strict { channels: true, ..Strict::default() });
    if !value.fits() {
        return Err(Refusal::Unsupported("a channel with more than 16 million messages or 32,000 senders"));
    }
    let senders = channel.senders as u64 + value.closed;
    if op.kind != OpKind::SendComplete {
        let argument = ChannelArgument { capacity: channel.capacity, senders };
        access.rule = access.rule.with_argument(argument.pack());
    }
    access.place = Some(place);
    let counts_only_sends = channel.capacity.is_none() && !strict;
    match op.kind {
        OpKind::Send | OpKind::TrySend => {
            if op.kind == OpKind::TrySend && channel.capacity == Some(0) {
                return Err(Refusal::Unsupported("`try_send` on a channel without capacity"));
            }
            // A sender that had to wait for room learns who made it.
            let waits = channel.capacity.is_some();
            access.success = if waits { Ordered::BOTH } else { Ordered::RELEASE };
            // An attempt that fails learns nothing.
            access.failure = if op.kind == OpKind::TrySend { Ordered::NONE } else { Ordered::ACQUIRE };
        }
        // An attempt, or a wait that has become one.
        OpKind::TryReceive | OpKind::Receive
            if !strict && !matches!(access.rule, Rule::Object { kind: OpKind::Receive, .. }) =>
        {
            return Err(Refusal::Strict(Strict { channels: true, ..Strict::default() }));
        }
        OpKind::Receive if !strict && value.sent == value.taken && channel.senders == 0 => {
            access.place = None;
            access.success = Ordered::ACQUIRE;
            access.gate = Gate::Closed(place);
        }
        OpKind::Receive if counts_only_sends => {
            access.place = None;
            access.success = Ordered::ACQUIRE;
            access.gate = Gate::Sent(place, value.taken);
        }
        OpKind::CloseSender if !strict => {
            access.place = None;
            // Whose sender it is: nothing else tells.
            access.rule = access.rule.with_argument(op.object.index() as u64);
            access.success = Ordered::RELEASE;
        }
        OpKind::CloseSender | OpKind::CloseReceiver => access.success = Ordered::RELEASE,
        _ => {
            access.success = Ordered::BOTH;
            access.failure = Ordered::ACQUIRE;
        }
    }
    Ok(())
}

/// The thread that a thread object stands for.
pub(crate) fn thread_of(kernel: &Kernel, object: ObjectId) -> ThreadId {
    match kernel.objects.get(object).state {
        State::Thread(state) => state.thread,
        other => unreachable!("a thread object holds {other:?}"),
    }
}

/// The value that stands for the present state of an object.
pub(in crate::rt) fn value_of(kernel: &Kernel, place: Place) -> u64 {
    let object = kernel.objects.get(place.object);
    object.state.value(&object.entries, place.part, kernel.limits.strict)
}
