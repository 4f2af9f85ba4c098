//! Deadlocks that did not happen yet, from the order in which threads and tasks take locks.
//!
//! What is said of threads here goes for tasks as well, which hold tokio's locks. Threads that each hold a lock and want the next one's, in a circle, are a deadlock; whether they can all be there at
//! once is predicted from executions in which they were not. As in iGoodLock (Joshi, Park, Sen and Naik, PLDI 2009) a
//! cycle is a list of acquisitions, each by another thread, each of a lock that the next one's thread holds, with no
//! lock held by two of them (a *gate* that keeps them apart), and none of which has to come before another by spawning
//! or joining. What a cycle says is a prediction: see `explore::predict::confirm` for what becomes of it.
//!
//! std's reader-writer lock may keep a reader waiting behind a writer that waits, as many do that let writers not starve.
//! So whoever wants to read may also wait for a thread that wants to write the same lock, and holds nothing yet. A thread
//! that reads what it reads already is in a circle with any such writer, and two that read each other's locks are with
//! two. tokio's lock always does so. This is left out where the next thread has the lock in a way that excludes readers: that is a circle without it.
//!
//! In other executions the acquisitions of a cycle are known by the thread's spawn path, by how many locks it had taken
//! before, and by the place. Locks that were made at one place cannot be told apart there, since they have numbers in the
//! order of their first use; so the whole order is kept by places.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::panic::Location;

use crate::rt::Execution;
use crate::rt::op::key::ObjectKey;
use crate::rt::op::lock::{Held, LockMode};
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::record::lock_log::{Holder, LockLog, NestedAcquisition};

/// The longest cycle that is looked for. Longer ones need as many threads to meet.
const LONGEST: usize = 8;

/// How many steps a search may take.
const PATIENCE: u32 = 200_000;

/// How many cycles are kept.
const CYCLES: usize = 32;

/// A lock, and how and where it was taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Lock {
    pub(crate) kind: &'static str,
    pub(crate) key: ObjectKey,
    /// How many locks were made at the same place.
    pub(crate) alike: u32,
    pub(crate) mode: LockMode,
    pub(crate) location: &'static Location<'static>,
}

/// What a thread wants, and what it holds meanwhile.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Request {
    pub(crate) lineage: u64,
    /// How many locks it had taken before.
    pub(crate) number: u32,
    pub(crate) thread: String,
    /// Whether it is one of tokio's locks.
    pub(crate) is_awaited: bool,
    pub(crate) wanted: Lock,
    /// The one that the thread before it in the cycle wants; `None` if that one is a reader that waits behind it.
    pub(crate) held: Option<Lock>,
}

/// Threads that may wait for each other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Cycle {
    /// The first execution that showed it.
    pub(crate) index: u64,
    /// Each wants what the next one holds, and the last what the first one holds.
    pub(crate) requests: Vec<Request>,
}

/// What a cycle is known by in other executions: spawn paths, numbers of acquisitions, places, and who waits behind whom.
pub(crate) type CycleKey = Vec<(u64, u32, &'static Location<'static>, bool)>;

/// What locks are known by in other executions: what they are, and where they were made.
pub(crate) type Class = (&'static str, &'static Location<'static>);

/// A lock was wanted while another was held.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Edge {
    /// The first execution that showed it.
    index: u64,
    pub(crate) thread: String,
    pub(crate) held: Lock,
    pub(crate) wanted: Lock,
}

/// The lock order of a test, from all executions that were looked at. Of what several show alike the least is kept, so
/// that it does not matter which worker has seen what.
#[derive(Default, Debug)]
pub(crate) struct LockOrder {
    /// By the locks that were held and wanted.
    pub(crate) edges: BTreeMap<(Class, Class), Edge>,
    pub(crate) cycles: BTreeMap<CycleKey, Cycle>,
    /// Where the program said that there is no cycle.
    pub(crate) asserted: Option<&'static Location<'static>>,
    /// What executions that were looked at had in common, as hashes.
    seen: BTreeSet<u64>,
}

impl LockOrder {
    /// Adds what the execution that has just ended shows; `index` is its number, or 0 if it has none that tells it.
    pub(crate) fn add(&mut self, execution: &Execution, index: u64) {
        let log = &execution.kernel.locks;
        if let Some(asserted) = log.asserted {
            self.assert_acyclic(asserted);
        }
        if log.nested.is_empty() || !self.seen.insert(hash(execution)) {
            return;
        }
        let requests = distinct(log);
        let names = Names::new(execution);
        for request in &requests {
            let wanted = names.lock(&request.wanted);
            for held in log.held(request) {
                let held = names.lock(held);
                let thread = label(execution, request.holder);
                self.add_edge(Edge { index, thread, held, wanted });
            }
        }
        search(log, &requests, &mut |path| self.add_cycle(names.cycle(index, path, &requests)));
    }

    /// Adds what others have seen.
    pub(crate) fn merge(&mut self, other: LockOrder) {
        other.edges.into_values().for_each(|edge| self.add_edge(edge));
        other.cycles.into_values().for_each(|cycle| self.add_cycle(cycle));
        if let Some(asserted) = other.asserted {
            self.assert_acyclic(asserted);
        }
        self.seen.extend(other.seen);
    }

    /// Forgets what was first seen in the execution of this number, or a later one.
    pub(crate) fn forget_from(&mut self, index: u64) {
        self.edges.retain(|_, edge| edge.index < index);
        self.cycles.retain(|_, cycle| cycle.index < index);
    }

    fn assert_acyclic(&mut self, at: &'static Location<'static>) {
        self.asserted = Some(self.asserted.map_or(at, |known| known.min(at)));
    }

    fn add_edge(&mut self, edge: Edge) {
        let class = |lock: &Lock| (lock.kind, lock.key.location);
        add_least(&mut self.edges, (class(&edge.held), class(&edge.wanted)), edge);
    }

    fn add_cycle(&mut self, cycle: Cycle) {
        add_least(&mut self.cycles, cycle.key(), cycle);
        if self.cycles.len() > CYCLES {
            self.cycles.pop_last();
        }
    }
}

fn add_least<K: Ord, V: Ord>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    match map.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        Entry::Occupied(mut known) if value < *known.get() => {
            known.insert(value);
        }
        Entry::Occupied(_) => {}
    }
}

impl Cycle {
    pub(crate) fn key(&self) -> CycleKey {
        let of = |request: &Request| {
            (request.lineage, request.number, request.wanted.location, request.held.is_none())
        };
        self.requests.iter().map(of).collect()
    }

    /// Whether it is none unless readers of std's locks wait behind writers that wait.
    pub(crate) fn prefers_writers(&self) -> bool {
        self.requests.iter().any(|request| request.held.is_none() && !request.is_awaited)
    }
}

/// The nested acquisitions, each kind of it once.
fn distinct(log: &LockLog) -> Vec<NestedAcquisition> {
    let mut seen = BTreeSet::new();
    log.nested.iter().filter(|request| seen.insert(kind_of(log, request))).copied().collect()
}

/// What acquisitions of one kind have in common: the thread, the lock, how and where it is wanted, and what is held.
type Kind = (Holder, ObjectId, LockMode, &'static Location<'static>, Vec<(ObjectId, LockMode)>);

fn kind_of(log: &LockLog, request: &NestedAcquisition) -> Kind {
    let held = log.held(request).iter().map(|held| (held.object, held.mode)).collect();
    let Held { object, mode, location } = request.wanted;
    (request.holder, object, mode, location, held)
}

/// A number that executions with the same acquisitions have in common, in whatever order they are.
fn hash(execution: &Execution) -> u64 {
    let log = &execution.kernel.locks;
    let mix = |hash: u64, value: u64| (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let one = |request: &NestedAcquisition| {
        let locks = log.held(request).iter().chain([&request.wanted]);
        locks.fold(mix(1, execution.kernel.lineage(request.holder)), |hash, lock| {
            let place = u64::from(lock.location.line()) << 32 | u64::from(lock.location.column());
            mix(mix(hash, u64::from(lock.object.0) << 1 | lock.mode as u64), place)
        })
    };
    log.nested.iter().fold(log.nested.len() as u64, |sum, request| sum.wrapping_add(one(request)))
}

/// Where the threads of the cycle with this key may stop in the execution that has just ended: for each one its
/// acquisitions of the same kind, by how many locks it had taken before. `None` also where tasks are in it.
pub(crate) fn places(execution: &Execution, key: &CycleKey) -> Option<Vec<(ThreadId, Vec<u32>)>> {
    let log = &execution.kernel.locks;
    let requests = distinct(log);
    let names = Names::new(execution);
    let mut places = None;
    search(log, &requests, &mut |path| {
        if places.is_none() && names.cycle(0, path, &requests).key() == *key {
            let alike = |&at: &usize| {
                let kind = kind_of(log, &requests[at]);
                let all = log.nested.iter().filter(|request| kind_of(log, request) == kind);
                match requests[at].holder {
                    Holder::Thread(thread) if !requests[at].is_awaited => {
                        Some((thread, all.map(|request| request.number).collect()))
                    }
                    _ => None,
                }
            };
            places = path.iter().map(alike).collect();
        }
    });
    places
}

/// Looks for cycles among the acquisitions of one execution.
fn search(log: &LockLog, requests: &[NestedAcquisition], found: &mut impl FnMut(&[usize])) {
    let reached = requests.iter().map(|_| None).collect();
    let mut search = Search { log, requests, path: Vec::new(), reached, left: PATIENCE };
    for first in 0..requests.len() {
        search.path.clear();
        search.path.push(first);
        search.extend(found);
    }
}

struct Search<'a> {
    log: &'a LockLog,
    requests: &'a [NestedAcquisition],
    path: Vec<usize>,
    /// What comes after each request that was asked for, as `reach` tells it.
    reached: Vec<Option<BTreeMap<Holder, u32>>>,
    left: u32,
}

/// Who comes after an acquisition by spawning and joining, each from how many of `LockLog::orders` on.
fn reach(log: &LockLog, request: &NestedAcquisition) -> BTreeMap<Holder, u32> {
    let mut reached = BTreeMap::from([(request.holder, request.after)]);
    for (order, number) in log.orders.iter().zip(1..).skip(request.after as usize) {
        if reached.contains_key(&order.earlier) {
            reached.entry(order.later).or_insert(number);
        }
    }
    reached
}

impl Search<'_> {
    /// Each wants what the next one holds, and no thread comes before the first one: each cycle is found once.
    fn extend(&mut self, found: &mut impl FnMut(&[usize])) {
        let (first, last) = (self.path[0], self.path[self.path.len() - 1]);
        if self.path.len() > 1 && self.waits_for(last, first) {
            if !self.has_detour() {
                found(&self.path);
            }
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
            let fits = request.holder > self.requests[first].holder
                && self.waits_for(last, next)
                && (0..self.path.len()).all(|at| self.can_meet(self.path[at], next));
            if fits {
                self.path.push(next);
                self.extend(found);
                self.path.pop();
            }
        }
    }

    /// Whether `one` wants what `other` holds, or waits behind it.
    fn waits_for(&self, one: usize, other: usize) -> bool {
        holds_wanted(self.log, self.requests, one, other).is_some() || self.waits_behind(one, other)
    }

    /// Whether `one` wants to read what `other` waits to write.
    fn waits_behind(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.requests[one].wanted, &self.requests[other].wanted);
        one.object == other.object && one.mode == LockMode::Shared && other.mode == LockMode::Exclusive
    }

    /// Whether some reader waits behind a writer that waits for what excludes the reader by itself.
    fn has_detour(&self) -> bool {
        let length = self.path.len();
        let at = |position: usize| self.path[position % length];
        (0..length).any(|position| {
            let (reader, writer, next) = (at(position), at(position + 1), at(position + 2));
            holds_wanted(self.log, self.requests, reader, writer).is_none()
                && holds_wanted(self.log, self.requests, reader, next).is_some()
        })
    }

    /// Whether both threads can be where they want their locks at the same time, as far as can be told.
    fn can_meet(&mut self, one: usize, other: usize) -> bool {
        let are_ordered = self.comes_before(one, other) || self.comes_before(other, one);
        let (one, other) = (&self.requests[one], &self.requests[other]);
        let excludes = |held: &Held| {
            let same = |other: &Held| other.object == held.object && other.mode.conflicts_with(held.mode);
            self.log.held(other).iter().any(same)
        };
        let are_kept_apart = self.log.held(one).iter().any(excludes);
        one.holder != other.holder && !are_ordered && !are_kept_apart
    }

    /// Whether one acquisition has to come before the other.
    fn comes_before(&mut self, one: usize, other: usize) -> bool {
        let (log, requests) = (self.log, self.requests);
        let reached = self.reached[one].get_or_insert_with(|| reach(log, &requests[one]));
        let NestedAcquisition { holder, after, .. } = requests[other];
        reached.get(&holder).is_some_and(|&from| from <= after)
    }
}

/// What `one` wants, if `other` holds it so that `one` has to wait.
fn holds_wanted(log: &LockLog, requests: &[NestedAcquisition], one: usize, other: usize) -> Option<Held> {
    let wanted = requests[one].wanted;
    let waits = |held: &&Held| held.object == wanted.object && held.mode.conflicts_with(wanted.mode);
    log.held(&requests[other]).iter().find(waits).copied()
}

/// What reports call a thread or task.
fn label(execution: &Execution, holder: Holder) -> String {
    match holder {
        Holder::Thread(thread) => execution.kernel.thread_label(thread),
        Holder::Task(number) => execution.kernel.tasks.label(number),
    }
}

/// The names of an execution's locks.
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

    fn cycle(&self, index: u64, path: &[usize], requests: &[NestedAcquisition]) -> Cycle {
        let kernel = &self.execution.kernel;
        let request = |at: usize| {
            let request = &requests[path[at]];
            let before = path[(at + path.len() - 1) % path.len()];
            let held = holds_wanted(&kernel.locks, requests, before, path[at]);
            Request {
                lineage: kernel.lineage(request.holder),
                number: request.number,
                thread: label(self.execution, request.holder),
                is_awaited: request.is_awaited,
                wanted: self.lock(&request.wanted),
                held: held.map(|held| self.lock(&held)),
            }
        };
        let mut requests: Vec<Request> = (0..path.len()).map(request).collect();
        let first = (0..requests.len()).min_by_key(|&at| requests[at].lineage).unwrap_or(0);
        requests.rotate_left(first);
        Cycle { index, requests }
    }
}
