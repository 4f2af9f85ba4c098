//! What tokio's documentation says of the primitives, as abstract state machines, and every outcome that programs without
//! `select!` can have by it on one thread.
//!
//! Any task that is ready may be polled next, and goes on until it waits. At an operation that is awaited it may give way before, or,
//! where it takes permits, after it has taken them.
//!
//! Where cancellation is explored, one future may be doomed: a spawned task before it is polled, or where it waits or gives way, and
//! the first task there, which is in a timeout. What is doomed is polled like what is ready: a spawned task is dropped then, and the
//! timeout of the first one is over, unless the task comes to its end.

mod operations;

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
    /// It has been given all, having waited.
    Given,
    /// It has taken all at once.
    Taken,
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
    has_begun: bool,
    is_doomed: bool,
    is_cancelled: bool,
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
    /// How many futures may still be doomed.
    dooms: u32,
    /// How often a task may still be polled although nobody has woken it.
    spurious: u32,
    is_timed_out: bool,
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

/// Every outcome of a program, in which so many futures may be dropped although the program drops none, and tasks be polled so often
/// although nobody has woken them.
pub(super) fn outcomes(program: &Program, dooms: u32, spurious: u32) -> BTreeSet<Outcome> {
    let mut outcomes = BTreeSet::new();
    let mut known = HashSet::new();
    let mut left = vec![World { spurious, ..World::new(program, dooms) }];
    while let Some(world) = left.pop() {
        if world.tasks[0].has_ended || world.is_timed_out || world.tasks.iter().all(|task| !task.is_ready) {
            let seen = world.tasks.iter().map(|task| task.seen.clone()).collect();
            outcomes.insert(Outcome { seen, has_ended: world.tasks[0].has_ended });
            if world.spurious > 0 && !world.tasks[0].has_ended && !world.is_timed_out {
                // The timeout of the first task is over. Before that is polled, another one may be.
                let mut late = world;
                (late.tasks[0].is_doomed, late.tasks[0].is_ready) = (true, true);
                left.push(late);
            }
            continue;
        }
        for task in 0..world.tasks.len() {
            let this = &world.tasks[task];
            let is_spurious = !this.is_ready && this.has_begun && !this.has_ended && world.spurious > 0;
            if this.is_ready || is_spurious {
                let mut after = Vec::new();
                let spurious = world.spurious - u32::from(is_spurious);
                World { spurious, ..world.clone() }.poll(program, task, &mut after);
                left.extend(after.into_iter().filter(|world| known.insert(world.clone())));
            }
        }
    }
    outcomes
}

/// Whether the operation takes permits.
fn takes(op: Op) -> bool {
    let (Op::Wait(wait) | Op::Keep(wait)) = op else { return false };
    matches!(wait, Wait::Lock(..) | Wait::Permits(_) | Wait::Send(_))
}

impl World {
    fn new(program: &Program, dooms: u32) -> World {
        let tasks = (0..program.tasks.len()).map(|task| {
            let (is_owner, is_giver) = (task == program.owner, task == program.giver);
            let has = |family, is_it| program.has(family) && is_it;
            Task {
                at: 0,
                progress: Progress::New,
                is_ready: task == 0,
                has_begun: false,
                is_doomed: false,
                is_cancelled: false,
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
            dooms,
            spurious: 0,
            is_timed_out: false,
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
        let mut has_done = !self.has_begun;
        if !self.has_begun {
            self.has_begun = true;
            self.tasks.iter_mut().for_each(|task| task.is_ready = true);
            if self.gives_way_before(program, task) {
                self.pause(task, after);
            }
        }
        if task != 0 && self.tasks[task].is_doomed {
            self.drop_task(program, task);
            after.push(self);
            return;
        }
        if task != 0 && !self.tasks[task].has_begun && self.dooms > 0 {
            let mut dropped = self.doomed(task);
            dropped.drop_task(program, task);
            after.push(dropped);
        }
        self.tasks[task].has_begun = true;
        loop {
            let at = self.tasks[task].at;
            let Some(&op) = program.tasks[task].get(at) else { break };
            if self.is_leaf(task, op) && self.dooms > 0 {
                match task {
                    0 => self.limit(after),
                    // What is taken is taken before.
                    _ if takes(op) => {}
                    _ => after.push(self.doomed(task)),
                }
            }
            match self.step(task, op) {
                Step::Seen(seen) => {
                    // What does nothing counts for nothing.
                    has_done = match op {
                        Op::Act(_) => has_done || seen != GONE,
                        Op::Wait(Wait::Yield) => false,
                        _ => has_done || seen != GONE,
                    };
                    let this = &mut self.tasks[task];
                    this.seen.push(seen);
                    this.at += 1;
                    this.progress = Progress::New;
                    if has_done && self.gives_way_before(program, task) {
                        self.pause(task, after);
                    }
                }
                Step::Again => self.pause(task, after),
                Step::Pending => {
                    self.tasks[task].is_ready = self.tasks[task].progress == Progress::Yielded;
                    if task == 0 && self.tasks[0].is_ready {
                        self.limit(after);
                    }
                    self.pause(task, after);
                    return;
                }
            }
        }
        if self.tasks[task].progress == Progress::New {
            self.tasks[task].progress = Progress::Waits;
            self.drop_own(task);
        }
        // The first task joins the others.
        if task == 0 {
            let ended = self.tasks[1..].iter().take_while(|task| task.has_ended).count();
            let known = self.tasks[0].seen.len() - program.tasks[0].len();
            for at in known..ended {
                self.limit(after);
                if has_done {
                    self.pause(0, after);
                }
                has_done = true;
                let is_cancelled = self.tasks[at + 1].is_cancelled;
                self.tasks[0].seen.push(if is_cancelled { GONE } else { 0 });
            }
            self.tasks[0].is_ready = false;
            self.tasks[0].has_ended = ended == self.tasks.len() - 1;
            if !self.tasks[0].has_ended {
                self.pause(0, after);
                return;
            }
        } else {
            self.end(program, task);
        }
        after.push(self);
    }

    /// The task waits or gives way here, and perhaps it is doomed.
    fn pause(&self, task: usize, after: &mut Vec<World>) {
        let mut this = self.clone();
        if task == 0 && this.tasks[0].is_doomed {
            this.is_timed_out = true;
        }
        after.push(this.clone());
        if this.dooms > 0 {
            after.push(this.doomed(task));
        }
    }

    /// The timeout of the first task may be over at any leaf operation, as if the task gave way there at its end.
    fn limit(&self, after: &mut Vec<World>) {
        if self.dooms > 0 {
            after.push(World { is_timed_out: true, ..self.clone() });
        }
    }

    /// Whether the operation of a task is one that it may have to wait for, and has what it needs.
    fn is_leaf(&self, task: usize, op: Op) -> bool {
        let this = &self.tasks[task];
        match op {
            Op::Wait(wait) | Op::Keep(wait) => match wait {
                // What uses no budget gives way nowhere but where it waits.
                Wait::Yield | Wait::Notified => false,
                // What is closed ends the wait at once.
                Wait::Permits(_) => !self.semaphore.is_closed || this.progress == Progress::Taken,
                Wait::Send(_) if !this.has_sender => false,
                Wait::Send(_) => !self.bounded.places.is_closed || this.progress == Progress::Taken,
                Wait::Recv => this.has_receiver,
                Wait::RecvUnbounded => this.has_unbounded_receiver,
                Wait::Once => this.has_once_receiver,
                _ => true,
            },
            _ => false,
        }
    }

    /// The same with one more future doomed, the task's.
    fn doomed(&self, task: usize) -> World {
        let mut this = World { dooms: self.dooms - 1, ..self.clone() };
        (this.tasks[task].is_doomed, this.tasks[task].is_ready) = (true, true);
        this
    }

    /// The future of a task that waits is dropped: it gives up its place, and gives back what it has.
    fn drop_task(&mut self, program: &Program, task: usize) {
        let at = self.tasks[task].at;
        if let Some(&Op::Wait(wait) | &Op::Keep(wait)) = program.tasks[task].get(at) {
            self.leave(task, wait);
        }
        self.drop_own(task);
        self.tasks[task].is_cancelled = true;
        self.end(program, task);
    }

    fn drop_own(&mut self, task: usize) {
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

    fn end(&mut self, program: &Program, task: usize) {
        self.tasks[task].has_ended = true;
        self.tasks[task].is_ready = false;
        if self.tasks[0].at == program.tasks[0].len() {
            self.wake(0);
        }
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
        self.tasks[task].is_ready = !self.tasks[task].has_ended;
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
            // It uses no budget, so the task does not give way between the two.
            _ => {
                self.tasks[task].progress = Progress::Began(self.notify.calls);
                self.notified(task)
            }
        }
    }
}
