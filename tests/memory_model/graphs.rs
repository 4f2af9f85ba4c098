//! All execution graphs of a program, by definition: every interleaving, every store that a read may read from,
//! every place in modification order; of these the ones that a memory model's axioms admit.
//!
//! RC11 as in Lahav et al., PLDI 2017, with the release sequences of C++20 and with C++20's
//! strongly-happens-before in the SC axiom. Nothing here shares code or ideas with the kernel.

use std::collections::BTreeSet;

use crate::program::{Outcome, Program, locations};
use crate::relation::{Relation, Set};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

/// Which graphs count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Axioms {
    /// RC11.
    Rc11,
    /// RC11 with the relation of the SC axiom as in GenMC 0.11, whose counts are published.
    Rc11GenMc,
    /// RC11, but that another write may stand between what an update reads and what it writes.
    Rc11WithoutAtomicity,
    /// RC11, and the SC order agrees with the order of execution.
    Rc11InOrder,
    /// Sequential consistency.
    Sc,
}

/// An event of a thread: (thread, position in it).
pub(crate) type EventId = (usize, usize);

/// Where a read reads from; `None` is the initial value.
type Source = Option<EventId>;

/// A graph: per thread what each event reads from (or nothing), and per location the writes in modification
/// order. Program order is that of the lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Graph {
    sources: Vec<Vec<Source>>,
    order: Vec<Vec<EventId>>,
}

impl Graph {
    fn new(program: &Program) -> Graph {
        Graph { sources: vec![Vec::new(); program.len()], order: vec![Vec::new(); locations(program)] }
    }

    fn value_read(&self, program: &Program, (thread, index): EventId) -> u64 {
        self.sources[thread][index].map_or(0, |source| self.value_written(program, source).expect("a write"))
    }

    fn value_written(&self, program: &Program, event: EventId) -> Option<u64> {
        let step = program[event.0][event.1];
        step.writes(if step.reads() { self.value_read(program, event) } else { 0 })
    }

    fn outcome(&self, program: &Program) -> Outcome {
        let read = |thread: usize| {
            let reads = (0..program[thread].len()).filter(|&index| program[thread][index].reads());
            reads.map(|index| self.value_read(program, (thread, index))).collect()
        };
        let last = |writes: &Vec<EventId>| {
            writes.last().map_or(0, |&event| self.value_written(program, event).expect("a write"))
        };
        ((0..program.len()).map(read).collect(), self.order.iter().map(last).collect())
    }

    /// The graphs with one more event of `thread`, consistent or not.
    fn extensions(&self, program: &Program, thread: usize) -> Vec<Graph> {
        let event = (thread, self.sources[thread].len());
        let step = program[thread][event.1];
        let mut sources = vec![None];
        let location = step.location();
        if let (Some(at), true) = (location, step.reads()) {
            sources.extend(self.order[at].iter().map(|&write| Some(write)));
        }
        let mut extensions = Vec::new();
        for source in sources {
            let mut graph = self.clone();
            graph.sources[thread].push(source);
            match (location, graph.value_written(program, event)) {
                (Some(at), Some(_)) => {
                    for place in 0..=self.order[at].len() {
                        let mut placed = graph.clone();
                        placed.order[at].insert(place, event);
                        extensions.push(placed);
                    }
                }
                _ => extensions.push(graph),
            }
        }
        extensions
    }
}

/// The relations of one graph, over nodes: the initial write of each location, then the events, with two
/// nodes (read, write) for a read-modify-write.
struct Relations {
    size: usize,
    /// The read node and the write node of each thread's events; for others than updates they are the same.
    nodes: Vec<Vec<(usize, usize)>>,
    program_order: Relation,
    reads_from: Relation,
    modification_order: Relation,
    update: Relation,
    same_location: Relation,
    writes: Set,
    reads: Set,
    fences: Set,
    acquires: Set,
    releases: Set,
    sc: Set,
}

impl Relations {
    fn new(program: &Program, graph: &Graph) -> Relations {
        let locations = graph.order.len();
        let mut size = locations;
        let nodes: Vec<Vec<(usize, usize)>> = (0..program.len())
            .map(|thread| {
                let node = |index: usize| {
                    let update = program[thread][index].reads()
                        && graph.value_written(program, (thread, index)).is_some();
                    size += 1 + usize::from(update);
                    (size - 1 - usize::from(update), size - 1)
                };
                (0..graph.sources[thread].len()).map(node).collect()
            })
            .collect();
        let empty = Relation::empty(size);
        let mut relations = Relations {
            size,
            nodes: nodes.clone(),
            program_order: empty.clone(),
            reads_from: empty.clone(),
            modification_order: empty.clone(),
            update: empty.clone(),
            same_location: empty,
            writes: (1 << locations) - 1,
            reads: 0,
            fences: 0,
            acquires: 0,
            releases: 0,
            sc: 0,
        };
        let mut location_of: Vec<Option<usize>> =
            (0..size).map(|node| (node < locations).then_some(node)).collect();
        for (thread, events) in nodes.iter().enumerate() {
            let mut before: Vec<usize> = (0..locations).collect();
            for (index, &(read, write)) in events.iter().enumerate() {
                let step = program[thread][index];
                if read != write {
                    relations.update.add(read, write);
                }
                if step.reads() {
                    let at = step.location().expect("a read has a location");
                    let source =
                        graph.sources[thread][index].map_or(at, |(thread, index)| nodes[thread][index].1);
                    relations.reads_from.add(source, read);
                    relations.reads |= 1 << read;
                }
                if graph.value_written(program, (thread, index)).is_some() {
                    relations.writes |= 1 << write;
                }
                if step.location().is_none() {
                    relations.fences |= 1 << read;
                }
                let value = if step.reads() { graph.value_read(program, (thread, index)) } else { 0 };
                relations.add_ordering(step.ordering(value), read, write);
                for node in if read == write { vec![read] } else { vec![read, write] } {
                    location_of[node] = step.location();
                    for &earlier in &before {
                        relations.program_order.add(earlier, node);
                    }
                    before.push(node);
                }
            }
        }
        for (at, writes) in graph.order.iter().enumerate() {
            let mut order = vec![at];
            order.extend(writes.iter().map(|&(thread, index)| nodes[thread][index].1));
            for (place, &later) in order.iter().enumerate() {
                for &earlier in &order[..place] {
                    relations.modification_order.add(earlier, later);
                }
            }
        }
        for a in 0..size {
            for b in (0..size).filter(|&b| location_of[a].is_some() && location_of[a] == location_of[b]) {
                relations.same_location.add(a, b);
            }
        }
        relations
    }

    fn add_ordering(&mut self, order: Ordering, read: usize, write: usize) {
        let (read, write) = (1 << read, 1 << write);
        if matches!(order, Acquire | AcqRel | SeqCst) {
            self.acquires |= read & (self.reads | self.fences);
        }
        if matches!(order, Release | AcqRel | SeqCst) {
            self.releases |= write & (self.writes | self.fences);
        }
        if order == SeqCst {
            self.sc |= read | write;
        }
    }

    fn reads_before(&self) -> Relation {
        self.reads_from
            .inverse()
            .then(&self.modification_order)
            .without(&Relation::identity(self.size, u64::MAX))
    }

    fn happens_before(&self) -> Relation {
        let identity = |set| Relation::identity(self.size, set);
        let sequence = self.reads_from.then(&self.update).closure().maybe().from(self.writes);
        let fence_then_write = identity(u64::MAX).or(&self.program_order.from(self.fences));
        let read_then_fence = identity(u64::MAX).or(&self.program_order.to(self.fences));
        let synchronizes = fence_then_write
            .from(self.releases)
            .then(&sequence)
            .then(&self.reads_from)
            .to(self.reads)
            .then(&read_then_fence)
            .to(self.acquires);
        self.program_order.or(&synchronizes).closure()
    }

    fn sc_order(&self, happens_before: &Relation, genmc: bool) -> Relation {
        let (hb, reads_before) = (happens_before, self.reads_before());
        let eco = self
            .reads_from
            .or(&self.modification_order.then(&self.reads_from.maybe()))
            .or(&reads_before.then(&self.reads_from.maybe()));
        let step = if genmc { self.program_order.clone() } else { self.program_order.without(&self.update) };
        let scb = self
            .program_order
            .or(&step.then(hb).then(&step))
            .or(&hb.and(&self.same_location))
            .or(&self.modification_order)
            .or(&reads_before);
        let (fences, all) = (self.fences & self.sc, Relation::identity(self.size, self.sc));
        let left = all.or(&hb.maybe().from(fences));
        let right = all.or(&hb.maybe().to(fences));
        let base = left.then(&scb).then(&right);
        base.or(&hb.or(&hb.then(&eco).then(hb)).from(fences).to(fences))
    }

    fn admits(&self, axioms: Axioms) -> bool {
        let reads_before = self.reads_before();
        let order = self.program_order.or(&self.reads_from);
        // An update stands directly after what it reads.
        let between = reads_before.then(&self.modification_order);
        let is_torn = self.update.and(&between) != Relation::empty(self.size);
        if is_torn && axioms != Axioms::Rc11WithoutAtomicity {
            return false;
        }
        if axioms == Axioms::Sc {
            return order.or(&self.modification_order).or(&reads_before).is_acyclic();
        }
        let hb = self.happens_before();
        let eco = self.reads_from.or(&self.modification_order).or(&reads_before).closure();
        if !order.is_acyclic() || !hb.is_irreflexive() || !hb.then(&eco).is_irreflexive() {
            return false;
        }
        let sc_order = self.sc_order(&hb, axioms == Axioms::Rc11GenMc);
        match axioms {
            Axioms::Rc11InOrder => sc_order.or(&order).is_acyclic(),
            _ => sc_order.is_acyclic(),
        }
    }
}

/// All complete graphs of `program` that `axioms` admit.
pub(crate) fn graphs(program: &Program, axioms: Axioms) -> BTreeSet<Graph> {
    let mut complete = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![Graph::new(program)];
    while let Some(graph) = left.pop() {
        let unfinished =
            (0..program.len()).filter(|&thread| graph.sources[thread].len() < program[thread].len());
        let mut ended = true;
        for thread in unfinished {
            ended = false;
            for extension in graph.extensions(program, thread) {
                // What the axioms forbid stays forbidden however the graph goes on.
                if !seen.contains(&extension) && Relations::new(program, &extension).admits(axioms) {
                    seen.insert(extension.clone());
                    left.push(extension);
                }
            }
        }
        if ended {
            complete.insert(graph);
        }
    }
    complete
}

/// Whether neither of two events happens before the other.
pub(crate) fn are_unordered(program: &Program, graph: &Graph, one: EventId, other: EventId) -> bool {
    let relations = Relations::new(program, graph);
    let node = |(thread, index): EventId| relations.nodes[thread][index].0;
    let happens_before = relations.happens_before();
    let (one, other) = (node(one), node(other));
    !happens_before.has(one, other) && !happens_before.has(other, one)
}

/// The outcomes of these graphs.
pub(crate) fn outcomes(program: &Program, graphs: &BTreeSet<Graph>) -> BTreeSet<Outcome> {
    graphs.iter().map(|graph| graph.outcome(program)).collect()
}
