//! URW and SURW: (selectively) uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025).
//!
//! URW makes every interleaving equally likely, for threads that take the same number of steps whatever
//! the interleaving: the next thread is drawn in proportion to the steps it has left, its unspawned
//! children's included. SURW does so only for the operations on one object (or on all objects made at one
//! place, such as a row of locks), drawn anew for each execution: all interleavings of *those* are equally
//! likely, and a bug usually needs only those. Counts are the largest seen in the profiled executions.

use super::profile::ObjectKey;
use super::strategy::{ObjectId, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// Steps left, by thread: those of unspawned children stay with their parent until they are spawned.
#[derive(Debug, Default)]
struct Remaining {
    weights: Vec<u64>,
    /// Sorted by lineage: how much each thread and its descendants do in all.
    planned: Vec<(u64, u64)>,
}

impl Remaining {
    fn begin(&mut self, planned: impl Iterator<Item = (u64, u64)>) {
        self.planned.clear();
        self.planned.extend(planned);
        self.weights.clear();
        self.weights.push(self.plan(0));
    }

    fn plan(&self, lineage: u64) -> u64 {
        let found = self.planned.binary_search_by_key(&lineage, |&(lineage, _)| lineage);
        found.map_or(0, |index| self.planned[index].1)
    }

    /// Moves the child's share from its parent to itself, and returns it.
    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64) -> u64 {
        let share = self.plan(lineage);
        if self.weights.len() <= child.index() {
            self.weights.resize(child.index() + 1, 0);
        }
        self.weights[child.index()] = share;
        self.weights[parent.index()] = self.weights[parent.index()].saturating_sub(share);
        share
    }

    fn executed(&mut self, thread: ThreadId) {
        let weight = &mut self.weights[thread.index()];
        *weight = weight.saturating_sub(1);
    }

    /// At least 1: a thread that goes on beyond what was seen before must still be able to.
    fn of(&self, thread: ThreadId) -> u64 {
        self.weights[thread.index()].max(1)
    }

    fn draw(&self, threads: impl Iterator<Item = ThreadId> + Clone, rng: &mut Rng) -> ThreadId {
        let total: u64 = threads.clone().map(|thread| self.of(thread)).sum();
        let mut at = rng.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64;
        let mut last = ThreadId::MAIN;
        for thread in threads {
            last = thread;
            let weight = self.of(thread);
            if at < weight {
                break;
            }
            at -= weight;
        }
        last
    }
}

/// Every interleaving equally likely.
#[derive(Debug, Default)]
pub(crate) struct Urw {
    remaining: Remaining,
}

impl Strategy for Urw {
    fn name(&self) -> &str {
        "urw"
    }

    fn begin(&mut self, start: &Start<'_>, _: &mut Rng) {
        self.remaining.begin(start.profile.subtree_steps());
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        self.remaining.draw(point.enabled(), rng)
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, _: &mut Rng) {
        self.remaining.spawned(parent, child, lineage);
    }

    fn wants_counts(&self) -> bool {
        true
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, _: &Op, _: &SchedulingPoint<'_>, _: &mut Rng) {
        self.remaining.executed(thread);
    }
}

/// Whether an operation is one whose order SURW samples. Releasing a lock is not: it can only follow its
/// acquisition, and holding it back would hold back everybody.
pub(super) fn is_counted(kind: OpKind) -> bool {
    !matches!(kind, OpKind::Unlock | OpKind::ReadUnlock | OpKind::WriteUnlock | OpKind::OnceLeave)
}

/// Which operations SURW looks at in this execution: those on one object, or on all made at its place.
#[derive(Clone, Copy, Debug)]
struct Selection {
    object: ObjectKey,
    whole_site: bool,
}

impl Selection {
    fn covers(&self, object: ObjectKey) -> bool {
        if self.whole_site { object.is_same_site(&self.object) } else { object == self.object }
    }
}

/// Every interleaving of the selected operations equally likely.
#[derive(Debug, Default)]
pub(crate) struct Surw {
    /// None if no object is shared.
    selection: Option<Selection>,
    /// By object: whether it is selected, once known.
    selected: Vec<Option<bool>>,
    remaining: Remaining,
    /// The thread that is to execute the next selected operation.
    intended: Option<ThreadId>,
    ended: Vec<bool>,
    /// Threads held back from a selected operation until the intended one has executed its own.
    held: Vec<bool>,
    candidates: Vec<ThreadId>,
}

impl Surw {
    fn is_selected(&mut self, op: &Op, point: &SchedulingPoint<'_>) -> bool {
        let Some(selection) = self.selection else { return false };
        if op.object == ObjectId::NONE || !is_counted(op.kind) {
            return false;
        }
        let index = op.object.index();
        if self.selected.len() <= index {
            self.selected.resize(index + 1, None);
        }
        if let Some(known) = self.selected[index] {
            return known;
        }
        let selected = point.object_key(op.object).is_some_and(|object| selection.covers(object));
        self.selected[index] = Some(selected);
        selected
    }

    fn is_held(&self, thread: ThreadId) -> bool {
        self.held.get(thread.index()).copied().unwrap_or(false)
    }

    fn hold(&mut self, thread: ThreadId) {
        if self.held.len() <= thread.index() {
            self.held.resize(thread.index() + 1, false);
        }
        self.held[thread.index()] = true;
    }

    fn intended(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        if let Some(thread) = self.intended
            && !self.ended.get(thread.index()).copied().unwrap_or(false)
        {
            return thread;
        }
        let mut at_work: Vec<ThreadId> = std::mem::take(&mut self.candidates);
        at_work.clear();
        for index in 0..point.thread_count() {
            let thread = ThreadId(index as u32);
            if self.ended.get(index).copied().unwrap_or(false) {
                continue;
            }
            // A thread that has used up its count may do more than was seen before.
            let more = point.is_enabled(thread) && self.is_selected(point.pending(thread), point);
            if self.remaining.weights[index] > 0 || more {
                at_work.push(thread);
            }
        }
        let thread = if at_work.is_empty() {
            point.current()
        } else {
            self.remaining.draw(at_work.iter().copied(), rng)
        };
        self.candidates = at_work;
        self.intended = Some(thread);
        thread
    }
}

impl Strategy for Surw {
    fn name(&self) -> &str {
        "surw"
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        self.selected.clear();
        self.intended = None;
        self.ended.clear();
        self.held.clear();
        let shared = start.profile.shared_objects();
        if shared.is_empty() {
            self.selection = None;
            self.remaining.begin(std::iter::empty());
            return;
        }
        let object = shared[rng.below(shared.len())];
        let whole_site = rng.one_in(2);
        self.selection = Some(Selection { object, whole_site });
        self.remaining.begin(start.profile.subtree_accesses(object, whole_site));
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        loop {
            let free = point.enabled().filter(|&thread| !self.is_held(thread)).count();
            if free == 0 {
                self.held.clear();
                self.intended = None;
                return point.nth_enabled(rng.below(point.enabled_count()));
            }
            let n = rng.below(free);
            let thread = point.enabled().filter(|&thread| !self.is_held(thread)).nth(n);
            let thread = thread.expect("counted above");
            if !self.is_selected(point.pending(thread), point) {
                return thread;
            }
            if self.intended(point, rng) == thread {
                self.held.clear();
                self.intended = None;
                return thread;
            }
            self.hold(thread);
        }
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, rng: &mut Rng) {
        let share = self.remaining.spawned(parent, child, lineage);
        if self.intended == Some(parent) {
            // The intention was the parent's together with its unspawned child's: divide it.
            let total = self.remaining.of(parent) + share;
            if (rng.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64) < share {
                self.intended = Some(child);
            }
        }
    }

    fn wants_counts(&self) -> bool {
        true
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, _: &mut Rng) {
        if self.is_selected(op, point) {
            self.remaining.executed(thread);
            if self.intended == Some(thread) {
                self.intended = None;
                self.held.clear();
            }
        }
        if op.kind == OpKind::End {
            if self.ended.len() <= thread.index() {
                self.ended.resize(thread.index() + 1, false);
            }
            self.ended[thread.index()] = true;
        }
    }
}
