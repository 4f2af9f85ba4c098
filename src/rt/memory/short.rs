//! The short ways through memory: what most operations do, in one go.

use std::sync::atomic::Ordering;

use super::stores::{Memory, acquire_and_release, acquires, release_anew};
use crate::rt::clocks::view::View;

/// Who takes a short way, and when.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// How many threads have not ended.
    pub(crate) live: usize,
    pub(crate) step: u64,
    /// The name of the event, if events are named.
    pub(crate) event: u64,
}

/// The short ways: what most operations do, in one go. Each is there only where the operation has no choice. With each comes the
/// event whose store it has read or stored after.
impl Memory {
    /// As a load, where only the last store can be read, which the thread knows of: its value.
    #[inline(always)]
    pub(crate) fn load_last(
        &mut self,
        location: u32,
        view: &mut View,
        order: Ordering,
        live: usize,
    ) -> Option<(u64, u64)> {
        if !self.reads_last(location, view, live) {
            return None;
        }
        let store = self.locations[location as usize].last();
        if acquires(order) {
            view.acquire(&store.release);
        } else {
            view.acquire_later(&store.release);
        }
        let found = (store.value, store.event);
        self.tick(order);
        Some(found)
    }

    /// Whether an operation of the thread can read only the last store, whatever it does then.
    #[inline(always)]
    pub(crate) fn reads_last(&self, location: u32, view: &View, live: usize) -> bool {
        self.keeps_one(location, live) || self.locations[location as usize].last().is_known(&view.clock)
    }

    /// As a store, where it takes the place of the only one.
    #[inline(always)]
    pub(crate) fn replace_last(
        &mut self,
        location: u32,
        view: &mut View,
        (value, order): (u64, Ordering),
        moment: Moment,
    ) -> Option<u64> {
        if !self.keeps_one(location, moment.live) {
            return None;
        }
        let sc_time = self.tick(order);
        let store = self.locations[location as usize].at_mut(0);
        let source = store.event;
        store.make(value, view, sc_time, moment.step, moment.event);
        release_anew(view, &mut store.release, order);
        Some(source)
    }

    /// As a read-modify-write, where only the last store can be read: the value before, and the one after.
    #[inline(always)]
    pub(crate) fn modify_last(
        &mut self,
        location: u32,
        view: &mut View,
        order: Ordering,
        moment: Moment,
        modify: impl FnOnce(u64) -> u64,
    ) -> Option<(u64, u64, u64)> {
        let keeps_one = self.keeps_one(location, moment.live);
        let at = &mut self.locations[location as usize];
        let (store, old, source) = if keeps_one {
            let store = at.at_mut(0);
            let before = (store.value, store.event);
            (store, before.0, before.1)
        } else if at.untaken != 1 || at.order.len() >= at.prune_at {
            return None;
        } else {
            let last = at.order.len() - 1;
            let before = (at.at(last).value, at.at(last).event);
            (at.continue_after(last), before.0, before.1)
        };
        let new = modify(old);
        let is_sc = order == Ordering::SeqCst;
        self.sc_time += u32::from(is_sc);
        store.make(new, view, if is_sc { self.sc_time } else { 0 }, moment.step, moment.event);
        acquire_and_release(view, &mut store.release, order);
        Some((old, new, source))
    }
}
