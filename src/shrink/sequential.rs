//! A schedule in which no load reads an older store than the last, if one fails in the same way.
//!
//! Such an execution is sequentially consistent, and what goes wrong in it is easier to follow, even if it takes more preemptions.
//! Often the schedule shows it in another order of its steps (`relinearize`). Otherwise it is looked for among all schedules,
//! those with few preemptions first, as far as its part of the budget goes, and then among random ones.

use super::plan::{Draw, Plan};
use super::{REPLAYS, Shrinker, Wants, hash};

/// How many schedules are drawn with each number of preemptions, and with any.
const DRAWS: u64 = 400;

/// With how many preemptions schedules are drawn.
const PREEMPTIONS: u32 = 3;

/// How many replays it may take in all.
const PART: u32 = REPLAYS / 3;

/// How many plans may wait to be tried.
const WAITING: usize = 20_000;

/// What is known of schedules in which every load reads the last store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sequential {
    /// One fails in the same way.
    Fails,
    /// One does, but with more preemptions than there may be.
    BeyondBound,
    /// None of so many does; whether these are all.
    None { tried: u32, all: bool },
}

impl Shrinker<'_> {
    /// Looks for a failing schedule without stale reads, and makes it the best.
    pub(super) fn try_sequential(&mut self) -> Sequential {
        if self.cost.stale == 0 {
            return Sequential::Fails;
        }
        let before = self.replays;
        let others = self.best.without_stores();
        let mut is_beyond = false;
        let all = self.search_sequential(&others, &mut is_beyond);
        if self.cost.stale > 0 && !all {
            self.draw_sequential(&others, &mut is_beyond);
        }
        if self.cost.stale == 0 {
            self.minimize();
            return Sequential::Fails;
        }
        match is_beyond {
            true => Sequential::BeyondBound,
            false => Sequential::None { tried: self.replays - before, all },
        }
    }

    /// Draws schedules until one does better.
    fn draw_sequential(&mut self, others: &Plan, is_beyond: &mut bool) {
        let chances = self.chances.max(1);
        for preemptions in (0..=PREEMPTIONS).map(Some).chain([None]) {
            for seed in 0..DRAWS {
                if self.is_over() {
                    return;
                }
                let draw = Draw { seed, preemptions, chances, draws_tasks: false };
                let run = self.replayer.draw(others, self.max_steps(), draw);
                self.count(&run);
                *is_beyond |= run.fails;
                if self.take(run) {
                    return;
                }
            }
        }
    }

    /// Tries all schedules, those with few preemptions first, until one does better. Whether all were tried.
    fn search_sequential(&mut self, others: &Plan, is_beyond: &mut bool) -> bool {
        let enough = self.replays + PART;
        let mut now = vec![Plan::default()];
        while !now.is_empty() {
            let mut next = Vec::new();
            let mut at = 0;
            while at < now.len() {
                if self.is_over() || self.replays >= enough || next.len() + now.len() > WAITING {
                    return false;
                }
                let switches = std::mem::take(&mut now[at]);
                at += 1;
                let run = self.run(&switches.and(others), Wants::Asks);
                for ask in run.asks_after(&switches) {
                    let object = ask.object.and_then(|object| run.shared.get(object as usize));
                    if ask.preempts && object != Some(&true) {
                        continue;
                    }
                    let into = if ask.preempts { &mut next } else { &mut now };
                    for &other in &ask.others {
                        let plan = switches.then(ask, other);
                        if self.tried.insert(hash(&plan) ^ 2) {
                            into.push(plan);
                        }
                    }
                }
                *is_beyond |= run.fails;
                if self.take(run) {
                    return false;
                }
            }
            now = next;
        }
        true
    }
}
