//! From one execution graph to others, so that each is reached once: TruSt (Kokologiannakis, Marmanis, Gladstein
//! and Vafeiadis, POPL 2022).
//!
//! An event is added in the way that always works: it reads the last write, or writes at the end. Other sources
//! and places are *alternatives*, graphs of their own that end with the event. A write also *revisits* reads that
//! were added before it: the read takes it as its source, and what was added after the read goes, but for what
//! led to the write. Several graphs lead to the same one by revisits; only that one does it whose removed events
//! are all maximal. An operation that waits is not in the graph until it can go on; a write that takes from it
//! what it had removes it again (*evicts* it).
//!
//! Nothing is built here: an `Item` says which graph is meant, and `Item::build` makes it when its turn comes.

use std::sync::Arc;

use super::Graph;
use super::change::{Change, DetourEnd};
use super::clocks::PORF;
use super::effort::Effort;
use super::event::{Event, EventId, NONE, flag};
use super::origin::Origin;
use crate::rt::op::rule::Outcome;

/// A graph that is still to be explored, as a change of another one.
#[derive(Clone, Debug)]
pub(in crate::explore::exhaustive) struct Item {
    pub(in crate::explore::exhaustive) base: Arc<Graph>,
    pub(in crate::explore::exhaustive) change: Change,
    /// How many preemptions it takes, about.
    pub(in crate::explore::exhaustive) preemptions: u32,
    /// The part of all executions that it stands for (Knuth's estimate).
    pub(in crate::explore::exhaustive) weight: f64,
    /// Where it was found, if that is to be kept.
    pub(in crate::explore::exhaustive) origin: Origin,
}

/// The event that a built graph was built for.
#[derive(Clone, Copy, Debug)]
pub(in crate::explore::exhaustive) struct Built {
    /// It, if it may have to revisit others because it writes.
    pub(in crate::explore::exhaustive) event: EventId,
    /// The other read-modify-write that stands where it writes: the graph itself is none then, but those in
    /// which that one has moved are.
    pub(in crate::explore::exhaustive) conflict: EventId,
    /// An event that was not added in the way that always works: whether the graph is consistent is not known.
    pub(in crate::explore::exhaustive) unchecked: EventId,
}

impl Item {
    /// Makes the graph.
    pub(in crate::explore::exhaustive) fn build(
        &self,
        graph: &mut Graph,
        numbers: &mut Vec<EventId>,
    ) -> Built {
        let base = &*self.base;
        let nothing = Built { event: NONE, conflict: NONE, unchecked: NONE };
        match &self.change {
            Change::Nothing => {
                graph.copy_part(base, (NONE, base.epoch()), NONE, |_, _| true, NONE, numbers);
                nothing
            }
            Change::GoesOn { event, why } => {
                // All of it: what the event reads may have been added later.
                graph.copy_part(base, (NONE, base.epoch()), NONE, |_, _| true, NONE, numbers);
                let event = numbers[*event as usize];
                graph.event_mut(event).set(*why, true);
                let thread = graph.event(event).thread as usize;
                graph.lines[thread].spins_after = NONE;
                graph.compute_clocks(event);
                nothing
            }
            &Change::Alternative { event, source, choice } => {
                let Event { location, epoch, .. } = *base.event(event);
                graph.copy_part(base, (event, epoch), event, |_, _| false, location, numbers);
                let mut new = base.event(event).detached();
                new.flags &= flag::CHOICE;
                new.gate = if new.gate == NONE { NONE } else { numbers[new.gate as usize] };
                if new.location != NONE {
                    new.location = graph.event(numbers[source as usize]).location;
                }
                let source = if source == NONE { NONE } else { numbers[source as usize] };
                graph.add(new, source, choice)
            }
            Change::Arrival { event, source, cut } => {
                graph.copy_part(base, (cut - 1, event.epoch), *cut, |_, _| false, NONE, numbers);
                let mut new = **event;
                new.gate = if new.gate == NONE { NONE } else { numbers[new.gate as usize] };
                new.location = graph.event(numbers[*source as usize]).location;
                let source = numbers[*source as usize];
                graph.add(new, source, 0)
            }
            &Change::Revisit { write, read, choice } => {
                let past = base.clock(write, PORF);
                let epoch = base.event(write).epoch;
                graph.copy_part(base, (write, epoch), read + 1, |id, _| base.counts(past, id), NONE, numbers);
                graph.freeze(base, write, numbers);
                graph.point_to(numbers[read as usize], numbers[write as usize], choice, base.is_conflict)
            }
            &Change::Detour { event, source, choice, read, next } => {
                let Event { thread, previous, gate, epoch, .. } = *base.event(event);
                let before = base.past(thread, previous);
                let past = base.clock(source, PORF);
                let is_past =
                    |id: EventId| base.counts(past, id) || base.is_known(id, before, (gate, epoch), PORF);
                let stays = next != DetourEnd::Evicted;
                let location = base.event(event).location;
                let prefix = read + u32::from(stays);
                let keeps = |id, _: &_| id != read && is_past(id);
                graph.copy_part(base, (event, epoch), prefix, keeps, location, numbers);
                for (id, &number) in numbers.iter().enumerate() {
                    if number != NONE && is_past(id as EventId) {
                        graph.event_mut(number).set(flag::FROZEN, true);
                    }
                }
                let mut new = base.event(event).detached();
                new.flags = flag::FROZEN;
                new.gate = if new.gate == NONE { NONE } else { numbers[new.gate as usize] };
                let source = numbers[source as usize];
                new.location = graph.event(source).location;
                graph.add(new, source, choice);
                let write = graph.len() - 1;
                match next {
                    DetourEnd::Reads(choice) => graph.point_to(numbers[read as usize], write, choice, true),
                    DetourEnd::Evicted => {
                        graph.lines[base.event(read).thread as usize].evicted_by = write;
                        Built { unchecked: write, ..nothing }
                    }
                }
            }
            &Change::Eviction { write, read } => {
                let past = base.clock(write, PORF);
                let keeps = |id, _: &_| id != read && base.counts(past, id);
                graph.copy_part(base, (write, base.event(write).epoch), read, keeps, NONE, numbers);
                graph.freeze(base, write, numbers);
                let thread = base.event(read).thread as usize;
                let write = numbers[write as usize];
                graph.lines[thread].evicted_by = write;
                Built { unchecked: if base.is_conflict { write } else { NONE }, ..nothing }
            }
        }
    }
}

impl Graph {
    /// Adds an event that reads, or follows, `source` with this choice, not in the way that always works.
    fn add(&mut self, new: Event, source: EventId, choice: u32) -> Built {
        let reads = new.reads();
        let mut event = new;
        event.source = NONE;
        event.choice = choice;
        let id = self.push(event);
        let mut conflict = NONE;
        if source == NONE {
            // A choice of the program.
        } else if reads {
            let taken_by = self.event(source).taken_by;
            if self.set_source(id, source, choice) {
                conflict = taken_by;
            }
            self.note_read(id);
        } else {
            self.place_after(id, source);
        }
        self.compute_clocks(id);
        Built { event: if self.event(id).writes() { id } else { NONE }, conflict, unchecked: id }
    }

    /// Lets `read`, the last of its thread, read `write` instead of what it did. `may_be_inconsistent` says that
    /// the graph was not checked with `write`.
    fn point_to(&mut self, read: EventId, write: EventId, choice: u32, may_be_inconsistent: bool) -> Built {
        self.clear_source(read);
        let is_last = self.event(write).after == NONE;
        let conflict = self.event(write).taken_by;
        self.set_source(read, write, choice);
        let event = self.event_mut(read);
        event.set(flag::MAXIMAL, is_last && choice == 0);
        // What it has found before says nothing of how the thread goes on now.
        event.set(flag::GOES_ON | flag::GOES_ROUND, false);
        let thread = event.thread as usize;
        self.lines[thread].spins_after = NONE;
        self.compute_clocks(read);
        // Nothing that is left comes after it.
        self.order.retain(|&id| id != read);
        self.order.push(read);
        let writes = self.event(read).writes();
        Built {
            unchecked: if is_last && !may_be_inconsistent { NONE } else { read },
            event: if writes { read } else { NONE },
            conflict: if writes { conflict } else { NONE },
        }
    }

    /// What led to `write` of `base` stays as it is from now on.
    fn freeze(&mut self, base: &Graph, write: EventId, numbers: &[EventId]) {
        let past = base.clock(write, PORF);
        for (id, &number) in numbers.iter().enumerate() {
            if number != NONE && base.counts(past, id as EventId) {
                self.event_mut(number).set(flag::FROZEN, true);
            }
        }
    }

    /// The writes that the next event of `thread` may read or follow, the last first: down to the highest that
    /// it knows of, or that something it knows of has read. `gate` is what it waited for.
    pub(in crate::explore::exhaustive) fn candidates(
        &self,
        thread: u32,
        location: u32,
        is_object: bool,
        gate: EventId,
        into: &mut Vec<EventId>,
    ) {
        into.clear();
        let line = &self.lines[thread as usize];
        let which = self.view(is_object);
        let past = self.past(thread, line.last);
        let knows = |id: EventId| self.is_known(id, past, (gate, self.epoch()), which);
        let mut write = self.last_write(location);
        loop {
            if write == line.evicted_by {
                return;
            }
            into.push(write);
            let is_floor = knows(write) || self.readers(write).any(knows);
            if self.event(write).has(flag::INITIAL) || is_floor {
                return;
            }
            write = self.event(write).before;
        }
    }

    /// The revisits of `write`, which was just added. `conflict` is the other read-modify-write that stands
    /// where it writes.
    /// If the effort is too much some are left out, and the run is of no use.
    pub(in crate::explore::exhaustive) fn revisits(
        &self,
        write: EventId,
        conflict: EventId,
        effort: &Effort,
        mut found: impl FnMut(Change),
    ) {
        let event = self.event(write);
        let past = self.clock(write, PORF);
        let mut next = self.locations[event.location as usize].last_read;
        while next != NONE {
            let read = next;
            let r = self.event(read);
            next = r.previous_read;
            if effort.spend(1) {
                return;
            }
            let open = read != write && !r.has(flag::FROZEN) && r.source != write;
            if !open || self.counts(past, read) || conflict != NONE && read > conflict {
                continue;
            }
            let blocks = r.outcome(event.written, 0) == Outcome::Blocks;
            if blocks && !r.writes() {
                continue;
            }
            let keeps = |id: EventId| id <= read || self.counts(past, id);
            let which = self.view(r.is_object);
            let before = self.past(r.thread, r.previous);
            let knows = |id: EventId| self.is_known(id, before, (r.gate, r.epoch), which);
            let is_hidden = |later: EventId| {
                keeps(later)
                    && later != read
                    && (blocks
                        || knows(later)
                        || self.readers(later).any(|reader| keeps(reader) && knows(reader)))
            };
            if self.after(write).any(is_hidden) {
                continue;
            }
            if !self.is_maximal(read, write, &keeps, effort) {
                continue;
            }
            if blocks {
                found(Change::Eviction { write, read });
            } else {
                for choice in 0..r.rule.choices(event.written) {
                    found(Change::Revisit { write, read, choice });
                }
            }
        }
    }

    /// Whether everything that a revisit removes, and the read itself, was added in the way that always works.
    fn is_maximal(
        &self,
        read: EventId,
        write: EventId,
        keeps: &impl Fn(EventId) -> bool,
        effort: &Effort,
    ) -> bool {
        let event = self.event(write);
        if !event.reads() && event.after != NONE && (!keeps(event.after) || event.after == read) {
            return false;
        }
        let stays = |id: EventId| effort.spend(1) || keeps(id) && id != write && id != read;
        (read..self.len()).rev().all(|id| {
            let event = self.event(id);
            if effort.spend(1) {
                return false;
            }
            if id == write || event.has(flag::INITIAL) || id != read && keeps(id) {
                return true;
            }
            if !event.has(flag::MAXIMAL) {
                return false;
            }
            if event.location == NONE {
                return true;
            }
            if event.reads() {
                let source = event.source;
                if self.after(source).any(|later| later != id && stays(later))
                    || source > id && !keeps(source)
                {
                    return false;
                }
            }
            !event.writes() || !self.after(id).any(stays)
        })
    }
}
