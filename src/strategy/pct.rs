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

use crate::rt::decide::strategy::{Rng, SchedulingPoint, Start, Strategy, ThreadId};
use crate::rt::op::thread_set::LaneSet;

/// Priorities above this are those that threads start with.
const INITIAL: u64 = 1 << 63;
/// Below this are those of threads that yielded.
const CHANGED: u64 = 1 << 62;

/// PCT of one depth, or of a random one for each execution.
#[derive(Debug)]
pub(crate) struct Pct {
    depths: (u32, u32),
    priorities: Vec<u64>,
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
            priorities: Vec::new(),
            changes: Vec::new(),
            step: 0,
            yields: 0,
            best: None,
        }
    }

    fn priority(&mut self, thread: ThreadId, rng: &mut Rng) -> u64 {
        while self.priorities.len() <= thread.index() {
            self.priorities.push(INITIAL | rng.bits());
        }
        self.priorities[thread.index()]
    }

    fn set_priority(&mut self, thread: ThreadId, priority: u64, rng: &mut Rng) {
        self.priority(thread, rng);
        self.priorities[thread.index()] = priority;
        self.best = None;
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
        self.priorities.clear();
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

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        let current = point.current();
        while let Some(&(step, value)) = self.changes.last() {
            if step > self.step {
                break;
            }
            self.changes.pop();
            self.set_priority(current, value, rng);
        }
        self.step += 1;
        if point.is_enabled(current) && point.yields(current) {
            self.yields += 1;
            self.set_priority(current, CHANGED - self.yields, rng);
        }
        let among = (std::ptr::from_ref(point.enabled_set()), point.enabled_set().version());
        if let Some((thread, _)) = self.best.filter(|&(_, before)| before == among) {
            return thread;
        }
        let mut best = (0, point.nth_enabled(0));
        for thread in point.enabled() {
            best = best.max((self.priority(thread, rng), thread));
        }
        self.best = Some((best.1, among));
        best.1
    }
}
