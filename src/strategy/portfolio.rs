//! The default mix of strategies: none dominates, and each has programs that it never solves.
//!
//! 40 % SURW, 25 % POS, 15 % PCT with depths 2 to 6, 10 % URW, 10 % random walk. Each execution draws its
//! strategy from its own random numbers, so execution k is the same whoever runs it and whatever ran before.
//! For that reason the weights do not adapt to what earlier executions found.

use super::pct::Pct;
use super::pos::Pos;
use super::random::RandomWalk;
use super::surw::Surw;
use super::urw::Urw;
use crate::rt::decide::strategy::{Op, Rng, SchedulingPoint, Start, Strategy, ThreadId};

#[derive(Clone, Copy, Debug)]
enum Member {
    Surw,
    Pos,
    Pct,
    Urw,
    RandomWalk,
}

/// A strategy drawn for each execution.
#[derive(Debug)]
pub(crate) struct Portfolio {
    member: Member,
    surw: Surw,
    pos: Pos,
    pct: Pct,
    urw: Urw,
    random_walk: RandomWalk,
}

impl Default for Portfolio {
    fn default() -> Portfolio {
        Portfolio {
            member: Member::RandomWalk,
            surw: Surw::default(),
            pos: Pos::default(),
            pct: Pct::with_depths(2, 6),
            urw: Urw::default(),
            random_walk: RandomWalk,
        }
    }
}

impl Portfolio {
    #[inline]
    fn member(&mut self) -> &mut dyn Strategy {
        match self.member {
            Member::Surw => &mut self.surw,
            Member::Pos => &mut self.pos,
            Member::Pct => &mut self.pct,
            Member::Urw => &mut self.urw,
            Member::RandomWalk => &mut self.random_walk,
        }
    }
}

impl Strategy for Portfolio {
    fn name(&self) -> &str {
        "portfolio"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, start: &Start<'_>, rng: &mut Rng) {
        // The first execution knows no counts, which all but the random walk want.
        self.member = match rng.below(100) {
            _ if start.execution == 0 => Member::RandomWalk,
            0..40 => Member::Surw,
            40..65 => Member::Pos,
            65..80 => Member::Pct,
            80..90 => Member::Urw,
            _ => Member::RandomWalk,
        };
        self.member().begin(start, rng);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        self.member().next_thread(point, rng)
    }

    fn draws_tasks(&self) -> bool {
        matches!(self.member, Member::Surw | Member::RandomWalk)
    }

    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        self.member().next_task(point, alternatives, rng)
    }

    fn is_uniform(&self) -> bool {
        matches!(self.member, Member::RandomWalk)
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, rng: &mut Rng) {
        self.member().spawned(parent, child, lineage, rng);
    }

    fn wants_counts(&self) -> bool {
        true
    }

    fn wants_events(&self) -> bool {
        !matches!(self.member, Member::Pct | Member::RandomWalk)
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, point: &SchedulingPoint<'_>, rng: &mut Rng) {
        self.member().executed(thread, op, point, rng);
    }
}
