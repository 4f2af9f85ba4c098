//! All schedules with fewer preemptions than the best one has, the fewest first, as far as the budget goes.
//!
//! As in iterative context bounding (Musuvathi and Qadeer, PLDI 2007): at each point at which a thread could go on, a preemption
//! lets each other one go on instead; where the thread cannot go on, all others are tried without that being a preemption. A
//! preemption before an operation on an object that no other thread accesses changes nothing, and is left out. Choices other
//! than threads are those of the best schedule.

use super::plan::{Plan, Run};
use super::{Shrinker, Wants, hash};

/// How many schedules it has to be possible to try.
const SENSIBLE: u64 = 500;

/// How many plans may wait to be tried.
const WAITING: usize = 50_000;

impl Shrinker<'_> {
    /// Looks for a schedule with fewer preemptions. Whether all were tried, so that there is none with fewer than the best
    /// has now.
    pub(super) fn search_below(&mut self) -> bool {
        // Of a long schedule there are too many to begin.
        if self.steps_left / (self.length + 1) < SENSIBLE {
            return self.cost.preemptions == 0;
        }
        let others = self.best.without_switches();
        let mut now = vec![Plan::default()];
        let mut is_complete = true;
        for preemptions in 0..self.cost.preemptions {
            let mut next = Vec::new();
            let mut at = 0;
            while at < now.len() {
                if self.is_over() {
                    return false;
                }
                let switches = std::mem::take(&mut now[at]);
                at += 1;
                let run = self.run(&switches.and(&others), Wants::Asks);
                if run.fails && run.cost < self.cost {
                    self.take(run);
                    if self.cost.preemptions <= preemptions {
                        return is_complete;
                    }
                    continue;
                }
                let has_room = preemptions + 1 < self.cost.preemptions;
                self.extend(&switches, &run, has_room, &mut now, &mut next);
                is_complete &= now.len() < WAITING && next.len() < WAITING;
            }
            now = next;
        }
        is_complete
    }

    /// The plans that deviate once more than `switches`, after the last time.
    fn extend(
        &mut self,
        switches: &Plan,
        run: &Run,
        has_room: bool,
        now: &mut Vec<Plan>,
        next: &mut Vec<Plan>,
    ) {
        for ask in run.asks_after(switches) {
            let is_shared = ask.object.is_some_and(|object| run.shared.get(object as usize) == Some(&true));
            if ask.preempts && !(has_room && is_shared) {
                continue;
            }
            let into = if ask.preempts { &mut *next } else { &mut *now };
            for &other in &ask.others {
                if into.len() >= WAITING {
                    return;
                }
                let plan = switches.then(ask, other);
                if self.tried.insert(hash(&plan) ^ 1) {
                    into.push(plan);
                }
            }
        }
    }
}
