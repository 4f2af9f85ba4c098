//! What comes before what in an execution graph, as vector clocks that count the events of each thread.
//!
//! Every event has up to five: `PORF`, what program order, reads-from and waiting lead back to; `HB`, what
//! happens before it, itself included; `RELEASED`, what an acquiring reader of its write learns; `ACQUIRABLE`,
//! what an acquire fence after it would learn; `FENCED`, what happened before the latest release fence. The rules
//! are C++20's ([intro.races], [atomics.fences]; release sequences as of P0982). Under sequential consistency only
//! the first is kept.

use super::Graph;
use super::event::{EventId, NONE, flag};
use crate::rt::op::OpKind;

pub(in crate::explore::exhaustive) const PORF: usize = 0;
pub(in crate::explore::exhaustive) const HB: usize = 1;
const RELEASED: usize = 2;
const ACQUIRABLE: usize = 3;
const FENCED: usize = 4;

impl Graph {
    /// How many numbers the clocks of one event are.
    #[inline]
    pub(in crate::explore::exhaustive) fn stride(&self) -> usize {
        if self.is_sc { self.width } else { 5 * self.width }
    }

    /// Makes room for the clocks of the event that was just added.
    pub(in crate::explore::exhaustive) fn grow_clocks(&mut self) {
        let length = self.clocks.len() + self.stride();
        self.clocks.resize(length, 0);
    }

    /// Makes room for twice as many threads.
    #[cold]
    pub(in crate::explore::exhaustive) fn widen_clocks(&mut self) {
        let (old_width, old_stride) = (self.width, self.stride());
        self.width *= 2;
        let stride = self.stride();
        let mut clocks = vec![0; self.events.len() * stride];
        for (new, old) in clocks.chunks_exact_mut(stride).zip(self.clocks.chunks_exact(old_stride)) {
            for (new, old) in new.chunks_exact_mut(self.width).zip(old.chunks_exact(old_width)) {
                new[..old_width].copy_from_slice(old);
            }
        }
        self.clocks = clocks;
    }

    #[inline]
    fn start_of(&self, event: EventId, which: usize) -> usize {
        event as usize * self.stride() + which * self.width
    }

    #[inline]
    pub(in crate::explore::exhaustive) fn clock(&self, event: EventId, which: usize) -> &[u32] {
        let start = self.start_of(event, which);
        &self.clocks[start..start + self.width]
    }

    /// Adds one clock of an event to another, of a later one.
    #[inline]
    fn join(&mut self, (to, into): (EventId, usize), (from, which): (EventId, usize)) {
        let (to, from, width) = (self.start_of(to, into), self.start_of(from, which), self.width);
        if to == from {
            return;
        }
        let (mine, theirs) = if to > from {
            let (low, high) = self.clocks.split_at_mut(to);
            (&mut high[..width], &low[from..from + width])
        } else {
            let (low, high) = self.clocks.split_at_mut(from);
            (&mut low[to..to + width], &high[..width])
        };
        // The width is a multiple of four: a vector register.
        for (mine, theirs) in mine.as_chunks_mut::<4>().0.iter_mut().zip(theirs.as_chunks::<4>().0) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine = if *theirs as i32 > *mine as i32 { *theirs } else { *mine };
            }
        }
    }

    /// Whether `event` is among those that a clock counts. What a location starts with always is.
    #[inline]
    pub(in crate::explore::exhaustive) fn counts(&self, clock: &[u32], event: EventId) -> bool {
        let event = self.event(event);
        event.has(flag::INITIAL) || event.index < clock[event.thread as usize]
    }

    /// The clock that tells what an access knows of: of which writes it cannot read older ones.
    #[inline]
    pub(in crate::explore::exhaustive) fn view(&self, is_object: bool) -> usize {
        if is_object || self.is_sc { PORF } else { HB }
    }

    /// What comes right before an event of `thread` that follows `previous` there: the spawn, if it is the first.
    #[inline]
    pub(in crate::explore::exhaustive) fn past(&self, thread: u32, previous: EventId) -> EventId {
        if previous == NONE { self.lines[thread as usize].spawn } else { previous }
    }

    /// Whether `id` comes, by this clock, before an event that has `past` before it in its thread, has waited
    /// for `gate`, and happens after time has passed `epoch` times.
    #[inline]
    pub(in crate::explore::exhaustive) fn is_known(
        &self,
        id: EventId,
        past: EventId,
        (gate, epoch): (EventId, u32),
        which: usize,
    ) -> bool {
        past != NONE && self.counts(self.clock(past, which), id)
            || gate != NONE && self.counts(self.clock(gate, which), id)
            || which == PORF && self.event(id).epoch < epoch
    }

    /// Whether `a` happens before `b`.
    #[inline]
    pub(in crate::explore::exhaustive) fn happens_before(&self, a: EventId, b: EventId) -> bool {
        a != b && self.counts(self.clock(b, HB), a)
    }

    /// Computes the clocks of `id` from those of the events that it follows.
    pub(in crate::explore::exhaustive) fn compute_clocks(&mut self, id: EventId) {
        let event = *self.event(id);
        let start = self.start_of(id, 0);
        let stride = self.stride();
        if event.previous == NONE {
            self.clocks[start..start + stride].fill(0);
            let spawn = self.lines[event.thread as usize].spawn;
            if spawn != NONE {
                self.join((id, PORF), (spawn, PORF));
                if !self.is_sc {
                    self.join((id, HB), (spawn, HB));
                }
            }
        } else {
            let from = self.start_of(event.previous, 0);
            self.clocks.copy_within(from..from + stride, start);
        }
        self.set_own(id, PORF, event.thread, event.index);
        if event.reads() {
            self.join((id, PORF), (event.source, PORF));
        }
        if event.gate != NONE {
            self.join((id, PORF), (event.gate, PORF));
        }
        if event.epoch > 0 && (event.previous == NONE || self.event(event.previous).epoch < event.epoch) {
            // Time has passed since, after everything in all threads. That orders nothing that memory knows of.
            let start = self.start_of(id, PORF);
            let Graph { clocks, ticks, .. } = self;
            let counts = &ticks[event.epoch as usize - 1].counts;
            for (mine, &count) in clocks[start..].iter_mut().zip(counts) {
                *mine = (*mine).max(count);
            }
        }
        if self.is_sc {
            return;
        }
        let ordered = event.ordered();
        self.set_own(id, HB, event.thread, event.index);
        if event.reads() {
            if ordered.acquires {
                self.join((id, HB), (event.source, RELEASED));
            }
            if !event.is_object {
                self.join((id, ACQUIRABLE), (event.source, RELEASED));
            }
        }
        if event.gate != NONE && ordered.acquires && event.kind != OpKind::Lock {
            // All that a thread did has happened when it ends.
            let releases = event.kind == OpKind::Join || !self.event(event.gate).writes();
            let which = if releases { HB } else { RELEASED };
            self.join((id, HB), (event.gate, which));
        }
        if event.kind == OpKind::Fence {
            if ordered.acquires {
                self.join((id, HB), (id, ACQUIRABLE));
            }
            if ordered.releases {
                self.copy_own(id, FENCED, HB);
            }
        }
        let released = self.start_of(id, RELEASED);
        self.clocks[released..released + self.width].fill(0);
        if event.writes() {
            if ordered.releases {
                self.copy_own(id, RELEASED, HB);
            } else if !event.is_object {
                self.copy_own(id, RELEASED, FENCED);
            }
            if event.reads() {
                self.join((id, RELEASED), (event.source, RELEASED));
            }
        }
    }

    /// `id` also comes after `earlier`, and learns what it knew.
    pub(in crate::explore::exhaustive) fn follow(&mut self, id: EventId, earlier: EventId) {
        self.join((id, PORF), (earlier, PORF));
        if !self.is_sc {
            self.join((id, HB), (earlier, HB));
        }
    }

    #[inline]
    fn set_own(&mut self, id: EventId, which: usize, thread: u32, index: u32) {
        let start = self.start_of(id, which);
        self.clocks[start + thread as usize] = index + 1;
    }

    #[inline]
    fn copy_own(&mut self, id: EventId, to: usize, from: usize) {
        let (to, from) = (self.start_of(id, to), self.start_of(id, from));
        self.clocks.copy_within(from..from + self.width, to);
    }
}
