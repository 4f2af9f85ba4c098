//! What is said of the tests that passed, after all of them: how much of each was explored.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use drawloom::{Assumption, Coverage, Report};

/// How a test has passed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Passed {
    /// Every execution was explored, as far as drawloom sees them.
    Explored,
    /// The same, but that time passes only where nothing else can go on.
    Timed,
    /// As far as there are bounds: a random value is not tried in all its values, or preemptions are limited.
    Bounded,
    /// A part of them was.
    Sampled,
    /// As either, where every load reads the last store: its threads are ordered by sleeping.
    StrongMemory,
    /// It cannot be explored, for this reason, and was run once.
    Once(String),
}

static PASSED: Mutex<BTreeMap<&'static str, Passed>> = Mutex::new(BTreeMap::new());

/// A test has passed.
pub(crate) fn note(name: &'static str, passed: Passed) {
    PASSED.lock().unwrap_or_else(PoisonError::into_inner).insert(name, passed);
}

impl Passed {
    /// As a report has it.
    pub(crate) fn of(report: &Report) -> Passed {
        let of_time = [Assumption::DeadlineOrder, Assumption::StillClock];
        match report.coverage() {
            Some(Coverage::Verified) if report.assumptions().iter().any(|it| of_time.contains(it)) => {
                Passed::Timed
            }
            Some(Coverage::Verified) => Passed::Explored,
            Some(Coverage::Bounded) => Passed::Bounded,
            _ => Passed::Sampled,
        }
    }
}

/// Says how many tests passed in which way, and which were not explored.
pub(crate) fn print() {
    let passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    if passed.is_empty() {
        return;
    }
    let count = |is: fn(&Passed) -> bool| passed.values().filter(|passed| is(passed)).count();
    let explored = count(|passed| *passed == Passed::Explored);
    let timed = count(|passed| *passed == Passed::Timed);
    let but_for_times = match timed {
        0 => String::new(),
        _ => format!(", {timed} explored with sleeps and timeouts that end in the order of their times"),
    };
    let bounded = count(|passed| *passed == Passed::Bounded);
    let sampled = count(|passed| *passed == Passed::Sampled);
    let once = count(|passed| matches!(passed, Passed::Once(_)));
    let strong = count(|passed| *passed == Passed::StrongMemory);
    let within_bounds = match bounded {
        0 => String::new(),
        _ => format!(", {bounded} explored within bounds (random numbers, preemptions)"),
    };
    let in_strong = match strong {
        0 => String::new(),
        _ => format!(", {strong} under sequential consistency only, as sleeping orders their threads"),
    };
    eprintln!(
        "drawloom: of the tests that passed, {explored} explored whole{but_for_times}{within_bounds}, {sampled} sampled{in_strong}, {once} run once"
    );
    for (name, passed) in passed.iter() {
        if let Passed::Once(why) = passed {
            eprintln!("drawloom: {name} was run once, and not explored: {why}");
        }
    }
}
