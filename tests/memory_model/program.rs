//! Small programs over atomics: as data, from the notation of litmus tests, and run under drawloom.

use std::sync::atomic::Ordering;

use drawloom::sync::atomic::{AtomicU64, fence};
use drawloom::thread;

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Load(usize, Ordering),
    Store(usize, u64, Ordering),
    Add(usize, u64, Ordering),
    Swap(usize, u64, Ordering),
    Exchange { at: usize, expected: u64, new: u64, success: Ordering, failure: Ordering },
    Fence(Ordering),
}

/// The operations of each thread. Every location starts at 0.
pub(crate) type Program = Vec<Vec<Step>>;

/// What each thread's operations read, in order, and the last value of each location.
pub(crate) type Outcome = (Vec<Vec<u64>>, Vec<u64>);

impl Step {
    pub(crate) fn location(self) -> Option<usize> {
        match self {
            Step::Load(at, _) | Step::Store(at, ..) | Step::Add(at, ..) | Step::Swap(at, ..) => Some(at),
            Step::Exchange { at, .. } => Some(at),
            Step::Fence(_) => None,
        }
    }

    pub(crate) fn reads(self) -> bool {
        !matches!(self, Step::Store(..) | Step::Fence(_))
    }

    /// What is written when `value` was read, if anything.
    pub(crate) fn writes(self, value: u64) -> Option<u64> {
        match self {
            Step::Load(..) | Step::Fence(_) => None,
            Step::Store(_, new, _) | Step::Swap(_, new, _) => Some(new),
            Step::Add(_, plus, _) => Some(value + plus),
            Step::Exchange { expected, new, .. } => (value == expected).then_some(new),
        }
    }

    /// The ordering that holds when `value` was read.
    pub(crate) fn ordering(self, value: u64) -> Ordering {
        match self {
            Step::Load(_, order)
            | Step::Store(_, _, order)
            | Step::Add(_, _, order)
            | Step::Swap(_, _, order)
            | Step::Fence(order) => order,
            Step::Exchange { expected, success, failure, .. } => {
                if value == expected {
                    success
                } else {
                    failure
                }
            }
        }
    }
}

/// The step, with an ordering that std accepts.
pub(crate) fn with_valid_ordering(step: Step) -> Step {
    let load = |order| match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        order => order,
    };
    match step {
        Step::Load(at, order) => Step::Load(at, load(order)),
        Step::Exchange { at, expected, new, success, failure } => {
            Step::Exchange { at, expected, new, success, failure: load(failure) }
        }
        Step::Store(at, value, Ordering::Acquire) => Step::Store(at, value, Ordering::Relaxed),
        Step::Store(at, value, Ordering::AcqRel) => Step::Store(at, value, Ordering::Release),
        Step::Fence(Ordering::Relaxed) => Step::Fence(Ordering::SeqCst),
        step => step,
    }
}

/// How many locations a program has.
pub(crate) fn locations(program: &Program) -> usize {
    program.iter().flatten().filter_map(|step| step.location()).max().map_or(0, |last| last + 1)
}

/// Reads the notation of the litmus oracle: `store x 1 release; load y acquire | …`. `None` if the program
/// has operations other than on atomics.
pub(crate) fn parse(text: &str) -> Option<Program> {
    let mut names: Vec<&str> = Vec::new();
    let mut thread = |text| -> Option<Vec<Step>> {
        str::split(text, ';').map(|step| parse_step(step.trim(), &mut names)).collect()
    };
    text.split('|').map(&mut thread).collect()
}

fn parse_step<'a>(text: &'a str, names: &mut Vec<&'a str>) -> Option<Step> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut location = |name| {
        names.iter().position(|&known| known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    let number = |text: &str| text.parse::<u64>().ok();
    Some(match words[..] {
        ["load", at, order] => Step::Load(location(at), ordering(order)?),
        ["store", at, value, order] => Step::Store(location(at), number(value)?, ordering(order)?),
        ["fetch_add", at, plus, order] => Step::Add(location(at), number(plus)?, ordering(order)?),
        ["swap", at, value, order] => Step::Swap(location(at), number(value)?, ordering(order)?),
        ["compare_exchange", at, expected, new, success, failure] => Step::Exchange {
            at: location(at),
            expected: number(expected)?,
            new: number(new)?,
            success: ordering(success)?,
            failure: ordering(failure)?,
        },
        ["fence", order] => Step::Fence(ordering(order)?),
        _ => return None,
    })
}

fn ordering(text: &str) -> Option<Ordering> {
    Some(match text {
        "relaxed" => Ordering::Relaxed,
        "acquire" => Ordering::Acquire,
        "release" => Ordering::Release,
        "acqrel" => Ordering::AcqRel,
        "seqcst" => Ordering::SeqCst,
        _ => return None,
    })
}

/// Executes one operation, and returns what it read.
pub(crate) fn run_step(step: Step, values: &[AtomicU64]) -> Option<u64> {
    match step {
        Step::Load(at, order) => Some(values[at].load(order)),
        Step::Store(at, value, order) => {
            values[at].store(value, order);
            None
        }
        Step::Add(at, plus, order) => Some(values[at].fetch_add(plus, order)),
        Step::Swap(at, value, order) => Some(values[at].swap(value, order)),
        Step::Exchange { at, expected, new, success, failure } => {
            let exchange = values[at].compare_exchange(expected, new, success, failure);
            Some(exchange.unwrap_or_else(|found| found))
        }
        Step::Fence(order) => {
            fence(order);
            None
        }
    }
}

fn run_thread(steps: &[Step], values: &[AtomicU64]) -> Vec<u64> {
    steps.iter().filter_map(|&step| run_step(step, values)).collect()
}

/// Runs the program once, inside an exploration.
pub(crate) fn run(program: &Program) -> Outcome {
    let values: Vec<AtomicU64> = (0..locations(program)).map(|_| AtomicU64::new(0)).collect();
    let read = thread::scope(|scope| {
        let values = &values;
        let start = |steps| scope.spawn(move || run_thread(steps, values));
        let threads: Vec<_> = program.iter().map(|steps| start(steps.as_slice())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // The joins order every store before these loads.
    let last = values.iter().map(|value| value.load(Ordering::Relaxed)).collect();
    (read, last)
}
