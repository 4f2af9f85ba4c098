//! What a failure is known by: a replay is the same failure if its signature is.
//!
//! It is the kind of failure, the places in the source that it is about, and for panics and leaks the message without its
//! numbers.

use crate::explore::describe::place_of;
use crate::explore::judge::{Lone, Verdict, endless_after, first_unhandled_panic, lone};
use crate::report::{FailureKind, Place};
use crate::rt::Execution;
use crate::rt::op::{ObjectId, OpKind, ThreadId};

/// What a failure is known by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::explore) struct Signature {
    pub(in crate::explore) kind: FailureKind,
    message: String,
    places: Vec<Place>,
}

impl Signature {
    pub(in crate::explore) fn of(execution: &Execution, verdict: &Verdict) -> Signature {
        let mut places: Vec<Place> = Vec::new();
        let mut message = String::new();
        match verdict.kind {
            FailureKind::Panic => {
                message = without_numbers(&verdict.message);
                let panic = first_unhandled_panic(execution).and_then(|panic| panic.location.as_ref());
                places.extend(panic.map(place_of));
            }
            FailureKind::DataRace => {
                let sides = execution.race.iter().flat_map(|race| [race.first, race.second]);
                places.extend(sides.map(|side| Place::from(side.location)));
                let object = execution.race.map(|race| execution.kernel.objects.get(race.object).location);
                places.extend(object.map(Place::from));
            }
            FailureKind::Deadlock | FailureKind::LeakedThread => {
                if endless_after(execution, verdict.kind).is_some() {
                    message = without_numbers(&verdict.message);
                }
                // Who waits for one that waits is not what is wrong.
                let blocked = execution.blocked().into_iter();
                let waits = blocked.filter(|blocked| blocked.op.kind != OpKind::Join);
                places.extend(waits.map(|blocked| Place::from(blocked.op.location)));
            }
            // At which of the loop's steps the limit comes is chance.
            FailureKind::GoodSamaritan => {
                let object = lone(execution).map(|Lone { thread, .. }| pending_object(execution, thread));
                places.extend(object.flatten());
            }
            FailureKind::Livelock => {
                let blocked = execution.blocked().into_iter();
                places.extend(blocked.map(|blocked| Place::from(blocked.op.location)));
                message = without_numbers(&verdict.message);
            }
            _ => message = without_numbers(&verdict.message),
        }
        places.sort_unstable();
        places.dedup();
        Signature { kind: verdict.kind, message, places }
    }
}

/// Where the object was made that the thread is about to access.
fn pending_object(execution: &Execution, thread: ThreadId) -> Option<Place> {
    let object = execution.kernel.thread(thread).pending.object;
    (object != ObjectId::NONE).then(|| Place::from(execution.kernel.objects.get(object).location))
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}
