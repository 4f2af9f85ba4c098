//! What an execution did, kept to find the first operation at which another run of the same schedule differs.

use crate::rt::Execution;
use crate::rt::op::Event;

/// What an execution did, to compare another run of the same schedule with it.
pub(in crate::explore) struct Record {
    fingerprints: Vec<u8>,
    trace: Vec<Event>,
}

impl Record {
    pub(in crate::explore) fn of(execution: &Execution) -> Record {
        Record { fingerprints: execution.fingerprints.clone(), trace: execution.trace.clone() }
    }

    /// The first step at which the two differ, with what each did.
    pub(in crate::explore) fn difference(&self, second: &Record, execution: &Execution) -> Option<String> {
        let step = first_difference(&self.fingerprints, &second.fingerprints)?;
        let show = |record: &Record| match record.trace.get(step) {
            Some(event) => format!(
                "{} did {} at {}",
                execution.kernel.thread_label(event.thread),
                event.op.verb(),
                event.op.location
            ),
            None => "it had ended".to_owned(),
        };
        let (first, second) = (show(self), show(second));
        Some(format!("at step {}, in the first run {first}, in the second {second}", step + 1))
    }

    /// As `difference`, where at most the second run, `execution`, was traced.
    pub(in crate::explore) fn difference_of_fingerprints(
        first: &[u8],
        execution: &Execution,
    ) -> Option<String> {
        let step = first_difference(first, &execution.fingerprints)?;
        let second = match execution.trace.get(step) {
            Some(event) => format!(
                "in the second run {} did {} at {}, in the first something else",
                execution.kernel.thread_label(event.thread),
                event.op.verb(),
                event.op.location
            ),
            None if step < execution.fingerprints.len() => "the second run did something else".to_owned(),
            None => "the second run had ended there".to_owned(),
        };
        Some(format!("at step {}, {second}", step + 1))
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let common = a.iter().zip(b).position(|(a, b)| a != b);
    common.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}
