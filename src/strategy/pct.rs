//! PCT: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).
//!
//! Each thread has a random priority, and the enabled thread of highest priority runs; at d − 1 random
//! steps the running thread's priority falls to a low value. Finds a bug of depth d with probability at least
//! 1 / (n · k^(d−1)) for n threads and k steps.
//!
//! Two things peers got wrong. The low values are a random *permutation*: taking them in order of time
//! (each lower than the last) makes some orders impossible. And k counts only steps at which there is a
//! choice. Deviations from the paper: k is the longest of the profiled executions, since it cannot be known;
//! a thread that yields, or goes round in a loop, falls below all others. Its loop would end without that, since it has
//! to give way to others again and again (`rt::threads::fairness`), but only for a step of each at a time: most of the
//! execution would be rounds of the loop, and so would most of the steps at which priorities change.
//!
//! Tasks have priorities as threads have, and a poll is a step of theirs: the ready task of highest priority is polled. Where a
//! priority changes at such a step, it is that of the task that was polled last. Two tasks that wake each other again and again would
//! keep the others from ever being polled: a task that was preferred so often falls below all.

use super::tasks::{Priorities, candidates};
use crate::rt::decide::strategy::{Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::thread_set::LaneSet;

/// Priorities above this are those that threads start with.
const INITIAL: u64 = 1 << 63;
/// Below this are those of threads that yielded.
const CHANGED: u64 = 1 << 62;
/// How often a task is polled before others.
const PREFERRED: u32 = 64;

/// PCT of one depth, or of a random one for each execution.
#[derive(Debug)]
pub(crate) struct Pct {
    depths: (u32, u32),
    threads: Priorities,
    /// By number.
    tasks: Priorities,
    /// By number: how often each task was polled although others were ready.
    preferred: Vec<u32>,
    last_task: Option<usize>,
    /// The steps at which a priority falls, and the value it falls to; ascending, next one last.
    changes: Vec<(u64, u64)>,
    step: u64,
    yields: u64,
    /// The thread that was chosen last, and among which: it is the highest as long as neither these nor priorities change.
    best: Option<(ThreadId, Among)>,
}

/// Which set of threads, as it was when.
type Among = (*const LaneSet, u64);

impl Pct {
    /// PCT for bugs of this depth.
    pub(crate) fn new(depth: u32) -> Pct {
        Pct::with_depths(depth, depth)
    }

    /// PCT with a depth drawn from `low..=high` for each execution.
    pub(crate) fn with_depths(low: u32, high: u32) -> Pct {
        Pct {
            depths: (low.max(1), high.max(1)),
            threads: Priorities::default(),
            tasks: Priorities::default(),
            preferred: Vec::new(),
            last_task: None,
            changes: Vec::new(),
            step: 0,
            yields: 0,
            best: None,
        }
    }

    fn set_priority(&mut self, thread: ThreadId, priority: u64, rng: &mut Rng) {
        self.threads.get(thread.index(), || INITIAL | rng.bits());
        self.threads.set(thread.index(), priority);
        self.best = None;
    }

    /// The value to which a priority falls at this step, if one does.
    fn change(&mut self) -> Option<u64> {
        let mut falls_to = None;
        while let Some((_, value)) = self.changes.pop_if(|&mut (step, _)| step <= self.step) {
            falls_to = Some(value);
        }
        self.step += 1;
        falls_to
    }

    /// A priority below all that there were.
    fn lowest(&mut self) -> u64 {
        self.yields += 1;
        CHANGED - self.yields
    }

    fn next_among(&mut self, tasks: impl Iterator<Item = (usize, u64)>, rng: &mut Rng) -> usize {
        if let Some((value, task)) = self.change().zip(self.last_task) {
            self.tasks.set(task, value);
        }
        let (at, index) = self.tasks.highest(tasks, || INITIAL | rng.bits());
        self.last_task = Some(index);
        if self.preferred.len() <= index {
            self.preferred.resize(index + 1, 0);
        }
        self.preferred[index] += 1;
        if self.preferred[index].is_multiple_of(PREFERRED) {
            let lowest = self.lowest();
            self.tasks.set(index, lowest);
        }
        at
    }
}

impl Strategy for Pct {
    fn name(&self) -> &str {
        "pct"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        self.threads.clear();
        self.tasks.clear();
        self.preferred.clear();
        self.last_task = None;
        self.step = 0;
        self.yields = 0;
        self.best = None;
        let (low, high) = self.depths;
        let depth = low + rng.below((high - low + 1) as usize) as u32;
        let steps = start.profile.contended_steps().max(1);
        self.changes.clear();
        for value in 0..u64::from(depth - 1) {
            let step = rng.below(usize::try_from(steps).unwrap_or(usize::MAX)) as u64;
            self.changes.push((step, CHANGED + value));
        }
        // Drawing the steps at random and sorting them permutes the values.
        self.changes.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn draws_tasks(&self) -> bool {
        false
    }

    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        match candidates(point, alternatives, rng) {
            Ok(tasks) => self.next_among(tasks, rng),
            Err(drawn) => drawn,
        }
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let current = point.current();
        if let Some(value) = self.change() {
            self.set_priority(current, value, rng);
        }
        if point.is_enabled(current) && point.yields(current) {
            let lowest = self.lowest();
            self.set_priority(current, lowest, rng);
        }
        let among = (std::ptr::from_ref(point.enabled_set()), point.enabled_set().version());
        if let Some((thread, _)) = self.best.filter(|&(_, before)| before == among) {
            return thread;
        }
        let mut best = (0, point.nth_enabled(0));
        for thread in point.enabled() {
            best = best.max((self.threads.get(thread.index(), || INITIAL | rng.bits()), thread));
        }
        self.best = Some((best.1, among));
        best.1
    }
}
