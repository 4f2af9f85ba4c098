//! What is known of a thread that is probed: whether it goes round in a loop. Also which hints were seen not to be in one.

use std::panic::Location;

use crate::explore::exhaustive::graph::event::EventId;
use crate::rt::clocks::view::Message;
use crate::rt::op::{Choice, ObjectId, OpKind};

/// A place in the source, as it stands in a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::explore::exhaustive) struct Site {
    pub(in crate::explore::exhaustive) file: String,
    pub(in crate::explore::exhaustive) line: u32,
    pub(in crate::explore::exhaustive) column: u32,
}

impl Site {
    fn of(location: &Location<'_>) -> Site {
        Site { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }

    fn is(&self, location: &Location<'_>) -> bool {
        self.line == location.line() && self.column == location.column() && self.file == location.file()
    }
}

/// Hints that were seen not to be in a loop, in the order in which that was found out. A run knows those at the
/// beginning of the list that are shown to it, so that it can be done again.
#[derive(Default, Debug)]
pub(in crate::explore::exhaustive) struct StraightSites {
    pub(in crate::explore::exhaustive) sites: Vec<Site>,
    pub(in crate::explore::exhaustive) shown: usize,
}

impl StraightSites {
    pub(in crate::explore::exhaustive) fn len(&self) -> usize {
        self.sites.len()
    }

    /// Shows only the first `count` to the next run.
    pub(in crate::explore::exhaustive) fn show(&mut self, count: u32) {
        self.shown = count as usize;
    }

    pub(in crate::explore::exhaustive) fn shown(&self) -> u32 {
        self.shown as u32
    }

    /// Adds what others know, and they what is known here. From the next run on all is shown.
    pub(in crate::explore::exhaustive) fn merge(&mut self, others: &mut Vec<Site>) {
        for site in self.sites.drain(..) {
            if !others.contains(&site) {
                others.push(site);
            }
        }
        self.sites.clone_from(others);
        self.shown = self.sites.len();
    }

    pub(in crate::explore::exhaustive) fn contain(&self, location: &Location<'_>) -> bool {
        self.sites.iter().take(self.shown).any(|site| site.is(location))
    }

    pub(in crate::explore::exhaustive) fn add(&mut self, location: &Location<'_>) {
        if !self.sites.iter().any(|site| site.is(location)) {
            self.sites.push(Site::of(location));
        }
    }
}

/// A thread that is run on alone to see whether it spins.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore::exhaustive) struct Probe {
    pub(in crate::explore::exhaustive) line: u32,
    /// What it has to come back to, and where.
    pub(in crate::explore::exhaustive) kind: OpKind,
    pub(in crate::explore::exhaustive) site: &'static Location<'static>,
    /// How often plain memory had been written before.
    pub(in crate::explore::exhaustive) plain_writes: u64,
    pub(in crate::explore::exhaustive) rounds: u32,
    pub(in crate::explore::exhaustive) operations: u32,
    /// After how many rounds it is taken to spin.
    pub(in crate::explore::exhaustive) enough: u32,
    /// The round that is done again, if that is what is to be seen.
    pub(in crate::explore::exhaustive) round: Option<Round>,
    /// Hints of the probed thread.
    pub(in crate::explore::exhaustive) hints: u32,
    /// Whether it has looked at something since it came to the place.
    pub(in crate::explore::exhaustive) has_looked: bool,
}

/// An operation of a probed thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::explore::exhaustive) struct ProbedOp {
    pub(in crate::explore::exhaustive) kind: OpKind,
    pub(in crate::explore::exhaustive) location: u32,
    pub(in crate::explore::exhaustive) site: &'static Location<'static>,
}

/// The round that is done again.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore::exhaustive) struct Round {
    /// Its first event, once the thread has come back to it, and its last, which failed.
    pub(in crate::explore::exhaustive) first: EventId,
    pub(in crate::explore::exhaustive) last: EventId,
    /// The event that the thread is to do next.
    pub(in crate::explore::exhaustive) next: EventId,
}

/// What became of an operation of a thread that is to do a round again.
pub(in crate::explore::exhaustive) enum Repeated {
    /// It is the next one of the round, and reads this write; whether the round is over.
    Same { source: EventId, ends_round: bool },
    /// It is no part of any round.
    Hint,
    /// It is another one.
    Other,
}

/// Locks that a probed thread has taken, and what an object knew before it gave one back.
#[derive(Default, Debug)]
pub(in crate::explore::exhaustive) struct ProbedLocks {
    pub(in crate::explore::exhaustive) held: Vec<u32>,
    pub(in crate::explore::exhaustive) withheld: Option<(ObjectId, Message)>,
}

/// A choice of a thread that waits in a loop.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore::exhaustive) struct PutOff {
    pub(in crate::explore::exhaustive) line: u32,
    pub(in crate::explore::exhaustive) choice: Choice,
    pub(in crate::explore::exhaustive) alternatives: usize,
}
