//! Knots: threads that wait for each other by what anybody could end (a message, a notification, a permit, a token), while
//! others go on and on.
//!
//! This is deadlock in the OR model, in which any of several threads can end a wait (Knapp, "Deadlock detection in distributed
//! databases", ACM Computing Surveys 1987, §3): a knot if each of those is in it or has ended. But who could send to a channel
//! or notify a condition variable cannot be seen: a handle may lie anywhere. So whoever has used an object counts as able to,
//! and a knot is not told when it closes, as a circle of locks is (`wait_for`), since a thread that has never used its handle may
//! use it yet. It is told at the step limit, where the execution fails anyway, and dated back to where it closed. What is asked
//! for besides, so that nobody is blamed who merely waits for a thread that has not come to it: the knot has held for long, and
//! every thread that can go on has done so since then.

use super::wait_for::{WaitFor, Waited};
use crate::rt::op::outcome::{Knot, Settled};
use crate::rt::op::schedule::Run;
use crate::rt::op::{ObjectId, ThreadId};
use crate::rt::threads::thread::Thread;
use crate::rt::threads::timers::NEVER;

/// How many steps others have to go on for, and how many each of them has to take, with nothing done to the knot.
const KNOTTED_STEPS: u64 = 1_000;
const STEPS_OF_EACH: u64 = 10;

/// The knot that there is at step `now`, if the execution has reached the step limit; `runs` is what it has done.
#[cold]
pub(in crate::rt) fn at_limit(wait_for: WaitFor<'_>, now: u64, runs: &[Run]) -> Option<Knot> {
    let threads = wait_for.threads;
    let panicked = |thread: &Thread| match thread.panic {
        Some(_) => !thread.joined,
        None => thread.unwinding && !thread.ended,
    };
    // Who is left over is another question, and a panic that nobody handled is what is wrong, whoever waits then.
    if threads.get(ThreadId::MAIN).ended || threads.iter().any(|(_, thread)| panicked(thread)) {
        return None;
    }
    let mut knotted = wait_for.knotted(false);
    if !knotted.contains(&ThreadId::MAIN) {
        knotted = wait_for.knotted(true);
    }
    if knotted.iter().all(|&id| threads.get(id).daemon) {
        return None;
    }
    let closed = wait_for.closed(&knotted);
    if now - closed.step < KNOTTED_STEPS {
        return None;
    }
    let mut taken = vec![0; threads.count()];
    let mut step = 0;
    for run in runs {
        step += u64::from(run.length);
        taken[run.thread.index()] += u64::from(run.length).min(step.saturating_sub(closed.step));
    }
    let has_gone_on = |id: ThreadId| taken[id.index()] >= STEPS_OF_EACH;
    wait_for.can_go_on().all(has_gone_on).then_some(Knot { threads: knotted, closed })
}

impl WaitFor<'_> {
    /// The largest set of threads that wait, each for threads of the set or ones that have ended; if `by_others`, no thread is
    /// in it that waits for what only itself has used.
    fn knotted(&self, by_others: bool) -> Vec<ThreadId> {
        let waits = |&(id, thread): &(ThreadId, &Thread)| {
            !thread.ended && !self.threads.is_enabled(id) && thread.deadline == NEVER
        };
        let mut knotted: Vec<ThreadId> = self.threads.iter().filter(waits).map(|(id, _)| id).collect();
        loop {
            let remain =
                knotted.iter().copied().filter(|&id| self.is_held(id, &knotted, by_others)).collect();
            if knotted == remain {
                return knotted;
            }
            knotted = remain;
        }
    }

    /// Whether `id` can only go on if one of `knotted` does.
    fn is_held(&self, id: ThreadId, knotted: &[ThreadId], by_others: bool) -> bool {
        let is_stuck = |other: ThreadId| self.threads.get(other).ended || knotted.contains(&other);
        match self.next_waited_for(id) {
            Waited::One(other) => is_stuck(other),
            Waited::Several => self.waited_for(id).into_iter().any(is_stuck),
            // Nobody in particular: any that have used the object could end the wait.
            Waited::Nobody => {
                let thread = self.threads.get(id);
                let object = self.objects.get(thread.pending.object);
                let needs_others = by_others || thread.daemon;
                let others = || self.threads.iter().map(|(other, _)| other).filter(|&other| other != id);
                (!needs_others || object.users.has_others_than(id))
                    && others().filter(|&other| object.users.contains(other)).all(is_stuck)
            }
        }
    }

    /// When all that holds these threads was so.
    fn closed(&self, knotted: &[ThreadId]) -> Settled {
        let users = |object: ObjectId| {
            let users = self.objects.get(object).users;
            self.threads.iter().filter(move |&(id, thread)| thread.ended && users.contains(id))
        };
        let own = knotted.iter().map(|&id| self.threads.get(id).since);
        let of_ended = knotted.iter().flat_map(|&id| users(self.threads.get(id).pending.object));
        own.chain(of_ended.map(|(_, thread)| thread.since)).max_by_key(|since| since.step).unwrap_or_default()
    }
}
