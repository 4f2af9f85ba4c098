//! What is known of a thread that is probed: whether it goes round in a loop. Also which hints were seen not to be in one.

use std::panic::Location;

use super::event::EventId;
use crate::rt::clocks::view::Message;
use crate::rt::op::{Choice, ObjectId, OpKind};

/// A place in the source, as it stands in a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Site {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
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
pub(super) struct StraightSites {
    pub(super) sites: Vec<Site>,
    pub(super) shown: usize,
}

impl StraightSites {
    pub(super) fn len(&self) -> usize {
        self.sites.len()
    }

    /// Shows only the first `count` to the next run.
    pub(super) fn show(&mut self, count: u32) {
        self.shown = count as usize;
    }

    pub(super) fn shown(&self) -> u32 {
        self.shown as u32
    }

    /// Adds what others know, and they what is known here. From the next run on all is shown.
    pub(super) fn merge(&mut self, others: &mut Vec<Site>) {
        for site in self.sites.drain(..) {
            if !others.contains(&site) {
                others.push(site);
            }
        }
        self.sites.clone_from(others);
        self.shown = self.sites.len();
    }

    pub(super) fn contain(&self, location: &Location<'_>) -> bool {
        self.sites.iter().take(self.shown).any(|site| site.is(location))
    }

    pub(super) fn add(&mut self, location: &Location<'_>) {
        if !self.sites.iter().any(|site| site.is(location)) {
            self.sites.push(Site::of(location));
        }
    }
}

/// A thread that is run on alone to see whether it spins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) line: u32,
    /// What it has to come back to, and where.
    pub(super) kind: OpKind,
    pub(super) site: &'static Location<'static>,
    /// How often plain memory had been written before.
    pub(super) plain_writes: u64,
    pub(super) rounds: u32,
    pub(super) operations: u32,
    /// After how many rounds it is taken to spin.
    pub(super) enough: u32,
    /// The round that is done again, if that is what is to be seen.
    pub(super) round: Option<Round>,
}

/// An operation of a probed thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ProbedOp {
    pub(super) kind: OpKind,
    pub(super) location: u32,
    pub(super) site: &'static Location<'static>,
}

/// The round that is done again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Its first event, once the thread has come back to it, and its last, which failed.
    pub(super) first: EventId,
    pub(super) last: EventId,
    /// The event that the thread is to do next.
    pub(super) next: EventId,
}

/// What became of an operation of a thread that is to do a round again.
pub(super) enum Repeated {
    /// It is the next one of the round, and reads this write; whether the round is over.
    Same { source: EventId, ends_round: bool },
    /// It is no part of any round.
    Hint,
    /// It is another one.
    Other,
}

/// Locks that a probed thread has taken, and what an object knew before it gave one back.
#[derive(Default, Debug)]
pub(super) struct ProbedLocks {
    pub(super) held: Vec<u32>,
    pub(super) withheld: Option<(ObjectId, Message)>,
}

/// A choice of a thread that waits in a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct PutOff {
    pub(super) line: u32,
    pub(super) choice: Choice,
    pub(super) alternatives: usize,
}
