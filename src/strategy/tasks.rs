//! Which of several ready tasks is polled next, for the strategies that do not draw it evenly.
//!
//! The next operation of a thread is known before it is executed; what a task does in its next poll is not. So a poll is one
//! step here, from one await to the next, and nothing is known of it but whose it is. Their papers know threads only.

use super::Profile;
use crate::rt::decide::strategy::{Rng, SchedulingPoint};

/// How many ready tasks are looked at, one by one. Of more, each is as likely as the others: an execution with many tasks would
/// take as long as the square of their number.
const LOOKED_AT: usize = 128;

/// The ready tasks among which to choose, by their numbers; or what was drawn instead of that, as there are too many of them, or as a
/// timer is over before the next poll.
pub(super) fn candidates<'a>(
    point: &SchedulingPoint<'a>,
    alternatives: usize,
    rng: &mut Rng,
) -> Result<impl Iterator<Item = (usize, u64)> + Clone + use<'a>, usize> {
    let ready = point.ready(point.pending(point.current()).object);
    let count = ready.clone().count();
    if alternatives != count || count > LOOKED_AT {
        let drawn = rng.below(alternatives);
        if drawn >= count || count > LOOKED_AT {
            return Err(drawn);
        }
    }
    Ok(ready.enumerate())
}

/// A number for each thread or task, drawn when it is asked for first, or one with a higher number is.
#[derive(Debug, Default)]
pub(super) struct Priorities(Vec<u64>);

impl Priorities {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    pub(super) fn get(&mut self, index: usize, mut draw: impl FnMut() -> u64) -> u64 {
        while self.0.len() <= index {
            self.0.push(draw());
        }
        self.0[index]
    }

    /// Which of these tasks has the highest, and where it stands among them.
    pub(super) fn highest(
        &mut self,
        tasks: impl Iterator<Item = (usize, u64)>,
        mut draw: impl FnMut() -> u64,
    ) -> (usize, usize) {
        let highest = tasks.map(|(at, task)| (self.get(task as usize, &mut draw), at, task as usize)).max();
        let (_, at, task) = highest.expect("a task is ready");
        (at, task)
    }

    /// Changes a number that was drawn.
    #[inline]
    pub(super) fn set(&mut self, index: usize, priority: u64) {
        self.0[index] = priority;
    }
}

/// How many polls each task has left, from what was seen of executions before, those of its unspawned children included.
#[derive(Debug, Default)]
pub(super) struct PollsLeft {
    /// Sorted by lineage: how often each task and its descendants are polled in all.
    planned: Vec<(u64, u64)>,
    /// By number from 1: how often each is polled in all, with the children that are not spawned yet.
    in_all: Vec<u64>,
}

impl PollsLeft {
    pub(super) fn begin(&mut self, profile: &Profile) {
        self.planned.clear();
        self.planned.extend(profile.subtree_polls());
        self.in_all.clear();
    }

    fn plan(&self, lineage: u64) -> u64 {
        let found = self.planned.binary_search_by_key(&lineage, |&(lineage, _)| lineage);
        found.map_or(0, |index| self.planned[index].1)
    }

    /// Notices the tasks that were spawned since.
    pub(super) fn look(&mut self, point: &SchedulingPoint<'_>) {
        for number in self.in_all.len() as u64 + 1..=point.task_count() {
            let (lineage, parent) = point.descent(number);
            let planned = self.plan(lineage);
            self.in_all.push(planned);
            if let Some(parent) = parent {
                let left = &mut self.in_all[parent as usize - 1];
                *left = left.saturating_sub(planned);
            }
        }
    }

    /// At least 1: a task may be polled more often than was seen before.
    pub(super) fn of(&self, number: u64, point: &SchedulingPoint<'_>) -> u64 {
        self.in_all[number as usize - 1].saturating_sub(point.polls(number)).max(1)
    }
}
