//! What tokio's documentation says of the primitives, as abstract state machines, and every outcome that programs without
//! `select!` can have by it on one thread.
//!
//! Any task that is ready may be polled next, and goes on until it waits. At an operation that is awaited it may give way before, or,
//! where it takes permits, after it has taken them.

use std::collections::{BTreeSet, HashSet};

use super::outcome::Outcome;
use super::program::{Act, Family, Op, Program, Wait};

const CLOSED: u16 = 200;
const EMPTY: u16 = 201;
const FULL: u16 = 202;
const GONE: u16 = 203;

/// A fair semaphore. Who waits has been given a part perhaps; what is given back goes to the first that waits.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Permits {
    free: u32,
    is_closed: bool,
    /// Who waits, and for how many more.
    queue: Vec<(usize, u32)>,
}

/// A channel of several senders. An unbounded one has more places than are ever used.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Channel {
    values: Vec<u8>,
    capacity: u32,
    places: Permits,
    senders: u32,
    /// The receiver's task, if it waits.
    waits: Option<usize>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Once {
    value: Option<u8>,
    has_sender: bool,
    is_closed: bool,
    waits: Option<usize>,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Notify {
    has_permit: bool,
    queue: Vec<usize>,
    /// How often all were notified.
    calls: u32,
}

/// Which semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    Mutex(usize),
    Semaphore,
    Places,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Held {
    Nothing,
    Permits(Which, u32),
}

/// How far the operation of a task has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Progress {
    New,
    /// It waits for permits, or for a notification.
    Queued,
    /// It has been given all.
    Given,
    /// `notified` was called, after all were notified so often.
    Began(u32),
    Yielded,
    /// It waits for something else.
    Waits,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Task {
    at: usize,
    progress: Progress,
    is_ready: bool,
    has_ended: bool,
    held: Vec<Held>,
    seen: Vec<u16>,
    has_sender: bool,
    has_receiver: bool,
    has_unbounded_sender: bool,
    has_unbounded_receiver: bool,
    has_once_sender: bool,
    has_once_receiver: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    /// Whether the first task was polled: it spawns the others.
    has_begun: bool,
    tasks: Vec<Task>,
    mutexes: [Permits; 2],
    values: [u8; 2],
    semaphore: Permits,
    bounded: Channel,
    unbounded: Channel,
    once: Once,
    notify: Notify,
}

/// What becomes of a task at an operation.
enum Step {
    Seen(u16),
    Pending,
    /// It goes on with the operation, or gives way before that.
    Again,
}

/// Every outcome of a program.
pub(super) fn outcomes(program: &Program) -> BTreeSet<Outcome> {
    let mut outcomes = BTreeSet::new();
    let mut known = HashSet::new();
    let mut left = vec![World::new(program)];
    while let Some(world) = left.pop() {
        if world.tasks[0].has_ended || world.tasks.iter().all(|task| !task.is_ready) {
            let seen = world.tasks.iter().map(|task| task.seen.clone()).collect();
            outcomes.insert(Outcome { seen, has_ended: world.tasks[0].has_ended });
            continue;
        }
        for task in 0..world.tasks.len() {
            if world.tasks[task].is_ready {
                let mut after = Vec::new();
                world.clone().poll(program, task, &mut after);
                left.extend(after.into_iter().filter(|world| known.insert(world.clone())));
            }
        }
    }
    outcomes
}

impl World {
    fn new(program: &Program) -> World {
        let tasks = (0..program.tasks.len()).map(|task| {
            let (is_owner, is_giver) = (task == program.owner, task == program.giver);
            let has = |family, is_it| program.has(family) && is_it;
            Task {
                at: 0,
                progress: Progress::New,
                is_ready: task == 0,
                has_ended: false,
                held: Vec::new(),
                seen: Vec::new(),
                has_sender: has(Family::Bounded, !is_owner),
                has_receiver: has(Family::Bounded, is_owner),
                has_unbounded_sender: has(Family::Unbounded, !is_owner),
                has_unbounded_receiver: has(Family::Unbounded, is_owner),
                has_once_sender: has(Family::Once, is_giver),
                has_once_receiver: has(Family::Once, is_owner),
            }
        });
        let permits = |free| Permits { free, ..Permits::default() };
        let channel = |capacity| Channel {
            capacity,
            places: permits(capacity),
            senders: program.tasks.len() as u32 - 1,
            ..Channel::default()
        };
        World {
            has_begun: false,
            tasks: tasks.collect(),
            mutexes: [permits(1), permits(1)],
            values: [0, 0],
            semaphore: permits(u32::from(program.size)),
            bounded: channel(u32::from(program.size.max(1))),
            unbounded: channel(1_000),
            once: Once { has_sender: true, ..Once::default() },
            notify: Notify::default(),
        }
    }

    /// Polls a task: all worlds that there can be once it is pending, has given way, or has ended.
    fn poll(mut self, program: &Program, task: usize, after: &mut Vec<World>) {
        if !self.has_begun {
            self.has_begun = true;
            self.tasks.iter_mut().for_each(|task| task.is_ready = true);
            if self.gives_way_before(program, task) {
                after.push(self.clone());
            }
        }
        loop {
            let at = self.tasks[task].at;
            let Some(&op) = program.tasks[task].get(at) else { break };
            match self.step(task, op) {
                Step::Seen(seen) => {
                    let this = &mut self.tasks[task];
                    this.seen.push(seen);
                    this.at += 1;
                    this.progress = Progress::New;
                    if self.gives_way_before(program, task) {
                        after.push(self.clone());
                    }
                }
                Step::Again => after.push(self.clone()),
                Step::Pending => {
                    self.tasks[task].is_ready = self.tasks[task].progress == Progress::Yielded;
                    after.push(self);
                    return;
                }
            }
        }
        if self.tasks[task].progress == Progress::New {
            self.tasks[task].progress = Progress::Waits;
            for held in std::mem::take(&mut self.tasks[task].held) {
                self.release(held);
            }
            for act in [
                Act::DropSender,
                Act::DropReceiver,
                Act::DropUnboundedSender,
                Act::DropUnboundedReceiver,
                Act::DropOnceSender,
                Act::DropOnceReceiver,
            ] {
                self.act(task, act);
            }
        }
        // The first task joins the others.
        if task == 0 {
            let ended = self.tasks[1..].iter().take_while(|task| task.has_ended).count();
            let known = self.tasks[0].seen.len() - program.tasks[0].len();
            self.tasks[0].seen.extend((known..ended).map(|_| 0));
            self.tasks[0].is_ready = false;
            self.tasks[0].has_ended = ended == self.tasks.len() - 1;
        } else {
            self.tasks[task].has_ended = true;
            self.tasks[task].is_ready = false;
            if self.tasks[0].at == program.tasks[0].len() {
                self.wake(0);
            }
        }
        after.push(self);
    }

    /// Whether the task may give way before its next operation. What takes permits takes them first.
    fn gives_way_before(&self, program: &Program, task: usize) -> bool {
        let this = &self.tasks[task];
        match program.tasks[task].get(this.at) {
            Some(Op::Wait(Wait::Recv)) => this.has_receiver,
            Some(Op::Wait(Wait::RecvUnbounded)) => this.has_unbounded_receiver,
            Some(Op::Wait(Wait::Once)) => this.has_once_receiver,
            _ => false,
        }
    }

    fn wake(&mut self, task: usize) {
        self.tasks[task].is_ready = true;
    }

    fn step(&mut self, task: usize, op: Op) -> Step {
        let (wait, keeps) = match op {
            Op::Act(act) => return Step::Seen(self.act(task, act)),
            Op::Wait(wait) => (wait, false),
            Op::Keep(wait) => (wait, true),
            Op::Select(..) | Op::Early(_) => unreachable!("not in programs of this shape"),
        };
        match wait {
            Wait::Lock(which, add) => {
                let which = usize::from(which);
                let step = self.take(task, Which::Mutex(which), 1, keeps);
                let Step::Seen(_) = step else { return step };
                let seen = u16::from(self.values[which]);
                self.values[which] = self.values[which].wrapping_add(add);
                Step::Seen(seen)
            }
            Wait::Permits(count) => self.take(task, Which::Semaphore, count, keeps),
            Wait::Send(_) if !self.tasks[task].has_sender => Step::Seen(GONE),
            Wait::Send(value) => {
                let step = self.take(task, Which::Places, 1, true);
                if matches!(step, Step::Seen(1)) {
                    // The place is the value's from now on.
                    self.tasks[task].held.pop();
                    self.bounded.values.push(value);
                    self.wake_receiver();
                } else if matches!(step, Step::Seen(_)) {
                    self.tasks[task].held.pop();
                }
                step
            }
            Wait::Recv if !self.tasks[task].has_receiver => Step::Seen(GONE),
            Wait::Recv => match self.receive(true) {
                EMPTY => {
                    self.bounded.waits = Some(task);
                    self.pend(task)
                }
                seen => Step::Seen(seen),
            },
            Wait::RecvUnbounded if !self.tasks[task].has_unbounded_receiver => Step::Seen(GONE),
            Wait::RecvUnbounded => match self.receive(false) {
                EMPTY => {
                    self.unbounded.waits = Some(task);
                    self.pend(task)
                }
                seen => Step::Seen(seen),
            },
            Wait::Once if !self.tasks[task].has_once_receiver => Step::Seen(GONE),
            Wait::Once => match self.act(task, Act::TryOnce) {
                EMPTY => {
                    self.once.waits = Some(task);
                    self.pend(task)
                }
                seen => Step::Seen(seen),
            },
            Wait::Notified => self.notified(task),
            Wait::Yield if self.tasks[task].progress == Progress::Yielded => Step::Seen(1),
            Wait::Yield => {
                self.tasks[task].progress = Progress::Yielded;
                Step::Pending
            }
            other => unreachable!("{other:?} is not in programs of this shape"),
        }
    }

    fn pend(&mut self, task: usize) -> Step {
        self.tasks[task].progress = Progress::Waits;
        Step::Pending
    }

    fn notified(&mut self, task: usize) -> Step {
        match self.tasks[task].progress {
            Progress::Given => Step::Seen(1),
            Progress::Queued => Step::Pending,
            Progress::Began(calls) => {
                // The permit of `notify_one` is left to others then.
                if calls != self.notify.calls {
                    return Step::Seen(1);
                }
                if self.notify.has_permit {
                    self.notify.has_permit = false;
                    return Step::Seen(1);
                }
                self.notify.queue.push(task);
                self.tasks[task].progress = Progress::Queued;
                Step::Pending
            }
            _ => {
                self.tasks[task].progress = Progress::Began(self.notify.calls);
                Step::Again
            }
        }
    }

    fn permits(&mut self, which: Which) -> &mut Permits {
        match which {
            Which::Mutex(which) => &mut self.mutexes[which],
            Which::Semaphore => &mut self.semaphore,
            Which::Places => &mut self.bounded.places,
        }
    }

    /// Takes permits, and keeps them, or gives them back at once.
    fn take(&mut self, task: usize, which: Which, count: u32, keeps: bool) -> Step {
        let progress = self.tasks[task].progress;
        let permits = self.permits(which);
        if permits.is_closed {
            let had = match progress {
                Progress::Given => count,
                Progress::Queued => {
                    let at = permits.queue.iter().position(|&(other, _)| other == task);
                    at.map_or(0, |at| count - permits.queue.remove(at).1)
                }
                _ => 0,
            };
            self.release(Held::Permits(which, had));
            if keeps {
                self.tasks[task].held.push(Held::Nothing);
            }
            return Step::Seen(CLOSED);
        }
        match progress {
            Progress::Given => {
                if keeps {
                    self.tasks[task].held.push(Held::Permits(which, count));
                } else {
                    self.release(Held::Permits(which, count));
                }
                Step::Seen(1)
            }
            Progress::Queued => Step::Pending,
            _ if permits.free >= count => {
                permits.free -= count;
                self.tasks[task].progress = Progress::Given;
                Step::Again
            }
            _ => {
                let left = count - std::mem::take(&mut permits.free);
                permits.queue.push((task, left));
                self.tasks[task].progress = Progress::Queued;
                Step::Pending
            }
        }
    }

    fn release(&mut self, held: Held) {
        let Held::Permits(which, mut count) = held else { return };
        let permits = self.permits(which);
        let mut given = Vec::new();
        if !permits.is_closed {
            while count > 0 && !permits.queue.is_empty() {
                let (task, left) = &mut permits.queue[0];
                let part = count.min(*left);
                (count, *left) = (count - part, *left - part);
                if *left == 0 {
                    given.push(*task);
                    permits.queue.remove(0);
                }
            }
        }
        permits.free += count;
        for task in given {
            self.tasks[task].progress = Progress::Given;
            self.wake(task);
        }
        if which == Which::Places && self.bounded.places.is_closed {
            self.wake_receiver();
        }
    }

    fn close(&mut self, which: Which) {
        let permits = self.permits(which);
        permits.is_closed = true;
        for (task, _) in permits.queue.clone() {
            self.wake(task);
        }
    }

    fn wake_receiver(&mut self) {
        if let Some(task) = self.bounded.waits.take() {
            self.wake(task);
        }
    }

    fn receive(&mut self, is_bounded: bool) -> u16 {
        let channel = if is_bounded { &mut self.bounded } else { &mut self.unbounded };
        if !channel.values.is_empty() {
            let value = channel.values.remove(0);
            if is_bounded {
                self.release(Held::Permits(Which::Places, 1));
            }
            return u16::from(value);
        }
        let is_idle = channel.places.free == channel.capacity;
        if channel.senders == 0 || channel.places.is_closed && is_idle { CLOSED } else { EMPTY }
    }

    fn act(&mut self, task: usize, act: Act) -> u16 {
        let this = &mut self.tasks[task];
        match act {
            Act::TryLock(which, add) => {
                let which = usize::from(which);
                if self.mutexes[which].free == 0 {
                    return FULL;
                }
                let seen = u16::from(self.values[which]);
                self.values[which] = self.values[which].wrapping_add(add);
                seen
            }
            Act::TryPermits(_) if self.semaphore.is_closed => CLOSED,
            Act::TryPermits(count) if self.semaphore.free < count => EMPTY,
            Act::TryPermits(count) => {
                self.semaphore.free -= count;
                this.held.push(Held::Permits(Which::Semaphore, count));
                1
            }
            Act::AddPermits(count) => {
                self.release(Held::Permits(Which::Semaphore, u32::from(count)));
                1
            }
            Act::Available => self.semaphore.free as u16,
            Act::CloseSemaphore => {
                self.close(Which::Semaphore);
                1
            }
            Act::TrySend(_) | Act::DropSender if !this.has_sender => GONE,
            Act::TrySend(_) if self.bounded.places.is_closed => CLOSED,
            Act::TrySend(_) if self.bounded.places.free == 0 => FULL,
            Act::TrySend(value) => {
                self.bounded.places.free -= 1;
                self.bounded.values.push(value);
                self.wake_receiver();
                1
            }
            Act::DropSender => {
                this.has_sender = false;
                self.bounded.senders -= 1;
                if self.bounded.senders == 0 {
                    self.wake_receiver();
                }
                1
            }
            Act::TryRecv | Act::CloseReceiver | Act::DropReceiver if !this.has_receiver => GONE,
            Act::TryRecv => self.receive(true),
            Act::CloseReceiver => {
                self.close(Which::Places);
                1
            }
            Act::DropReceiver => {
                this.has_receiver = false;
                self.close(Which::Places);
                self.bounded.waits = None;
                let count = std::mem::take(&mut self.bounded.values).len() as u32;
                self.release(Held::Permits(Which::Places, count));
                1
            }
            Act::SendUnbounded(_) | Act::DropUnboundedSender if !this.has_unbounded_sender => GONE,
            Act::SendUnbounded(_) if self.unbounded.places.is_closed => CLOSED,
            Act::SendUnbounded(value) => {
                self.unbounded.values.push(value);
                self.wake_unbounded();
                1
            }
            Act::DropUnboundedSender => {
                this.has_unbounded_sender = false;
                self.unbounded.senders -= 1;
                if self.unbounded.senders == 0 {
                    self.wake_unbounded();
                }
                1
            }
            Act::TryRecvUnbounded | Act::CloseUnbounded | Act::DropUnboundedReceiver
                if !this.has_unbounded_receiver =>
            {
                GONE
            }
            Act::TryRecvUnbounded => self.receive(false),
            Act::CloseUnbounded => {
                self.unbounded.places.is_closed = true;
                1
            }
            Act::DropUnboundedReceiver => {
                this.has_unbounded_receiver = false;
                self.unbounded.places.is_closed = true;
                self.unbounded.values.clear();
                1
            }
            Act::SendOnce(_) | Act::DropOnceSender if !this.has_once_sender => GONE,
            Act::SendOnce(value) => {
                this.has_once_sender = false;
                self.once.has_sender = false;
                if self.once.is_closed {
                    return CLOSED;
                }
                self.once.value = Some(value);
                self.wake_once();
                1
            }
            Act::DropOnceSender => {
                this.has_once_sender = false;
                self.once.has_sender = false;
                self.wake_once();
                1
            }
            Act::TryOnce | Act::CloseOnce | Act::DropOnceReceiver if !this.has_once_receiver => GONE,
            Act::TryOnce => match self.once.value.take() {
                None if self.once.has_sender && !self.once.is_closed => EMPTY,
                value => {
                    this.has_once_receiver = false;
                    self.once.is_closed = true;
                    value.map_or(CLOSED, u16::from)
                }
            },
            Act::CloseOnce => {
                self.once.is_closed = true;
                1
            }
            Act::DropOnceReceiver => {
                this.has_once_receiver = false;
                self.once.is_closed = true;
                1
            }
            Act::NotifyOne => {
                if self.notify.queue.is_empty() {
                    self.notify.has_permit = true;
                } else {
                    let first = self.notify.queue.remove(0);
                    self.tasks[first].progress = Progress::Given;
                    self.wake(first);
                }
                1
            }
            Act::NotifyWaiters => {
                self.notify.calls += 1;
                for waiting in std::mem::take(&mut self.notify.queue) {
                    self.tasks[waiting].progress = Progress::Given;
                    self.wake(waiting);
                }
                1
            }
            Act::Release if this.held.is_empty() => GONE,
            Act::Release => {
                let first = this.held.remove(0);
                self.release(first);
                1
            }
            other => unreachable!("{other:?} is not in programs of this shape"),
        }
    }

    fn wake_unbounded(&mut self) {
        if let Some(task) = self.unbounded.waits.take() {
            self.wake(task);
        }
    }

    fn wake_once(&mut self) {
        if let Some(task) = self.once.waits.take() {
            self.wake(task);
        }
    }
}
