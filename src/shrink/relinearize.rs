//! The same execution in an order with fewer switches, without running it.
//!
//! What has to stay in order: the operations of a thread; those on one object of which one changes it; a spawn and the thread's
//! first operation, a notification and what the notified thread does next. Between operations on an atomic less has to: a read
//! comes after the store that it reads and before the next one in modification order, which makes a stale read a fresh one where
//! sequential consistency allows it. Within this partial order a thread goes on for as long as it can; where it cannot, the one
//! that can go on longest does (greedily: the fewest switches are NP-hard to find, and what is missed here is found by `search`
//! where that is possible).
//!
//! The result is a plan that is tried like any other: nothing is wrong if an order is not possible after all.

use std::collections::BTreeMap;

use super::plan::{Deviation, Instead, Lineage, Plan, Point, Run, Step};

/// How far ahead it is looked who can go on longest.
const AHEAD: usize = 32;

/// Plans for the same execution in other orders: without the steps that the failure does not need, and with all.
pub(super) fn plans(run: &Run) -> Vec<Plan> {
    let mut plans = Vec::new();
    let executed = run.steps.iter().position(|step| step.is_pending).unwrap_or(run.steps.len());
    let steps = &run.steps[..executed];
    for order in [Dependencies::fresh(steps), Dependencies::as_executed(steps)] {
        let ends: Vec<u64> = run.ends.iter().map(|end| end.step).collect();
        let needed = order.needed_by(&ends);
        for needed in [needed, vec![true; steps.len()]] {
            plans.extend(order.linearize(run, &needed).map(|steps| plan_of(run, &steps)));
        }
    }
    plans
}

/// The same steps in the same order, but for those of a thread.
pub(super) fn without(run: &Run, thread: u32) -> Plan {
    let executed = run.steps.iter().take_while(|step| !step.is_pending).enumerate();
    let order: Vec<u32> =
        executed.filter(|(_, step)| step.thread != thread).map(|(at, _)| at as u32).collect();
    plan_of(run, &order)
}

/// Which steps come before the end of a thread that the failure concerns, or are one.
pub(super) fn needed_by(run: &Run) -> Vec<bool> {
    let mut ends: Vec<u64> = run.ends.iter().map(|end| end.step).collect();
    let pending = run.steps.iter().enumerate().filter(|(_, step)| step.is_pending);
    ends.extend(pending.map(|(at, _)| at as u64 + 1));
    Dependencies::as_executed(&run.steps).needed_by(&ends)
}

/// Which steps come after which others.
struct Dependencies {
    before: Vec<Vec<u32>>,
    after: Vec<Vec<u32>>,
}

/// What was done to an object last.
#[derive(Default)]
struct Accesses {
    write: Option<u32>,
    /// Since then.
    reads: Vec<u32>,
}

impl Dependencies {
    /// Atomics by what is read from where.
    fn fresh(steps: &[Step]) -> Dependencies {
        let mut order = Dependencies::without_objects(steps);
        let mut objects: BTreeMap<u32, Accesses> = BTreeMap::new();
        // The stores to each atomic, in the order in which they were made: modification order, nearly always.
        let mut stores: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut reads: Vec<(u32, u32, u64)> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let at = at as u32;
            for (object, writes) in step.objects.iter().flatten().copied() {
                let Some(source) = step.source else {
                    order.add_access(objects.entry(object).or_default(), at, writes);
                    continue;
                };
                if writes {
                    let stores = stores.entry(object).or_default();
                    if let Some(&last) = stores.last() {
                        order.add(last, at);
                    }
                    stores.push(at);
                } else {
                    reads.push((object, at, source));
                }
            }
        }
        for (object, read, source) in reads {
            let stores = stores.get(&object).map_or(&[][..], Vec::as_slice);
            // Steps are counted from 1, positions from 0.
            let source = source.checked_sub(1).map(|source| source as u32);
            if let Some(source) = source {
                order.add(source, read);
            }
            let next = stores.partition_point(|&store| source.is_some_and(|source| store <= source));
            if let Some(&next) = stores.get(next) {
                order.add(read, next);
            }
        }
        order
    }

    /// Everything on one object in the order in which it was done.
    fn as_executed(steps: &[Step]) -> Dependencies {
        let mut order = Dependencies::without_objects(steps);
        let mut objects: BTreeMap<u32, Accesses> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            for (object, writes) in step.objects.iter().flatten().copied() {
                order.add_access(objects.entry(object).or_default(), at as u32, writes);
            }
        }
        order
    }

    fn without_objects(steps: &[Step]) -> Dependencies {
        let empty = vec![Vec::new(); steps.len()];
        let mut order = Dependencies { before: empty.clone(), after: empty };
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        let mut lets_go: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            let at = at as u32;
            if let Some(previous) = last.insert(step.thread, at) {
                order.add(previous, at);
            }
            for earlier in lets_go.remove(&step.thread).unwrap_or_default() {
                order.add(earlier, at);
            }
            for &thread in &step.lets_go {
                lets_go.entry(thread).or_default().push(at);
            }
        }
        order
    }

    fn add(&mut self, earlier: u32, later: u32) {
        if earlier != later {
            self.before[later as usize].push(earlier);
            self.after[earlier as usize].push(later);
        }
    }

    fn add_access(&mut self, accesses: &mut Accesses, at: u32, writes: bool) {
        if let Some(write) = accesses.write {
            self.add(write, at);
        }
        if writes {
            for read in std::mem::take(&mut accesses.reads) {
                self.add(read, at);
            }
            accesses.write = Some(at);
        } else {
            accesses.reads.push(at);
        }
    }

    /// Which steps come before one of these, or are among them.
    fn needed_by(&self, ends: &[u64]) -> Vec<bool> {
        let mut needed = vec![false; self.before.len()];
        let mut left: Vec<u32> =
            ends.iter().filter_map(|end| end.checked_sub(1)).map(|end| end as u32).collect();
        while let Some(at) = left.pop() {
            if let Some(is_needed) = needed.get_mut(at as usize)
                && !std::mem::replace(is_needed, true)
            {
                left.extend(&self.before[at as usize]);
            }
        }
        needed
    }

    /// An order of the needed steps with few switches; `None` if there is none.
    fn linearize(&self, run: &Run, needed: &[bool]) -> Option<Vec<u32>> {
        let mut steps_of: Vec<Vec<u32>> = vec![Vec::new(); run.threads.len()];
        for (at, step) in run.steps.iter().enumerate().take(needed.len()).filter(|&(at, _)| needed[at]) {
            steps_of[step.thread as usize].push(at as u32);
        }
        let mut next = vec![0usize; steps_of.len()];
        let mut waits: Vec<u32> = Vec::with_capacity(self.before.len());
        for before in &self.before {
            waits.push(before.iter().filter(|&&earlier| needed[earlier as usize]).count() as u32);
        }
        let count = needed.iter().filter(|&&needed| needed).count();
        let mut is_done = vec![false; needed.len()];
        // A thread that comes to its end and waits there is left without a preemption; if what makes it wait has not been done
        // yet, it has to be held up.
        let is_free = |at: u32, is_done: &[bool]| {
            let end = run.ends.iter().find(|end| end.step == u64::from(at) + 1);
            end.is_some_and(|end| end.waits_since.iter().any(|&since| !is_done[since as usize - 1]))
        };
        let mut order = Vec::with_capacity(count);
        let mut current = 0;
        while order.len() < count {
            let ready =
                |thread: usize| steps_of[thread].get(next[thread]).is_some_and(|&at| waits[at as usize] == 0);
            if !ready(current) {
                let threads = (0..steps_of.len()).filter(|&thread| ready(thread));
                let rank = |&thread: &usize| {
                    let steps = &steps_of[thread][next[thread]..];
                    let length = self.burst(steps, &waits);
                    let ends_free = length == steps.len() && is_free(steps[length - 1], &is_done);
                    (!ends_free, length, std::cmp::Reverse(thread))
                };
                current = threads.max_by_key(rank)?;
            }
            let at = steps_of[current][next[current]];
            next[current] += 1;
            order.push(at);
            is_done[at as usize] = true;
            for &later in &self.after[at as usize] {
                waits[later as usize] -= 1;
            }
        }
        Some(order)
    }

    /// How far a thread can go on from its next step.
    fn burst(&self, steps: &[u32], waits: &[u32]) -> usize {
        let mut done: Vec<u32> = Vec::new();
        for &at in steps.iter().take(AHEAD) {
            let by_itself = self.before[at as usize].iter().filter(|earlier| done.contains(earlier)).count();
            if waits[at as usize] as usize > by_itself {
                break;
            }
            done.push(at);
        }
        done.len()
    }
}

/// The plan that leads to the steps in this order, with the choices that the run made.
fn plan_of(run: &Run, order: &[u32]) -> Plan {
    let mut plan = Vec::new();
    let mut executed: BTreeMap<Lineage, u32> = BTreeMap::new();
    let mut last: Option<(u32, u32)> = None;
    // By step: who takes the next one of its thread.
    let mut next_of = vec![None; run.steps.len()];
    let mut next: BTreeMap<u32, u32> = BTreeMap::new();
    for (at, step) in run.steps.iter().enumerate().rev() {
        next_of[at] = next.insert(step.thread, step.actor);
    }
    for &at in order {
        let step = &run.steps[at as usize];
        if let Some((_, next)) = last.filter(|&(last, _)| last != step.thread) {
            // What the thread is about to do belongs to whom it polls then.
            let actor = run.actors[next as usize];
            let thread = run.threads[step.thread as usize];
            let step = executed.get(&actor).copied().unwrap_or(0);
            plan.push(Deviation { at: Point { thread: actor, step }, instead: Instead::Thread(thread) });
        }
        *executed.entry(run.actors[step.actor as usize]).or_insert(0) += 1;
        last = Some((step.thread, next_of[at as usize].unwrap_or(step.actor)));
    }
    plan.extend(run.done.0.iter().filter(|deviation| !deviation.is_switch()));
    Plan(plan)
}
