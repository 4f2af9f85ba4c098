//! URW: uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025, section 3).
//!
//! Makes every interleaving equally likely, for threads that take the same number of steps whatever the interleaving: the next
//! thread is drawn in proportion to the steps it has left, its unspawned children's included. A thread that has no steps left
//! counts as one that has one. Which task is polled next is drawn in the same way, in proportion to the polls that it has left.

use super::remaining::Remaining;
use super::tasks::{PollsLeft, candidates};
use crate::rt::decide::strategy::{Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId};

/// How often a thread is drawn among all before those that can go on are looked at, one by one.
const TRIES: usize = 4;

/// Every interleaving equally likely.
#[derive(Debug, Default)]
pub(crate) struct Urw {
    remaining: Remaining,
    polls: PollsLeft,
}

impl Urw {
    /// Lets a thread that has used up its steps be drawn.
    fn go_beyond(&mut self, thread: ThreadId) {
        if self.remaining.is_used_up(thread) {
            self.remaining.set_beyond(thread, true);
        }
    }
}

impl Strategy for Urw {
    fn name(&self) -> &str {
        "urw"
    }

    fn draws_choices(&self) -> bool {
        true
    }

    fn begin(&mut self, start: &Start<'_>, _: &mut Rng) {
        self.remaining.begin(start.profile.subtree_steps());
        self.polls.begin(start.profile);
        self.go_beyond(ThreadId::MAIN);
    }

    fn next_thread(&mut self, point: &SchedulingPoint<'_>, rng: &mut Rng) -> ThreadId {
        // One that cannot go on is drawn again: the others stay as likely, beside each other, as they are.
        for _ in 0..TRIES {
            match self.remaining.draw(rng) {
                Some(thread) if point.is_enabled(thread) => return thread,
                _ => {}
            }
        }
        self.remaining.draw_among(point.enabled(), rng)
    }

    fn draws_tasks(&self) -> bool {
        false
    }

    fn next_task(&mut self, point: &SchedulingPoint<'_>, alternatives: usize, rng: &mut Rng) -> usize {
        let tasks = match candidates(point, alternatives, rng) {
            Ok(tasks) => tasks,
            Err(drawn) => return drawn,
        };
        self.polls.look(point);
        let total: u64 = tasks.clone().map(|(_, task)| self.polls.of(task, point)).sum();
        let mut at = rng.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64;
        let mut chosen = 0;
        for (number, task) in tasks {
            chosen = number;
            match at.checked_sub(self.polls.of(task, point)) {
                Some(left) => at = left,
                None => break,
            }
        }
        chosen
    }

    fn spawned(&mut self, parent: ThreadId, child: ThreadId, lineage: u64, _: &mut Rng) {
        self.remaining.spawned(parent, child, lineage);
        self.go_beyond(parent);
        self.go_beyond(child);
    }

    fn wants_counts(&self) -> bool {
        true
    }

    fn wants_events(&self) -> bool {
        true
    }

    fn executed(&mut self, thread: ThreadId, op: &Op, _: &SchedulingPoint<'_>, _: &mut Rng) {
        if op.kind == OpKind::End {
            return self.remaining.ended(thread);
        }
        self.remaining.executed(thread);
        self.go_beyond(thread);
    }
}
