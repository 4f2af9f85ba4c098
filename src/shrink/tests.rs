//! The shrinker on executions that are nothing but an order of steps.

use super::*;

/// Threads with so many steps each, on one object, without waiting; an execution fails if its order does.
struct Toy {
    lengths: Vec<u32>,
    fails: fn(&[(u32, u32)]) -> bool,
}

impl Toy {
    /// Some plan with switches anywhere.
    fn any_plan(&self, seed: u64) -> Plan {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let threads = self.lengths.len() as u64;
        let points = (0..threads)
            .flat_map(|thread| (0..self.lengths[thread as usize]).map(move |step| (thread, step)));
        let mut plan = Vec::new();
        for (thread, step) in points {
            if draw(2) == 0 {
                plan.push(Deviation { at: Point { thread, step }, instead: Instead::Thread(draw(threads)) });
            }
        }
        Plan(plan)
    }

    /// Runs the steps in the order of the plan, with the default policy where it says nothing.
    fn run(&self, plan: &Plan, wants: Wants) -> (Run, Vec<(u32, u32)>) {
        let threads = self.lengths.len() as u32;
        let mut executed = vec![0u32; self.lengths.len()];
        let mut current = 0u32;
        let mut order = Vec::new();
        let all: Vec<u64> = (0..u64::from(threads)).collect();
        let mut run = Run { threads: all.clone(), actors: all, ..Run::default() };
        run.shared = vec![true];
        loop {
            let can_go_on = |thread: u32| executed[thread as usize] < self.lengths[thread as usize];
            let enabled: Vec<u32> = (0..threads).filter(|&thread| can_go_on(thread)).collect();
            let Some(&first) = enabled.first() else { break };
            let at = Point { thread: u64::from(current), step: executed[current as usize] };
            let default = if can_go_on(current) { current } else { first };
            let wanted = plan.0.iter().find_map(|deviation| match deviation.instead {
                Instead::Thread(thread) if deviation.at == at => Some(thread as u32),
                _ => None,
            });
            let next = wanted.filter(|&thread| can_go_on(thread)).unwrap_or(default);
            if enabled.len() > 1 && wants == Wants::Asks {
                run.asks.push(Ask {
                    at,
                    preempts: can_go_on(current),
                    object: Some(0),
                    others: enabled.iter().filter(|&&t| t != next).map(|&t| u64::from(t)).collect(),
                    deviations: run.done.0.len(),
                });
            }
            run.cost.preemptions += u32::from(can_go_on(current) && next != current);
            run.cost.switches += u32::from(next != current);
            if next != default {
                run.done.0.push(Deviation { at, instead: Instead::Thread(u64::from(next)) });
            }
            current = next;
            run.cost.steps += 1;
            run.length += 1;
            run.steps.push(Step {
                thread: current,
                actor: current,
                is_hidden: false,
                site: executed[current as usize],
                is_pending: false,
                objects: [Some((0, true)), None],
                source: None,
                lets_go: Vec::new(),
            });
            order.push((current, executed[current as usize]));
            executed[current as usize] += 1;
        }
        run.cost.threads = threads;
        run.fails = (self.fails)(&order);
        run.passes = !run.fails;
        run.ends = vec![End { step: run.cost.steps, waits_since: Vec::new() }];
        (run, order)
    }
}

impl Replayer for Toy {
    fn replay(&mut self, plan: &Plan, _: u64, wants: Wants) -> Run {
        self.run(plan, wants).0
    }

    fn draw(&mut self, plan: &Plan, _: u64, _: Draw) -> Run {
        self.run(plan, Wants::Nothing).0
    }

    fn constrained(&mut self, plan: &Plan, orders: &[Order], _: u64, draw: Option<Draw>) -> Run {
        let drawn = draw.map(|draw| self.any_plan(draw.seed));
        let (mut run, order) = self.run(drawn.as_ref().unwrap_or(plan), Wants::Asks);
        let position = |operation: &Operation| {
            order.iter().position(|&step| step == (operation.thread as u32, operation.site))
        };
        run.violates = orders.iter().any(|order| position(&order.before) > position(&order.after));
        run
    }
}

/// A plan that switches to the next thread after each step.
fn alternating(lengths: &[u32]) -> Plan {
    let threads = lengths.len() as u64;
    let mut plan = Vec::new();
    for thread in 0..threads {
        for step in 0..lengths[thread as usize] {
            let instead = Instead::Thread((thread + 1) % threads);
            plan.push(Deviation { at: Point { thread, step: step + 1 }, instead });
        }
    }
    Plan(plan)
}

/// Thread 1 comes between the third and the fourth step of thread 0.
fn between(order: &[(u32, u32)]) -> bool {
    let at = |step| order.iter().position(|&done| done == step);
    at((0, 2)) < at((1, 0)) && at((1, 0)) < at((0, 3))
}

#[test]
fn what_is_not_needed_goes() {
    let mut toy = Toy { lengths: vec![6, 6, 6], fails: between };
    let plan = alternating(&toy.lengths);
    // Thread 1 begins after the first step of thread 0 there; this one fails.
    let mut failing = plan.clone();
    failing.0.retain(|deviation| deviation.at.thread != 0 || deviation.at.step >= 3);
    let shrunk = shrink(&mut toy, &failing, None).expect("it fails");
    assert_eq!(shrunk.plan.0.len(), 1, "{shrunk:?}");
    assert_eq!(shrunk.plan.0[0].at, Point { thread: 0, step: 3 });
    assert!(shrunk.is_minimal && shrunk.before.preemptions > 1);
    assert!(shrink(&mut toy, &plan, None).is_none(), "one that passes is not shrunk");
}

#[test]
fn a_failure_that_needs_no_preemption_keeps_none() {
    // The last thread first: a matter of who goes on when another ends, which is no preemption.
    let fails = |order: &[(u32, u32)]| {
        order.iter().position(|done| done.0 == 2) < order.iter().position(|done| done.0 == 1)
    };
    let mut toy = Toy { lengths: vec![3, 3, 3], fails };
    let shrunk = shrink(
        &mut toy,
        &Plan(vec![
            Deviation { at: Point { thread: 0, step: 1 }, instead: Instead::Thread(2) },
            Deviation { at: Point { thread: 2, step: 1 }, instead: Instead::Thread(0) },
        ]),
        None,
    )
    .expect("it fails");
    assert_eq!(toy.replay(&shrunk.plan, u64::MAX, Wants::Nothing).cost.preemptions, 0, "{shrunk:?}");
}

#[test]
fn the_same_schedule_comes_of_it_each_time() {
    let shrunk = || {
        let mut toy = Toy { lengths: vec![5, 4, 6], fails: between };
        let mut failing = alternating(&toy.lengths);
        failing.0.retain(|deviation| deviation.at.thread != 0 || deviation.at.step >= 3);
        let shrunk = shrink(&mut toy, &failing, None).expect("it fails");
        (shrunk.plan, shrunk.replays)
    };
    assert_eq!(shrunk(), shrunk());
}

#[test]
fn the_cause_is_what_comes_between() {
    let mut toy = Toy { lengths: vec![4, 1], fails: between };
    let plan = Plan(vec![Deviation { at: Point { thread: 0, step: 3 }, instead: Instead::Thread(1) }]);
    let cause = explain(&mut toy, &plan).expect("it fails");
    // Steps 0, 1, 2 of thread 0, the one of thread 1, step 3 of thread 0.
    let orders: Vec<_> = cause.orders.iter().map(|order| (order.before, order.after)).collect();
    assert_eq!(orders, [(2, 3), (3, 4)]);
    assert!(cause.is_proved);
}
