//! Which execution graphs a memory model allows, and in which order their events can be run.
//!
//! A graph is run in an order that respects `PORF` and, for synchronization objects, everything: each operation
//! on an object finds the state that its source left. Under sequential consistency all locations are like that
//! (Shasha and Snir's condition: po ∪ rf ∪ mo ∪ fr is acyclic), so such an order exists exactly for consistent
//! graphs. Under RC11 (Lahav et al., PLDI 2017) coherence and atomicity hold by construction, and the order of
//! SC events is checked with clocks: `psc` as in RC11, with C++20's strongly-happens-before (P0668) in the place
//! of `scb`'s hb, an RMW being one event.

use super::Graph;
use super::clocks::{HB, PORF};
use super::event::{Event, EventId, NONE, flag};
use crate::rt::op::OpKind;

/// What is needed to check graphs, kept from one to the next.
#[derive(Default, Debug)]
pub(in crate::explore::exhaustive) struct Checker {
    order: Vec<EventId>,
    next: Vec<EventId>,
    done: Vec<u32>,
    /// What the next event of each thread waits for, as far as is known.
    awaited: Vec<EventId>,
    positions: Vec<u32>,
    sc_events: Vec<EventId>,
    marks: Vec<u8>,
}

impl Checker {
    /// Whether the memory model allows the graph, which was consistent without its last events: `event`, which has
    /// an order in which it comes last, or second to what reads it. If so, its order is one to run it in.
    pub(in crate::explore::exhaustive) fn check(&mut self, graph: &mut Graph, event: EventId) -> bool {
        if graph.is_order_sc && is_sc_at_the_end(graph) {
            return true;
        }
        graph.is_order_sc = false;
        let is_ordered = graph.is_sc || graph.event(event).is_object;
        if !is_ordered && !self.has_sc_order(graph) {
            return true;
        }
        // A graph that is sequentially consistent is consistent.
        if self.linearize(graph, true) {
            graph.is_order_sc = true;
            return true;
        }
        !graph.is_sc && self.is_psc_acyclic(graph) && (!is_ordered || self.linearize(graph, false))
    }

    /// Whether there is more than one SC event.
    fn has_sc_order(&mut self, graph: &Graph) -> bool {
        let is_sc = |event: &Event| event.ordered().is_sc && !event.has(flag::INITIAL);
        let ids = (0..graph.len()).filter(|&id| is_sc(graph.event(id)));
        self.sc_events.clear();
        self.sc_events.extend(ids);
        self.sc_events.len() > 1
    }

    /// Puts the events into another order of the same kind, if there is one: the last threads go first, as soon as they can.
    pub(in crate::explore::exhaustive) fn reorder(&mut self, graph: &mut Graph) {
        let all = graph.is_order_sc;
        let has_order = self.linearize_from(graph, all, true);
        debug_assert!(has_order, "there was one before");
    }

    /// Finds an order of the events, if there is one. `all` says that every location keeps its order, and not
    /// only objects.
    fn linearize(&mut self, graph: &mut Graph, all: bool) -> bool {
        self.linearize_from(graph, all, false)
    }

    /// As `linearize`; `last_first` says which threads go first where several can.
    fn linearize_from(&mut self, graph: &mut Graph, all: bool, last_first: bool) -> bool {
        let threads = graph.lines.len();
        self.order.clear();
        self.done.clear();
        self.done.resize(graph.width, 0);
        self.next.clear();
        self.next.extend(graph.lines.iter().map(|line| line.first));
        self.awaited.clear();
        self.awaited.resize(threads, NONE);
        let steps = graph.order.len();
        let mut thread = if last_first { threads - 1 } else { 0 };
        loop {
            while self.is_ready(graph, thread, all) {
                let event = self.next[thread];
                self.order.push(event);
                self.done[thread] += 1;
                self.next[thread] = graph.event(event).next;
                if last_first {
                    // A later thread may be ready now.
                    break;
                }
            }
            if self.order.len() == steps {
                break;
            }
            let ready = |other: &usize| (last_first || *other != thread) && self.is_ready(graph, *other, all);
            let mut others = 0..threads;
            let other = if last_first {
                let ready: Vec<usize> = others.filter(ready).collect();
                let spawns = |other: &&usize| graph.event(self.next[**other]).kind == OpKind::Spawn;
                // Once all are there, the last one goes first.
                ready.iter().find(spawns).or(ready.last()).copied()
            } else {
                others.find(ready)
            };
            match other {
                Some(other) => thread = other,
                None => return false,
            }
        }
        std::mem::swap(&mut self.order, &mut graph.order);
        true
    }

    /// Whether everything that the next event of `thread` comes after has been put in order. What program order
    /// leads to has: it is enough to look at what the event itself refers to.
    fn is_ready(&mut self, graph: &Graph, thread: usize, all: bool) -> bool {
        let awaited = self.awaited[thread];
        if awaited != NONE && !self.is_done(graph, awaited) {
            return false;
        }
        match self.next[thread] {
            NONE => false,
            id => {
                let missing = self.missing(graph, id, all);
                self.awaited[thread] = missing;
                missing == NONE
            }
        }
    }

    /// An event that has to come before `id` and is not in order yet.
    fn missing(&self, graph: &Graph, id: EventId, all: bool) -> EventId {
        let event = graph.event(id);
        if event.epoch > 0 && self.order.len() < graph.ordered_before(event.epoch) {
            // Not all has happened that has to before time passes.
            return self.missing_by_clock(graph, id).unwrap_or(NONE);
        }
        let is_missing = |&other: &EventId| other != NONE && !self.is_done(graph, other);
        let spawn = if event.previous == NONE { graph.lines[event.thread as usize].spawn } else { NONE };
        if let Some(other) = [event.source, event.gate, spawn].into_iter().find(is_missing) {
            return other;
        }
        if event.comes_after_more()
            && let Some(other) = self.missing_by_clock(graph, id)
        {
            return other;
        }
        if !(all || event.is_object) || event.location == NONE || !event.writes() {
            return NONE;
        }
        let before = event.before;
        if !self.is_done(graph, before) {
            return before;
        }
        graph.readers(before).find(|&reader| reader != id && !self.is_done(graph, reader)).unwrap_or(NONE)
    }

    /// As `missing`, for an event that comes after others that it does not refer to.
    #[cold]
    fn missing_by_clock(&self, graph: &Graph, id: EventId) -> Option<EventId> {
        let own = graph.event(id).thread;
        let porf = graph.clock(id, PORF).iter().zip(&self.done).enumerate();
        let mut missing = porf.filter(|&(thread, (&needs, &done))| thread as u32 != own && needs > done);
        missing.next().map(|(thread, (&needs, _))| graph.nth_of(thread as u32, needs - 1))
    }

    #[inline]
    fn is_done(&self, graph: &Graph, id: EventId) -> bool {
        graph.counts(&self.done, id)
    }

    /// Whether the order that SC events have to be in contradicts nothing.
    fn is_psc_acyclic(&mut self, graph: &Graph) -> bool {
        if !self.has_sc_order(graph) {
            return true;
        }
        self.positions.clear();
        self.positions.resize(graph.events.len(), 0);
        for location in &graph.locations {
            for (position, write) in graph.after(location.initial).enumerate() {
                self.positions[write as usize] = position as u32 + 1;
            }
        }
        let order = ScOrder::new(graph, &self.positions, &self.sc_events);
        self.marks.clear();
        self.marks.resize(self.sc_events.len(), UNSEEN);
        (0..self.sc_events.len())
            .all(|event| self.marks[event] != UNSEEN || order.visit(event, &mut self.marks))
    }
}

/// Whether the last two events of the order, one of which may be new, read or follow the last write before them: if
/// the order was sequentially consistent without them, it is with them.
fn is_sc_at_the_end(graph: &Graph) -> bool {
    let mut later = NONE;
    graph.order.iter().rev().take(2).all(|&id| {
        let event = graph.event(id);
        let last = if event.writes() { id } else { event.source };
        let after = if event.location == NONE || last == NONE { NONE } else { graph.event(last).after };
        let is_last = after == NONE || after == later;
        later = id;
        is_last
    })
}

impl Graph {
    /// How many preemptions its order has: switches away from a thread that has more events.
    pub(in crate::explore::exhaustive) fn preemptions(&self) -> u32 {
        let mut preemptions = 0;
        let mut last = NONE;
        for &id in &self.order {
            let event = self.event(id);
            if last != NONE && self.event(last).thread != event.thread {
                let left = self.event(last);
                let goes_on = left.next != NONE && self.event(left.next).epoch == left.epoch;
                preemptions += u32::from(goes_on && !left.kind.is_yield());
            }
            last = id;
        }
        preemptions
    }
}

/// How far a search for a cycle has come with an event.
const UNSEEN: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;

/// Around an SC fence, the positions in the modification order of one location.
#[derive(Clone, Copy, Debug)]
struct Around {
    /// The lowest that a write, or a read, after the fence has.
    write_after: u32,
    read_after: u32,
    /// The highest that a write, or a read, before the fence has, if there is one.
    write_before: Option<u32>,
    read_before: Option<u32>,
}

/// The edges between the SC events of a graph: `psc`.
struct ScOrder<'a> {
    graph: &'a Graph,
    /// Of each write in its modification order.
    positions: &'a [u32],
    events: &'a [EventId],
    /// For each SC event that is a fence, for each location.
    around: Vec<Vec<Around>>,
}

impl<'a> ScOrder<'a> {
    fn new(graph: &'a Graph, positions: &'a [u32], events: &'a [EventId]) -> ScOrder<'a> {
        let mut order = ScOrder { graph, positions, events, around: Vec::new() };
        let around = |&fence: &EventId| {
            if graph.event(fence).kind == OpKind::Fence { order.look_around(fence) } else { Vec::new() }
        };
        order.around = events.iter().map(around).collect();
        order
    }

    fn look_around(&self, fence: EventId) -> Vec<Around> {
        let nothing =
            Around { write_after: u32::MAX, read_after: u32::MAX, write_before: None, read_before: None };
        let mut around = vec![nothing; self.graph.locations.len()];
        for id in 0..self.graph.len() {
            let event = self.graph.event(id);
            if event.location == NONE || event.has(flag::INITIAL) {
                continue;
            }
            let around = &mut around[event.location as usize];
            if self.graph.happens_before(fence, id) {
                if event.writes() {
                    around.write_after = around.write_after.min(self.positions[id as usize]);
                }
                if event.reads() {
                    around.read_after = around.read_after.min(self.read_position(id));
                }
            }
            if self.graph.happens_before(id, fence) {
                if event.writes() {
                    around.write_before = around.write_before.max(Some(self.positions[id as usize]));
                }
                if event.reads() {
                    around.read_before = around.read_before.max(Some(self.read_position(id)));
                }
            }
        }
        around
    }

    /// The position of what is read.
    fn read_position(&self, read: EventId) -> u32 {
        self.positions[self.graph.event(read).source as usize]
    }

    fn happens_before(&self, a: EventId, b: EventId) -> bool {
        self.graph.happens_before(a, b)
    }

    /// Whether `a` happens strictly before `b`: by program order, or before something of `b`'s thread by more
    /// than one's own next event.
    fn strongly_before(&self, a: EventId, b: EventId) -> bool {
        let (first, second) = (self.graph.event(a), self.graph.event(b));
        if first.thread == second.thread {
            return first.index < second.index;
        }
        let past = self.graph.past(second.thread, second.previous);
        past != NONE && self.graph.clock(past, HB)[first.thread as usize] > first.index + 1
    }

    /// Whether some access of the location of `access` happens between the two.
    fn is_access_between(&self, a: EventId, access: EventId, b: EventId) -> bool {
        let location = self.graph.event(access).location;
        (0..self.graph.len()).any(|id| {
            id != access
                && self.graph.event(id).location == location
                && !self.graph.event(id).has(flag::INITIAL)
                && self.happens_before(a, id)
                && self.happens_before(id, b)
        })
    }

    /// Whether the SC event with the first number has to come before the one with the second.
    fn is_before(&self, first: usize, second: usize) -> bool {
        let (a, b) = (self.events[first], self.events[second]);
        let (x, y) = (self.graph.event(a), self.graph.event(b));
        if x.epoch < y.epoch {
            // Time tells nobody of anything, but what is in one order for all is in that of time.
            return true;
        }
        match (x.kind == OpKind::Fence, y.kind == OpKind::Fence) {
            (false, false) => self.accesses(a, b),
            (true, false) => {
                let around = self.around[first][y.location as usize];
                let past = self.graph.past(y.thread, y.previous);
                let by_happens_before = past != NONE && (past == a || self.happens_before(a, past))
                    || self.is_access_between(a, b, b);
                let position = self.positions[b as usize];
                by_happens_before || y.writes() && around.write_after.min(around.read_after) < position
            }
            (false, true) => {
                if x.thread == y.thread {
                    return x.index < y.index;
                }
                if self.graph.clock(b, HB)[x.thread as usize] > x.index + 1 || self.is_access_between(a, a, b)
                {
                    return true;
                }
                let around = self.around[second][x.location as usize];
                let position = if x.reads() { self.read_position(a) } else { self.positions[a as usize] };
                let own = x.writes().then(|| self.positions[a as usize]);
                around.write_before.is_some_and(|before| before > position && Some(before) != own)
            }
            (true, true) => self.happens_before(a, b) || self.fences(first, second),
        }
    }

    fn accesses(&self, a: EventId, b: EventId) -> bool {
        if self.strongly_before(a, b) {
            return true;
        }
        let (x, y) = (self.graph.event(a), self.graph.event(b));
        if x.location != y.location {
            return false;
        }
        let position = self.positions[b as usize];
        self.happens_before(a, b)
            || y.writes()
                && (x.writes() && self.positions[a as usize] < position
                    || x.reads() && self.read_position(a) < position)
    }

    fn fences(&self, first: usize, second: usize) -> bool {
        let pairs = self.around[first].iter().zip(&self.around[second]);
        pairs.into_iter().any(|(after, before)| {
            before.write_before.is_some_and(|write| write > after.write_after.min(after.read_after))
                || before.read_before.is_some_and(|read| {
                    after.write_after != u32::MAX && read >= after.write_after || read > after.read_after
                })
        })
    }

    /// Whether no cycle leads through the event, and those that it leads to.
    fn visit(&self, event: usize, marks: &mut [u8]) -> bool {
        marks[event] = OPEN;
        for other in 0..self.events.len() {
            if other == event || marks[other] == CLOSED || !self.is_before(event, other) {
                continue;
            }
            if marks[other] == OPEN || !self.visit(other, marks) {
                return false;
            }
        }
        marks[event] = CLOSED;
        true
    }
}
