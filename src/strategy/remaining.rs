//! How much each thread has left to do, as a table from which a thread is drawn in proportion to that.
//!
//! A Fenwick tree (Fenwick, "A new data structure for cumulative frequency tables", 1994): to change a weight and to draw a
//! thread takes as many steps as the number of threads has digits. Counts are the largest seen in the profiled executions; those
//! of children that are not there yet stay with their parent until they are spawned.

use crate::rt::decide::strategy::{Rng, ThreadId};

/// Weights by number, and a tree of their sums.
#[derive(Debug, Default)]
struct Weights {
    of: Vec<u64>,
    /// At `i`, counted from 1: the sum of as many weights before and at `i` as the lowest bit of `i` says. As long as a power of
    /// two, and one.
    sums: Vec<u64>,
    total: u64,
}

impl Weights {
    fn clear(&mut self) {
        self.of.clear();
        self.sums.clear();
        self.total = 0;
    }

    fn set(&mut self, index: usize, weight: u64) {
        if index >= self.of.len() {
            self.grow(index + 1);
        }
        let change = weight.wrapping_sub(self.of[index]);
        if change == 0 {
            return;
        }
        self.of[index] = weight;
        self.total = self.total.wrapping_add(change);
        self.add(index, change);
    }

    fn add(&mut self, index: usize, change: u64) {
        let mut at = index + 1;
        while at < self.sums.len() {
            self.sums[at] = self.sums[at].wrapping_add(change);
            at += at & at.wrapping_neg();
        }
    }

    fn grow(&mut self, count: usize) {
        self.of.resize(count, 0);
        let length = count.next_power_of_two() + 1;
        if length > self.sums.len() {
            self.sums.clear();
            self.sums.resize(length, 0);
            for index in 0..self.of.len() {
                self.add(index, self.of[index]);
            }
        }
    }

    /// The number in which `at`, which is less than the total, falls if the weights are laid side by side.
    fn find(&self, mut at: u64) -> usize {
        let mut found = 0;
        let mut step = (self.sums.len() - 1).max(1);
        while step > 0 {
            // As numbers and not as a branch, which nobody could predict.
            let sum = self.sums.get(found + step).copied().unwrap_or(u64::MAX);
            let goes_on = u64::from(sum <= at);
            at -= sum & goes_on.wrapping_neg();
            found += step & (goes_on as usize).wrapping_neg();
            step /= 2;
        }
        found
    }
}

/// Steps left, by thread.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    left: Vec<u64>,
    /// Those that can be drawn, with their weights.
    drawn: Weights,
    /// Sorted by lineage: how much each thread and its descendants do in all.
    planned: Vec<(u64, u64)>,
}

impl Remaining {
    pub(super) fn begin(&mut self, planned: impl Iterator<Item = (u64, u64)>) {
        self.planned.clear();
        self.planned.extend(planned);
        self.left.clear();
        self.drawn.clear();
        self.set(ThreadId::MAIN, self.plan(0));
    }

    fn plan(&self, lineage: u64) -> u64 {
        let found = self.planned.binary_search_by_key(&lineage, |&(lineage, _)| lineage);
        found.map_or(0, |index| self.planned[index].1)
    }

    fn set(&mut self, thread: ThreadId, left: u64) {
        if self.left.len() <= thread.index() {
            self.left.resize(thread.index() + 1, 0);
        }
        self.left[thread.index()] = left;
        self.drawn.set(thread.index(), left);
    }

    /// Moves the child's share from its parent to itself, and returns it.
    pub(super) fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64) -> u64 {
        let share = self.plan(lineage);
        self.set(child, share);
        self.set(parent, self.left[parent.index()].saturating_sub(share));
        share
    }

    pub(super) fn executed(&mut self, thread: ThreadId) {
        self.set(thread, self.left[thread.index()].saturating_sub(1));
    }

    pub(super) fn left(&self, thread: ThreadId) -> u64 {
        self.left[thread.index()]
    }

    /// At least 1: a thread that goes on beyond what was seen before must still be able to.
    fn of(&self, thread: ThreadId) -> u64 {
        self.left[thread.index()].max(1)
    }

    /// Whether what was planned for the thread is used up.
    pub(super) fn is_used_up(&self, thread: ThreadId) -> bool {
        self.left[thread.index()] == 0
    }

    /// From now on the thread, for which nothing is left, can be drawn, or cannot.
    pub(super) fn set_beyond(&mut self, thread: ThreadId, can_be_drawn: bool) {
        debug_assert!(self.is_used_up(thread));
        self.drawn.set(thread.index(), u64::from(can_be_drawn));
    }

    /// The thread is not drawn any more.
    pub(super) fn ended(&mut self, thread: ThreadId) {
        self.set(thread, 0);
    }

    /// A thread, in proportion to what it has left; `None` if nobody has anything left.
    pub(super) fn draw(&self, rng: &mut Rng) -> Option<ThreadId> {
        let total = usize::try_from(self.drawn.total).unwrap_or(usize::MAX);
        (total > 0).then(|| ThreadId(self.drawn.find(rng.below(total) as u64) as u32))
    }

    /// One of `threads`, in proportion to what it has left, but as if each had something left.
    pub(super) fn draw_among(
        &self,
        threads: impl Iterator<Item = ThreadId> + Clone,
        rng: &mut Rng,
    ) -> ThreadId {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_by_counting() {
        let mut rng = Rng::new(7, 0);
        for count in [1, 2, 3, 5, 8, 13, 64, 100, 129] {
            let mut weights = Weights::default();
            for round in 0..4 {
                for _ in 0..count {
                    weights.set(rng.below(count), rng.below(4) as u64);
                }
                let expected: Vec<usize> = weights
                    .of
                    .iter()
                    .enumerate()
                    .flat_map(|(index, &weight)| std::iter::repeat_n(index, weight as usize))
                    .collect();
                assert_eq!(weights.total, expected.len() as u64, "{count} {round}");
                let found: Vec<usize> = (0..weights.total).map(|at| weights.find(at)).collect();
                assert_eq!(found, expected, "{count} {round}");
            }
        }
    }

    #[test]
    fn a_child_takes_its_share_from_its_parent() {
        let mut remaining = Remaining::default();
        remaining.begin([(0, 10), (5, 4)].into_iter());
        let (main, child) = (ThreadId::MAIN, ThreadId(1));
        assert_eq!(remaining.spawned(main, child, 5), 4);
        assert_eq!((remaining.of(main), remaining.of(child)), (6, 4));
        (0..4).for_each(|_| remaining.executed(child));
        assert!(remaining.is_used_up(child));
        let mut rng = Rng::new(1, 0);
        assert!((0..100).all(|_| remaining.draw(&mut rng) == Some(main)));
        remaining.set_beyond(child, true);
        assert!((0..100).any(|_| remaining.draw(&mut rng) == Some(child)));
        remaining.ended(main);
        remaining.ended(child);
        assert_eq!(remaining.draw(&mut rng), None);
    }
}
