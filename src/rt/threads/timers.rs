//! Virtual time: a clock that moves only when the model moves it, and the waits that it ends.
//!
//! By default (`Timeouts::Last`) time stands still while any thread can go on. When none can, the clock moves to the
//! earliest deadline (a *tick*), and all waits whose deadline has come are *due*: each is an attempt from then on, which
//! is granted or ends in vain, whenever its thread is chosen. With `Timeouts::Any` there are no ticks: each timed wait is
//! due from its beginning, and each thread has a time of its own, the least that there can be: that of the latest wait in
//! vain that happened before. Reading a clock does not move it; a loop that only polls it is let go on by steps of the clock
//! that double.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::rt::clocks::clock::Clock;
use crate::rt::op::ThreadId;

/// A point in virtual time, in nanoseconds since the start of the execution.
pub(crate) type Instant = u64;

/// The deadline of a wait without one.
pub(crate) const NEVER: Instant = u64::MAX;

/// By how much the clock moves first if threads do nothing but poll it.
const FIRST_STEP: Instant = 1_000;

/// How often the clock may be read until it moves although threads do something else as well.
pub(crate) const MANY_READS: u32 = 1_000;

/// From an event of one thread on it was this late.
#[derive(Clone, Copy, Debug)]
struct Raise {
    epoch: u32,
    time: Instant,
}

/// The clock and the waits with a deadline.
#[derive(Debug)]
pub(crate) struct Timers {
    now: Instant,
    /// Earliest first.
    waits: BinaryHeap<Reverse<(Instant, u64, ThreadId)>>,
    started: u64,
    /// How often the clock was read since it moved.
    reads: u32,
    was_read: bool,
    next_step: Instant,
    /// By clock slot, in the order in which they happened: where waits ended in vain, with `Timeouts::Any`.
    raises: Vec<Vec<Raise>>,
    is_raised: bool,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            now: 0,
            waits: BinaryHeap::new(),
            started: 0,
            reads: 0,
            was_read: false,
            next_step: FIRST_STEP,
            raises: Vec::new(),
            is_raised: false,
        }
    }
}

impl Timers {
    pub(crate) fn clear(&mut self) {
        self.now = 0;
        self.waits.clear();
        self.started = 0;
        self.reads = 0;
        self.was_read = false;
        self.next_step = FIRST_STEP;
        if std::mem::take(&mut self.is_raised) {
            self.raises.iter_mut().for_each(Vec::clear);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Whether no wait has a deadline to come.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    /// Whether the clock was read since it moved.
    #[inline]
    pub(crate) fn is_polled(&self) -> bool {
        self.reads > 0
    }

    /// The clock is read. Whether that was often since it moved.
    pub(crate) fn note_read(&mut self) -> bool {
        self.reads += 1;
        self.was_read = true;
        self.reads >= MANY_READS
    }

    /// Whether threads may depend on what time it is: it has passed, or was asked for.
    pub(crate) fn has_moved(&self) -> bool {
        self.now > 0 || self.was_read || self.is_raised
    }

    /// The end of a wait of this length that starts at `start`; one of centuries has none.
    pub(crate) fn deadline(start: Instant, length: Duration) -> Instant {
        let end = u64::try_from(length.as_nanos()).ok().and_then(|length| start.checked_add(length));
        end.unwrap_or(NEVER)
    }

    /// Notes a wait; the number tells it from earlier waits of the same thread.
    pub(crate) fn start(&mut self, thread: ThreadId, deadline: Instant) -> u64 {
        self.started += 1;
        self.waits.push(Reverse((deadline, self.started, thread)));
        self.started
    }

    /// Moves the clock to the earliest deadline and ends all waits until then: `end` is told of each, by its number, and
    /// says whether the thread was still in it. Whether there was one.
    pub(crate) fn tick(&mut self, mut end: impl FnMut(ThreadId, u64) -> bool) -> bool {
        let mut has_moved = false;
        while let Some(&Reverse((deadline, number, thread))) = self.waits.peek() {
            if has_moved && deadline > self.now {
                break;
            }
            self.waits.pop();
            if end(thread, number) {
                self.now = self.now.max(deadline);
                self.reads = 0;
                has_moved = true;
            }
        }
        has_moved
    }

    /// The earliest deadline, perhaps one of a wait that has ended.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.waits.peek().map(|&Reverse((deadline, ..))| deadline)
    }

    /// Moves the clock to `time`, if it is not later already.
    pub(crate) fn move_to(&mut self, time: Instant) {
        if time < NEVER {
            self.now = self.now.max(time);
            self.reads = 0;
        }
    }

    /// Moves the clock for those who poll it: by twice as much each time. Whether it can move.
    pub(crate) fn step(&mut self) -> bool {
        let before = self.now;
        self.now = self.now.saturating_add(self.next_step).min(NEVER - 1);
        self.next_step = self.next_step.saturating_mul(2);
        self.reads = 0;
        self.now > before
    }

    /// For whoever knows of `epoch` of the thread on `slot`, it is `time` at least.
    pub(crate) fn raise(&mut self, slot: u32, epoch: u32, time: Instant) {
        let slot = slot as usize;
        if self.raises.len() <= slot {
            self.raises.resize_with(slot + 1, Vec::new);
        }
        self.is_raised = true;
        self.raises[slot].push(Raise { epoch, time });
    }

    /// The latest time that whoever knows what `clock` says knows of.
    pub(crate) fn known(&self, clock: &Clock) -> Instant {
        if !self.is_raised {
            return self.now;
        }
        let known = |(slot, raises): (usize, &Vec<Raise>)| {
            let epoch = clock.get(slot as u32);
            let count = raises.partition_point(|raise| raise.epoch <= epoch);
            raises[..count].last().map_or(0, |raise| raise.time)
        };
        self.raises.iter().enumerate().map(known).fold(self.now, Instant::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_waits_of_the_earliest_deadline_end_at_once() {
        let mut timers = Timers::default();
        let deadline = Timers::deadline(timers.now(), Duration::from_secs(2));
        timers.start(ThreadId(1), deadline);
        let sooner = Timers::deadline(timers.now(), Duration::from_secs(1));
        let ended = timers.start(ThreadId(2), sooner);
        timers.start(ThreadId(3), sooner);
        timers.start(ThreadId(4), sooner);
        let tick = |timers: &mut Timers| {
            let mut due = Vec::new();
            timers.tick(|thread, number| {
                due.push(thread.0);
                number != ended
            });
            due
        };
        assert_eq!(tick(&mut timers), [2, 3, 4]);
        assert_eq!(timers.now(), 1_000_000_000);
        assert_eq!(tick(&mut timers), [1]);
        assert_eq!(timers.now(), 2_000_000_000);
        assert_eq!(tick(&mut timers), [0u32; 0]);
    }

    #[test]
    fn a_wait_of_centuries_has_no_deadline() {
        assert_eq!(Timers::deadline(5, Duration::from_secs(3)), 3_000_000_005);
        assert_eq!(Timers::deadline(5, Duration::from_secs(1 << 35)), NEVER);
        assert_eq!(Timers::deadline(5, Duration::MAX), NEVER);
    }

    #[test]
    fn the_clock_steps_to_the_end_of_time() {
        let mut timers = Timers::default();
        let steps = std::iter::repeat_with(|| timers.step()).take_while(|&moved| moved).count();
        assert!((40..80).contains(&steps), "{steps}");
    }
}
