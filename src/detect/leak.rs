//! What is left of an execution that has ended: locks whose guards were forgotten, messages that nobody has received, tasks that were
//! dropped with their runtime.
//!
//! Neither has to be wrong: a program may drop a channel with messages in it on purpose. So they are told in a note unless
//! the test says otherwise. Values in `alloc::Track` and memory from `alloc::alloc`, which say of themselves that they have to
//! be gone, are the judge's.

use std::collections::BTreeMap;
use std::panic::Location;

use crate::rt::Execution;
use crate::rt::objects::State;
use crate::rt::objects::table::Object;
use crate::rt::tasks::{LeftTask, Unreceived};

/// What was left.
#[derive(Default, Debug)]
pub(crate) struct Leaks {
    /// In words, by what it is and where it was made.
    objects: BTreeMap<(&'static str, &'static Location<'static>), String>,
    /// Messages that were in a channel when its receiver was dropped, the most of any execution.
    messages: BTreeMap<(&'static str, &'static Location<'static>), usize>,
    /// By where they were spawned. Of those that were spawned in one place, what is known of any: whichever worker has seen them.
    tasks: BTreeMap<&'static Location<'static>, LeftTask>,
}

impl Leaks {
    /// Adds what is left of an execution that has ended as it should.
    pub(crate) fn add(&mut self, execution: &Execution) {
        for task in &execution.kernel.tasks.left {
            let known = self.tasks.entry(task.spawned_at).or_insert(*task);
            known.awaited = known.awaited.max(task.awaited);
            known.is_awaited |= task.is_awaited;
        }
        for &Unreceived { kind, made_at, count } in &execution.kernel.tasks.unreceived {
            let known = self.messages.entry((kind, made_at)).or_insert(count);
            *known = count.max(*known);
        }
        for object in left(execution) {
            let key = (object.kind.name(), object.location);
            self.objects.entry(key).or_insert_with(|| describe(execution, object));
        }
    }

    /// In words, in the order of the places.
    pub(crate) fn into_words(self) -> impl Iterator<Item = String> {
        let tasks: Vec<_> = self.tasks.values().map(describe_task).collect();
        let messages = self.messages.into_iter();
        let messages =
            messages.map(|((kind, made_at), count)| describe_messages(&Unreceived { kind, made_at, count }));
        let messages: Vec<_> = messages.collect();
        self.objects.into_values().chain(messages).chain(tasks)
    }
}

/// Whether anything is left.
pub(crate) fn is_any_left(execution: &Execution) -> bool {
    let tasks = &execution.kernel.tasks;
    !tasks.left.is_empty() || !tasks.unreceived.is_empty() || left(execution).next().is_some()
}

/// Messages that nobody has received.
pub(crate) fn describe_messages(messages: &Unreceived) -> String {
    let Unreceived { kind, made_at, count } = messages;
    match count {
        1 => format!("a message in the {kind} made at {made_at} was never received"),
        messages => format!("{messages} messages in the {kind} made at {made_at} were never received"),
    }
}

/// A task that was left.
pub(crate) fn describe_task(task: &LeftTask) -> String {
    let LeftTask { spawned_at, awaited, is_awaited } = task;
    let place = awaited.map_or_else(String::new, |place| format!(" at its await at {place}"));
    let handle = if *is_awaited { "" } else { "; nobody has awaited its handle" };
    format!(
        "the task spawned at {spawned_at} had not ended when its runtime did, and was dropped{place}{handle}"
    )
}

/// The objects in which something is left.
pub(crate) fn left(execution: &Execution) -> impl Iterator<Item = &Object> {
    execution.kernel.objects.iter().filter(|object| match object.state {
        State::Mutex(state) => state.owner.is_some(),
        State::RwLock(state) => state.writer.is_some() || !object.entries.is_empty(),
        State::Channel(state) => state.sent > state.taken,
        _ => false,
    })
}

/// What is left in an object.
pub(crate) fn describe(execution: &Execution, object: &Object) -> String {
    let (kind, made_at) = (object.kind.name(), object.location);
    if let State::Channel(state) = object.state {
        let count = (state.sent - state.taken) as usize;
        return describe_messages(&Unreceived { kind, made_at, count });
    }
    let holders = object.state.holders(&object.entries);
    let taken: Vec<String> = holders
        .iter()
        .map(|holder| format!("by {} at {}", execution.kernel.thread_label(holder.thread), holder.location))
        .collect();
    format!(
        "a guard of the {kind} made at {made_at} was never dropped; it was taken {}",
        taken.join(", and ")
    )
}
