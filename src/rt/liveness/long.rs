//! Executions that have become long: from some step on they go on fairly.
//!
//! A thread that never yields keeps others from running for as long as the strategy likes, and if
//! it is one that works until another tells it to stop, the execution has no end. Those that end do so within some thousand
//! steps, mostly. So from step `FAIR_AFTER` on loads read the last store, as every store is seen in the end (C++20
//! [intro.progress]/18), and at the beginning of each period there is a fair stretch, in which threads are taken to yield
//! now and then, whatever they do. Not all the time: a fair step costs more. Time passes as well, a tenth of a millisecond
//! a step, where threads wait for that. What ends in every fair schedule ends then. Shortly before the step
//! limit the strategy is left alone again: what it does with an execution that does not end says more than what fairness
//! does.

use std::ops::Range;

use crate::rt::op::limits::Limits;

/// After how many steps an execution is long, if it may take twice as many.
const FAIR_AFTER: u64 = 10_000;

/// How many steps of a long execution are a period, and how many of these, at its beginning, a fair stretch.
pub(in crate::rt) const PERIOD: u64 = 16_384;
pub(in crate::rt) const STRETCH: u64 = 1_024;

/// In a fair stretch the thread that takes each step of this number is taken to yield.
pub(in crate::rt) const YIELDS_EVERY: u64 = 8;

/// How many steps of a long execution outside a fair stretch there are from one look at what is due to the next.
pub(in crate::rt) const LOOKS_EVERY: u64 = 64;

/// How much time each step of a long execution takes, where threads wait for time to pass: in nanoseconds.
pub(in crate::rt) const STEP_TAKES: u64 = 100_000;

/// How many steps before the limit a strategy is left alone again.
const LEFT_ALONE: u64 = 2_000;

/// When an execution is long, and what is due then.
#[derive(Debug)]
pub(in crate::rt) struct Long {
    /// The steps that are to be fair.
    pub(in crate::rt) fair: Range<u64>,
    /// From which step on to see what is due.
    pub(in crate::rt) looks_at: u64,
    /// When time has passed last because the execution had become long.
    pub(in crate::rt) time_passed: u64,
}

impl Long {
    pub(in crate::rt) fn new(limits: &Limits) -> Long {
        let &Limits { max_steps, directed, .. } = limits;
        let fair = match directed {
            true => u64::MAX..u64::MAX,
            false => FAIR_AFTER.min(max_steps / 2)..max_steps - LEFT_ALONE.min(max_steps / 4),
        };
        Long { looks_at: fair.start, fair, time_passed: 0 }
    }
}
