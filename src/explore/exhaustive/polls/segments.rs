//! What the tasks of one execution did, cut into segments: from the choice of a task to the next one. And which of them are in a
//! race: what would have to come the other way round for another execution.
//!
//! The paper's steps are single operations, so that a task's next step touches the same in any state that leaves the task alone. What a
//! segment touches is up to what it finds. So two segments are taken to depend on each other if they ever touched the same in any
//! execution: see `may_touch`.

use super::may_touch::MayTouch;
use super::touched::{Fixed, Touched, Touches, meet};

/// All that a segment has touched, and whether it has changed it.
#[derive(Clone, Default, Debug)]
pub(super) struct Footprint {
    pub(super) touched: Touches,
    /// The number of the place where the segment began, in `MayTouch`.
    pub(super) label: Option<usize>,
    /// Whether its order with anything matters: with it other tasks come to an end, or it was held back behind all others.
    pub(super) is_global: bool,
}

impl Footprint {
    /// Of what was not seen.
    pub(super) fn unknown() -> Footprint {
        Footprint { is_global: true, ..Footprint::default() }
    }

    pub(super) fn add(&mut self, what: Touched, writes: bool) {
        match self.touched.iter_mut().find(|(other, _)| *other == what) {
            Some((_, other)) => *other |= writes,
            None => self.touched.push((what, writes)),
        }
    }

    /// Whatever of the two was touched.
    pub(super) fn merge(&mut self, other: &Footprint) {
        self.is_global |= other.is_global;
        for &(what, writes) in &other.touched {
            self.add(what, writes);
        }
    }

    /// Whether the order of the two matters, in one execution.
    fn conflicts(&self, other: &Footprint, may_touch: &MayTouch) -> bool {
        self.meets(other, may_touch, |one, two| one == two)
    }

    /// The same, where the other is of another execution: objects beyond the first `known` may have other numbers there.
    pub(super) fn may_conflict(&self, other: &Footprint, known: u32, may_touch: &MayTouch) -> bool {
        let fixed = Fixed { objects: known, ..Fixed::ALL };
        self.meets(other, may_touch, |one, two| fixed.is_same(one, two))
    }

    fn meets(
        &self,
        other: &Footprint,
        may_touch: &MayTouch,
        is_same: impl Fn(Touched, Touched) -> bool,
    ) -> bool {
        self.is_global
            || other.is_global
            || meet(&self.touched, &other.touched, is_same)
            || may_touch.meet((self.label, &self.touched), (other.label, &other.touched))
    }
}

/// From the choice of a task to the next choice.
#[derive(Debug)]
pub(super) struct Segment {
    /// The choice, if there was anything to choose.
    pub(super) node: Option<usize>,
    pub(super) task: u64,
    pub(super) footprint: Footprint,
    /// The tasks that it has made ready.
    pub(super) enables: Vec<u64>,
    /// How often time has passed before it.
    pub(super) epoch: u32,
}

/// A race: what comes at this choice should be another task, one of these.
#[derive(Debug)]
pub(super) struct Reversal {
    pub(super) node: usize,
    pub(super) initials: Vec<u64>,
}

/// Sets of segments, as bits.
struct Sets {
    words: usize,
    bits: Vec<u64>,
}

impl Sets {
    fn new(count: usize) -> Sets {
        let words = count.div_ceil(64);
        Sets { words, bits: vec![0; words * count] }
    }

    fn add(&mut self, set: usize, member: usize) {
        self.bits[set * self.words + member / 64] |= 1 << (member % 64);
    }

    fn has(&self, set: usize, member: usize) -> bool {
        self.bits[set * self.words + member / 64] >> (member % 64) & 1 == 1
    }

    fn join(&mut self, set: usize, other: usize) {
        for word in 0..self.words {
            self.bits[set * self.words + word] |= self.bits[other * self.words + word];
        }
    }
}

/// The races of an execution (Abdulla, Aronis, Jonsson, Sagonas, POPL 2014, sections 3 and 4): segments of two tasks whose order
/// matters, with nothing between that orders them in any case.
pub(super) fn races(segments: &[Segment], may_touch: &MayTouch) -> Vec<Reversal> {
    let mut before = Sets::new(segments.len());
    let mut reversals = Vec::new();
    for later in 0..segments.len() {
        let mut direct = Vec::new();
        for earlier in (0..later).rev() {
            let (one, two) = (&segments[earlier], &segments[later]);
            let is_fixed = one.task == two.task
                || one.epoch != two.epoch
                || one.enables.contains(&two.task) && is_next_of(segments, earlier, later);
            if before.has(later, earlier) {
                continue;
            }
            if is_fixed || one.footprint.conflicts(&two.footprint, may_touch) {
                before.join(later, earlier);
                before.add(later, earlier);
                direct.push((earlier, is_fixed));
            }
        }
        for (earlier, is_fixed) in direct {
            if let (false, Some(node)) = (is_fixed, segments[earlier].node) {
                reversals.push(Reversal { node, initials: initials(segments, &before, earlier, later) });
            }
        }
    }
    reversals
}

/// Whether no segment of the task comes between.
fn is_next_of(segments: &[Segment], earlier: usize, later: usize) -> bool {
    !segments[earlier + 1..later].iter().any(|between| between.task == segments[later].task)
}

/// The tasks with which what comes after `earlier`, and does not depend on it, may begin, if it is to lead to `later`.
fn initials(segments: &[Segment], before: &Sets, earlier: usize, later: usize) -> Vec<u64> {
    let independent = (earlier + 1..later).filter(|&at| !before.has(at, earlier));
    let sequence: Vec<usize> = independent.chain([later]).collect();
    let is_first = |&&at: &&usize| sequence.iter().all(|&other| other >= at || !before.has(at, other));
    let mut tasks: Vec<u64> = sequence.iter().filter(is_first).map(|&at| segments[at].task).collect();
    tasks.dedup();
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::op::{ObjectId, nowhere};

    fn segment(node: Option<usize>, task: u64, writes: &[u32]) -> Segment {
        let mut footprint = Footprint::default();
        for &object in writes {
            footprint.add(Touched::Object(ObjectId(object), nowhere()), true);
        }
        Segment { node, task, footprint, enables: Vec::new(), epoch: 0 }
    }

    #[test]
    fn segments_that_share_nothing_are_in_no_race() {
        assert!(
            races(&[segment(Some(0), 1, &[1]), segment(Some(1), 2, &[2])], &MayTouch::default()).is_empty()
        );
    }

    #[test]
    fn a_race_begins_with_what_does_not_depend_on_its_first() {
        let segments = [segment(Some(0), 1, &[1]), segment(Some(1), 3, &[5]), segment(Some(2), 2, &[1, 5])];
        let races = races(&segments, &MayTouch::default());
        // Task 2 comes after both others; before task 1 it has to let task 3 go first, or not.
        let initials: Vec<_> = races.iter().map(|race| (race.node, race.initials.clone())).collect();
        assert_eq!(initials, [(1, vec![2]), (0, vec![3])]);
    }

    #[test]
    fn what_is_ordered_by_a_third_is_in_no_race() {
        let segments = [segment(Some(0), 1, &[1]), segment(Some(1), 2, &[1]), segment(Some(2), 3, &[1])];
        let nodes: Vec<_> = races(&segments, &MayTouch::default()).iter().map(|race| race.node).collect();
        assert_eq!(nodes, [0, 1]);
    }
}
