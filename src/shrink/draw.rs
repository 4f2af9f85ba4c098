//! Random schedules with fewer preemptions than the best one has.
//!
//! A bug that takes few preemptions is found soon among random schedules with as few (Burckhardt, Kothari, Musuvathi and
//! Nagarakatti, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010): sooner, where there are
//! many threads, than by trying all of them in order. The draws are numbered, so the same schedules are drawn each time.

use super::Shrinker;
use super::plan::Draw;

/// How many schedules are drawn with each number of preemptions.
const DRAWS: u64 = 1_500;

impl Shrinker<'_> {
    pub(super) fn draw_below(&mut self) {
        // Some draws of a long schedule find nothing, and would leave nothing for the rest.
        if self.cost.preemptions == 0 || self.steps_left / (self.length + 1) < DRAWS {
            return;
        }
        let mut preemptions = 0;
        let chances = self.chances;
        while preemptions < self.cost.preemptions {
            let others = self.best.without_switches();
            for seed in 0..DRAWS {
                // The exact search is to have its part.
                if self.replays >= super::REPLAYS / 2 || self.is_over() {
                    return;
                }
                let draw = Draw { seed, preemptions: Some(preemptions), chances, draws_tasks: false };
                let run = self.replayer.draw(&others, self.max_steps(), draw);
                self.count(&run);
                if self.take(run) {
                    self.minimize();
                    if self.cost.preemptions <= preemptions {
                        return;
                    }
                }
            }
            preemptions += 1;
        }
    }
}
