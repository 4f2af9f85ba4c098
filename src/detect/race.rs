//! Why two accesses that race are not ordered: the weakest links between them.
//!
//! The race itself is seen while the execution runs (`rt::memory::races`). Afterwards, with the events and what each thread knew
//! after each of them, this looks for a way from the first access to the second along what happens before what (exactly:
//! by the vector clocks) and along reads of atomics that do *not* hand over what came before, because the store is no
//! release or the load no acquire (C++20 [intro.races], [atomics.fence]). A way with the fewest such links says which orderings
//! would have ordered the accesses: a missing `Release` or `Acquire` is then the reason of the race. If there is no way,
//! nothing leads from one to the other, whatever the orderings.
//!
//! A breadth-first search in which links that hold cost nothing; its states are events, and how far what is handed over has
//! come there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;

use crate::rt::op::{Event, OpKind, ThreadId};
use crate::rt::record::evidence::Known;

/// Which half of a link is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    Release,
    Acquire,
}

/// An operation on an atomic whose ordering is too weak; its position among the events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Missing {
    pub(crate) event: usize,
    pub(crate) half: Half,
}

/// An access: its thread, and the step after which it was made.
pub(crate) type Access = (ThreadId, u64);

/// The orderings that would have put `first` before `second`, in the order in which the way leads there.
pub(crate) fn missing_orderings(
    events: &[Event],
    known: &[Known],
    first: Access,
    second: Access,
) -> Option<Vec<Missing>> {
    if events.len() != known.len() {
        return None;
    }
    Search::new(events, known).run(first, second)
}

/// How far what is handed over has come at an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum State {
    /// The thread knows it; since then it has executed a release fence, or not.
    Known { fenced: bool },
    /// It stands in the store that the event has read.
    Read,
}

type Node = (usize, State);

struct Search<'a> {
    events: &'a [Event],
    known: &'a [Known],
    /// The events of each thread, as positions.
    of_thread: BTreeMap<ThreadId, Vec<usize>>,
    /// The events that read from the store that was made at a step.
    readers: BTreeMap<u64, Vec<usize>>,
    /// How each node was reached, and at which cost.
    reached: BTreeMap<Node, (u32, Option<Node>, Option<Missing>)>,
    queue: VecDeque<(u32, Node)>,
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl<'a> Search<'a> {
    fn new(events: &'a [Event], known: &'a [Known]) -> Search<'a> {
        let mut of_thread: BTreeMap<ThreadId, Vec<usize>> = BTreeMap::new();
        let mut readers: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, event) in events.iter().enumerate() {
            of_thread.entry(event.thread).or_default().push(at);
            if let Some(access) = event.atomic.filter(|_| event.op.kind != OpKind::Fence) {
                readers.entry(access.source).or_default().push(at);
            }
        }
        Search { events, known, of_thread, readers, reached: BTreeMap::new(), queue: VecDeque::new() }
    }

    fn run(mut self, first: Access, second: Access) -> Option<Vec<Missing>> {
        let start = self.after(first.0, |event| event.step > first.1)?;
        self.reach((start, State::Known { fenced: self.is_release_fence(start) }), 0, None, None);
        while let Some((cost, node)) = self.queue.pop_front() {
            if self.reached[&node].0 < cost {
                continue;
            }
            let (at, state) = node;
            let event = &self.events[at];
            let has_come = event.thread == second.0 && event.step <= second.1;
            match state {
                State::Known { .. } if has_come => {
                    return Some(self.links(node)).filter(|links| !links.is_empty());
                }
                State::Known { fenced } => self.go_on(node, cost, fenced),
                State::Read => self.learn(node, cost),
            }
        }
        None
    }

    /// The thread of the event knows: so it does later, and others that are told; and its stores may tell more.
    fn go_on(&mut self, node: Node, cost: u32, fenced: bool) {
        let (at, events) = (node.0, self.events);
        let event = &events[at];
        if let Some(next) = self.after(event.thread, |later| later.step > event.step) {
            let fenced = fenced || self.is_release_fence(next);
            self.reach((next, State::Known { fenced }), cost, Some(node), None);
        }
        let (slot, epoch) = self.epoch_of(at);
        let others: Vec<ThreadId> = self.of_thread.keys().copied().filter(|&id| id != event.thread).collect();
        for other in others {
            let of_other = &self.of_thread[&other];
            let first = of_other.partition_point(|&later| {
                events[later].step <= event.step || self.known[later].clock.get(slot) < epoch
            });
            if let Some(&first) = of_other.get(first) {
                let fenced = self.is_release_fence(first);
                self.reach((first, State::Known { fenced }), cost, Some(node), None);
            }
        }
        let releases = fenced || event.atomic.is_some_and(|access| releases(access.order));
        self.hand_to_readers(node, cost, (!releases).then_some(Missing { event: at, half: Half::Release }));
    }

    /// The event has read a store in which it stands.
    fn learn(&mut self, node: Node, cost: u32) {
        let (at, events) = (node.0, self.events);
        let event = &events[at];
        let acquires_itself = event.atomic.is_some_and(|access| acquires(access.order));
        let missing = (!acquires_itself).then_some(Missing { event: at, half: Half::Acquire });
        let known = (at, State::Known { fenced: false });
        self.reach(known, cost + u32::from(missing.is_some()), Some(node), missing);
        let is_acquire_fence = |later: &Event| {
            later.step > event.step
                && later.op.kind == OpKind::Fence
                && later.atomic.is_some_and(|access| acquires(access.order))
        };
        if !acquires_itself && let Some(fence) = self.after(event.thread, is_acquire_fence) {
            let fenced = self.is_release_fence(fence);
            self.reach((fence, State::Known { fenced }), cost, Some(node), None);
        }
        // A read-modify-write continues a release sequence.
        self.hand_to_readers(node, cost, None);
    }

    fn hand_to_readers(&mut self, node: Node, cost: u32, missing: Option<Missing>) {
        let step = self.events[node.0].step;
        for reader in self.readers.get(&step).cloned().unwrap_or_default() {
            self.reach((reader, State::Read), cost + u32::from(missing.is_some()), Some(node), missing);
        }
    }

    fn reach(&mut self, node: Node, cost: u32, from: Option<Node>, missing: Option<Missing>) {
        if self.reached.get(&node).is_some_and(|&(least, ..)| least <= cost) {
            return;
        }
        self.reached.insert(node, (cost, from, missing));
        if missing.is_some() {
            self.queue.push_back((cost, node));
        } else {
            self.queue.push_front((cost, node));
        }
    }

    fn links(&self, mut node: Node) -> Vec<Missing> {
        let mut links = Vec::new();
        loop {
            let (_, from, missing) = self.reached[&node];
            links.extend(missing);
            match from {
                Some(from) => node = from,
                None => break,
            }
        }
        links.reverse();
        links
    }

    /// The first event of a thread that `fits`.
    fn after(&self, thread: ThreadId, fits: impl Fn(&Event) -> bool) -> Option<usize> {
        self.of_thread.get(&thread)?.iter().copied().find(|&at| fits(&self.events[at]))
    }

    /// The event as an epoch: its thread's after the event before, since a release advances it when it is over.
    fn epoch_of(&self, at: usize) -> (u32, u32) {
        let Known { slot, clock } = &self.known[at];
        let of_thread = &self.of_thread[&self.events[at].thread];
        let position = of_thread.partition_point(|&earlier| earlier < at);
        let before = position.checked_sub(1).map(|position| &self.known[of_thread[position]].clock);
        (*slot, before.unwrap_or(clock).get(*slot))
    }

    fn is_release_fence(&self, at: usize) -> bool {
        let event = &self.events[at];
        event.op.kind == OpKind::Fence && event.atomic.is_some_and(|access| releases(access.order))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::rt::clocks::clock::Clock;
    use crate::rt::op::{AtomicAccess, Note, ObjectId, Op};

    /// Events of two threads, which know nothing of each other.
    #[derive(Default)]
    struct Scene {
        events: Vec<Event>,
        known: Vec<Known>,
    }

    impl Scene {
        fn event(&mut self, thread: u32, kind: OpKind, order: Ordering, source: u64) -> u64 {
            let step = self.events.len() as u64 + 1;
            let atomic = Some(AtomicAccess { source, order });
            let op = Op::new(kind, ObjectId(0), Location::caller());
            self.events.push(Event { step, thread: ThreadId(thread), task: 0, op, note: Note::None, atomic });
            let mut clock = Clock::default();
            clock.set(thread, step as u32 + 1);
            self.known.push(Known { slot: thread, clock });
            step
        }

        /// The missing halves between an access of thread 0 before everything and one of thread `to` after it.
        fn missing(&self, to: u32) -> Option<Vec<(u64, Half)>> {
            let end = self.events.len() as u64 + 1;
            let links = missing_orderings(&self.events, &self.known, (ThreadId(0), 0), (ThreadId(to), end))?;
            Some(links.iter().map(|link| (self.events[link.event].step, link.half)).collect())
        }
    }

    use Half::{Acquire as NoAcquire, Release as NoRelease};
    use OpKind::{Fence, Load, ReadModifyWrite, Store};
    use Ordering::{Acquire, Relaxed, Release, SeqCst};

    #[test]
    fn both_halves_of_a_link_can_be_missing() {
        for (store, load, missing) in [
            (Relaxed, Acquire, vec![(1, NoRelease)]),
            (Release, Relaxed, vec![(2, NoAcquire)]),
            (Relaxed, Relaxed, vec![(1, NoRelease), (2, NoAcquire)]),
        ] {
            let mut scene = Scene::default();
            let stored = scene.event(0, Store, store, 0);
            scene.event(1, Load, load, stored);
            assert_eq!(scene.missing(1), Some(missing));
        }
    }

    #[test]
    fn nothing_is_missing_where_nothing_is_read() {
        let mut scene = Scene::default();
        scene.event(0, Store, Relaxed, 0);
        scene.event(1, Load, Relaxed, 0);
        assert_eq!(scene.missing(1), None);
    }

    #[test]
    fn fences_stand_in_for_orderings() {
        let mut scene = Scene::default();
        scene.event(0, Fence, Release, 0);
        let stored = scene.event(0, Store, Relaxed, 0);
        scene.event(1, Load, Relaxed, stored);
        assert_eq!(scene.missing(1), Some(vec![(3, NoAcquire)]));

        let mut scene = Scene::default();
        let stored = scene.event(0, Store, Relaxed, 0);
        scene.event(1, Load, Relaxed, stored);
        scene.event(1, Fence, SeqCst, 0);
        assert_eq!(scene.missing(1), Some(vec![(1, NoRelease)]));

        // A fence after the store does not help.
        let mut scene = Scene::default();
        let stored = scene.event(0, Store, Relaxed, 0);
        scene.event(0, Fence, Release, 0);
        scene.event(1, Load, Acquire, stored);
        assert_eq!(scene.missing(1), Some(vec![(1, NoRelease)]));
    }

    #[test]
    fn a_relaxed_read_modify_write_continues_what_was_released() {
        let mut scene = Scene::default();
        let stored = scene.event(0, Store, Release, 0);
        let modified = scene.event(1, ReadModifyWrite, Relaxed, stored);
        scene.event(2, Load, Relaxed, modified);
        assert_eq!(scene.missing(2), Some(vec![(3, NoAcquire)]));
    }

    #[test]
    fn the_way_may_lead_through_a_third_thread() {
        let mut scene = Scene::default();
        let first = scene.event(0, Store, Release, 0);
        scene.event(1, Load, Relaxed, first);
        let second = scene.event(1, Store, Relaxed, 0);
        scene.event(2, Load, Acquire, second);
        assert_eq!(scene.missing(2), Some(vec![(2, NoAcquire), (3, NoRelease)]));
    }
}
