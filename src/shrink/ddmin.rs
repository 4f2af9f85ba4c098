//! Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002, the algorithm *ddmin*)
//! over the deviations of a schedule.
//!
//! Deviations are taken away in chunks of neighbours in time, halves first, then smaller ones, down to single ones. Deviations
//! from the paper: a schedule is better if it costs less, not if it has fewer deviations (usually the same); and when one was
//! found, its deviations are those that were made in its run, so that whatever had no effect goes at once.

use super::plan::{Deviation, Instead, Plan};
use super::{Shrinker, Wants};

/// With how many deviations it is tried to go straight to the failure.
const STRAIGHT: usize = 128;

impl Shrinker<'_> {
    /// Takes deviations away until none can be, then makes values smaller.
    pub(super) fn minimize(&mut self) {
        self.attempt(&Plan::default());
        let mut chunks = 2;
        let mut goes_straight = true;
        while !self.best.0.is_empty() && !self.is_over() {
            let length = self.best.0.len();
            if length <= STRAIGHT && std::mem::take(&mut goes_straight) && self.go_straight() {
                chunks = 2;
                continue;
            }
            chunks = chunks.min(length);
            if self.reduce(chunks) {
                chunks = (chunks - 1).max(2);
            } else if chunks == length {
                break;
            } else {
                chunks *= 2;
            }
        }
        while self.take_short_cuts() {}
        self.reduce_values();
    }

    /// Goes from one of the switches straight to a thread that the failure concerns, without all others: a bug that takes one
    /// preemption is found by this where the way from the one thread to the other leads over many. Whether one did better.
    fn go_straight(&mut self) -> bool {
        let switches = self.best.0.iter().filter(|deviation| deviation.is_switch());
        let points: Vec<_> = switches.map(|deviation| deviation.at).collect();
        let others = self.best.without_switches();
        let failing = self.failing.clone();
        let mut plans = points.iter().flat_map(|&at| failing.iter().map(move |&thread| (at, thread)));
        plans.any(|(at, thread)| {
            let straight = Deviation { at, instead: Instead::Thread(thread) };
            at.thread != thread && self.attempt(&Plan(vec![straight]).and(&others))
        })
    }

    /// Goes straight to where two switches lead, leaving out what is done between them: from a thread to a second one and from
    /// that to a third. Neither can be taken away alone if the third thread has to run. Whether any did better.
    fn take_short_cuts(&mut self) -> bool {
        let before = self.cost;
        let mut at = 0;
        while at < self.best.0.len() && !self.is_over() {
            let first = self.best.0[at];
            let next = self.best.0[at + 1..]
                .iter()
                .position(|next| Instead::Thread(next.at.thread) == first.instead);
            let next = next.map(|next| at + 1 + next).filter(|&next| self.best.0[next].is_switch());
            if let Some(next) = next {
                let mut plan = self.best.clone();
                plan.0[at].instead = plan.0[next].instead;
                plan.0.remove(next);
                if self.attempt(&plan) {
                    continue;
                }
            }
            at += 1;
        }
        self.cost < before
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
                    self.keep(run);
                    high = middle;
                } else {
                    low = middle;
                }
            }
            at += 1;
        }
    }
}
