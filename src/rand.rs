//! Random values drawn from the schedule: equal in every replay, different from execution to execution.

use crate::rt::current;
use crate::rt::op::Choice;

/// One of the numbers below `n`, chosen like everything else in an execution: by the strategy, recorded in
/// the schedule, repeated in a replay. Use it where the program under test may do one of several things.
///
/// ```
/// let report = drawloom::explore(drawloom::Config::new().executions(100), || {
///     assert!(drawloom::choose(3) != 2, "the third way");
/// });
/// assert!(!report.passed());
/// ```
///
/// # Panics
///
/// If `n` is 0, or outside an exploration, where there is no schedule to draw from.
#[track_caller]
pub fn choose(n: usize) -> usize {
    assert!(n > 0, "drawloom::choose(0): a choice needs at least one alternative");
    let Some(mut current) = current() else {
        panic!("drawloom::choose is called outside an exploration, where there is no schedule to draw from")
    };
    current.execution().choose(Choice::Program, n)
}

/// 64 random bits.
///
/// # Panics
///
/// Outside an exploration.
#[track_caller]
pub fn bits() -> u64 {
    let word = || choose(1 << 32) as u64;
    word() << 32 | word()
}

/// A random `bool`.
///
/// # Panics
///
/// Outside an exploration.
#[track_caller]
pub fn bool() -> bool {
    choose(2) == 1
}

/// A random number of a range.
///
/// # Panics
///
/// If the range is empty, or outside an exploration.
#[track_caller]
pub fn range(range: std::ops::Range<usize>) -> usize {
    assert!(!range.is_empty(), "drawloom::rand::range: {range:?} is empty");
    range.start + choose(range.end - range.start)
}

/// Brings the elements into a random order.
///
/// # Panics
///
/// Outside an exploration.
#[track_caller]
pub fn shuffle<T>(elements: &mut [T]) {
    for last in (1..elements.len()).rev() {
        elements.swap(last, choose(last + 1));
    }
}
