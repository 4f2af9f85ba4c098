//! Timers of tasks: each is one `sleep`, in the clock's list of waits beside those of threads.
//!
//! When its deadline has come, the clock puts it among the timers of its queue that are due; a worker takes them from there and
//! calls their wakers, which are the faces'.

use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::threads::timers::Instant;

/// In the clock's list a timer has a number that no thread has.
const TIMER: u32 = 1 << 31;

/// One timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskTimer {
    /// Its wait in the clock's list; 0 if there is none.
    pub(crate) wait: u64,
    pub(crate) deadline: Instant,
    /// The queue of the runtime that it belongs to, and that queue's object.
    pub(crate) queue: u32,
    pub(crate) object: ObjectId,
    pub(crate) is_over: bool,
}

/// The timers of one execution.
#[derive(Default, Debug)]
pub(crate) struct TaskTimers {
    all: Vec<TaskTimer>,
    free: Vec<u32>,
}

impl TaskTimers {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.free.clear();
    }

    /// A new timer.
    pub(crate) fn add(&mut self, timer: TaskTimer) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.all[place as usize] = timer;
                place
            }
            None => {
                self.all.push(timer);
                self.all.len() as u32 - 1
            }
        }
    }

    /// Those of a queue that have not rung.
    pub(crate) fn pending(&self, queue: u32) -> impl Iterator<Item = u32> {
        let waits = move |timer: &TaskTimer| timer.wait != 0 && timer.queue == queue;
        self.all.iter().enumerate().filter(move |(_, timer)| waits(timer)).map(|(number, _)| number as u32)
    }

    /// Whether there was one in this execution.
    pub(crate) fn is_any(&self) -> bool {
        !self.all.is_empty()
    }

    pub(crate) fn get(&self, number: u32) -> &TaskTimer {
        &self.all[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut TaskTimer {
        &mut self.all[number as usize]
    }

    /// Nobody waits for it any more.
    pub(crate) fn remove(&mut self, number: u32) {
        self.all[number as usize].wait = 0;
        self.free.push(number);
    }

    /// How the clock names a timer.
    pub(crate) fn waiter(number: u32) -> ThreadId {
        ThreadId(TIMER | number)
    }

    /// The timer that the clock means, if it is one.
    pub(crate) fn of_waiter(waiter: ThreadId) -> Option<u32> {
        (waiter.0 & TIMER != 0).then_some(waiter.0 & !TIMER)
    }
}
