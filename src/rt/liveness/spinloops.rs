//! Loops that wait, where schedules are sampled: who goes round in one, and what follows from that.
//!
//! An operation that changes nothing (a load, an attempt that fails, a hint, a modification that writes what was there)
//! is a *look*. A thread whose looks come back to the same one (same place, same object, same value found) with no
//! change of its own in between has gone *round*. The look to come back to is found as in Brent's algorithm for cycles
//! ("An improved Monte Carlo factorization algorithm", BIT 1980), so that a loop may have several. From this follow:
//!
//! * **Yields.** A hint is a yield, and so are a `park` by a thread that has unparked itself, the wait of a task that has
//!   woken itself, and a round without one, after the first `SILENT_ROUNDS`: `fairness` then
//!   makes the thread give way. The first `FREE_HINTS` hints of a thread and the first rounds are not counted, so that a
//!   thread that yields or tries again a few times can still do so while others do nothing: strict fairness would lose
//!   those executions.
//! * **Time.** If all threads that can go on have yielded twice since anything changed, and looked at something in
//!   between, nothing else can run, and the time passes to the earliest deadline, or, if there is none and the clock was read, by steps that double. A thread may change things in each round and wait all the same (`while !*mutex.lock()
//!   { yield_now() }`), so it passes as well when each has yielded `PATIENCE` times since the last one.
//! * **Livelock.** If all of them have gone round again and again, finding the same each time, while nothing has
//!   changed and no timeout is to come, none of them ever leaves its loop, unless the loop counts its rounds and gives
//!   up, or looks at something that the model does not see. Neither can be told from outside, and a false alarm is worse
//!   than to find out later. So many rounds are asked for: `ENOUGH_WITH_HINTS`, which is more than loops that wait
//!   try before they do something else, or `ENOUGH`, since a loop without a hint may as well be one that reads a value
//!   a number of times. At the step limit, where the execution fails anyway, `ENOUGH_AT_LIMIT` are.
//!
//! Not final, and so no livelock: rounds in which a load reads an older store than the last (it may read the last one
//! later), the clock is read, or a value is drawn; rounds of hints alone, in which nothing is looked
//! at. A livelock in which threads change something all the time (two that get out of each other's way in lockstep)
//! cannot be told from progress: it ends at the step limit, as does a loop that changes something.
//!
//! If a director decides, none of this is kept: `explore::exhaustive::run::spin` has its own way.

use crate::rt::op::outcome::Settled;
use crate::rt::op::{Op, ThreadId};
use crate::rt::threads::Threads;
use crate::rt::threads::timers::NEVER;

/// How many hints of a thread do not count as yields for fairness.
const FREE_HINTS: u32 = 16;

/// How many rounds without a hint a thread may make before each counts as a yield.
const SILENT_ROUNDS: u32 = 16;

/// How often threads yield, whatever they change in between, until time passes.
const PATIENCE: u32 = 1_000;

/// After how many rounds in which nothing changes a thread is taken to spin for ever, if its loop has a hint.
const ENOUGH_WITH_HINTS: u32 = 5_000;

/// The same, if it has none: it may read a value that does not change, such as one that was computed once.
pub(crate) const ENOUGH: u32 = 100_000;

/// The same, if the execution has reached the step limit.
const ENOUGH_AT_LIMIT: u32 = 1_000;

/// What is enough for who is hasty: the failure is known to be a livelock, and what comes of it is run once more at leisure.
const ENOUGH_IN_HASTE: u32 = 100;

/// After how many rounds it is asked each time whether they are enough, and in haste.
const ASKED_EVERY: u32 = 1_000;
const ASKED_EVERY_IN_HASTE: u32 = 20;

/// How many looks in a row are nothing to think about.
const FEW_LOOKS: u64 = 8;

/// The longest round that is found, in looks.
const LONGEST: u32 = 1 << 12;

/// Something that a thread has done a number of times in a row.
#[derive(Clone, Copy, Default, Debug)]
struct Streak {
    /// The step after which that began.
    since: u64,
    count: u32,
}

/// The loop that a thread may be in.
#[derive(Clone, Copy, Default, Debug)]
struct Rounds {
    /// Looks since the thread's last change.
    looks: u64,
    /// The look to come back to.
    anchor: u64,
    /// Looks since then, and after how many another one becomes the anchor.
    length: u32,
    reach: u32,
    /// How many looks the last round had.
    period: u32,
    /// The looks since the anchor, and those of the round before, as numbers.
    sum: u64,
    last_sum: u64,
    /// Whether the last round had a hint; and whether there was one since the anchor was last seen, or anything else.
    has_hint: bool,
    has_hinted: bool,
    has_looked: bool,
    /// Rounds with this anchor.
    count: u32,
    /// Hints in this execution.
    hints: u32,
    /// Rounds that were all alike, with no change by anybody.
    alike: Streak,
    /// Yields with no change by anybody, after each of which the thread has looked at something again.
    idle: Streak,
    /// How many looks there were when it yielded last.
    looks_at_yield: u64,
    /// Yields since timeout number `turn` has fired.
    turn: u32,
    in_turn: u32,
}

impl Rounds {
    /// Adds a look; whether it ends a round.
    #[inline]
    fn look(&mut self, look: impl FnOnce() -> u64, is_hint: bool) -> bool {
        self.looks += 1;
        self.looks > FEW_LOOKS && self.follow(look(), is_hint)
    }

    /// Adds a look when there were some already.
    fn follow(&mut self, look: u64, is_hint: bool) -> bool {
        if self.looks == FEW_LOOKS + 1 {
            self.start(look, 1);
            return false;
        }
        self.sum = self.sum.wrapping_add(look);
        self.has_hinted |= is_hint;
        self.has_looked |= !is_hint;
        if look == self.anchor {
            self.has_hint = std::mem::take(&mut self.has_hinted);
            self.period = self.length + 1;
            self.length = 0;
            self.count += 1;
            return true;
        }
        self.length += 1;
        if self.length == self.reach {
            self.start(look, (self.reach * 2).min(LONGEST));
        }
        false
    }

    /// Makes a look the one to come back to.
    fn start(&mut self, look: u64, reach: u32) {
        // A hint that is the anchor itself is seen again where the round ends.
        self.has_hinted = false;
        self.anchor = look;
        self.length = 0;
        self.reach = reach;
        self.sum = 0;
        self.has_looked = false;
        self.count = 0;
    }

    /// Whether the thread has gone round, and has done nothing else since.
    #[inline]
    fn has_gone_round(&self) -> bool {
        self.looks > FEW_LOOKS && self.count > 0 && self.length < self.period
    }

    /// Whether the thread has gone round often enough for that to count as yielding.
    #[inline]
    fn is_spinning(&self) -> bool {
        self.looks > FEW_LOOKS && self.count > SILENT_ROUNDS
    }
}

/// What is known of all threads' loops.
#[derive(Clone, Copy, Default, Debug)]
struct Quiet {
    /// The last step that was no look.
    changed: u64,
    /// The last step at which something was found that may be otherwise the next time.
    unsettled: u64,
    /// The last step at which the rounds of a thread began to be alike, and how long the list of other choices was.
    settled: Settled,
    /// How many timeouts have fired because nothing else could run.
    turn: u32,
    is_livelock: bool,
}

/// A number for a look that finds `value`. It has no address in it, but perhaps one as the value; all that is asked of
/// it is to be the same for looks that are the same.
#[inline]
fn name_of(op: &Op, value: u64) -> u64 {
    let place = u64::from(op.location.line()) << 32 | u64::from(op.location.column());
    let what = u64::from(op.object.0) << 8 | u64::from(op.kind.code());
    let product = u128::from(place ^ 0xa076_1d64_78bd_642f ^ value.rotate_left(32))
        * u128::from(what ^ 0xe703_7ed1_a0b4_28db ^ value << 40);
    product as u64 ^ (product >> 64) as u64
}

/// What follows from a look besides.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Follows {
    /// The thread has yielded, as fairness has it.
    pub(crate) yields: bool,
    /// It says that it waits for others: time may pass.
    pub(crate) waits: bool,
}

/// The loops that the threads of one execution may be in.
#[derive(Default, Debug)]
pub(crate) struct Spinloops {
    /// By thread.
    of: Vec<Rounds>,
    quiet: Quiet,
    /// Whether few rounds are enough.
    is_hasty: bool,
}

impl Spinloops {
    pub(crate) fn clear(&mut self, is_hasty: bool) {
        self.of.clear();
        self.quiet = Quiet::default();
        self.is_hasty = is_hasty;
    }

    /// A thread begins, the next by number.
    pub(crate) fn spawned(&mut self) {
        self.of.push(Rounds::default());
    }

    /// Step `now`, of `id`, was no look.
    #[inline]
    pub(crate) fn note_change(&mut self, now: u64, id: ThreadId) {
        self.quiet.changed = now;
        self.of[id.index()].looks = 0;
    }

    /// At step `now` a thread finds what may be otherwise the next time although nothing has changed.
    #[inline]
    pub(crate) fn note_unsettled(&mut self, now: u64) {
        self.quiet.unsettled = now;
    }

    /// The op of `id` was a look that found `value`. Whether `follow` is to be asked what follows from it.
    #[inline]
    pub(crate) fn look(&mut self, id: ThreadId, op: &Op, value: u64, is_hint: bool) -> Option<bool> {
        let ends_round = self.of[id.index()].look(|| name_of(op, value), is_hint);
        (is_hint || ends_round).then_some(ends_round)
    }

    /// What follows from the look of `id` at step `now`; `choices` is how long the list of choices is.
    pub(crate) fn follow(
        &mut self,
        (now, choices): (u64, usize),
        id: ThreadId,
        (is_hint, ends_round): (bool, bool),
        threads: &Threads,
    ) -> Follows {
        let rounds = &mut self.of[id.index()];
        rounds.hints += u32::from(is_hint);
        let is_silent_yield = ends_round && rounds.is_spinning() && !rounds.has_hint;
        let follows = Follows {
            yields: is_silent_yield || is_hint && rounds.hints > FREE_HINTS,
            waits: is_hint || is_silent_yield,
        };
        if ends_round {
            self.compare_round(id, now, choices, threads);
        }
        follows
    }

    /// The thread has gone round: was that like the last time?
    fn compare_round(&mut self, id: ThreadId, now: u64, choices: usize, threads: &Threads) {
        let Quiet { changed, unsettled, .. } = self.quiet;
        let asked_every = if self.is_hasty { ASKED_EVERY_IN_HASTE } else { ASKED_EVERY };
        let rounds = &mut self.of[id.index()];
        let is_alike = rounds.sum == rounds.last_sum
            && rounds.has_looked
            && rounds.alike.since > changed
            && rounds.alike.since > unsettled;
        rounds.last_sum = std::mem::take(&mut rounds.sum);
        rounds.has_looked = false;
        if !is_alike {
            rounds.alike = Streak { since: now, count: 0 };
            self.quiet.settled = Settled { step: now, choices };
            return;
        }
        rounds.alike.count += 1;
        // Asked now and then: whoever is the last to have gone round often enough asks as well.
        if rounds.alike.count.is_multiple_of(asked_every) {
            let enough = |rounds: &Rounds| if rounds.has_hint { ENOUGH_WITH_HINTS } else { ENOUGH };
            self.quiet.is_livelock = self.all_go_round(threads, enough);
        }
    }

    /// Whether every thread that can go on has gone round that often with nothing new, and no timeout is to come.
    fn all_go_round(&self, threads: &Threads, enough: impl Fn(&Rounds) -> u32) -> bool {
        let Quiet { changed, unsettled, .. } = self.quiet;
        let goes_round = |id: ThreadId| {
            let rounds = &self.of[id.index()];
            let Streak { since, count } = rounds.alike;
            since > changed
                && since > unsettled
                && count >= if self.is_hasty { ENOUGH_IN_HASTE } else { enough(rounds) }
        };
        let has_timeout = threads.alive().any(|(_, thread)| thread.deadline != NEVER);
        !has_timeout && !threads.enabled.is_empty() && threads.enabled_threads().all(goes_round)
    }

    /// Whether threads are in loops that none of them ever leaves.
    #[inline]
    pub(crate) fn is_livelock(&self) -> bool {
        self.quiet.is_livelock
    }

    /// As `is_livelock`, if the execution has reached the step limit.
    pub(crate) fn is_livelock_at_limit(&self, threads: &Threads) -> bool {
        self.all_go_round(threads, |_| ENOUGH_AT_LIMIT)
    }

    /// From where on nothing new has happened, if there is a livelock.
    pub(crate) fn settled(&self) -> Settled {
        self.quiet.settled
    }

    /// The last step that changed anything, or found what may be otherwise the next time.
    pub(crate) fn settles_after(&self) -> u64 {
        self.quiet.changed.max(self.quiet.unsettled)
    }

    /// At step `now` the thread has yielded while others wait for time to pass. Whether it may, as far as loops tell.
    pub(crate) fn note_idle(&mut self, id: ThreadId, now: u64, threads: &Threads) -> bool {
        let Quiet { changed, turn, .. } = self.quiet;
        let rounds = &mut self.of[id.index()];
        if rounds.idle.since <= changed {
            rounds.idle = Streak { since: now, count: 0 };
        }
        // Several hints in a row are one pause, however long: whoever counts them goes on to something else.
        rounds.idle.count += u32::from(rounds.looks != rounds.looks_at_yield + 1);
        rounds.looks_at_yield = rounds.looks;
        if rounds.turn != turn {
            (rounds.turn, rounds.in_turn) = (turn, 0);
        }
        rounds.in_turn += 1;
        if rounds.idle.count < 2 && !rounds.in_turn.is_multiple_of(PATIENCE) {
            return false;
        }
        let is_idle = |id: ThreadId| {
            let rounds = &self.of[id.index()];
            rounds.idle.since > changed && rounds.idle.count >= 2
                || rounds.turn == turn && rounds.in_turn >= PATIENCE
        };
        threads.enabled_threads().all(is_idle)
    }

    /// Time has passed although threads could go on.
    pub(crate) fn note_turn(&mut self) {
        self.quiet.turn += 1;
    }

    /// Whether `id` has gone round in a loop often enough for that to count as yielding.
    #[inline]
    pub(crate) fn is_spinning(&self, id: ThreadId) -> bool {
        self.of[id.index()].is_spinning()
    }

    /// Whether `id` has gone round in a loop, and has done nothing else since.
    #[inline]
    pub(crate) fn has_gone_round(&self, id: ThreadId) -> bool {
        self.of[id.index()].has_gone_round()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many looks each round of the sequence ends.
    fn rounds_of(looks: &[u64]) -> Vec<usize> {
        let mut rounds = Rounds::default();
        let looks = [0; FEW_LOOKS as usize].iter().chain(looks).enumerate();
        let ends = looks.filter(|&(_, &look)| rounds.look(|| look, false));
        ends.map(|(index, _)| index - FEW_LOOKS as usize).collect()
    }

    #[test]
    fn a_round_is_from_a_look_to_the_same_look() {
        assert_eq!(rounds_of(&[7, 7, 7, 7]), [1, 2, 3]);
        assert_eq!(rounds_of(&[1, 2, 1, 2, 1, 2]), [3, 5]);
        assert_eq!(rounds_of(&[1, 2, 3, 4, 5, 6]), [0usize; 0]);
        // What leads to the loop is no part of it.
        assert_eq!(rounds_of(&[9, 8, 1, 2, 3, 1, 2, 3, 1, 2, 3]).len(), 2);
    }

    #[test]
    fn long_rounds_are_found() {
        for length in [1u64, 2, 5, 100, 1_000] {
            let looks: Vec<u64> = (0..length * 5).map(|index| index % length).collect();
            assert!(rounds_of(&looks).len() >= 2, "{length}");
        }
    }

    #[test]
    fn a_loop_without_hints_after_one_with_them_has_none() {
        let mut rounds = Rounds::default();
        for _ in 0..20 {
            rounds.look(|| 1, false);
            rounds.look(|| 2, true);
        }
        assert!(rounds.has_hint);
        for _ in 0..20 {
            rounds.look(|| 3, false);
        }
        assert!(!rounds.has_hint);
    }

    #[test]
    fn a_hint_before_a_loop_is_none_of_it() {
        let mut rounds = Rounds::default();
        for _ in 0..=FEW_LOOKS {
            rounds.look(|| 1, false);
        }
        // The loop's own look comes to be the one to come back to before the hint, as the same was seen there.
        rounds.look(|| 2, false);
        rounds.look(|| 3, true);
        for _ in 0..20 {
            rounds.look(|| 2, false);
        }
        assert!(rounds.is_spinning() && !rounds.has_hint);
    }

    #[test]
    fn a_thread_that_tries_again_a_few_times_does_not_spin() {
        let mut rounds = Rounds::default();
        for round in 0..100 {
            rounds.look(|| 7, false);
            assert_eq!(rounds.is_spinning(), round > FEW_LOOKS as u32 + SILENT_ROUNDS, "{round}");
        }
        rounds.looks = 0;
        assert!(!rounds.is_spinning());
    }
}
