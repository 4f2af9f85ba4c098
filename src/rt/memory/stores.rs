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

use super::location::{KEPT, Location, Store};
use crate::rt::clocks::clock::Clock;
use crate::rt::clocks::view::{Message, View};
use crate::rt::op::limits::MemoryModel;
use crate::rt::op::{OpKind, ThreadId};
use crate::rt::threads::Threads;
use crate::rt::threads::thread::Thread;

/// An SC fence that was executed.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    /// What the threads of this fence and of all SC fences before it knew.
    pub(super) known: Clock,
    pub(super) time: u32,
}

/// The memory of one execution.
#[derive(Default, Debug)]
pub(crate) struct Memory {
    pub(super) locations: Vec<Location>,
    count: usize,
    pub(super) fences: Vec<Fence>,
    /// How many SC events there were.
    pub(super) sc_time: u32,
    /// The position of the store that the running operation has chosen.
    pub(super) chosen: usize,
    /// The location where stores are chosen from.
    pub(super) asked: u32,
    /// The stores that it may choose, as positions, the latest first, if there are several.
    pub(super) candidates: Vec<usize>,
    /// Whether memory is sequentially consistent.
    is_sc: bool,
    /// Whether a director decides, which may want any store; see `Limits::directed`.
    pub(super) is_directed: bool,
}

/// The store that an operation has read, or stored after.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Source {
    pub(crate) step: u64,
    pub(crate) event: u64,
}

/// Who writes, and when.
pub(crate) struct Writer<'a> {
    pub(in crate::rt) threads: &'a Threads,
    pub(in crate::rt) views: &'a mut [View],
    pub(in crate::rt) id: ThreadId,
    pub(in crate::rt) step: u64,
    /// The name of the event, if events are named.
    pub(in crate::rt) event: u64,
}

impl Writer<'_> {
    #[inline]
    fn view(&mut self) -> &mut View {
        &mut self.views[self.id.index()]
    }
}

impl Memory {
    /// Whether the thread in the slot `reader` has read, without learning what the storing thread knew, a store that the
    /// thread in a slot has made at an epoch or later; at another location than `except`.
    pub(in crate::rt) fn has_read_since(
        &self,
        reader: u32,
        (slot, epoch): (u32, u32),
        except: Option<u32>,
    ) -> bool {
        let locations = self.locations[..self.count].iter().enumerate();
        let others = locations.filter(|&(number, _)| Some(number as u32) != except);
        let mut stores =
            others.flat_map(|(_, location)| location.order.iter().map(|&at| &location.stores[at as usize]));
        stores.any(|store| {
            let has_read = || store.readers.iter().any(|&(of, _)| of == reader);
            store.step > 0 && store.slot == slot && store.epoch >= epoch && has_read()
        })
    }

    pub(in crate::rt) fn clear(&mut self, model: MemoryModel, directed: bool) {
        self.is_sc = model == MemoryModel::SequentiallyConsistent;
        self.is_directed = directed;
        self.count = 0;
        self.fences.clear();
        self.sc_time = 0;
    }

    /// A location that holds `value`.
    pub(crate) fn add(&mut self, value: u64) -> u32 {
        if self.count == self.locations.len() {
            self.locations.push(Location::default());
        }
        let location = &mut self.locations[self.count];
        location.start(value);
        self.count += 1;
        self.count as u32 - 1
    }

    #[inline]
    pub(super) fn tick(&mut self, order: Ordering) -> u32 {
        let is_sc = order == Ordering::SeqCst;
        self.sc_time += u32::from(is_sc);
        if is_sc { self.sc_time } else { 0 }
    }
}

#[inline]
pub(super) fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

#[inline]
pub(super) fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl Memory {
    /// The value that is last in modification order.
    #[inline]
    pub(crate) fn last_value(&self, location: u32) -> u64 {
        self.locations[location as usize].last().value
    }

    /// Whether a location has been written, for memory of which only the last values are kept.
    #[inline]
    pub(crate) fn has_been_written(&self, location: u32) -> bool {
        self.locations[location as usize].is_written
    }

    /// Keeps what was written, if that is the last value, and nothing else.
    #[inline]
    pub(crate) fn note_written(&mut self, location: u32, value: u64, number: usize) {
        let at = &mut self.locations[location as usize];
        at.is_written = true;
        if number == 0 {
            at.at_mut(0).value = value;
        }
    }

    /// Something that the model does not see wrote `value`, with nobody else about.
    pub(crate) fn overwrite(&mut self, location: u32, value: u64) {
        self.locations[location as usize].start(value);
    }

    /// The value of the chosen store.
    #[inline]
    pub(crate) fn source_value(&self, location: u32) -> u64 {
        self.locations[location as usize].at(self.chosen).value
    }

    /// Reads the chosen store.
    #[inline]
    pub(crate) fn read_source(&mut self, location: u32, view: &mut View, order: Ordering) -> (u64, Source) {
        self.tick(order);
        let store = self.locations[location as usize].at_mut(self.chosen);
        if acquires(order) {
            view.acquire(&store.release);
        } else {
            view.acquire_later(&store.release);
        }
        // Whoever learns of the read has learnt of the store as well, unless the reader itself has not.
        if !store.is_known(&view.clock) && store.readers.iter().all(|&(slot, _)| slot != view.slot) {
            store.readers.push((view.slot, view.epoch));
        }
        (store.value, Source { step: store.step, event: store.event })
    }

    /// Stores directly after the chosen store.
    #[inline]
    pub(crate) fn store_after(
        &mut self,
        location: u32,
        mut writer: Writer<'_>,
        value: u64,
        order: Ordering,
    ) -> Source {
        let (store, source) = self.put_after(location, &mut writer, value, order, false);
        release_anew(writer.view(), &mut store.release, order);
        // What is read of it is its place alone.
        Source { step: 0, ..source }
    }

    /// Reads the chosen store and stores directly after it, in one step.
    #[inline]
    pub(crate) fn modify_source(
        &mut self,
        location: u32,
        mut writer: Writer<'_>,
        value: u64,
        order: Ordering,
    ) -> Source {
        let (store, source) = self.put_after(location, &mut writer, value, order, true);
        acquire_and_release(writer.view(), &mut store.release, order);
        source
    }

    /// Makes the store that stands directly after the chosen one, and takes that one if it `continues` its
    /// release sequence. What it releases besides is the caller's to say.
    #[inline(always)]
    fn put_after(
        &mut self,
        location: u32,
        writer: &mut Writer<'_>,
        value: u64,
        order: Ordering,
        continues: bool,
    ) -> (&mut Store, Source) {
        if self.wants_room(location) {
            self.prune(location, writer.threads, writer.views);
        }
        let chosen = self.chosen;
        let sc_time = self.tick(order);
        let keeps_one = self.keeps_one(location, writer.threads.live);
        let at = &mut self.locations[location as usize];
        let source = Source { step: at.at(chosen).step, event: at.at(chosen).event };
        let store = if keeps_one {
            at.at_mut(0)
        } else if continues {
            at.continue_after(chosen)
        } else {
            at.insert(chosen + 1)
        };
        store.make(value, &writer.views[writer.id.index()], sc_time, writer.step, writer.event);
        (store, source)
    }

    /// Whether a new store takes the place of the old one: nobody could read that any more. A director may want
    /// to know what a thread would do that had read it, even if memory is sequentially consistent.
    #[inline]
    pub(super) fn keeps_one(&self, location: u32, live: usize) -> bool {
        let alone = live == 1 && self.locations[location as usize].order.len() == 1;
        !self.is_directed && (alone || self.is_sc)
    }

    /// Whether there are so many stores that it is time to forget those that nobody can read any more.
    #[inline]
    fn wants_room(&self, location: u32) -> bool {
        let at = &self.locations[location as usize];
        at.order.len() >= at.prune_at && !self.is_directed
    }

    /// Forgets stores that nobody can read any more. The chosen position stays right.
    #[cold]
    fn prune(&mut self, location: u32, threads: &Threads, views: &[View]) {
        let at = &self.locations[location as usize];
        let mut lowest = at.order.len() - 1;
        // All that a thread does from now on comes after everything that another live thread has done if it waits for one to end.
        let will_know_another =
            |thread: &Thread| thread.pending.kind == OpKind::Join && !threads.enabled.contains(thread.lane);
        for (id, _) in threads.alive().filter(|(_, thread)| !will_know_another(thread)) {
            let clock = &views[id.index()].clock;
            let is_floor = |&position: &usize| self.is_floor(at.at(position), clock, false);
            lowest = (0..=lowest).rev().find(is_floor).unwrap_or(0);
            if lowest == 0 {
                break;
            }
        }
        lowest = lowest.min(self.chosen);
        let at = &mut self.locations[location as usize];
        at.forget(lowest);
        at.prune_at = KEPT.max(2 * at.order.len());
        self.chosen -= lowest;
    }

    /// What a fence does to what the thread knows.
    pub(crate) fn fence(&mut self, view: &mut View, order: Ordering) {
        if acquires(order) {
            view.acquire_fence();
        }
        if order == Ordering::SeqCst {
            let time = self.tick(order);
            let mut known = view.clock.clone();
            if let Some(last) = self.fences.last() {
                known.join(&last.known);
            }
            self.fences.push(Fence { known, time });
            view.clock.set_fence(self.fences.len() as u32);
        }
        if releases(order) {
            view.release_fence();
        }
    }
}

/// What a store releases: not what earlier ones did, since it heads a new release sequence.
#[inline(always)]
pub(super) fn release_anew(view: &mut View, release: &mut Message, order: Ordering) {
    if releases(order) {
        view.release_owned(release);
    } else {
        view.release_fenced(release, false);
    }
}

/// What a read-modify-write acquires of the store before it, and releases in addition.
#[inline(always)]
pub(super) fn acquire_and_release(view: &mut View, release: &mut Message, order: Ordering) {
    if acquires(order) && releases(order) {
        view.acquire_release(release);
    } else {
        acquire_or_release(view, release, order);
    }
}

fn acquire_or_release(view: &mut View, release: &mut Message, order: Ordering) {
    if acquires(order) {
        view.acquire(release);
    } else {
        view.acquire_later(release);
    }
    if releases(order) {
        view.release(release);
    } else {
        view.release_fenced(release, true);
    }
}
