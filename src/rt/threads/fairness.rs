//! Fair scheduling: a thread that yields gives way to those that it has kept waiting, whatever the strategy.
//!
//! Musuvathi and Qadeer, "Fair Stateless Model Checking", PLDI 2008. The strategy chooses among the enabled threads
//! that have to give way to none of the others. A thread's *window* is the time since it last yielded. When it yields
//! again, it has to give way to the threads that have not run in the window although they could go on all through it
//! (E without S, in the paper's words), and to those that it has kept from going on itself (D without S), until each of
//! them has run. So a loop that waits ends if what it waits for comes, and a thread that never yields is never
//! restrained. Somebody can always be chosen: a thread that begins to give way has just run, so nobody gives way to
//! it, and there are no circles.
//!
//! What differs: the sets are kept by lane, a thread that takes over a lane counts as having run at its spawn, and E
//! and S are not updated at each step for each thread but computed at a yield, from the step at which a thread last
//! ran and that at which it was last enabled. Nothing is kept until a yield is noted; that is early enough, because a
//! thread's first one only opens its window. Which yields are noted is for `spinloops` to say; like the paper's
//! parameter k, it leaves out the first ones.

use crate::rt::op::thread_set::LaneSet;

/// What is known of the thread on one lane.
#[derive(Default, Debug)]
struct Lane {
    /// P: the lanes that it has to give way to.
    gives_way_to: LaneSet,
    /// D: those that it has disabled in its window.
    disabled: LaneSet,
    /// When its window began; 0 if it has not yielded yet.
    window: u64,
    /// When it ran last.
    ran: u64,
    /// When it was enabled last.
    enabled_since: u64,
}

/// Who gives way to whom.
#[derive(Default, Debug)]
pub(in crate::rt) struct Fairness {
    is_active: bool,
    /// Whether somebody has yielded, and was not only taken to.
    is_lasting: bool,
    /// Whether the thread that runs has yielded.
    yielded: bool,
    /// Steps since somebody yielded first.
    now: u64,
    /// Who was enabled before the last step.
    enabled: LaneSet,
    lanes: Vec<Lane>,
    /// Those that have to give way to somebody.
    restrained: LaneSet,
    choosable: LaneSet,
    /// Kept for its memory; always empty.
    freed: LaneSet,
}

impl Fairness {
    pub(in crate::rt) fn clear(&mut self) {
        if !self.is_active {
            return;
        }
        self.is_active = false;
        self.is_lasting = false;
        self.yielded = false;
        self.now = 0;
        self.enabled.clear();
        self.restrained.clear();
        self.choosable.clear();
        for lane in 0..self.lanes.len() {
            self.start(lane, 0);
        }
    }

    fn start(&mut self, lane: usize, ran: u64) {
        let lane = &mut self.lanes[lane];
        lane.gives_way_to.clear();
        lane.disabled.clear();
        lane.window = 0;
        lane.ran = ran;
        lane.enabled_since = 0;
    }

    /// Whether somebody has yielded.
    #[inline]
    pub(in crate::rt) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Those that may be chosen, as of the last `step`.
    pub(in crate::rt) fn choosable(&self) -> &LaneSet {
        &self.choosable
    }

    /// The running thread's step is a yield.
    pub(in crate::rt) fn note_yield(&mut self) {
        self.is_lasting = true;
        self.take_as_yield();
    }

    /// The running thread's step is taken to be a yield, until `stop_taking`.
    pub(in crate::rt) fn take_as_yield(&mut self) {
        self.is_active = true;
        self.yielded = true;
    }

    /// If nobody has yielded but was only taken to, nobody has to give way any more.
    pub(in crate::rt) fn stop_taking(&mut self) {
        if !self.is_lasting {
            self.clear();
        }
    }

    /// A new thread takes a lane.
    pub(in crate::rt) fn spawned(&mut self, lane: u32) {
        if !self.is_active {
            return;
        }
        self.make_room(lane);
        let ran = self.now + 1;
        self.start(lane as usize, ran);
        self.nobody_gives_way_to(lane);
        self.restrained.remove(lane);
    }

    /// The thread on `lane` has executed a step, and now `enabled` can go on.
    #[inline]
    pub(in crate::rt) fn step(&mut self, lane: u32, enabled: &LaneSet) {
        self.now += 1;
        let nothing_changes = !self.yielded && self.restrained.is_empty() && self.enabled == *enabled;
        match self.lanes.get_mut(lane as usize) {
            // All that can go on may be chosen, as before.
            Some(state) if nothing_changes => state.ran = self.now,
            _ => self.step_with_changes(lane, enabled),
        }
    }

    fn step_with_changes(&mut self, lane: u32, enabled: &LaneSet) {
        let now = self.now;
        self.make_room(lane);
        for disabled in self.enabled.without(enabled) {
            self.lanes[lane as usize].disabled.insert(disabled);
        }
        if let Some(highest) = enabled.without(&self.enabled).last() {
            self.make_room(highest);
        }
        for enabled in enabled.without(&self.enabled) {
            self.lanes[enabled as usize].enabled_since = now;
        }
        self.enabled.copy_from(enabled);
        self.lanes[lane as usize].ran = now;
        self.nobody_gives_way_to(lane);
        if std::mem::take(&mut self.yielded) {
            self.begin_window(lane);
        }
        self.choosable.copy_from(&self.enabled);
        for restrained in self.restrained.iter() {
            if self.lanes[restrained as usize].gives_way_to.intersects(&self.enabled) {
                self.choosable.remove(restrained);
            }
        }
        debug_assert!(self.enabled.is_empty() || !self.choosable.is_empty());
    }

    fn make_room(&mut self, lane: u32) {
        if self.lanes.len() <= lane as usize {
            self.lanes.resize_with(lane as usize + 1, Lane::default);
        }
    }

    /// Nobody has to give way to the thread on `lane` any more: it has run.
    fn nobody_gives_way_to(&mut self, lane: u32) {
        let mut freed = std::mem::take(&mut self.freed);
        for other in self.restrained.iter() {
            let gives_way_to = &mut self.lanes[other as usize].gives_way_to;
            gives_way_to.remove(lane);
            if gives_way_to.is_empty() {
                freed.insert(other);
            }
        }
        if !freed.is_empty() {
            self.restrained.remove_all(&freed);
            freed.clear();
        }
        self.freed = freed;
    }

    /// The thread on `lane` has yielded.
    fn begin_window(&mut self, lane: u32) {
        let Lane { window, .. } = self.lanes[lane as usize];
        if window > 0 {
            let mut gives_way_to = std::mem::take(&mut self.lanes[lane as usize].gives_way_to);
            let has_waited = |other: u32| self.lanes[other as usize].ran <= window;
            for other in self.enabled.iter() {
                if has_waited(other) && self.lanes[other as usize].enabled_since <= window {
                    gives_way_to.insert(other);
                }
            }
            for other in self.lanes[lane as usize].disabled.iter().filter(|&other| has_waited(other)) {
                gives_way_to.insert(other);
            }
            if !gives_way_to.is_empty() {
                self.restrained.insert(lane);
            }
            self.lanes[lane as usize].gives_way_to = gives_way_to;
        }
        let now = self.now;
        let lane = &mut self.lanes[lane as usize];
        lane.window = now;
        lane.disabled.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: u32 = 0;
    const U: u32 = 1;

    fn set(lanes: &[u32]) -> LaneSet {
        let mut set = LaneSet::default();
        lanes.iter().for_each(|&lane| set.insert(lane));
        set
    }

    /// One step, after which `enabled` can go on: who may be chosen then.
    fn step(fairness: &mut Fairness, lane: u32, yields: bool, enabled: &[u32]) -> Vec<u32> {
        if yields {
            fairness.note_yield();
        }
        fairness.step(lane, &set(enabled));
        fairness.choosable().iter().collect()
    }

    /// Figures 3 and 4 of the paper: t does `x = 1`, u spins with `while x != 1 { yield }`. Only u runs as long as it
    /// may: (a, b) are its test of x and its yield.
    #[test]
    fn the_papers_spin_loop_ends() {
        let both = [T, U];
        let mut fairness = Fairness::default();
        assert_eq!(step(&mut fairness, U, false, &both), both, "a");
        assert_eq!(step(&mut fairness, U, true, &both), both, "b: the first yield opens the window");
        assert_eq!(step(&mut fairness, U, false, &both), both, "a");
        assert_eq!(step(&mut fairness, U, true, &both), [T], "b: t could go on all the time and did not run");
        assert_eq!(step(&mut fairness, T, false, &[U]), [U], "x = 1, and t has ended");
        assert_eq!(step(&mut fairness, U, false, &[]), [0u32; 0], "u leaves its loop");
    }

    #[test]
    fn who_gives_way_may_go_on_once_the_other_has_run() {
        let both = [T, U];
        let mut fairness = Fairness::default();
        step(&mut fairness, U, true, &both);
        assert_eq!(step(&mut fairness, U, true, &both), [T]);
        assert_eq!(step(&mut fairness, T, false, &both), both);
        assert_eq!(step(&mut fairness, U, true, &both), both, "t has run in this window");
        assert_eq!(step(&mut fairness, U, true, &both), [T]);
    }

    #[test]
    fn nobody_gives_way_to_a_thread_that_cannot_go_on() {
        let mut fairness = Fairness::default();
        step(&mut fairness, U, true, &[T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T]);
        // T blocks at its next step, which it has executed: the edge is gone.
        assert_eq!(step(&mut fairness, T, false, &[U]), [U]);
        step(&mut fairness, U, true, &[U]);
        // T is enabled in the middle of U's window, not all through it.
        assert_eq!(step(&mut fairness, U, false, &[T, U]), [T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T]);
    }

    #[test]
    fn who_keeps_another_from_going_on_gives_way_to_it() {
        // U takes and gives back a lock that T wants: T can never go on all through U's window.
        let mut fairness = Fairness::default();
        step(&mut fairness, U, true, &[T, U]);
        step(&mut fairness, U, false, &[U]);
        step(&mut fairness, U, false, &[T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T]);
        // Somebody else takes it instead: that is not U's doing.
        let mut fairness = Fairness::default();
        step(&mut fairness, U, true, &[T, U, 2]);
        step(&mut fairness, 2, false, &[U, 2]);
        step(&mut fairness, 2, false, &[T, U, 2]);
        assert_eq!(step(&mut fairness, U, true, &[T, U, 2]), [T, U, 2]);
    }

    #[test]
    fn threads_that_never_yield_are_never_restrained() {
        let all = [0, 1, 2];
        let mut fairness = Fairness::default();
        step(&mut fairness, 2, true, &all);
        for _ in 0..100 {
            assert_eq!(step(&mut fairness, 0, false, &all), all);
        }
        // 1 has not run in the window of 2; 0 has.
        assert_eq!(step(&mut fairness, 2, true, &all), [0, 1]);
    }

    #[test]
    fn a_new_thread_on_an_old_lane_is_not_mistaken_for_the_old_one() {
        let mut fairness = Fairness::default();
        step(&mut fairness, U, true, &[T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T]);
        // T ends without having been waited for any longer, and U spawns another thread on its lane.
        step(&mut fairness, T, false, &[U]);
        fairness.spawned(T);
        assert_eq!(step(&mut fairness, U, false, &[T, U]), [T, U]);
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T, U], "not enabled all through the window");
        assert_eq!(step(&mut fairness, U, true, &[T, U]), [T]);
    }

    /// Whatever runs, somebody may be chosen, and whoever can go on all the time is chosen in the end although a
    /// scheduler always takes the highest lane that it may take.
    #[test]
    fn nobody_starves_among_threads_that_yield() {
        for count in [2, 5, 64, 65, 130] {
            let all: Vec<u32> = (0..count).collect();
            let mut fairness = Fairness::default();
            let mut ran = vec![0u32; count as usize];
            let mut next = count - 1;
            for _ in 0..count * 10 {
                ran[next as usize] += 1;
                let choosable = step(&mut fairness, next, true, &all);
                next = *choosable.last().expect("somebody may be chosen");
            }
            assert!(ran.iter().all(|&steps| steps >= 2), "{ran:?}");
        }
    }

    /// The definition in the paper's Algorithm 1, on sets as they stand there, against ours.
    #[test]
    fn it_agrees_with_the_papers_algorithm() {
        use std::collections::BTreeSet;
        type Set = BTreeSet<u32>;
        const THREADS: u32 = 5;
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        let mut below = |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % n
        };
        for _ in 0..2_000 {
            let mut enabled: Set = (0..THREADS).collect();
            let mut priority: BTreeSet<(u32, u32)> = BTreeSet::new();
            let all: Set = (0..THREADS).collect();
            let mut sets: Vec<(Set, Set, Set)> =
                (0..THREADS).map(|_| (Set::new(), all.clone(), all.clone())).collect();
            let mut fairness = Fairness::default();
            // As in an execution: active from the first yield on.
            fairness.note_yield();
            let mut first = true;
            for _ in 0..40 {
                let gives_way = |t: &u32| enabled.iter().any(|u| priority.contains(&(*t, *u)));
                let schedulable: Vec<u32> = enabled.iter().copied().filter(|t| !gives_way(t)).collect();
                if !first {
                    assert_eq!(fairness.choosable().iter().collect::<Vec<_>>(), schedulable);
                }
                let t = schedulable[below(schedulable.len() as u64) as usize];
                let yields = first || below(2) == 0;
                first = false;
                let mut after = enabled.clone();
                for other in 0..THREADS {
                    if below(4) == 0 && !after.remove(&other) {
                        after.insert(other);
                    }
                }
                if after.is_empty() {
                    after.insert(t);
                }
                priority.retain(|&(_, to)| to != t);
                for (e, _, s) in &mut sets {
                    *e = &*e & &after;
                    s.insert(t);
                }
                let (e, d, s) = &mut sets[t as usize];
                d.extend(&enabled - &after);
                if yields {
                    let gives_way_to = &(&*e | &*d) - &*s;
                    priority.extend(gives_way_to.into_iter().map(|to| (t, to)));
                    (*e, *d, *s) = (after.clone(), Set::new(), Set::new());
                    fairness.note_yield();
                }
                enabled = after;
                fairness.step(t, &set(&enabled.iter().copied().collect::<Vec<_>>()));
            }
        }
    }
}
