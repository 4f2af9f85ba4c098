//! SURW: selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025, section 4).
//!
//! Makes all interleavings of the operations on one object equally likely (or on all objects made at one place, such as a row of
//! locks), drawn anew for each execution: a bug usually needs only those. The thread that is to execute the next of these is
//! drawn in proportion to how many it has left; the others are held back from theirs until it has.
//!
//! The paper draws a thread that can go on, and draws again among the rest if that one has to be held back. That is the same as
//! to draw once among the threads that are not about to execute a selected operation, and the intended one; which threads
//! are about to is kept as a set, so that a step costs as much with a hundred threads as with five.

use super::remaining::Remaining;
use crate::rt::decide::profile::ObjectKey;
use crate::rt::decide::strategy::{ObjectId, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::thread_set::LaneSet;

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
    /// The lanes of threads that are about to execute a selected operation.
    about: LaneSet,
    /// The thread whose next operation has changed last, and the lanes of others for which that was not looked at since.
    last: Option<ThreadId>,
    unseen: LaneSet,
    /// How many threads there were then, and how often others had changed what a thread waits for.
    seen: (usize, u64),
}

impl Surw {
    #[inline]
    fn is_selected(&mut self, op: &Op, point: &SchedulingPoint<'_>) -> bool {
        let Some(selection) = self.selection else { return false };
        if op.object == ObjectId::NONE || !op.kind.can_be_held_back() {
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

    /// Sees what threads are about to do whose next operation is another one by now.
    fn look(&mut self, point: &SchedulingPoint<'_>) {
        let (count, redirected) = (point.thread_count(), point.redirected());
        let new = if redirected == self.seen.1 { self.seen.0 } else { 0 };
        self.seen = (count, redirected);
        for index in new..count {
            self.look_at(ThreadId(index as u32), point);
        }
        if let Some(last) = self.last.take() {
            self.look_at(last, point);
        }
        if !self.unseen.is_empty() {
            let unseen = std::mem::take(&mut self.unseen);
            for lane in unseen.iter() {
                self.look_at(point.in_lane(lane), point);
            }
            self.unseen = unseen;
            self.unseen.clear();
        }
    }

    fn look_at(&mut self, thread: ThreadId, point: &SchedulingPoint<'_>) {
        if point.has_ended(thread) {
            return;
        }
        let (lane, is_about) = (point.lane(thread), self.is_selected(point.pending(thread), point));
        if is_about {
            self.about.insert(lane);
        } else {
            self.about.remove(lane);
        }
        // A thread that has used up its count may do more than was seen before.
        if self.remaining.is_used_up(thread) {
            self.remaining.set_beyond(thread, is_about);
        }
    }

    fn intended(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        if let Some(thread) = self.intended
            && !point.has_ended(thread)
        {
            return thread;
        }
        let thread = self.remaining.draw(rng).unwrap_or(point.current());
        self.intended = Some(thread);
        thread
    }
}

impl Strategy for Surw {
    fn name(&self) -> &str {
        "surw"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        self.selected.clear();
        self.intended = None;
        self.about.clear();
        self.unseen.clear();
        self.last = None;
        self.seen = (0, 0);
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
        if self.selection.is_none() {
            return point.nth_enabled(rng.below(point.enabled_count()));
        }
        self.look(point);
        let enabled = point.enabled_set();
        let free = enabled.count_without(&self.about);
        let mut intended = None;
        if free < enabled.len() {
            let thread = self.intended(point, rng);
            let is_about = point.is_enabled(thread) && self.about.contains(point.lane(thread));
            intended = Some(thread).filter(|_| is_about);
        }
        let n = match free + usize::from(intended.is_some()) {
            0 => {
                self.intended = None;
                return point.nth_enabled(rng.below(point.enabled_count()));
            }
            count => rng.below(count),
        };
        match intended {
            Some(thread) if n == free => {
                self.intended = None;
                thread
            }
            _ => point.in_lane(enabled.nth_without(&self.about, n)),
        }
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, rng: &mut Rng) {
        let share = self.remaining.spawned(parent, child, lineage);
        if self.intended == Some(parent) {
            // The intention was the parent's together with its unspawned child's: divide it.
            let total = self.remaining.left(parent) + share;
            if total > 0 && (rng.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64) < share {
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
        if self.selection.is_none() {
            return;
        }
        if self.is_selected(op, point) {
            self.remaining.executed(thread);
            if self.intended == Some(thread) {
                self.intended = None;
            }
        }
        if op.kind == OpKind::End {
            self.remaining.ended(thread);
            // Its lane may be another thread's soon.
            self.about.remove(point.lane(thread));
            self.unseen.remove(point.lane(thread));
            self.last = self.last.filter(|&last| last != thread);
        } else if let Some(other) = self.last.replace(thread).filter(|&other| other != thread) {
            self.unseen.insert(point.lane(other));
        }
    }
}
