//! Random walk: each enabled thread is equally likely at every step. Also round robin, the least random.

use crate::rt::decide::strategy::{Choice, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// At every scheduling point each enabled thread is equally likely.
#[derive(Debug, Default)]
pub(crate) struct RandomWalk;

impl Strategy for RandomWalk {
    fn name(&self) -> &str {
        "random"
    }

    #[inline]
    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        point.nth_enabled(rng.below(point.enabled_count()))
    }

    fn is_uniform(&self) -> bool {
        true
    }

    fn draws_choices(&self) -> bool {
        true
    }
}

/// Threads take turns, a quantum of steps each, in the order of spawning. Execution k has a quantum of
/// k + 1 steps, so that a few executions see different interleavings; nothing else ever varies. A thread that yields
/// gives up the rest of its turn. So do tasks, with a quantum of as many polls.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin {
    quantum: u64,
    left: u64,
    last: Option<ThreadId>,
    /// The task that was polled last, by its number, and for how many polls more it keeps its turn.
    last_task: (u64, u64),
}

impl Strategy for RoundRobin {
    fn name(&self) -> &str {
        "round-robin"
    }

    fn begin(&mut self, start: &Start<'_>, _: &mut Rng) {
        self.quantum = start.execution + 1;
        self.left = self.quantum;
        self.last = None;
        self.last_task = (0, 0);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, _: &mut Rng) -> ThreadId {
        let current = point.current();
        let stays = point.is_enabled(current) && !point.yields(current);
        if stays && self.last == Some(current) && self.left > 0 {
            self.left -= 1;
            return current;
        }
        let later = point.enabled().filter(|&thread| thread > current).min();
        let next = later.or_else(|| point.enabled().min()).expect("some thread is enabled");
        self.last = Some(next);
        self.left = self.quantum - 1;
        next
    }

    fn choose(&mut self, _: Choice, _: usize, _: &mut Rng) -> usize {
        0
    }

    fn next_task(&mut self, point: &SchedulingPoint<'_>, _: usize, _: &mut Rng) -> usize {
        let tasks = || point.ready(point.pending(point.current()).object).enumerate();
        let (last, left) = self.last_task;
        let stays = tasks().find(|&(_, task)| task == last && left > 0);
        let by_number = |&(_, task): &(usize, u64)| task;
        let later = || tasks().filter(|&(_, task)| task > last).min_by_key(by_number);
        let next = stays.or_else(later).or_else(|| tasks().min_by_key(by_number));
        let (at, task) = next.unwrap_or((0, last));
        self.last_task = (task, if stays.is_some() { left - 1 } else { self.quantum - 1 });
        at
    }
}
