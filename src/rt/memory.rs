//! The memory model: which stores a load may read, where a store may stand, and what is learnt by reading.
//!
//! Operational RC11 (Lahav, Vafeiadis, Kang, Hur and Dreyer, PLDI 2017) with C++20's release sequences and
//! fences. Each location keeps its stores in modification order. An operation chooses among those at or above
//! its *floor*: the latest store that coherence, happens-before and the order of SC events forbid it to go
//! below. Every execution that this produces is RC11-consistent. What is not produced: load buffering, which
//! RC11 forbids as well, and executions whose SC order contradicts the order in which things ran (po ∪ rf),
//! of which there are few; see docs/memory-model.md.
//!
//! Under sequential consistency the floor is always the last store, and a location keeps no other.

use std::sync::atomic::Ordering;

use super::clock::Clock;
use super::kernel::Kernel;
use super::op::{AtomicAccess, OpKind, ThreadId};
use super::thread::{Knowledge, Thread};

/// Which memory model an exploration follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MemoryModel {
    /// RC11: what the orderings of Rust's atomics allow.
    #[default]
    Rc11,
    /// Sequential consistency: every load reads the last store, whatever the orderings.
    SequentiallyConsistent,
}

/// How many stores a location keeps before it is looked whether some cannot be read any more.
const KEPT: usize = 32;

/// One store, at its place in modification order.
#[derive(Clone, Default, Debug)]
struct Store {
    value: u64,
    /// The event that stored, as an epoch of its thread.
    slot: u32,
    epoch: u32,
    /// What an acquiring reader learns.
    release: Knowledge,
    /// First reads by threads that had not learnt of the store, as epochs.
    readers: Vec<(u32, u32)>,
    /// Whether a read-modify-write has read this store, and stands directly after it.
    taken: bool,
    /// When it was executed among the SC events, if it is one.
    sc_time: u32,
    /// The step that stored; 0 for the initial value.
    step: u64,
    /// The event that stored; see `behaviour`.
    event: u64,
}

impl Store {
    /// The initial value, which every thread knows.
    fn start(&mut self, value: u64) {
        self.value = value;
        self.slot = 0;
        self.epoch = 0;
        self.release.clear();
        self.readers.clear();
        self.taken = false;
        self.sc_time = 0;
        self.step = 0;
        self.event = 0;
    }

    /// Whether whoever knows `clock` has learnt of the store.
    #[inline]
    fn is_known(&self, clock: &Clock) -> bool {
        self.epoch <= clock.get(self.slot)
    }

    /// Whether whoever knows `clock` may read nothing older.
    #[inline]
    fn hides_older(&self, clock: &Clock) -> bool {
        self.is_known(clock) || self.readers.iter().any(|&(slot, epoch)| epoch <= clock.get(slot))
    }
}

/// The stores of one location.
#[derive(Default, Debug)]
struct Location {
    /// In no order; those that `order` does not name are memory for stores to come.
    stores: Vec<Store>,
    spare: Vec<u32>,
    /// Modification order, oldest first, as indices of `stores`.
    order: Vec<u32>,
    /// How many stores are not taken: the last one, and those that something may be put after.
    untaken: usize,
    /// At how many stores to look for some that nobody can read.
    prune_at: usize,
}

impl Location {
    /// Holds `value` and nothing else.
    fn start(&mut self, value: u64) {
        self.order.clear();
        self.spare.clear();
        self.spare.extend((0..self.stores.len() as u32).rev());
        self.untaken = 0;
        self.prune_at = KEPT;
        self.insert(0).start(value);
    }

    #[inline]
    fn at(&self, position: usize) -> &Store {
        &self.stores[self.order[position] as usize]
    }

    #[inline]
    fn at_mut(&mut self, position: usize) -> &mut Store {
        &mut self.stores[self.order[position] as usize]
    }

    #[inline]
    fn last(&self) -> &Store {
        self.at(self.order.len() - 1)
    }

    /// Puts a store at `position`. What it releases is still what its memory was used for before, but is
    /// nobody's.
    #[inline]
    fn insert(&mut self, position: usize) -> &mut Store {
        let index = self.spare.pop().unwrap_or_else(|| {
            self.stores.push(Store::default());
            self.stores.len() as u32 - 1
        });
        if position == self.order.len() {
            self.order.push(index);
        } else {
            self.order.insert(position, index);
        }
        self.untaken += 1;
        let store = &mut self.stores[index as usize];
        store.release.disown();
        store
    }

    /// Forgets the `number` oldest stores.
    fn forget(&mut self, number: usize) {
        for index in self.order.drain(..number) {
            self.untaken -= usize::from(!self.stores[index as usize].taken);
            self.spare.push(index);
        }
    }
}

/// An SC fence that was executed.
#[derive(Clone, Debug)]
struct Fence {
    /// What the threads of this fence and of all SC fences before it knew.
    known: Clock,
    time: u32,
}

/// The memory of one execution.
#[derive(Default, Debug)]
pub(crate) struct Memory {
    locations: Vec<Location>,
    count: usize,
    fences: Vec<Fence>,
    /// How many SC events there were.
    sc_time: u32,
    /// The position of the store that the running operation has chosen.
    chosen: usize,
    /// The location where stores are chosen from.
    asked: u32,
    /// The stores that it may choose, as positions, the latest first, if there are several.
    candidates: Vec<usize>,
}

impl Memory {
    /// Whether the thread in the slot `reader` has read, without learning what the storing thread knew, a store that the
    /// thread in a slot has made at an epoch or later; at another location than `except`.
    pub(super) fn has_read_since(&self, reader: u32, (slot, epoch): (u32, u32), except: Option<u32>) -> bool {
        let locations = self.locations[..self.count].iter().enumerate();
        let others = locations.filter(|&(number, _)| Some(number as u32) != except);
        let mut stores =
            others.flat_map(|(_, location)| location.order.iter().map(|&at| &location.stores[at as usize]));
        stores.any(|store| {
            let has_read = || store.readers.iter().any(|&(of, _)| of == reader);
            store.step > 0 && store.slot == slot && store.epoch >= epoch && has_read()
        })
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.fences.clear();
        self.sc_time = 0;
    }

    /// A location that holds `value`.
    fn add(&mut self, value: u64) -> u32 {
        if self.count == self.locations.len() {
            self.locations.push(Location::default());
        }
        let location = &mut self.locations[self.count];
        location.start(value);
        self.count += 1;
        self.count as u32 - 1
    }

    fn tick(&mut self, order: Ordering) -> u32 {
        let is_sc = order == Ordering::SeqCst;
        self.sc_time += u32::from(is_sc);
        if is_sc { self.sc_time } else { 0 }
    }

    /// Whether an operation of a thread that knows `clock` may go no lower than `store`.
    #[inline]
    fn is_floor(&self, store: &Store, clock: &Clock, is_sc: bool) -> bool {
        store.hides_older(clock)
            || is_sc && store.sc_time > 0
            || !self.fences.is_empty() && self.is_floor_by_fence(store, clock, is_sc)
    }

    #[cold]
    fn is_floor_by_fence(&self, store: &Store, clock: &Clock, is_sc: bool) -> bool {
        // Fences are numbered from 1; 0 is none.
        let before = clock.fence().checked_sub(1).map(|fence| &self.fences[fence as usize]);
        let by_fence_before = before.is_some_and(|fence| {
            store.hides_older(&fence.known) || store.sc_time > 0 && store.sc_time < fence.time
        });
        let last = self.fences.last().expect("there is a fence");
        by_fence_before || is_sc && store.is_known(&last.known)
    }
}

#[inline]
fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

#[inline]
fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl Kernel {
    pub(crate) fn new_location(&mut self, value: u64) -> u32 {
        self.memory.add(value)
    }

    /// The value that is last in modification order.
    #[inline]
    pub(crate) fn last_value(&self, location: u32) -> u64 {
        self.memory.locations[location as usize].last().value
    }

    /// Something that the model does not see wrote `value`, with nobody else about.
    pub(crate) fn overwrite(&mut self, location: u32, value: u64) {
        self.memory.locations[location as usize].start(value);
    }

    /// The stores that an operation may choose: how many. At least one; number 0 is the latest. `order_of`
    /// says under which ordering the operation reads a value, and whether it writes then; `is_sc` and
    /// `writes`, whether that is always SeqCst, and whether it always writes.
    #[inline]
    fn sources(
        &mut self,
        location: u32,
        id: ThreadId,
        (is_sc, writes): (bool, bool),
        order_of: impl Fn(u64) -> (Ordering, bool),
    ) -> usize {
        let at = &self.memory.locations[location as usize];
        if self.limits.directed {
            let stores = at.order.len();
            self.memory.chosen = stores - 1;
            self.memory.asked = location;
            return stores;
        }
        let certain = at.order.len() == 1 || writes && at.untaken == 1;
        if certain || self.memory.is_floor(at.last(), &self.thread(id).clock, is_sc) {
            self.memory.chosen = at.order.len() - 1;
            return 1;
        }
        self.search_sources(location, id, order_of)
    }

    #[cold]
    fn search_sources(
        &mut self,
        location: u32,
        id: ThreadId,
        order_of: impl Fn(u64) -> (Ordering, bool),
    ) -> usize {
        let mut candidates = std::mem::take(&mut self.memory.candidates);
        candidates.clear();
        let at = &self.memory.locations[location as usize];
        let clock = &self.thread(id).clock;
        // Whether some store above is a floor for SC operations, or for all.
        let (mut sc_floor, mut floor) = (false, false);
        for position in (0..at.order.len()).rev() {
            let store = at.at(position);
            let (order, writes) = order_of(store.value);
            let below = if order == Ordering::SeqCst { sc_floor } else { floor };
            if !(below || writes && store.taken) {
                candidates.push(position);
            }
            floor = floor || self.memory.is_floor(store, clock, false);
            sc_floor = sc_floor || floor || self.memory.is_floor(store, clock, true);
            if floor {
                break;
            }
        }
        let count = candidates.len();
        self.memory.asked = location;
        self.memory.chosen = candidates[0];
        self.memory.candidates = candidates;
        count
    }

    /// Chooses the candidate of this number, of several.
    pub(crate) fn choose_source(&mut self, location: u32, number: usize) {
        self.memory.chosen = if self.limits.directed {
            self.memory.locations[location as usize].order.len() - 1 - number
        } else {
            self.memory.candidates[number]
        };
    }

    /// The step that made the store of this number, among those that the running operation may choose.
    pub(crate) fn source_step(&self, number: usize) -> u64 {
        let at = &self.memory.locations[self.memory.asked as usize];
        let position = match self.limits.directed {
            true => at.order.len().checked_sub(1 + number),
            false => self.memory.candidates.get(number).copied(),
        };
        position.map_or(0, |position| at.at(position).step)
    }

    /// The number, among all stores, of the one that was made at `step`.
    pub(crate) fn source_of(&self, location: u32, step: u64) -> Option<usize> {
        let at = &self.memory.locations[location as usize];
        (0..at.order.len()).rev().position(|position| at.at(position).step == step)
    }

    /// The stores that a load may read: how many.
    #[inline]
    pub(crate) fn load_sources(&mut self, location: u32, id: ThreadId, order: Ordering) -> usize {
        self.sources(location, id, (order == Ordering::SeqCst, false), |_| (order, false))
    }

    /// The stores that a read-modify-write may read, and directly after which a store may stand: how many.
    #[inline]
    pub(crate) fn write_sources(&mut self, location: u32, id: ThreadId, order: Ordering) -> usize {
        self.sources(location, id, (order == Ordering::SeqCst, true), |_| (order, true))
    }

    /// The stores that a compare-exchange may read: how many.
    #[inline]
    pub(crate) fn exchange_sources(
        &mut self,
        location: u32,
        id: ThreadId,
        expected: u64,
        (success, failure): (Ordering, Ordering),
    ) -> usize {
        let is_sc = success == Ordering::SeqCst && failure == Ordering::SeqCst;
        self.sources(location, id, (is_sc, false), |value| {
            if value == expected { (success, true) } else { (failure, false) }
        })
    }

    /// The value of the chosen store.
    #[inline]
    pub(crate) fn source_value(&self, location: u32) -> u64 {
        self.memory.locations[location as usize].at(self.memory.chosen).value
    }

    /// Reads the chosen store.
    #[inline]
    pub(crate) fn read_source(&mut self, location: u32, id: ThreadId, order: Ordering) -> u64 {
        self.memory.tick(order);
        let store = self.memory.locations[location as usize].at_mut(self.memory.chosen);
        self.behaviour.source = store.event;
        self.atomic = AtomicAccess { source: store.step, order };
        let thread = &mut self.threads[id.index()];
        if acquires(order) {
            thread.acquire(id, &store.release);
        } else {
            thread.acquire_later(&store.release);
        }
        // Whoever learns of the read has learnt of the store as well, unless the reader itself has not.
        if !store.is_known(&thread.clock) && store.readers.iter().all(|&(slot, _)| slot != thread.slot) {
            store.readers.push((thread.slot, thread.epoch));
        }
        store.value
    }

    /// Stores directly after the chosen store.
    #[inline]
    pub(crate) fn store_after(&mut self, location: u32, id: ThreadId, value: u64, order: Ordering) {
        let (store, thread) = self.put_after(location, id, value, order, false);
        // Not what earlier stores released: the store heads a new release sequence.
        if releases(order) {
            thread.release_owned(id, &mut store.release);
        } else {
            thread.release_fenced(&mut store.release, false);
        }
    }

    /// Reads the chosen store and stores directly after it, in one step.
    #[inline]
    pub(crate) fn modify_source(&mut self, location: u32, id: ThreadId, value: u64, order: Ordering) {
        let (store, thread) = self.put_after(location, id, value, order, true);
        if acquires(order) && releases(order) {
            return thread.acquire_release(id, &mut store.release);
        }
        if acquires(order) {
            thread.acquire(id, &store.release);
        } else {
            thread.acquire_later(&store.release);
        }
        if releases(order) {
            thread.release(&mut store.release);
        } else {
            thread.release_fenced(&mut store.release, true);
        }
    }

    /// Makes the store that stands directly after the chosen one, and takes that one if it `continues` its
    /// release sequence. What it releases besides is the caller's to say.
    #[inline(always)]
    fn put_after(
        &mut self,
        location: u32,
        id: ThreadId,
        value: u64,
        order: Ordering,
        continues: bool,
    ) -> (&mut Store, &mut Thread) {
        self.make_room(location);
        let source = self.memory.chosen;
        let event = if self.behaviour.is_wanted { self.event_name(id) } else { 0 };
        let sc_time = self.memory.tick(order);
        let keeps_one = self.keeps_one(location);
        let at = &mut self.memory.locations[location as usize];
        self.behaviour.source = at.at(source).event;
        self.atomic = AtomicAccess { source: if continues { at.at(source).step } else { 0 }, order };
        let thread = &mut self.threads[id.index()];
        let store = if keeps_one {
            at.at_mut(0)
        } else if continues {
            at.insert(source + 1);
            at.untaken -= 1;
            let both = [at.order[source] as usize, at.order[source + 1] as usize];
            let [source, store] = at.stores.get_disjoint_mut(both).expect("two stores");
            source.taken = true;
            store.release.copy_from(&source.release);
            store
        } else {
            at.insert(source + 1)
        };
        store.value = value;
        store.slot = thread.slot;
        store.epoch = thread.epoch;
        store.readers.clear();
        store.taken = false;
        store.sc_time = sc_time;
        store.step = self.steps;
        store.event = event;
        (store, thread)
    }

    /// Whether a new store takes the place of the old one: nobody could read that any more. A director may want
    /// to know what a thread would do that had read it, even if memory is sequentially consistent.
    #[inline]
    fn keeps_one(&self, location: u32) -> bool {
        let alone = self.live == 1 && self.memory.locations[location as usize].order.len() == 1;
        !self.limits.directed && (alone || self.limits.memory == MemoryModel::SequentiallyConsistent)
    }

    /// Forgets stores that nobody can read any more, if there are many. The chosen position stays right.
    #[inline]
    fn make_room(&mut self, location: u32) {
        let at = &self.memory.locations[location as usize];
        if at.order.len() >= at.prune_at && !self.limits.directed {
            self.prune(location);
        }
    }

    #[cold]
    fn prune(&mut self, location: u32) {
        let at = &self.memory.locations[location as usize];
        let mut lowest = at.order.len() - 1;
        for (_, thread) in self.threads().filter(|(_, thread)| !self.will_know_another(thread)) {
            let is_floor = |&position: &usize| self.memory.is_floor(at.at(position), &thread.clock, false);
            lowest = (0..=lowest).rev().find(is_floor).unwrap_or(0);
            if lowest == 0 {
                break;
            }
        }
        lowest = lowest.min(self.memory.chosen);
        let at = &mut self.memory.locations[location as usize];
        at.forget(lowest);
        at.prune_at = KEPT.max(2 * at.order.len());
        self.memory.chosen -= lowest;
    }

    /// Whether all that the thread does from now on comes after everything that another live thread has done:
    /// it has ended, or waits for one to end.
    fn will_know_another(&self, thread: &Thread) -> bool {
        thread.ended || thread.pending.kind == OpKind::Join && !self.enabled.contains(thread.lane)
    }

    /// What a fence does to what the thread knows.
    pub(crate) fn fence(&mut self, id: ThreadId, order: Ordering) {
        self.atomic = AtomicAccess { source: 0, order };
        let thread = &mut self.threads[id.index()];
        if acquires(order) {
            thread.clock.join(&thread.acquirable);
            thread.clock_version += 1;
        }
        if order == Ordering::SeqCst {
            let time = self.memory.tick(order);
            let mut known = thread.clock.clone();
            if let Some(last) = self.memory.fences.last() {
                known.join(&last.known);
            }
            self.memory.fences.push(Fence { known, time });
            thread.clock.set_fence(self.memory.fences.len() as u32);
        }
        if releases(order) {
            thread.released.copy_from(&thread.clock);
            thread.advance_epoch();
        }
    }
}
