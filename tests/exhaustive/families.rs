//! Random programs over synchronization objects, a family for each kind: the executions are those that enumerating
//! interleavings finds, each once, and a deadlock or a livelock is found where there is one. What the
//! families are is in `family`.

use drawloom::{Assumption, Config, FailureKind, MemoryModel, Report, StrategyKind, Timeouts};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::acts::Program;
use crate::family::Family;
use crate::interleavings::executions;
use crate::objects::run;
use crate::{config, shown};

/// How many states of interleavings are looked at for a program; one with more is passed over.
const STATES: usize = 60_000;

fn check(program: &Program) -> Result<(), TestCaseError> {
    let Some(expected) = executions(program, STATES, None) else { return Ok(()) };
    // Far more than there are, so that an exploration without end is shown as such.
    let limit = match program.is_countable() {
        true => 100 * expected.count as u64 + 10_000,
        // Where they are not counted, each order of readers may be one, each moment in which a reader comes, each round.
        false => 50_000,
    };
    let timeouts = if program.any_time { Timeouts::Any } else { Timeouts::Last };
    let limited =
        |memory| config(memory).executions(limit).spurious(u32::from(program.liberties)).timeouts(timeouts);
    let (outcomes, report) = shown(limited(MemoryModel::SequentiallyConsistent), || run(program));
    let is_too_large =
        |report: &Report| !program.is_countable() && report.failed_with(FailureKind::Unverified);
    if is_too_large(&report) {
        return Ok(());
    }
    if expected.deadlock || expected.livelock {
        let kind = report.failure().map(|failure| failure.kind());
        prop_assert!(
            expected.deadlock && kind == Some(FailureKind::Deadlock)
                || expected.livelock && kind == Some(FailureKind::Livelock),
            "deadlock: {}, livelock: {}, but: {report}",
            expected.deadlock,
            expected.livelock
        );
        let token = report.failure().expect("checked above").token().to_owned();
        let again = drawloom::explore(drawloom::Config::new().replay(token), || drop(run(program)));
        prop_assert_eq!(again.failure().map(|failure| failure.kind()), kind, "the token shows: {}", again);
        return Ok(());
    }
    prop_assert!(report.passed(), "{report}");
    prop_assert_eq!(&outcomes, &expected.outcomes, "outcomes");
    if program.is_countable() {
        prop_assert_eq!(report.executions(), expected.count as u64, "executions");
    } else {
        prop_assert!(report.executions() >= outcomes.len() as u64, "{report}");
    }
    // What is sequentially consistent is allowed by every model.
    let (weak, report) = shown(limited(MemoryModel::Rc11), || run(program));
    if is_too_large(&report) {
        return Ok(());
    }
    prop_assert!(report.passed(), "{report}");
    prop_assert!(outcomes.is_subset(&weak));
    if program.always_orders() {
        let more: Vec<_> = weak.difference(&outcomes).collect();
        prop_assert!(more.is_empty(), "weak memory shows {more:?} besides");
    }
    Ok(())
}

/// As `check`, with a bound on preemptions.
fn check_bounded(program: &Program, bound: u32) -> Result<(), TestCaseError> {
    let Some(expected) = executions(program, STATES, Some(bound)) else { return Ok(()) };
    let bounded = config(MemoryModel::SequentiallyConsistent).max_preemptions(bound).spurious(0);
    let (outcomes, report) = shown(bounded, || run(program));
    if expected.deadlock {
        prop_assert!(report.failed_with(FailureKind::Deadlock), "a deadlock was not found: {report}");
        return Ok(());
    }
    prop_assert!(report.passed(), "{report}");
    // Those that led to others were run as well.
    prop_assert!(expected.outcomes.is_subset(&outcomes), "outcomes");
    prop_assert_eq!(report.executions(), expected.count as u64, "executions");
    Ok(())
}

#[test]
fn executions_with_few_preemptions_are_those_that_interleaving_finds() {
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let programs = (Family::Classic.program(), 0..3u32);
    TestRunner::new(config).run(&programs, |(program, bound)| check_bounded(&program, bound)).unwrap();
}

/// Checks so many random programs.
fn check_family(family: Family, cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let check = |program: Program| check(&program.without_clocks_at_any_time());
    TestRunner::new(config).run(&family.program(), check).unwrap();
}

/// Whatever sampling shows of a program is among what exploring every execution of it has shown, whoever samples.
fn check_sampled(program: &Program, executions: u64) -> Result<(), TestCaseError> {
    let timeouts = if program.any_time { Timeouts::Any } else { Timeouts::Last };
    let all = Config::new().shrink(false).timeouts(timeouts).leaks(drawloom::Policy::Allow);
    let limited = all.clone().executions(20_000);
    let (outcomes, report) = shown(limited.clone().strategy(StrategyKind::Exhaustive), || run(program));
    if report.failed_with(FailureKind::Unverified) {
        return Ok(());
    }
    // One that fails is found to fail by default as well, be it otherwise if there are several ways.
    if !report.passed() {
        let (_, auto) = shown(limited, || run(program));
        prop_assert!(!auto.passed(), "{report}, but {auto}");
        return Ok(());
    }
    let is_partial = |assumption: &Assumption| match assumption {
        Assumption::Liberties { explored, .. } => explored.is_some_and(|(_, is_all)| !is_all),
        Assumption::NoLiberties { .. } => true,
        _ => false,
    };
    let has_more = report.assumptions().iter().any(is_partial);
    for strategy in [StrategyKind::Portfolio, StrategyKind::RandomWalk, StrategyKind::RoundRobin] {
        let sampled = all.clone().strategy(strategy).executions(executions);
        let sampled = if has_more { sampled.spurious(0) } else { sampled };
        let (seen, report) = shown(sampled, || run(program));
        prop_assert!(report.passed(), "{strategy:?}: {report}");
        let missed: Vec<_> = seen.difference(&outcomes).collect();
        prop_assert!(missed.is_empty(), "{strategy:?} shows {missed:?}");
    }
    Ok(())
}

fn check_all_sampled(cases: u32, executions: u64) {
    let families = [Family::All, Family::Timed, Family::TimedChannel, Family::Liberties, Family::Classic];
    for family in families {
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let program = family.program();
        TestRunner::new(config).run(&program, |program| check_sampled(&program, executions)).unwrap();
    }
}

#[test]
fn what_is_sampled_was_explored() {
    check_all_sampled(40, 200);
}

/// `cargo test --release --test exhaustive -- --ignored deep_sampled`
#[test]
#[ignore = "takes minutes; see the command in its documentation"]
fn deep_sampled_was_explored() {
    check_all_sampled(2_000, 2_000);
}

/// A quick and a deep test of each family, with so many programs: as many for the deep one as take about five minutes,
/// but no more than 100,000.
macro_rules! families {
    ($($quick:ident $quick_cases:literal, $deep:ident $deep_cases:literal, $family:ident;)*) => {$(
        #[test]
        fn $quick() {
            check_family(Family::$family, $quick_cases);
        }

        /// `cargo test --release --test exhaustive -- --ignored deep_families`
        #[test]
        #[ignore = "takes minutes; see the command in its documentation"]
        fn $deep() {
            check_family(Family::$family, $deep_cases);
        }
    )*};
}

families! {
    locks_and_channels_have_the_executions_that_interleaving_finds 300, deep_families_classic 100_000, Classic;
    loops_that_wait_have_the_executions_that_interleaving_finds 300, deep_families_await 100_000, Await;
    loops_that_try_again_show_the_outcomes_that_interleaving_finds 300, deep_families_retry 100_000, Retry;
    loops_with_different_rounds_show_the_outcomes_that_interleaving_finds 300, deep_families_rounds 25_000, Rounds;
    loops_of_attempts_show_the_outcomes_that_interleaving_finds 300, deep_families_tries 100_000, Tries;
    loops_that_lock_show_the_outcomes_that_interleaving_finds 300, deep_families_locked 20_000, Locked;
    parking_has_the_executions_that_interleaving_finds 300, deep_families_park 100_000, Park;
    cells_have_the_executions_that_interleaving_finds 300, deep_families_once 100_000, Once;
    bounded_channels_have_the_executions_that_interleaving_finds 300, deep_families_bounded 100_000, Bounded;
    asked_channels_have_the_executions_that_interleaving_finds 300, deep_families_strict 20_000, Strict;
    poisoned_locks_have_the_executions_that_interleaving_finds 300, deep_families_poison 100_000, Poison;
    reader_writer_locks_show_the_outcomes_that_interleaving_finds 300, deep_families_rwlock 100_000, RwLock;
    barriers_show_the_outcomes_that_interleaving_finds 300, deep_families_barrier 100_000, Barrier;
    timed_waits_have_the_executions_that_interleaving_finds 600, deep_families_timed 20_000, Timed;
    timed_channels_show_the_outcomes_that_interleaving_finds 300, deep_families_timed_channel 20_000, TimedChannel;
    liberties_of_std_show_the_outcomes_that_interleaving_finds 600, deep_families_liberties 20_000, Liberties;
    all_objects_together_show_the_outcomes_that_interleaving_finds 300, deep_families_all 20_000, All;
}
