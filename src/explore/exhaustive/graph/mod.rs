//! Execution graphs: events, and what they read from, write after, and wait for.
//!
//! The relations are linked lists through the events, so that a graph is copied by copying a few vectors, and a
//! prefix of it by renumbering. Happens-before and its relatives are vector clocks that count events of each
//! thread, in `clocks`. What makes a graph consistent is in `consistency`, which graphs follow from one in
//! `revisit`.

pub(super) mod change;
pub(super) mod clocks;
pub(super) mod consistency;
mod copy;
pub(super) mod effort;
pub(super) mod event;
pub(super) mod origin;
pub(super) mod preemptions;
pub(super) mod revisit;
pub(super) mod tick;

use crate::rt::op::rule::{Access, Outcome};
use event::{Event, EventId, NONE, flag};
use tick::Tick;

/// One location.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) initial: EventId,
    /// The event that accessed it first.
    pub(super) first: EventId,
    /// The last write in modification order.
    pub(super) last: EventId,
    /// The latest read that was added.
    pub(super) last_read: EventId,
}

impl Location {
    fn note_access(&mut self, id: EventId) {
        self.first = self.first.min(id);
    }
}

/// One thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) first: EventId,
    pub(super) last: EventId,
    pub(super) count: u32,
    /// The spawn path: the parent, and the number among its children.
    pub(super) parent: u32,
    pub(super) ordinal: u32,
    pub(super) children: u32,
    /// The event that spawned it.
    pub(super) spawn: EventId,
    /// The write that took from the thread what its next event had; that event reads later writes only.
    pub(super) evicted_by: EventId,
    /// The event after which the thread waits for something that it read to change.
    pub(super) spins_after: EventId,
    /// The first event of the round that it repeats.
    pub(super) spins_from: EventId,
}

impl Line {
    fn new(parent: u32, ordinal: u32, spawn: EventId) -> Line {
        Line {
            first: NONE,
            last: NONE,
            count: 0,
            parent,
            ordinal,
            children: 0,
            spawn,
            evicted_by: NONE,
            spins_after: NONE,
            spins_from: NONE,
        }
    }

    pub(super) fn spins(&self) -> bool {
        self.spins_after != NONE && self.spins_after == self.last
    }
}

/// An execution graph.
#[derive(Clone, Default, Debug)]
pub(super) struct Graph {
    pub(super) events: Vec<Event>,
    pub(super) locations: Vec<Location>,
    pub(super) lines: Vec<Line>,
    /// The threads by spawn path, parents before their children.
    pub(super) by_path: Vec<u32>,
    /// The events in an order in which they can be run.
    pub(super) order: Vec<EventId>,
    /// Whether that order is a sequentially consistent one: each read is of the last write before it.
    pub(super) is_order_sc: bool,
    /// When time has passed.
    pub(super) ticks: Vec<Tick>,
    /// See `clocks`.
    pub(super) clocks: Vec<u32>,
    /// How many threads a clock has room for.
    pub(super) width: usize,
    /// Whether it stands for those in which a read-modify-write has moved, and may be inconsistent.
    pub(super) is_conflict: bool,
    /// Whether only sequentially consistent graphs are wanted.
    pub(super) is_sc: bool,
}

impl Graph {
    /// A graph of one thread that has not begun.
    pub(super) fn new(is_sc: bool) -> Graph {
        let lines = vec![Line::new(NONE, 0, NONE)];
        Graph { lines, by_path: vec![0], width: 4, is_sc, is_order_sc: true, ..Graph::default() }
    }

    #[inline]
    pub(super) fn event(&self, id: EventId) -> &Event {
        &self.events[id as usize]
    }

    #[inline]
    pub(super) fn event_mut(&mut self, id: EventId) -> &mut Event {
        &mut self.events[id as usize]
    }

    pub(super) fn len(&self) -> u32 {
        self.events.len() as u32
    }

    #[inline]
    pub(super) fn last_write(&self, location: u32) -> EventId {
        self.locations[location as usize].last
    }

    /// The event of `thread` with this index.
    pub(super) fn nth_of(&self, thread: u32, index: u32) -> EventId {
        let mut id = self.lines[thread as usize].last;
        while self.event(id).index > index {
            id = self.event(id).previous;
        }
        id
    }

    /// A new location that holds what `access` says it starts with.
    pub(super) fn add_location(&mut self, access: &Access) -> u32 {
        let location = self.locations.len() as u32;
        let initial = self.len();
        self.events.push(Event::initial(access, location));
        self.grow_clocks();
        self.locations.push(Location { initial, first: NONE, last: initial, last_read: NONE });
        location
    }

    /// The number of the thread that the `ordinal`-th spawn of `parent`, `spawn`, makes. A thread that was in
    /// the graph before and was left out has the number that it had.
    pub(super) fn add_thread(&mut self, parent: u32, spawn: EventId) -> u32 {
        let ordinal = self.lines[parent as usize].children;
        self.lines[parent as usize].children += 1;
        let same = |line: &Line| line.parent == parent && line.ordinal == ordinal;
        if let Some(thread) = self.lines.iter().position(same) {
            self.lines[thread].spawn = spawn;
            return thread as u32;
        }
        let thread = self.lines.len() as u32;
        self.lines.push(Line::new(parent, ordinal, spawn));
        let place = self.by_path.partition_point(|&other| self.is_before(other, thread));
        self.by_path.insert(place, thread);
        if self.lines.len() > self.width {
            self.widen_clocks();
        }
        thread
    }

    /// Adds an event at the end of its thread; its source and its clocks are still to be set.
    pub(super) fn push(&mut self, mut event: Event) -> EventId {
        let id = self.len();
        let line = &mut self.lines[event.thread as usize];
        event.index = line.count;
        event.epoch = self.ticks.len() as u32;
        event.previous = line.last;
        event.next = NONE;
        if line.last == NONE {
            line.first = id;
        } else {
            self.events[line.last as usize].next = id;
        }
        line.last = id;
        line.count += 1;
        self.order.push(id);
        event.evicted_by = std::mem::replace(&mut line.evicted_by, NONE);
        if let Some(location) = self.locations.get_mut(event.location as usize) {
            location.note_access(id);
        }
        self.events.push(event);
        self.grow_clocks();
        id
    }

    /// Lets `id` read `source` with this choice, and write what follows from it. Whether it writes what another
    /// read-modify-write has the place of, after the same source.
    pub(super) fn set_source(&mut self, id: EventId, source: EventId, choice: u32) -> bool {
        let read = self.event(source).written;
        let event = self.event_mut(id);
        event.source = source;
        event.read = read;
        event.choice = choice;
        let outcome = event.outcome(read, choice);
        event.set(flag::WROTE, false);
        self.link_read(id);
        match outcome {
            Outcome::Writes(written) => {
                let event = self.event_mut(id);
                event.written = written;
                event.set(flag::WROTE, true);
                let conflict = self.event(source).taken_by != NONE;
                self.insert_after(id, source);
                self.event_mut(source).taken_by = id;
                conflict
            }
            Outcome::Reads | Outcome::Blocks => false,
        }
    }

    /// Takes the event out of the lists that its source put it into.
    pub(super) fn clear_source(&mut self, id: EventId) {
        let Event { source, after, before, location, .. } = *self.event(id);
        if source != NONE {
            self.unlink_reader(id, source);
        }
        if self.event(id).writes() {
            self.event_mut(before).after = after;
            match after {
                NONE => self.locations[location as usize].last = before,
                after => self.event_mut(after).before = before,
            }
            let event = self.event_mut(id);
            event.after = NONE;
            event.before = NONE;
            event.set(flag::WROTE, false);
            if source != NONE {
                let taken_by = self.readers(source).find(|&reader| self.event(reader).writes());
                self.event_mut(source).taken_by = taken_by.unwrap_or(NONE);
            }
        }
        self.event_mut(id).source = NONE;
    }

    /// Lets `id`, which reads nothing, write directly after `before`.
    pub(super) fn place_after(&mut self, id: EventId, before: EventId) {
        let event = self.event_mut(id);
        event.set(flag::WROTE, true);
        if let Outcome::Writes(written) = event.outcome(0, 0) {
            event.written = written;
        }
        self.insert_after(id, before);
    }

    fn insert_after(&mut self, id: EventId, before: EventId) {
        let after = std::mem::replace(&mut self.event_mut(before).after, id);
        let event = self.event_mut(id);
        event.before = before;
        event.after = after;
        let location = event.location as usize;
        match after {
            NONE => self.locations[location].last = id,
            after => self.event_mut(after).before = id,
        }
    }

    fn link_read(&mut self, id: EventId) {
        let source = self.event(id).source;
        let first = std::mem::replace(&mut self.event_mut(source).first_reader, id);
        let event = self.event_mut(id);
        event.next_reader = first;
    }

    fn unlink_reader(&mut self, id: EventId, source: EventId) {
        let next = self.event(id).next_reader;
        let mut at = self.event(source).first_reader;
        if at == id {
            self.event_mut(source).first_reader = next;
            return;
        }
        while at != NONE {
            let following = self.event(at).next_reader;
            if following == id {
                self.event_mut(at).next_reader = next;
                return;
            }
            at = following;
        }
    }

    /// Notes `id` as the latest read of its location.
    pub(super) fn note_read(&mut self, id: EventId) {
        let location = &mut self.locations[self.events[id as usize].location as usize];
        let previous = std::mem::replace(&mut location.last_read, id);
        self.event_mut(id).previous_read = previous;
    }

    /// The events that read `write`.
    pub(super) fn readers(&self, write: EventId) -> impl Iterator<Item = EventId> + '_ {
        let first = self.event(write).first_reader;
        let some = |id: EventId| (id != NONE).then_some(id);
        std::iter::successors(some(first), move |&id| some(self.event(id).next_reader))
    }

    /// The writes after `write` in modification order.
    pub(super) fn after(&self, write: EventId) -> impl Iterator<Item = EventId> + '_ {
        let some = |id: EventId| (id != NONE).then_some(id);
        std::iter::successors(some(self.event(write).after), move |&id| some(self.event(id).after))
    }

    /// Whether thread `a` comes before thread `b`: by spawn path, so that it does not depend on their numbers.
    fn is_before(&self, a: u32, b: u32) -> bool {
        if a == b {
            return false;
        }
        let depth = |mut thread: u32| {
            let mut depth = 0;
            while self.lines[thread as usize].parent != NONE {
                thread = self.lines[thread as usize].parent;
                depth += 1;
            }
            depth
        };
        let (mut left, mut right) = (a, b);
        let (a_depth, b_depth) = (depth(a), depth(b));
        for _ in b_depth..a_depth {
            left = self.lines[left as usize].parent;
        }
        for _ in a_depth..b_depth {
            right = self.lines[right as usize].parent;
        }
        if left == right {
            return a_depth < b_depth;
        }
        while self.lines[left as usize].parent != self.lines[right as usize].parent {
            left = self.lines[left as usize].parent;
            right = self.lines[right as usize].parent;
        }
        self.lines[left as usize].ordinal < self.lines[right as usize].ordinal
    }
}
