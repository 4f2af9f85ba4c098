//! Switches where they are easier to understand.
//!
//! Each is moved over the next few operations of its thread, to and fro, and stays at the first place where the schedule costs
//! less, or, later, the same: what a thread does before it is interrupted reads as one.

use super::plan::{Deviation, Point};
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
                self.keep(run);
                return;
            }
            if self.is_over() {
                return;
            }
        }
    }
}
