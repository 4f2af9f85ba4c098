//! Who accessed a piece of plain memory, and whether an access is ordered after those before it.
//!
//! This is the detector of data races after FastTrack (Flanagan and Freund, PLDI 2009): an access is an epoch
//! of its thread's clock, and races with an earlier conflicting one whose epoch its thread has not seen.
//! An access that every later race with an earlier one would also be a race with takes that one's place, so a
//! history has one entry in the common case and at most two for each thread. Deviation: an access lasts
//! from its beginning to its end, as a closure that is handed a pointer does, and a conflicting access in
//! between is a race whatever the clocks say, even by the same thread.
//!
//! An access is no scheduling point: in a program without races, no other thread can tell when it happens.

use std::panic::Location;

use crate::rt::clocks::clock::Clock;
use crate::rt::op::ThreadId;
use crate::rt::op::outcome::AccessKind;

/// One access, as remembered.
#[derive(Clone, Copy, Debug)]
pub(in crate::rt) struct Past {
    pub(in crate::rt) thread: ThreadId,
    pub(in crate::rt) slot: u32,
    pub(in crate::rt) epoch: u32,
    pub(in crate::rt) kind: AccessKind,
    /// The number by which its end names it, while it lasts.
    pub(in crate::rt) open: Option<u32>,
    pub(in crate::rt) step: u64,
    pub(in crate::rt) location: &'static Location<'static>,
    /// Whether it is that the memory was made.
    pub(in crate::rt) is_making: bool,
}

/// The accesses to one piece of memory that a later one can race with.
#[derive(Default, Debug)]
pub(crate) struct History {
    past: Vec<Past>,
    next_number: u32,
}

impl History {
    fn clear(&mut self) {
        self.past.clear();
        self.next_number = 0;
    }

    /// The first access that `new`, by a thread that knows `clock`, races with.
    pub(in crate::rt) fn race(&self, new: AccessKind, clock: &Clock) -> Option<&Past> {
        let races = |past: &&Past| {
            past.kind.conflicts_with(new) && (past.open.is_some() || clock.get(past.slot) < past.epoch)
        };
        self.past.iter().find(races)
    }

    /// Adds an access that races with none, and returns its number.
    pub(in crate::rt) fn add(&mut self, mut new: Past, lasts: bool, clock: &Clock) -> u32 {
        self.past.retain(|past| {
            past.open.is_some() || clock.get(past.slot) < past.epoch || !new.kind.covers(past.kind)
        });
        let number = self.next_number;
        self.next_number += 1;
        new.open = lasts.then_some(number);
        self.past.push(new);
        number
    }

    /// Begins with the write that the memory was made by.
    pub(in crate::rt) fn begin_with(&mut self, making: Past) {
        self.past.push(making);
    }

    /// The memory was made before everything that anybody does to it.
    pub(in crate::rt) fn forget_making(&mut self) {
        self.past.retain(|past| !past.is_making);
    }

    /// The access `number` ends, at `epoch` of its thread, or as if it had ended when it began.
    pub(in crate::rt) fn end(&mut self, number: u32, epoch: Option<u32>) {
        if let Some(past) = self.past.iter_mut().find(|past| past.open == Some(number)) {
            past.open = None;
            past.epoch = epoch.unwrap_or(past.epoch);
        }
    }
}

/// The histories of one execution; their memory is kept for the next.
#[derive(Default, Debug)]
pub(crate) struct Histories {
    histories: Vec<History>,
    count: usize,
}

impl Histories {
    pub(in crate::rt) fn clear(&mut self) {
        for history in &mut self.histories[..self.count] {
            history.clear();
        }
        self.count = 0;
    }

    pub(in crate::rt) fn add(&mut self) -> u32 {
        if self.count == self.histories.len() {
            self.histories.push(History::default());
        }
        self.count += 1;
        self.count as u32 - 1
    }

    pub(in crate::rt) fn get_mut(&mut self, index: u32) -> &mut History {
        &mut self.histories[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccessKind::{AtomicRead, AtomicWrite, Read, Write};

    const KINDS: [AccessKind; 4] = [Read, Write, AtomicRead, AtomicWrite];

    /// A history and the clocks of two threads, in slots 0 and 1.
    struct Scene {
        history: History,
        clocks: [Clock; 2],
    }

    impl Scene {
        fn new() -> Scene {
            let mut clocks = [Clock::default(), Clock::default()];
            clocks[0].set(0, 1);
            clocks[1].set(1, 1);
            Scene { history: History::default(), clocks }
        }

        fn races(&self, thread: usize, kind: AccessKind) -> bool {
            self.history.race(kind, &self.clocks[thread]).is_some()
        }

        fn access(&mut self, thread: usize, kind: AccessKind, lasts: bool) -> u32 {
            let slot = thread as u32;
            let epoch = self.clocks[thread].get(slot);
            let location = Location::caller();
            let id = ThreadId(slot);
            let new = Past { thread: id, slot, epoch, kind, open: None, step: 0, location, is_making: false };
            self.history.add(new, lasts, &self.clocks[thread])
        }

        /// `to` learns everything that `from` did.
        fn order(&mut self, from: usize, to: usize) {
            let known = self.clocks[from].clone();
            self.clocks[to].join(&known);
            let next = known.get(from as u32) + 1;
            self.clocks[from].set(from as u32, next);
        }
    }

    #[test]
    fn unordered_accesses_race_when_one_writes_and_one_is_plain() {
        for first in KINDS {
            for second in KINDS {
                let mut scene = Scene::new();
                scene.access(0, first, false);
                let quiet = matches!((first, second), (Read | AtomicRead, Read | AtomicRead))
                    || matches!((first, second), (AtomicRead | AtomicWrite, AtomicRead | AtomicWrite));
                assert_eq!(scene.races(1, second), !quiet, "{first:?} {second:?}");
                assert!(!scene.races(0, second), "a thread's accesses one after the other");
                scene.order(0, 1);
                assert!(!scene.races(1, second), "{first:?} ordered before {second:?}");
            }
        }
    }

    #[test]
    fn an_access_that_lasts_excludes_conflicting_ones_until_it_ends() {
        let mut scene = Scene::new();
        let number = scene.access(0, Write, true);
        scene.order(0, 1);
        assert!(scene.races(1, Read) && scene.races(0, Read));
        scene.history.end(number, Some(scene.clocks[0].get(0)));
        assert!(!scene.races(0, Read));
        assert!(scene.races(1, Read), "it ended after the two were ordered");
        scene.order(0, 1);
        assert!(!scene.races(1, Read));
    }

    #[test]
    fn a_read_of_one_thread_does_not_hide_that_of_another() {
        let mut scene = Scene::new();
        scene.access(0, Read, false);
        scene.access(1, Read, false);
        scene.order(1, 0);
        assert!(!scene.races(0, Write));
        assert!(scene.races(1, Write), "the read of thread 0 is not ordered before");
    }

    #[test]
    fn only_what_later_races_need_is_kept() {
        let mut scene = Scene::new();
        for _ in 0..3 {
            for kind in KINDS {
                scene.access(0, kind, false);
            }
            scene.order(0, 1);
            assert!(scene.history.past.len() <= 3, "{:?}", scene.history.past);
            for kind in KINDS {
                scene.access(1, kind, false);
            }
            scene.order(1, 0);
            scene.access(0, Write, false);
            assert_eq!(scene.history.past.len(), 1);
        }
    }
}
