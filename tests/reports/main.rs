//! What is printed of each kind of failure, whole, as whoever sees it for the first time reads it: a small program each. A
//! kind is also printed where it is tested (`verdicts` and others); here are those that are not, and whatever may
//! become too wide.

mod artifacts;
mod failing;
mod stories;
mod waiting;

use drawloom::{Config, FailureKind, Policy, Report, StrategyKind, explore};

use failing::*;
use waiting::*;

/// What a report is about, how it is explored, and the program.
type Case = (FailureKind, Config, fn());

fn sampled() -> Config {
    Config::new().strategy(StrategyKind::Portfolio).executions(300).seed(7).lock_order(Policy::Allow)
}

fn random() -> Config {
    sampled().strategy(StrategyKind::RandomWalk)
}

/// Every case by its name, which is that of its snapshot.
fn cases() -> Vec<(&'static str, Case)> {
    use FailureKind::*;
    let mut cases: Vec<(&str, Case)> = vec![
        ("deadlock_lost_wakeup", (Deadlock, sampled().spurious(0), lost_wakeup)),
        ("deadlock_join_under_a_lock", (Deadlock, sampled(), join_under_a_lock)),
        ("deadlock_two_of_three", (Deadlock, random(), two_of_three)),
        ("deadlock_abandoned_lock", (Deadlock, random(), abandoned_lock)),
        ("deadlock_while_others_go_on", (Deadlock, random().max_steps(20_000), question_for_question)),
        ("leaked_thread_that_goes_on", (LeakedThread, random().max_steps(20_000), heartbeat_without_end)),
        ("livelock", (Livelock, random(), flag_that_nobody_raises)),
        (
            "good_samaritan",
            (
                GoodSamaritan,
                sampled().strategy(StrategyKind::Pct { depth: 3 }).max_steps(20_000),
                polled_lock,
            ),
        ),
        ("step_limit", (StepLimit, random().max_steps(2_000), restless)),
        ("thread_limit", (ThreadLimit, sampled().max_threads(3), thread_per_request)),
        ("queue_limit", (QueueLimit, sampled().max_queued(2), eager_sender)),
        ("data_race", (DataRace, random(), race_through_a_third)),
        ("panic_stale_read", (Panic, random(), stale_read)),
        (
            "lock_order_predicted",
            (
                LockOrder,
                random().seed(0x5eed).executions(20).max_preemptions(0).lock_order(Policy::Warn),
                opposite_orders,
            ),
        ),
        (
            "lock_order_potential",
            (LockOrder, random().executions(20).lock_order(Policy::Deny), opposite_orders_in_turn),
        ),
        (
            "lock_order_without_deadlock",
            (LockOrder, Config::new().lock_order(Policy::Deny), opposite_orders_in_turn),
        ),
        (
            "lock_order_confirmed",
            (Deadlock, random().executions(1).max_preemptions(1).lock_order(Policy::Warn), opposite_orders),
        ),
        ("leaked_thread", (LeakedThread, sampled(), worker_without_an_end)),
        ("leak", (Leak, sampled().leaks(Policy::Deny), answer_that_nobody_receives)),
        (
            "unverified",
            (Unverified, Config::new().strategy(StrategyKind::Exhaustive).executions(10), many_executions),
        ),
        ("nondeterminism", (Nondeterminism, sampled(), counts_executions)),
        ("double_panic", (DoublePanic, sampled(), panics_twice)),
        ("misuse_unknown_thread", (Misuse, sampled(), unknown_thread)),
        ("misuse_setting", (Misuse, sampled().max_steps(0), many_executions)),
    ];
    #[cfg(target_os = "linux")]
    cases.extend([
        ("stack_overflow", (StackOverflow, sampled().stack_size(128 << 10), endless_recursion as fn())),
        ("crash", (Crash, sampled(), dangling_pointer)),
    ]);
    cases
}

fn report(name: &str) -> Report {
    let (kind, config, body) = cases().into_iter().find(|case| case.0 == name).expect("there is a case").1;
    let report = explore(config.name(format!("tests::{name}")), body);
    assert!(report.failed_with(kind), "{kind}: {report}");
    report
}

#[test]
fn each_kind_is_printed_whole() {
    for (name, _) in cases() {
        insta::assert_snapshot!(name, report(name).to_string());
    }
}

#[test]
fn a_warning_is_printed_below_what_passed() {
    let config = random().executions(20).lock_order(Policy::Warn).name("tests::transfers");
    let report = explore(config, opposite_orders_in_turn);
    assert!(report.passed(), "{report}");
    insta::assert_snapshot!(report.to_string());
}

/// Where the compiler was built is nobody's concern, and std's line alone helps nobody.
#[test]
fn a_place_in_std_is_told_with_the_function_that_led_there() {
    let report = explore(sampled(), worker_in_a_loop_of_std);
    assert!(report.failed_with(FailureKind::LeakedThread), "{report}");
    let text = report.to_string();
    assert!(text.contains("\n      at library/core/src/iter/traits/iterator.rs:"), "{text}");
    let function =
        "\n      in reports::waiting::worker_in_a_loop_of_std::{{closure}} (tests/reports/waiting.rs:";
    assert!(text.contains(function), "{text}");
}

/// On a narrow terminal.
#[test]
fn eighty_columns_are_enough() {
    for name in ["deadlock_lost_wakeup", "data_race", "panic_stale_read"] {
        insta::assert_snapshot!(format!("{name}_narrow"), format!("{:80}", report(name)));
    }
}

/// All lines but those that are to be copied.
#[test]
fn nothing_is_wider_than_it_may_be() {
    for (name, _) in cases() {
        let report = report(name);
        for width in [80, 100] {
            let text = format!("{report:width$}");
            for line in text.lines().filter(|line| !line.starts_with("replay: ")) {
                assert!(line.chars().count() <= width, "{name}, {width} columns: {line}\n\n{text}");
            }
        }
    }
}
