//! The stores of one atomic, in modification order.

use crate::rt::clocks::clock::Clock;
use crate::rt::clocks::view::{Message, View};

/// How many stores a location keeps before it is looked whether some cannot be read any more.
pub(super) const KEPT: usize = 32;

/// One store, at its place in modification order.
#[derive(Clone, Default, Debug)]
pub(super) struct Store {
    pub(super) value: u64,
    /// The event that stored, as an epoch of its thread.
    pub(super) slot: u32,
    pub(super) epoch: u32,
    /// What an acquiring reader learns.
    pub(super) release: Message,
    /// First reads by threads that had not learnt of the store, as epochs.
    pub(super) readers: Vec<(u32, u32)>,
    /// Whether a read-modify-write has read this store, and stands directly after it.
    pub(super) taken: bool,
    /// When it was executed among the SC events, if it is one.
    pub(super) sc_time: u32,
    /// The step that stored; 0 for the initial value.
    pub(super) step: u64,
    /// The event that stored, if events are named; see `equivalence`.
    pub(super) event: u64,
}

impl Store {
    /// The initial value, which every thread knows.
    pub(super) fn start(&mut self, value: u64) {
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

    /// Is made by the thread of `view` now; what it releases is not said yet.
    #[inline(always)]
    pub(super) fn make(&mut self, value: u64, view: &View, sc_time: u32, step: u64, event: u64) {
        self.value = value;
        self.slot = view.slot;
        self.epoch = view.epoch;
        self.readers.clear();
        self.taken = false;
        self.sc_time = sc_time;
        self.step = step;
        self.event = event;
    }

    /// Whether whoever knows `clock` has learnt of the store.
    #[inline]
    pub(super) fn is_known(&self, clock: &Clock) -> bool {
        self.epoch <= clock.get(self.slot)
    }

    /// Whether whoever knows `clock` may read nothing older.
    #[inline]
    pub(super) fn hides_older(&self, clock: &Clock) -> bool {
        self.is_known(clock) || self.readers.iter().any(|&(slot, epoch)| epoch <= clock.get(slot))
    }
}

/// The stores of one location.
#[derive(Default, Debug)]
pub(super) struct Location {
    /// In no order; those that `order` does not name are memory for stores to come.
    pub(super) stores: Vec<Store>,
    pub(super) spare: Vec<u32>,
    /// Modification order, oldest first, as indices of `stores`.
    pub(super) order: Vec<u32>,
    /// How many stores are not taken: the last one, and those that something may be put after.
    pub(super) untaken: usize,
    /// Whether something was stored, where only the last value is kept; see `Limits::keeps_clocks`.
    pub(super) is_written: bool,
    /// At how many stores to look for some that nobody can read.
    pub(super) prune_at: usize,
}

impl Location {
    /// Holds `value` and nothing else.
    pub(super) fn start(&mut self, value: u64) {
        self.order.clear();
        self.spare.clear();
        self.spare.extend((0..self.stores.len() as u32).rev());
        self.untaken = 0;
        self.is_written = false;
        self.prune_at = KEPT;
        self.insert(0).start(value);
    }

    #[inline]
    pub(super) fn at(&self, position: usize) -> &Store {
        &self.stores[self.order[position] as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, position: usize) -> &mut Store {
        &mut self.stores[self.order[position] as usize]
    }

    #[inline]
    pub(super) fn last(&self) -> &Store {
        self.at(self.order.len() - 1)
    }

    /// Puts a store at `position`. What it releases is still what its memory was used for before, but is
    /// nobody's.
    #[inline]
    pub(super) fn insert(&mut self, position: usize) -> &mut Store {
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

    /// Puts a store directly after the one at `position`, which it takes, and whose release sequence it continues.
    #[inline]
    pub(super) fn continue_after(&mut self, position: usize) -> &mut Store {
        self.insert(position + 1);
        self.untaken -= 1;
        let both = [self.order[position] as usize, self.order[position + 1] as usize];
        let [source, store] = self.stores.get_disjoint_mut(both).expect("two stores");
        source.taken = true;
        store.release.copy_from(&source.release);
        store
    }

    /// Forgets the `number` oldest stores.
    pub(super) fn forget(&mut self, number: usize) {
        for index in self.order.drain(..number) {
            self.untaken -= usize::from(!self.stores[index as usize].taken);
            self.spare.push(index);
        }
    }
}
