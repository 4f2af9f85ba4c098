//! Values whose end is expected: what of them is left when the execution ends has leaked.

use std::collections::BTreeMap;
use std::panic::Location;

use crate::rt::registry::identity::Stamp;

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
    pub(in crate::rt) execution: Stamp,
    pub(in crate::rt) index: u32,
}

/// The tracked values of one execution.
#[derive(Default, Debug)]
pub(crate) struct TrackedTable {
    values: Vec<Tracked>,
    live: usize,
    /// Memory that the program asked for itself, by address; never iterated.
    pub(in crate::rt) allocations: BTreeMap<usize, u32>,
}

impl TrackedTable {
    pub(in crate::rt) fn clear(&mut self) {
        self.values.clear();
        self.live = 0;
        self.allocations.clear();
    }

    pub(in crate::rt) fn add(&mut self, what: &'static str, location: &'static Location<'static>) -> u32 {
        self.values.push(Tracked { what, location, live: true });
        self.live += 1;
        self.values.len() as u32 - 1
    }

    pub(in crate::rt) fn remove(&mut self, index: u32) {
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
