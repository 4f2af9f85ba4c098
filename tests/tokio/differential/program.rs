//! Small random programs over tokio's primitives, as data.
//!
//! A program is decoded from raw numbers, so that proptest can shrink one: fewer operations, lower numbers. What an operation of
//! one task means does not depend on how many the others have.

use proptest::collection::vec;
use proptest::prelude::*;

/// What can be waited for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Wait {
    /// Locks a mutex, and adds to it.
    Lock(u8, u8),
    Permits(u32),
    Send(u8),
    Reserve(u8),
    Recv,
    /// The bounded channel's receiver closes or drops.
    Closed,
    RecvUnbounded,
    Once,
    /// The oneshot's receiver closes or drops.
    OnceClosed,
    Notified,
    Changed,
    WatchClosed,
    Read,
    Write(u8),
    Yield,
    /// Another task, spawned by the first.
    Join(usize),
}

/// What is done at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Act {
    TryLock(u8, u8),
    TryPermits(u32),
    AddPermits(u8),
    Available,
    CloseSemaphore,
    TrySend(u8),
    TryRecv,
    CloseReceiver,
    DropSender,
    DropReceiver,
    SendUnbounded(u8),
    TryRecvUnbounded,
    CloseUnbounded,
    DropUnboundedSender,
    DropUnboundedReceiver,
    SendOnce(u8),
    TryOnce,
    CloseOnce,
    DropOnceSender,
    DropOnceReceiver,
    NotifyOne,
    NotifyLast,
    NotifyWaiters,
    SendWatch(u8),
    Borrow,
    HasChanged,
    DropWatchSender,
    DropWatchReceiver,
    TryRead,
    TryWrite(u8),
    /// Drops what the task has kept longest.
    Release,
    Abort(usize),
    IsFinished(usize),
}

/// One operation of a task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Op {
    /// Waits, and lets go of what it got.
    Wait(Wait),
    /// Waits, and keeps what it got until it is released or the task ends.
    Keep(Wait),
    Act(Act),
    Select(Wait, Wait),
    /// Begins to wait for a notification, does something else, and then awaits it.
    Early(Act),
}

/// A family of operations, on one or two objects.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Family {
    Mutex,
    Semaphore,
    Bounded,
    Unbounded,
    Once,
    Notify,
    Watch,
    RwLock,
}

const FAMILIES: [Family; 8] = [
    Family::Mutex,
    Family::Semaphore,
    Family::Bounded,
    Family::Once,
    Family::Notify,
    Family::Unbounded,
    Family::Watch,
    Family::RwLock,
];

/// A program. The first task is the future of `block_on`; it spawns the others at its beginning, and joins them at its end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Program {
    pub(super) families: Vec<Family>,
    /// The permits that the semaphore begins with, and the places of the bounded channel less one.
    pub(super) size: u8,
    /// The task that has the receiver of each channel, and the sender of the watch channel.
    pub(super) owner: usize,
    /// The task that has the sender of the oneshot channel.
    pub(super) giver: usize,
    pub(super) tasks: Vec<Vec<Op>>,
}

impl Program {
    pub(super) fn has(&self, family: Family) -> bool {
        self.families.contains(&family)
    }
}

/// What a program may be made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) tasks: usize,
    pub(super) ops: usize,
    /// Whether there are `select!`, aborts and what else the definition leaves out.
    pub(super) is_full: bool,
}

/// An operation as numbers: which family or kind, which operation, a parameter.
type RawOp = (u8, u8, u8);

/// How many families programs of this shape may use, the first ones.
fn families_of(shape: Shape) -> usize {
    if shape.is_full { FAMILIES.len() } else { 6 }
}

/// Programs of this shape.
pub(super) fn programs(shape: Shape) -> impl Strategy<Value = Program> {
    let families = families_of(shape);
    let op = (0..16_u8, 0..32_u8, 0..6_u8);
    let tasks = vec(vec(op, 1..=shape.ops), 2..=shape.tasks);
    let header = (0..families, 0..2 * families, 0..3_u8, 0..3_usize, 0..3_usize);
    (header, tasks).prop_map(move |((first, second, size, owner, giver), raw)| {
        let count = raw.len();
        // Half of the programs have one family only.
        let mut families =
            vec![FAMILIES[first], *FAMILIES[..families_of(shape)].get(second).unwrap_or(&FAMILIES[first])];
        families.dedup();
        let owner = owner % count;
        let giver = if giver % count == owner { (owner + 1) % count } else { giver % count };
        let mut program = Program { families, size, owner, giver, tasks: Vec::new() };
        let tasks = raw.iter().enumerate().map(|(task, ops)| {
            let of_task = Decoder { program: &program, shape, task, count };
            ops.iter().enumerate().map(|(place, &op)| of_task.op(place, op)).collect()
        });
        program.tasks = tasks.collect();
        program
    })
}

struct Decoder<'a> {
    program: &'a Program,
    shape: Shape,
    task: usize,
    count: usize,
}

impl Decoder<'_> {
    fn op(&self, place: usize, (kind, which, parameter): RawOp) -> Op {
        let families = &self.program.families;
        let value = 10 * (self.task as u8 + 1) + place as u8;
        let other = 1 + parameter as usize % (self.count - 1);
        match kind {
            0..=5 => self.of_family(families[0], which, parameter, value),
            6..=10 => self.of_family(families[families.len() - 1], which, parameter, value),
            11 if self.shape.is_full || which % 2 == 0 => Op::Wait(Wait::Yield),
            11 | 12 => Op::Act(Act::Release),
            13 if self.task == 0 && self.shape.is_full => match which % 3 {
                0 => Op::Act(Act::Abort(other)),
                1 => Op::Act(Act::IsFinished(other)),
                _ => Op::Wait(Wait::Join(other)),
            },
            14 | 15 if self.shape.is_full => {
                let first = self.wait(families[0], which, parameter, value);
                let second = self.wait(families[families.len() - 1], which / 2, parameter / 2, value);
                match (first, second) {
                    (Some(first), Some(second)) if is_apart(first, second) => Op::Select(first, second),
                    (Some(wait), _) | (_, Some(wait)) => Op::Select(wait, Wait::Yield),
                    (None, None) => Op::Wait(Wait::Yield),
                }
            }
            _ => self.of_family(families[0], which, parameter, value),
        }
    }

    /// Something of this family that the task can wait for.
    fn wait(&self, family: Family, which: u8, parameter: u8, value: u8) -> Option<Wait> {
        (0..8).find_map(|more| match self.of_family(family, which + more, parameter, value) {
            Op::Wait(wait) | Op::Keep(wait) => Some(wait),
            _ => None,
        })
    }

    fn of_family(&self, family: Family, which: u8, parameter: u8, value: u8) -> Op {
        let is_owner = self.task == self.program.owner;
        let is_full = self.shape.is_full;
        match family {
            Family::Mutex => match (which % 6, parameter % 2, value) {
                (0 | 1, mutex, add) => Op::Wait(Wait::Lock(mutex, add)),
                (2 | 3, mutex, add) => Op::Keep(Wait::Lock(mutex, add)),
                (4, mutex, add) => Op::Act(Act::TryLock(mutex, add)),
                _ => Op::Act(Act::Release),
            },
            Family::Semaphore => match which % 9 {
                0 | 1 => Op::Keep(Wait::Permits(1 + u32::from(parameter) % 2)),
                2 | 3 => Op::Wait(Wait::Permits(1 + u32::from(parameter) % 3)),
                4 => Op::Act(Act::TryPermits(1 + u32::from(parameter) % 2)),
                5 | 6 => Op::Act(Act::AddPermits(1 + parameter % 2)),
                7 => Op::Act(Act::Available),
                _ => Op::Act(Act::CloseSemaphore),
            },
            Family::Bounded if is_owner => match which % 8 {
                0..=3 => Op::Wait(Wait::Recv),
                4 | 5 => Op::Act(Act::TryRecv),
                6 => Op::Act(Act::CloseReceiver),
                _ => Op::Act(Act::DropReceiver),
            },
            Family::Bounded => match which % 8 {
                0..=2 => Op::Wait(Wait::Send(value)),
                3 if is_full => Op::Wait(Wait::Reserve(value)),
                4 | 5 => Op::Act(Act::TrySend(value)),
                6 if is_full => Op::Wait(Wait::Closed),
                7 => Op::Act(Act::DropSender),
                _ => Op::Wait(Wait::Send(value)),
            },
            Family::Unbounded if is_owner => match which % 8 {
                0..=3 => Op::Wait(Wait::RecvUnbounded),
                4 | 5 => Op::Act(Act::TryRecvUnbounded),
                6 => Op::Act(Act::CloseUnbounded),
                _ => Op::Act(Act::DropUnboundedReceiver),
            },
            Family::Unbounded => match which % 4 {
                0..=2 => Op::Act(Act::SendUnbounded(value)),
                _ => Op::Act(Act::DropUnboundedSender),
            },
            Family::Once if is_owner => match which % 7 {
                0..=2 => Op::Wait(Wait::Once),
                3 | 4 => Op::Act(Act::TryOnce),
                5 => Op::Act(Act::CloseOnce),
                _ => Op::Act(Act::DropOnceReceiver),
            },
            Family::Once if self.task == self.program.giver => match which % 5 {
                0..=2 => Op::Act(Act::SendOnce(value)),
                3 if is_full => Op::Wait(Wait::OnceClosed),
                _ => Op::Act(Act::DropOnceSender),
            },
            Family::Once => Op::Wait(Wait::Yield),
            Family::Notify => match which % 8 {
                0 | 1 => Op::Wait(Wait::Notified),
                2 | 3 => Op::Act(Act::NotifyOne),
                4 => Op::Act(Act::NotifyWaiters),
                5 if is_full => Op::Act(Act::NotifyLast),
                6 if is_full => Op::Early(Act::NotifyOne),
                7 if is_full => Op::Early(Act::NotifyWaiters),
                5 => Op::Act(Act::NotifyOne),
                _ => Op::Wait(Wait::Notified),
            },
            Family::Watch if is_owner => match which % 6 {
                0..=2 => Op::Act(Act::SendWatch(value)),
                3 => Op::Act(Act::Borrow),
                4 => Op::Wait(Wait::WatchClosed),
                _ => Op::Act(Act::DropWatchSender),
            },
            Family::Watch => match which % 7 {
                0..=2 => Op::Wait(Wait::Changed),
                3 | 4 => Op::Act(Act::Borrow),
                5 => Op::Act(Act::HasChanged),
                _ => Op::Act(Act::DropWatchReceiver),
            },
            Family::RwLock => match which % 8 {
                0 => Op::Wait(Wait::Read),
                1 | 2 => Op::Keep(Wait::Read),
                3 | 4 => Op::Wait(Wait::Write(value)),
                5 => Op::Keep(Wait::Write(value)),
                6 => Op::Act(Act::TryRead),
                _ => Op::Act(Act::TryWrite(value)),
            },
        }
    }
}

/// Whether the two can be awaited at once: neither needs alone what the other needs.
fn is_apart(first: Wait, second: Wait) -> bool {
    let needs = |wait| match wait {
        Wait::Recv => 1,
        Wait::RecvUnbounded => 2,
        Wait::Once => 3,
        Wait::OnceClosed => 4,
        Wait::Changed => 5,
        Wait::Join(_) => 6,
        _ => 0,
    };
    needs(first) == 0 || needs(first) != needs(second)
}
