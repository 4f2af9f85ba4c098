//! Preemption bounds: nothing is missed within them that a search over all schedules reaches with as few preemptions.

use std::collections::{BTreeMap, BTreeSet};

use drawloom::MemoryModel;
use proptest::prelude::*;

use super::locked::{self, Outcome, Program, Step, run};
use super::{config, shown};

/// A moment of a schedule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct State {
    numbers: [u64; 2],
    owner: Option<usize>,
    /// The step of each thread, and how much of it is done.
    at: Vec<(usize, u32)>,
    read: Outcome,
    current: Option<usize>,
}

impl State {
    fn can_go_on(&self, program: &Program, thread: usize) -> bool {
        match (program[thread].get(self.at[thread].0), self.at[thread].1) {
            (None, _) => false,
            (Some(Step::Locked(..)), 0) => self.owner.is_none(),
            (Some(_), _) => true,
        }
    }

    fn go_on(&mut self, program: &Program, thread: usize) {
        let (step, part) = self.at[thread];
        let mut is_done = true;
        match program[thread][step] {
            Step::Load(at) => self.read[thread].push(self.numbers[at]),
            Step::Store(at, value) => {
                self.numbers[at] = value;
                self.read[thread].push(0);
            }
            Step::Add(at, value) => {
                self.read[thread].push(self.numbers[at]);
                self.numbers[at] += value;
            }
            Step::Locked(at, value) => {
                match part {
                    0 => self.owner = Some(thread),
                    1 => self.read[thread].push(self.numbers[at]),
                    2 => self.numbers[at] = self.read[thread].last().expect("read before") + value,
                    _ => self.owner = None,
                }
                is_done = part == 3;
            }
        }
        self.at[thread] = if is_done { (step + 1, 0) } else { (step, part + 1) };
        self.current = Some(thread);
    }
}

/// All outcomes with at most so many preemptions.
fn reached(program: &Program, bound: u32) -> BTreeSet<Outcome> {
    let nothing = vec![Vec::new(); program.len()];
    let at = vec![(0, 0); program.len()];
    let start = State { numbers: [0, 0], owner: None, at, read: nothing, current: None };
    let mut fewest: BTreeMap<State, u32> = BTreeMap::new();
    let mut left = vec![(start, 0)];
    let mut outcomes = BTreeSet::new();
    while let Some((state, preemptions)) = left.pop() {
        if fewest.get(&state).is_some_and(|&fewest| fewest <= preemptions) {
            continue;
        }
        fewest.insert(state.clone(), preemptions);
        let threads: Vec<usize> =
            (0..program.len()).filter(|&thread| state.can_go_on(program, thread)).collect();
        if threads.is_empty() {
            outcomes.insert(state.read);
            continue;
        }
        for &thread in &threads {
            let preempts =
                state.current.is_some_and(|current| current != thread && threads.contains(&current));
            let preemptions = preemptions + u32::from(preempts);
            if preemptions <= bound {
                let mut next = state.clone();
                next.go_on(program, thread);
                left.push((next, preemptions));
            }
        }
    }
    outcomes
}

fn check(program: &Program) -> Result<(), TestCaseError> {
    for bound in 0..3 {
        let config = config(MemoryModel::SequentiallyConsistent).max_preemptions(bound);
        let (explored, report) = shown(config, || run(program));
        prop_assert!(report.passed(), "{report}");
        // What only led the way to others is seen as well.
        let reached = reached(program, bound);
        let missed: Vec<_> = reached.difference(&explored).collect();
        prop_assert!(missed.is_empty(), "with at most {bound} preemptions, of {reached:?}: {missed:?}");
    }
    Ok(())
}

fn program() -> impl Strategy<Value = Program> {
    locked::program([1, 1, 1, 1])
}

#[test]
fn locks_need_more_slack_than_reads_and_writes() {
    use Step::{Add, Load, Locked, Store};
    for program in [
        vec![vec![Load(1), Load(0), Locked(0, 1)], vec![Add(1, 1), Locked(1, 1), Add(0, 1)]],
        vec![
            vec![Store(0, 2), Locked(1, 2)],
            vec![Locked(0, 2), Locked(1, 1)],
            vec![Store(0, 2), Add(1, 1), Store(0, 2)],
        ],
    ] {
        check(&program).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reached_within_a_bound_is_all_that_can_be(program in program()) {
        check(&program)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// `cargo test --release --test exhaustive -- --ignored deep_bounds`
    #[test]
    #[ignore = "takes minutes; see the command in its documentation"]
    fn deep_bounds_hold(program in program()) {
        check(&program)?;
    }
}
