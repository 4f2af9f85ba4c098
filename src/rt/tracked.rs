//! Values whose end is expected: what of them is left when the execution ends has leaked.

use std::collections::BTreeMap;
use std::panic::Location;

use super::Current;
use super::identity::Stamp;

/// A value that was made and is to be dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tracked {
    pub(crate) what: &'static str,
    pub(crate) location: &'static Location<'static>,
    live: bool,
}

/// Which tracked value of which execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    execution: Stamp,
    index: u32,
}

/// The tracked values of one execution.
#[derive(Default, Debug)]
pub(crate) struct TrackedTable {
    values: Vec<Tracked>,
    live: usize,
    /// Memory that the program asked for itself, by address; never iterated.
    allocations: BTreeMap<usize, u32>,
}

impl TrackedTable {
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.live = 0;
        self.allocations.clear();
    }

    fn add(&mut self, what: &'static str, location: &'static Location<'static>) -> u32 {
        self.values.push(Tracked { what, location, live: true });
        self.live += 1;
        self.values.len() as u32 - 1
    }

    fn remove(&mut self, index: u32) {
        let value = &mut self.values[index as usize];
        if std::mem::replace(&mut value.live, false) {
            self.live -= 1;
        }
    }

    /// What is left, in the order in which it was made.
    pub(crate) fn left(&self) -> impl Iterator<Item = &Tracked> {
        let none_left = self.live == 0;
        self.values.iter().filter(move |value| !none_left && value.live)
    }
}

impl Current {
    /// A value begins that has to end within the execution.
    pub(crate) fn track(mut self, what: &'static str, location: &'static Location<'static>) -> Ticket {
        let execution = self.execution().stamp();
        Ticket { execution, index: self.kernel().tracked.add(what, location) }
    }

    /// It ends. Nothing happens if that is in another execution.
    pub(crate) fn untrack(mut self, ticket: Ticket) {
        if ticket.execution == self.execution().stamp() {
            self.kernel().tracked.remove(ticket.index);
        }
    }

    /// As `track`, for memory at `address`.
    pub(crate) fn track_allocation(mut self, address: usize, location: &'static Location<'static>) {
        let tracked = &mut self.kernel().tracked;
        let index = tracked.add("memory", location);
        tracked.allocations.insert(address, index);
    }

    /// As `untrack`. Whether memory at `address` was tracked.
    pub(crate) fn untrack_allocation(mut self, address: usize) -> bool {
        let tracked = &mut self.kernel().tracked;
        let index = tracked.allocations.remove(&address);
        if let Some(index) = index {
            tracked.remove(index);
        }
        index.is_some()
    }
}
