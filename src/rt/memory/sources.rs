//! Which stores an operation may choose: those at or above its floor; see `stores`.

use std::sync::atomic::Ordering;

use super::location::Store;
use super::stores::Memory;
use crate::rt::clocks::clock::Clock;
use crate::rt::clocks::view::View;

impl Memory {
    /// Whether an operation of a thread that knows `clock` may go no lower than `store`.
    #[inline]
    pub(super) fn is_floor(&self, store: &Store, clock: &Clock, is_sc: bool) -> bool {
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
    /// The stores that an operation may choose: how many. At least one; number 0 is the latest. `order_of`
    /// says under which ordering the operation reads a value, and whether it writes then; `is_sc` and
    /// `writes`, whether that is always SeqCst, and whether it always writes.
    #[inline]
    fn sources(
        &mut self,
        location: u32,
        view: &View,
        (is_sc, writes): (bool, bool),
        order_of: impl Fn(u64) -> (Ordering, bool),
    ) -> usize {
        let at = &self.locations[location as usize];
        if self.is_directed {
            let stores = at.order.len();
            self.chosen = stores - 1;
            self.asked = location;
            return stores;
        }
        let certain = at.order.len() == 1 || writes && at.untaken == 1;
        if certain || self.is_floor(at.last(), &view.clock, is_sc) {
            self.chosen = at.order.len() - 1;
            return 1;
        }
        self.search_sources(location, view, order_of)
    }

    #[cold]
    fn search_sources(
        &mut self,
        location: u32,
        view: &View,
        order_of: impl Fn(u64) -> (Ordering, bool),
    ) -> usize {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let at = &self.locations[location as usize];
        // Whether some store above is a floor for SC operations, or for all.
        let (mut sc_floor, mut floor) = (false, false);
        for position in (0..at.order.len()).rev() {
            let store = at.at(position);
            let (order, writes) = order_of(store.value);
            let below = if order == Ordering::SeqCst { sc_floor } else { floor };
            if !(below || writes && store.taken) {
                candidates.push(position);
            }
            floor = floor || self.is_floor(store, &view.clock, false);
            sc_floor = sc_floor || floor || self.is_floor(store, &view.clock, true);
            if floor {
                break;
            }
        }
        let count = candidates.len();
        self.asked = location;
        self.chosen = candidates[0];
        self.candidates = candidates;
        count
    }

    /// Chooses the candidate of this number, of several.
    pub(crate) fn choose_source(&mut self, location: u32, number: usize) {
        self.chosen = if self.is_directed {
            self.locations[location as usize].order.len() - 1 - number
        } else {
            self.candidates[number]
        };
    }

    /// The step that made the store of this number, among those that the running operation may choose.
    pub(crate) fn source_step(&self, number: usize) -> u64 {
        let at = &self.locations[self.asked as usize];
        let position = match self.is_directed {
            true => at.order.len().checked_sub(1 + number),
            false => self.candidates.get(number).copied(),
        };
        position.map_or(0, |position| at.at(position).step)
    }

    /// If a load may read several stores: chooses the last of them.
    #[inline]
    pub(crate) fn choose_last_of_several(&mut self, location: u32, view: &View, order: Ordering) -> bool {
        let at = &self.locations[location as usize];
        self.chosen = at.order.len() - 1;
        self.chosen > 0 && !self.is_floor(at.last(), &view.clock, order == Ordering::SeqCst)
    }

    /// The stores that a load may read: how many.
    #[inline]
    pub(crate) fn load_sources(&mut self, location: u32, view: &View, order: Ordering) -> usize {
        self.sources(location, view, (order == Ordering::SeqCst, false), |_| (order, false))
    }

    /// The stores that a read-modify-write may read, and directly after which a store may stand: how many.
    #[inline]
    pub(crate) fn write_sources(&mut self, location: u32, view: &View, order: Ordering) -> usize {
        self.sources(location, view, (order == Ordering::SeqCst, true), |_| (order, true))
    }

    /// The stores that a compare-exchange may read: how many.
    #[inline]
    pub(crate) fn exchange_sources(
        &mut self,
        location: u32,
        view: &View,
        expected: u64,
        (success, failure): (Ordering, Ordering),
    ) -> usize {
        let is_sc = success == Ordering::SeqCst && failure == Ordering::SeqCst;
        self.sources(location, view, (is_sc, false), |value| {
            if value == expected { (success, true) } else { (failure, false) }
        })
    }
}
