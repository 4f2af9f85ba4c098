//! Switches where they are easier to understand: directly before an operation that somebody else's depends on, and as few
//! steps as possible of the thread that is interrupted.
//!
//! A preemption is moved to the operations before it and after it, a few each, and stays where the schedule costs least; where
//! it costs the same, as late as possible, since what a thread does before it is interrupted reads as one.

use super::plan::{Deviation, Plan, Point};
use super::{Shrinker, Wants};

/// How far a switch is moved.
const REACH: u32 = 8;

impl Shrinker<'_> {
    pub(super) fn polish(&mut self) {
        let mut at = 0;
        while at < self.best.0.len() && !self.is_over() {
            if self.best.0[at].is_switch() {
                self.shift(at);
            }
            at += 1;
        }
    }

    fn shift(&mut self, at: usize) {
        let Deviation { at: point, instead } = self.best.0[at];
        for by in (1..=REACH).flat_map(|by| [i64::from(by), -i64::from(by)]) {
            let Ok(step) = u32::try_from(i64::from(point.step) + by) else { continue };
            let moved = Deviation { at: Point { step, ..point }, instead };
            let mut plan = self.best.clone();
            let Some(deviation) = plan.0.get_mut(at) else { return };
            *deviation = moved;
            let run = self.run(&plan, Wants::Nothing);
            let is_later = by > 0 && run.done.0.len() <= self.best.0.len();
            if run.fails && (run.cost < self.cost || run.cost == self.cost && is_later) {
                self.cost = run.cost;
                self.best = Plan(run.done.0);
                return;
            }
            if self.is_over() {
                return;
            }
        }
    }
}
