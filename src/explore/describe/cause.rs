//! The words for why an execution fails: the orders of its steps that make it fail, by number, as operations.

use super::{Pointers, found, note, object_name};
use crate::explore::minimize::Found;
use crate::report::{Cause, CauseOrder, Doing, Place};
use crate::rt::Execution;
use crate::rt::op::{Event, Note, Op};

/// How many stale reads and the like are told.
const ODDITIES: usize = 4;

/// What `cause` says of the execution that has just ended, whose schedule it is about.
pub(in crate::explore) fn cause_of(execution: &Execution, cause: &Found) -> Cause {
    let blocked = execution.blocked();
    let trace = execution.trace_to_tell();
    let doing = |at: usize| -> Option<Doing> {
        let describe = |thread: usize, op: &Op, step| Doing {
            thread,
            verb: op.kind.verb(),
            object: object_name(execution, op.object),
            place: Place::from(op.location),
            step,
        };
        match trace.get(at) {
            Some(event) => Some(describe(event.thread.index(), &event.op, Some(event.step))),
            None => {
                let waiting = blocked.get(at - trace.len())?;
                Some(describe(waiting.thread.index(), &waiting.op, None))
            }
        }
    };
    let order = |&(before, after, is_needed): &(usize, usize, bool)| {
        Some(CauseOrder { before: doing(before)?, after: doing(after)?, is_needed })
    };
    // What a minimized schedule has of these, the failure needs.
    let is_odd = |event: &&Event| {
        use Note::{FailedSpuriously, ReadStale, Spurious, WroteEarlier};
        matches!(event.note, ReadStale { .. } | WroteEarlier { .. } | Spurious | FailedSpuriously)
    };
    let oddity = |event: &Event| {
        let kind = execution.kernel.objects.get(event.op.object).kind;
        let note = note(execution, event, &found(event, Some(kind), &mut Pointers::default()));
        Some((doing(event.step as usize - 1)?, note))
    };
    Cause {
        oddities: trace.iter().filter(is_odd).filter_map(oddity).take(ODDITIES).collect(),
        orders: cause.orders.iter().filter_map(order).collect(),
        is_proved: cause.is_proved,
        screened: cause.screened,
        passing: cause.passing.clone(),
    }
}
