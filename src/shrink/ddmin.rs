//! Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002, the algorithm *ddmin*)
//! over the deviations of a schedule.
//!
//! Deviations are taken away in chunks of neighbours in time, halves first, then smaller ones, down to single ones. Deviations
//! from the paper: a schedule is better if it costs less, not if it has fewer deviations (usually the same); and when one was
//! found, its deviations are those that were made in its run, so that whatever had no effect goes at once.

use super::plan::{Deviation, Instead, Plan};
use super::{Shrinker, Wants};

impl Shrinker<'_> {
    /// Takes deviations away until none can be, then makes values smaller.
    pub(super) fn minimize(&mut self) {
        self.attempt(&Plan::default());
        let mut chunks = 2;
        while !self.best.0.is_empty() && !self.is_over() {
            let length = self.best.0.len();
            chunks = chunks.min(length);
            if self.reduce(chunks) {
                chunks = (chunks - 1).max(2);
            } else if chunks == length {
                break;
            } else {
                chunks *= 2;
            }
        }
        self.reduce_values();
    }

    /// Whether one chunk alone, or all without one, does better.
    fn reduce(&mut self, chunks: usize) -> bool {
        let all = self.best.0.clone();
        let bounds = |chunk: usize| (chunk * all.len() / chunks, (chunk + 1) * all.len() / chunks);
        // With two chunks one is the other's complement.
        if chunks > 2 && chunks <= 16 {
            for chunk in 0..chunks {
                let (from, to) = bounds(chunk);
                if self.attempt(&Plan(all[from..to].to_vec())) {
                    return true;
                }
            }
        }
        for chunk in 0..chunks {
            let (from, to) = bounds(chunk);
            if self.attempt(&Plan([&all[..from], &all[to..]].concat())) {
                return true;
            }
        }
        false
    }

    /// Tries smaller values where the program chose one, halving what is left.
    fn reduce_values(&mut self) {
        let mut at = 0;
        while at < self.best.0.len() && !self.is_over() {
            let Deviation { instead: Instead::Value { number, value }, at: point } = self.best.0[at] else {
                at += 1;
                continue;
            };
            // The largest value that is known not to do.
            let mut low = 0;
            let mut high = value;
            while high - low > 1 && !self.is_over() {
                let middle = low + (high - low) / 2;
                let mut plan = self.best.clone();
                let Some(deviation) = plan.0.get_mut(at) else { break };
                *deviation = Deviation { at: point, instead: Instead::Value { number, value: middle } };
                let run = self.run(&plan, Wants::Nothing);
                if run.fails && run.cost <= self.cost {
                    self.cost = run.cost;
                    self.best = run.done;
                    high = middle;
                } else {
                    low = middle;
                }
            }
            at += 1;
        }
    }
}
