//! A schedule that is as small as it gets, made easier to understand.
//!
//! Threads are left out, one after the other, if it fails without them. And each switch is moved over the next few operations of
//! its thread, to and fro: to the first place where the schedule costs less, or as far on as it costs the same, so that what a
//! thread does before it is interrupted reads as one.

use super::plan::{Deviation, Point};
use super::{Shrinker, Wants, relinearize};

/// How far a switch is moved.
const REACH: u32 = 8;

/// How long a schedule may be for threads to be left out one by one.
const SHORT: u64 = 20_000;

impl Shrinker<'_> {
    pub(super) fn polish(&mut self) {
        let mut at = 0;
        while at < self.best.0.len() && !self.is_over() {
            if self.best.0[at].is_switch() {
                let mut moved = 0;
                while moved < REACH && self.shift(at) {
                    moved += 1;
                }
            }
            at += 1;
        }
    }

    /// Moves the switch of this number. Whether it may be moved further.
    fn shift(&mut self, at: usize) -> bool {
        let Some(&Deviation { at: point, instead }) = self.best.0.get(at) else { return false };
        for by in (1..=REACH).flat_map(|by| [i64::from(by), -i64::from(by)]) {
            let Ok(step) = u32::try_from(i64::from(point.step) + by) else { continue };
            let mut plan = self.best.clone();
            plan.0[at] = Deviation { at: Point { step, ..point }, instead };
            let run = self.run(&plan, Wants::Nothing);
            let is_better = run.cost < self.cost;
            let is_later = by > 0 && run.cost == self.cost;
            if run.fails && (is_better || is_later) {
                self.keep(run);
                return is_later;
            }
            if self.is_over() {
                break;
            }
        }
        false
    }

    /// Leaves out threads that the failure does not concern, until there is none that it would still fail without.
    pub(super) fn drop_threads(&mut self) {
        if self.length > SHORT {
            return;
        }
        while !self.is_over() {
            let best = self.best.clone();
            let run = self.run(&best, Wants::Steps);
            let others = (1..run.threads.len() as u32)
                .filter(|&thread| !self.failing.contains(&run.threads[thread as usize]))
                .filter(|&thread| run.steps.iter().any(|step| step.thread == thread));
            let plans: Vec<_> = others.map(|thread| relinearize::without(&run, thread)).collect();
            if !plans.iter().any(|plan| self.attempt(plan)) {
                return;
            }
        }
    }
}
