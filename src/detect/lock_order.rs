//! Deadlocks that did not happen yet, from the order in which threads take locks.
//!
//! Threads that each hold a lock and want the next one's, in a circle, are a deadlock; whether they can all be there at
//! once is predicted from executions in which they were not. As in iGoodLock (Joshi, Park, Sen and Naik, PLDI 2009) a
//! cycle is a list of acquisitions, each by another thread, each of a lock that the next one's thread holds, with no
//! lock held by two of them (a *gate* that keeps them apart), and none of which has to come before another by spawning
//! or joining. What a cycle says is a prediction: it is *confirmed* by steering an execution into it
//! (`explore::steer`), or reported as a potential deadlock.
//!
//! In other executions the acquisitions of a cycle are known by the thread's spawn path, by how many locks it had taken
//! before, and by the place. Locks that were made at one place cannot be told apart there, since they have numbers in the
//! order of their first use; so the whole order is kept by places.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;

use crate::rt::Execution;
use crate::rt::locks::{Held, LockMode, NestedAcquisition};
use crate::rt::object::ObjectKey;

/// The longest cycle that is looked for. Longer ones need as many threads to meet.
const LONGEST: usize = 8;

/// How many steps a search may take.
const PATIENCE: u32 = 200_000;

/// How many cycles are kept.
const CYCLES: usize = 32;

/// A lock, and how and where it was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lock {
    pub(crate) kind: &'static str,
    pub(crate) key: ObjectKey,
    /// How many locks were made at the same place.
    pub(crate) alike: u32,
    pub(crate) mode: LockMode,
    pub(crate) location: &'static Location<'static>,
}

/// What a thread wants, and what it holds meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) lineage: u64,
    /// How many locks it had taken before.
    pub(crate) number: u32,
    pub(crate) thread: String,
    pub(crate) wanted: Lock,
    /// The one that the thread before it in the cycle wants.
    pub(crate) held: Lock,
}

/// Threads that may wait for each other.
#[derive(Clone, Debug)]
pub(crate) struct Cycle {
    /// Each wants what the next one holds, and the last what the first one holds.
    pub(crate) requests: Vec<Request>,
}

/// What a cycle is known by in other executions: spawn paths, numbers of acquisitions, places.
pub(crate) type CycleKey = Vec<(u64, u32, &'static Location<'static>)>;

/// What locks are known by in other executions: what they are, and where they were made.
pub(crate) type Class = (&'static str, &'static Location<'static>);

/// A lock was wanted while another was held: where each was taken, for the first time.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) held: Lock,
    pub(crate) wanted: Lock,
    pub(crate) thread: String,
}

/// The lock order of a test, from all executions that were looked at.
#[derive(Default, Debug)]
pub(crate) struct LockOrder {
    /// By the locks that were held and wanted.
    pub(crate) edges: BTreeMap<(Class, Class), Edge>,
    pub(crate) cycles: BTreeMap<CycleKey, Cycle>,
    /// What executions that were looked at had in common, as hashes.
    seen: BTreeSet<u64>,
}

impl LockOrder {
    /// Adds what the execution that has just ended shows. Whether it shows a new cycle.
    pub(crate) fn add(&mut self, execution: &Execution) -> bool {
        let log = &execution.kernel.locks;
        if log.nested.is_empty() {
            return false;
        }
        let requests = distinct(execution);
        if !self.seen.insert(hash(execution, &requests)) {
            return false;
        }
        let names = Names::new(execution);
        for request in &requests {
            let wanted = names.lock(&request.wanted);
            for held in log.held(request) {
                let held = names.lock(held);
                let class = |lock: &Lock| (lock.kind, lock.key.location);
                self.edges.entry((class(&held), class(&wanted))).or_insert_with(|| {
                    let thread = execution.thread_label(request.thread);
                    Edge { held, wanted, thread }
                });
            }
        }
        let before = self.cycles.len();
        let mut search = Search { execution, requests: &requests, path: Vec::new(), left: PATIENCE };
        search.run(&mut |path| {
            if self.cycles.len() < CYCLES {
                let cycle = names.cycle(path, &requests);
                self.cycles.entry(cycle.key()).or_insert(cycle);
            }
        });
        self.cycles.len() > before
    }

    /// Adds what others have seen.
    pub(crate) fn merge(&mut self, other: LockOrder) {
        for (locks, edge) in other.edges {
            self.edges.entry(locks).or_insert(edge);
        }
        for (key, cycle) in other.cycles {
            self.cycles.entry(key).or_insert(cycle);
        }
        self.seen.extend(other.seen);
    }
}

impl Cycle {
    fn key(&self) -> CycleKey {
        let of = |request: &Request| (request.lineage, request.number, request.wanted.location);
        self.requests.iter().map(of).collect()
    }
}

/// The nested acquisitions, each kind of it once.
fn distinct(execution: &Execution) -> Vec<NestedAcquisition> {
    let log = &execution.kernel.locks;
    let mut seen = BTreeSet::new();
    let is_new = |request: &&NestedAcquisition| {
        let held: Vec<_> = log.held(request).iter().map(|held| (held.object, held.mode)).collect();
        let wanted = (request.wanted.object, request.wanted.mode, request.wanted.location);
        seen.insert((request.thread, wanted, held))
    };
    log.nested.iter().filter(is_new).cloned().collect()
}

/// A number that executions with the same acquisitions have in common.
fn hash(execution: &Execution, requests: &[NestedAcquisition]) -> u64 {
    let mix = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    requests.iter().fold(requests.len() as u64, |hash, request| {
        let held = execution.kernel.locks.held(request);
        let locks = held.iter().chain([&request.wanted]);
        locks.fold(mix(hash, u64::from(request.thread.0)), |hash, lock| {
            let place = u64::from(lock.location.line()) << 32 | u64::from(lock.location.column());
            mix(mix(hash, u64::from(lock.object.0)), place)
        })
    })
}

/// Looks for cycles among the acquisitions of one execution.
struct Search<'a> {
    execution: &'a Execution,
    requests: &'a [NestedAcquisition],
    path: Vec<usize>,
    left: u32,
}

impl Search<'_> {
    fn run(&mut self, found: &mut impl FnMut(&[usize])) {
        for first in 0..self.requests.len() {
            self.path.clear();
            self.path.push(first);
            self.extend(found);
        }
    }

    /// Each wants what the next one holds, and no thread comes before the first one: each cycle is found once.
    fn extend(&mut self, found: &mut impl FnMut(&[usize])) {
        let (first, last) = (self.path[0], self.path[self.path.len() - 1]);
        if self.path.len() > 1 && self.waits_for(last, first) {
            found(&self.path);
            return;
        }
        if self.path.len() == LONGEST {
            return;
        }
        for next in 0..self.requests.len() {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return;
            }
            let request = &self.requests[next];
            let fits = request.thread > self.requests[first].thread
                && self.waits_for(last, next)
                && self.path.iter().all(|&other| self.can_meet(other, next));
            if fits {
                self.path.push(next);
                self.extend(found);
                self.path.pop();
            }
        }
    }

    /// Whether `one` wants what `other` holds.
    fn waits_for(&self, one: usize, other: usize) -> bool {
        let wanted = self.requests[one].wanted;
        let waits = |held: &Held| held.object == wanted.object && held.mode.conflicts_with(wanted.mode);
        self.execution.kernel.locks.held(&self.requests[other]).iter().any(waits)
    }

    /// Whether both threads can be where they want their locks at the same time, as far as can be told.
    fn can_meet(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.requests[one], &self.requests[other]);
        let log = &self.execution.kernel.locks;
        let excludes = |held: &Held| {
            let same = |other: &Held| other.object == held.object && other.mode.conflicts_with(held.mode);
            log.held(other).iter().any(same)
        };
        one.thread != other.thread && !log.held(one).iter().any(excludes) && one.is_concurrent_with(other)
    }
}

/// The names of an execution's locks and threads.
struct Names<'a> {
    execution: &'a Execution,
    alike: BTreeMap<(&'static str, &'static Location<'static>), u32>,
}

impl Names<'_> {
    fn new(execution: &Execution) -> Names<'_> {
        let mut alike = BTreeMap::new();
        for object in execution.kernel.objects.iter() {
            *alike.entry((object.kind.name(), object.location)).or_insert(0) += 1;
        }
        Names { execution, alike }
    }

    fn lock(&self, held: &Held) -> Lock {
        let object = self.execution.kernel.objects.get(held.object);
        let kind = object.kind.name();
        Lock {
            kind,
            key: self.execution.kernel.object_key(held.object),
            alike: self.alike.get(&(kind, object.location)).copied().unwrap_or(1),
            mode: held.mode,
            location: held.location,
        }
    }

    fn cycle(&self, path: &[usize], requests: &[NestedAcquisition]) -> Cycle {
        let kernel = &self.execution.kernel;
        let request = |at: usize| {
            let request = &requests[path[at]];
            // What the one before it wants.
            let wanted = requests[path[(at + path.len() - 1) % path.len()]].wanted;
            let held = kernel.locks.held(request).iter().find(|held| held.object == wanted.object);
            Request {
                lineage: kernel.thread(request.thread).lineage,
                number: request.number,
                thread: self.execution.thread_label(request.thread),
                wanted: self.lock(&request.wanted),
                held: self.lock(held.unwrap_or(&wanted)),
            }
        };
        let mut requests: Vec<Request> = (0..path.len()).map(request).collect();
        let first = (0..requests.len()).min_by_key(|&at| requests[at].lineage).unwrap_or(0);
        requests.rotate_left(first);
        Cycle { requests }
    }
}
