//! The words for why an execution fails: the orders of its steps that make it fail, by number, as operations.

use super::names::{found, kind_of, note, object_name};
use super::rows::pointers_of;
use crate::explore::actors::column;
use crate::explore::finding::{Found, FoundOrder};
use crate::report::{Cause, CauseOrder, Doing, Failure, FailureKind, Place};
use crate::rt::Execution;
use crate::rt::op::{Choice, Event, Note, Op};
use crate::shrink::NoCause;

/// How many stale reads and the like are told.
const ODDITIES: usize = 4;

/// Puts the cause into what is told of the execution that has just ended, or why there is none. Of a race its two sides say why.
pub(in crate::explore) fn tell_cause(
    failure: &mut Failure,
    execution: &Execution,
    cause: Option<&Result<Found, NoCause>>,
) {
    match cause {
        // A future that is dropped is needed as well, and no order.
        Some(_)
            if execution.traced_choices.iter().any(|traced| drops(traced.choice) && traced.value != 0) => {}
        Some(Ok(found)) => failure.cause = Some(cause_of(execution, found)),
        Some(Err(why)) if failure.kind != FailureKind::DataRace => {
            failure.no_cause = Some(match why {
                NoCause::TooMany(orders) => format!(
                    "not looked for, as there are {orders} pairs of operations of which one comes before the other"
                ),
                NoCause::Others => {
                    "none was found: some schedules pass in which the same operations come before each \
                                    other, so that more matters than their order"
                        .to_owned()
                }
                NoCause::TooLong => "not found, as it would take too many replays".to_owned(),
                NoCause::Passes => {
                    "not found, as the schedule did not fail when it was run for that".to_owned()
                }
            });
        }
        _ => {}
    }
}

/// Whether the choice is about a future that is dropped.
fn drops(choice: Choice) -> bool {
    matches!(choice, Choice::Cancels | Choice::StopsAborted)
}

/// What `cause` says of the execution that has just ended, whose schedule it is about.
fn cause_of(execution: &Execution, cause: &Found) -> Cause {
    let blocked = execution.blocked();
    let trace = execution.trace_to_tell();
    let doing = |at: usize| -> Option<Doing> {
        let describe = |thread: usize, op: &Op, step| Doing {
            thread,
            verb: op.verb(),
            object: object_name(execution, op.object),
            place: Place::from(op.location),
            step,
        };
        match trace.get(at) {
            Some(event) => Some(describe(column(execution, event), &event.op, Some(event.step))),
            None => {
                let waiting = blocked.get(at - trace.len())?;
                Some(describe(waiting.thread.index(), &waiting.op, None))
            }
        }
    };
    let order = |&FoundOrder { before, after, is_needed, fails_too }: &FoundOrder| {
        Some(CauseOrder { before: doing(before)?, after: doing(after)?, is_needed, fails_too })
    };
    // What a minimized schedule has of these, the failure needs.
    let is_odd = |event: &&Event| {
        use Note::{FailedSpuriously, FailedStale, ReadStale, Spurious, WroteEarlier, WroteStale};
        matches!(
            event.note,
            ReadStale { .. }
                | WroteStale { .. }
                | FailedStale { .. }
                | WroteEarlier { .. }
                | Spurious
                | FailedSpuriously
        )
    };
    let mut pointers = pointers_of(execution);
    let oddity = |event: &Event| {
        let note = note(execution, event, &found(event, kind_of(execution, event), &mut pointers));
        Some((doing(event.step as usize - 1)?, note))
    };
    Cause {
        oddities: trace.iter().filter(is_odd).filter_map(oddity).take(ODDITIES).collect(),
        orders: cause.orders.iter().filter_map(order).collect(),
        is_proved: cause.is_proved,
        screened: cause.screened,
        keeps_draws: execution.traced_choices.iter().any(|traced| traced.choice == Choice::Program),
        passing: cause.passing.clone(),
    }
}
