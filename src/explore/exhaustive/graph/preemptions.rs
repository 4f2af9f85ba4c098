//! Whether an execution graph has a schedule with few preemptions.
//!
//! A graph stands for many schedules, and is within a bound if one of them is: the order in which the graph is run
//! may have more. A thread that is not preempted goes on as far as it can, since what it does makes nothing
//! impossible. What is left to decide is who goes on where it stops, and whether it stops before it changes an
//! object that others use: one that would have had to wait until then does not wait any more, and to leave it is a
//! preemption.
//!
//! On the way to a graph within the bound there may be graphs that are not: a write that revisits a read leaves out
//! what had come between. [`slack`] is by how much. Marmanis, Kokologiannakis and Vafeiadis ("Reconciling Preemption Bounding
//! with DPOR", TACAS 2023) prove that two less than the number of threads will do, for programs without locks. With locks it
//! does not, which random programs have shown (`tests/exhaustive/bounds.rs`): with one less, one program of 25,000 misses an
//! execution; with as many as there are threads, none.

use std::collections::HashMap;

use super::Graph;
use super::clocks::PORF;
use super::event::{Event, EventId, NONE, flag};
use crate::rt::op::rule::Outcome;

/// After how many steps of a search the graph counts as within the bound: what is explored in vain does no harm.
const PATIENCE: u32 = 512;

/// How many preemptions more than an execution a graph on the way to it may have.
pub(in crate::explore::exhaustive) fn slack(graph: &Graph) -> u32 {
    graph.lines.len() as u32
}

/// What a search needs, kept from one to the next.
#[derive(Default, Debug)]
pub(in crate::explore::exhaustive) struct Search {
    /// How few preemptions led to where so much of each thread was done.
    seen: HashMap<Vec<u32>, u32>,
    looked: u32,
    bound: u32,
    /// Whether several threads use the object; by location.
    is_shared: Vec<bool>,
}

/// What a schedule has to respect besides the order of each thread and of each object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    /// What is read, and the modification order of accesses that are `SeqCst`.
    SeqCst,
    /// What is read. There are graphs that have no other order.
    Reads,
}

/// How far a schedule has come.
#[derive(Clone, Debug)]
struct State {
    order: Order,
    /// How many events of each thread were done, and which one is next.
    done: Vec<u32>,
    next: Vec<EventId>,
    left: usize,
    preemptions: u32,
}

impl Search {
    /// Whether some schedule of the graph has at most `bound` preemptions. `waiting` are operations that threads wait
    /// in at its end, as far as they could have gone on before.
    pub(in crate::explore::exhaustive) fn fits(
        &mut self,
        graph: &Graph,
        bound: u32,
        waiting: &[Event],
    ) -> bool {
        self.is_shared.clear();
        self.is_shared.extend(graph.locations.iter().map(|location| {
            let threads = |write: EventId| graph.event(write).thread;
            let mut writers = graph.after(location.initial).map(threads);
            let Some(first) = writers.next() else { return false };
            writers.any(|thread| thread != first)
        }));
        for event in waiting {
            self.is_shared[event.location as usize] = true;
        }
        self.has_order((graph, waiting), Order::SeqCst, bound)
            || !self.has_order((graph, waiting), Order::SeqCst, u32::MAX)
                && self.has_order((graph, waiting), Order::Reads, bound)
    }

    fn has_order(&mut self, within: (&Graph, &[Event]), order: Order, bound: u32) -> bool {
        self.seen.clear();
        self.looked = 0;
        self.bound = bound;
        let graph = within.0;
        let done = vec![0; graph.width];
        let next = graph.lines.iter().map(|line| line.first).collect();
        self.search(within, &State { order, done, next, left: graph.order.len(), preemptions: 0 })
    }

    /// Lets each thread go on in turn.
    fn search(&mut self, (graph, waiting): (&Graph, &[Event]), state: &State) -> bool {
        if state.left == 0 {
            return true;
        }
        self.looked += 1;
        if self.looked > PATIENCE {
            return true;
        }
        match self.seen.get_mut(&state.done) {
            Some(fewest) if *fewest <= state.preemptions => return false,
            Some(fewest) => *fewest = state.preemptions,
            None => drop(self.seen.insert(state.done.clone(), state.preemptions)),
        }
        (0..state.next.len())
            .any(|thread| state.is_ready(graph, thread) && self.go_on((graph, waiting), state, thread))
    }

    /// Lets one thread go on until it stops, and then the others.
    fn go_on(&mut self, (graph, waiting): (&Graph, &[Event]), state: &State, thread: usize) -> bool {
        let mut state = state.clone();
        let mut early = Vec::new();
        let mut is_first = true;
        while state.is_ready(graph, thread) {
            let event = graph.event(state.next[thread]);
            let is_shared = event.location != NONE && self.is_shared[event.location as usize];
            if !is_first && event.is_object && event.writes() && is_shared {
                early.push(state.clone());
            }
            is_first = false;
            state.done[thread] += 1;
            state.next[thread] = event.next;
            state.left -= 1;
        }
        std::iter::once(state).chain(early.into_iter().rev()).any(|mut state| {
            state.preemptions += u32::from(state.is_preempted(graph, waiting, thread));
            state.preemptions <= self.bound && self.search((graph, waiting), &state)
        })
    }
}

impl State {
    fn has_done(&self, graph: &Graph, id: EventId) -> bool {
        graph.counts(&self.done, id)
    }

    /// Whether all is done that the graph has before the next event of the thread, as in `Checker::linearize`.
    fn is_ready(&self, graph: &Graph, thread: usize) -> bool {
        let id = self.next[thread];
        if id == NONE {
            return false;
        }
        let needed = graph.clock(id, PORF).iter().zip(&self.done).enumerate();
        if needed.into_iter().any(|(other, (needs, done))| needs > done && other != thread) {
            return false;
        }
        let event = graph.event(id);
        if event.location == NONE || !event.writes() {
            return true;
        }
        if graph.is_sc || event.is_object {
            return self.has_done(graph, event.before)
                && graph.readers(event.before).all(|reader| reader == id || self.has_done(graph, reader));
        }
        self.order == Order::Reads || !event.ordered().is_sc || self.has_done_before(graph, id)
    }

    /// Whether all `SeqCst` accesses are done that come before the write `id`, which is one, in modification order.
    fn has_done_before(&self, graph: &Graph, id: EventId) -> bool {
        let mut before = graph.event(id).before;
        loop {
            let waits = |reader: &EventId| *reader != id && graph.event(*reader).ordered().is_sc;
            if !graph.readers(before).filter(waits).all(|reader| self.has_done(graph, reader)) {
                return false;
            }
            let event = graph.event(before);
            if event.has(flag::INITIAL) || event.ordered().is_sc {
                return self.has_done(graph, before);
            }
            before = event.before;
        }
    }

    /// Whether the thread, which does not go on, could have and does not yield.
    fn is_preempted(&self, graph: &Graph, waiting: &[Event], thread: usize) -> bool {
        let event = match self.next[thread] {
            NONE => match waiting.iter().find(|event| event.thread == thread as u32) {
                Some(event) => event,
                None => return false,
            },
            id => graph.event(id),
        };
        let waits_for_time =
            event.epoch > 0 && (event.previous == NONE || graph.event(event.previous).epoch < event.epoch);
        if event.kind.is_yield() || waits_for_time {
            return false;
        }
        if !event.kind.may_block() {
            return true;
        }
        if event.gate != NONE && !self.has_done(graph, event.gate) {
            return false;
        }
        if event.location == NONE {
            return self.is_ready(graph, thread);
        }
        let initial = graph.locations[event.location as usize].initial;
        let done = graph.after(initial).take_while(|&write| self.has_done(graph, write));
        let found = graph.event(done.last().unwrap_or(initial)).written;
        event.outcome(found, 0) != Outcome::Blocks
    }
}
