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

use std::backtrace::Backtrace;
use std::panic::Location;
use std::rc::Rc;

use super::clock::Clock;
use super::identity::{Identity, Stamp};
use super::kernel::Kernel;
use super::locks::Held;
use super::object::ObjectKind;
use super::op::{ObjectId, ThreadId};
use super::outcome::{Race, RaceSide, Stop};
use super::state::State;
use super::{Current, Execution};

/// How memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AccessKind {
    Read,
    Write,
    AtomicRead,
    AtomicWrite,
}

impl AccessKind {
    fn is_write(self) -> bool {
        matches!(self, AccessKind::Write | AccessKind::AtomicWrite)
    }

    pub(crate) fn is_atomic(self) -> bool {
        matches!(self, AccessKind::AtomicRead | AccessKind::AtomicWrite)
    }

    /// Whether two accesses race unless one is ordered before the other (C++20 [intro.races]).
    pub(crate) fn conflicts_with(self, other: AccessKind) -> bool {
        (self.is_write() || other.is_write()) && !(self.is_atomic() && other.is_atomic())
    }

    /// Whether everything that conflicts with `other` conflicts with `self`.
    fn covers(self, other: AccessKind) -> bool {
        match self {
            AccessKind::Write => true,
            AccessKind::AtomicWrite => other.is_atomic(),
            _ => other == self,
        }
    }

    pub(crate) fn verb(self) -> &'static str {
        match self {
            AccessKind::Read => "read",
            AccessKind::Write => "write",
            AccessKind::AtomicRead => "load",
            AccessKind::AtomicWrite => "store",
        }
    }
}

/// One access, as remembered.
#[derive(Clone, Copy, Debug)]
struct Past {
    thread: ThreadId,
    slot: u32,
    epoch: u32,
    kind: AccessKind,
    /// The number by which its end names it, while it lasts.
    open: Option<u32>,
    step: u64,
    location: &'static Location<'static>,
    /// Whether it is that the memory was made.
    is_making: bool,
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
    fn race(&self, new: AccessKind, clock: &Clock) -> Option<&Past> {
        let races = |past: &&Past| {
            past.kind.conflicts_with(new) && (past.open.is_some() || clock.get(past.slot) < past.epoch)
        };
        self.past.iter().find(races)
    }

    /// Adds an access that races with none, and returns its number.
    fn add(&mut self, mut new: Past, lasts: bool, clock: &Clock) -> u32 {
        self.past.retain(|past| {
            past.open.is_some() || clock.get(past.slot) < past.epoch || !new.kind.covers(past.kind)
        });
        let number = self.next_number;
        self.next_number += 1;
        new.open = lasts.then_some(number);
        self.past.push(new);
        number
    }

    /// The access `number` ends, at `epoch` of its thread, or as if it had ended when it began.
    fn end(&mut self, number: u32, epoch: Option<u32>) {
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
    pub(super) fn clear(&mut self) {
        for history in &mut self.histories[..self.count] {
            history.clear();
        }
        self.count = 0;
    }

    pub(super) fn add(&mut self) -> u32 {
        if self.count == self.histories.len() {
            self.histories.push(History::default());
        }
        self.count += 1;
        self.count as u32 - 1
    }

    pub(super) fn get_mut(&mut self, index: u32) -> &mut History {
        &mut self.histories[index as usize]
    }
}

/// A plain access, kept for the report's trace.
#[derive(Clone, Debug)]
pub(crate) struct TracedAccess {
    pub(crate) step: u64,
    pub(crate) thread: ThreadId,
    pub(crate) kind: AccessKind,
    pub(crate) object: ObjectId,
    pub(crate) location: &'static Location<'static>,
    /// The locks that the thread had.
    pub(crate) held: Vec<Held>,
    pub(crate) stack: Option<Rc<Backtrace>>,
}

/// Memory that is watched.
pub(crate) struct Memory<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) what: &'static str,
    pub(crate) made: Option<Made>,
}

/// Who has written memory when it was made. Kept beside it until somebody accesses it: most of the memory that a
/// program makes is never shared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    execution: Stamp,
    thread: ThreadId,
    slot: u32,
    epoch: u32,
    step: u64,
}

/// An access that lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAccess {
    execution: Stamp,
    history: u32,
    number: u32,
}

impl Current {
    /// The running thread's own time.
    pub(crate) fn epoch(mut self) -> u32 {
        let kernel = self.kernel();
        kernel.thread(kernel.current).epoch
    }

    /// The running thread makes memory now.
    pub(crate) fn made(mut self) -> Made {
        let execution = self.execution().stamp();
        let kernel = self.kernel();
        let thread = kernel.current;
        let maker = kernel.thread(thread);
        Made { execution, thread, slot: maker.slot, epoch: maker.epoch, step: kernel.steps }
    }

    /// The running thread accesses memory. Ends the execution if that is a race. `epoch` is when, if that is not
    /// now: an atomic operation that releases is ordered before what acquires it, and so is its access, but
    /// the thread's epoch is the next one when the operation is over.
    pub(crate) fn access(
        mut self,
        memory: Memory<'_>,
        kind: AccessKind,
        location: &'static Location<'static>,
        epoch: Option<u32>,
    ) -> Option<OpenAccess> {
        if !self.on_fiber() {
            // All threads have ended, before whatever is done now.
            return None;
        }
        let object = self.memory_object(memory);
        let State::Memory(index) = self.kernel().objects.get(object).state else {
            unreachable!("memory is registered as such");
        };
        self.access_history((object, index), kind, location, epoch)
    }

    /// As `access`, of the memory that an object stands for.
    pub(super) fn access_history(
        mut self,
        (object, index): (ObjectId, u32),
        kind: AccessKind,
        location: &'static Location<'static>,
        epoch: Option<u32>,
    ) -> Option<OpenAccess> {
        let execution = self.execution();
        let id = execution.kernel.current;
        let lasts = !kind.is_atomic();
        if execution.traces(lasts) {
            let step = execution.kernel.steps;
            let held = execution.kernel.thread(id).held.clone();
            let stack = execution.stack();
            execution.accesses.push(TracedAccess { step, thread: id, kind, object, location, held, stack });
        }
        execution.kernel.plain_writes += u64::from(kind == AccessKind::Write);
        let step = execution.kernel.steps;
        loop {
            let (history, thread) = execution.kernel.history(index, id);
            let Some(past) = history.race(kind, &thread.clock).copied() else { break };
            if past.is_making && !execution.kernel.may_be_told_of_making(&past, id, kind) {
                // Whoever gave the memory to this thread did so by what is not seen: std's own types, say.
                execution.kernel.histories.get_mut(index).past.retain(|past| !past.is_making);
                continue;
            }
            let first =
                RaceSide { thread: past.thread, access: past.kind, location: past.location, step: past.step };
            let second = RaceSide { thread: id, access: kind, location, step };
            let overlap = past.open.is_some();
            execution.race = Some(Race { object, first, second, overlap });
            self.fail(Stop::DataRace);
        }
        let (history, thread) = execution.kernel.history(index, id);
        let (slot, epoch) = (thread.slot, epoch.unwrap_or(thread.epoch));
        let new = Past { thread: id, slot, epoch, kind, open: None, step, location, is_making: false };
        let number = history.add(new, lasts, &thread.clock);
        lasts.then_some(OpenAccess { execution: execution.stamp(), history: index, number })
    }

    /// Whether a mutable reference to an atomic is an access.
    #[inline]
    pub(crate) fn checks_exclusive(mut self) -> bool {
        self.kernel().limits.check_exclusive
    }

    /// An access that lasted ends, `now` or as if it had ended when it began.
    pub(crate) fn end_access(mut self, access: OpenAccess, now: bool) {
        let execution = self.execution();
        if access.execution == execution.stamp() {
            let id = execution.kernel.current;
            let (history, thread) = execution.kernel.history(access.history, id);
            history.end(access.number, now.then_some(thread.epoch));
        }
    }

    fn memory_object(mut self, memory: Memory<'_>) -> ObjectId {
        let Memory { identity, what, made } = memory;
        self.known_object(identity).unwrap_or_else(|| {
            let stamp = self.execution().stamp();
            let kernel = self.kernel();
            let index = kernel.histories.add();
            if let Some(Made { execution, thread, slot, epoch, step }) = made
                && execution == stamp
            {
                let (kind, location) = (AccessKind::Write, identity.location());
                let making = Past { thread, slot, epoch, kind, open: None, step, location, is_making: true };
                kernel.histories.get_mut(index).past.push(making);
            }
            self.object(identity, ObjectKind::Memory(what), || State::Memory(index))
        })
    }
}

impl Kernel {
    /// Whether `id`, which does not know that the memory of a history was made, can have come to it by what is seen: it has
    /// read what the maker has stored since, with an ordering that is too weak.
    #[cold]
    fn may_be_told_of_making(&self, making: &Past, id: ThreadId, kind: AccessKind) -> bool {
        let thread = self.thread(id);
        if thread.acquirable.get(making.slot) >= making.epoch {
            return true;
        }
        // Of an atomic that is accessed now, its own stores say nothing.
        let object = thread.pending.object;
        let own = match (kind.is_atomic() && object != ObjectId::NONE).then(|| self.objects.get(object).state)
        {
            Some(State::Atomic(state)) => Some(state.location()),
            _ => None,
        };
        let made = (making.slot, making.epoch);
        self.memory.has_read_since(thread.slot, made, own)
    }
}

impl Execution {
    /// Whether an access is to be kept for a report: those of atomics are shown by their operations, and matter for a
    /// race alone.
    fn traces(&self, is_plain: bool) -> bool {
        self.accesses.len() < self.mode.trace_limit && (is_plain || self.mode.stacks_from.is_some())
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
