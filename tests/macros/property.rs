//! Tests with inputs: proptest draws them, and the failing one shrinks with its schedule.

use std::fs;

use drawloom::sync::Arc;
use drawloom::sync::atomic::AtomicU32;
use drawloom::sync::atomic::Ordering::SeqCst;
use drawloom::{Config, FailureKind, Report, StrategyKind, explore_inputs, thread};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

/// Each thread adds its number, as a load and a store.
fn add_up(numbers: &[u32]) {
    let sum = Arc::new(AtomicU32::new(0));
    let add = |number: u32| {
        let sum = Arc::clone(&sum);
        thread::spawn(move || sum.store(sum.load(SeqCst) + number, SeqCst))
    };
    let threads: Vec<_> = numbers.iter().map(|&number| add(number)).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum.load(SeqCst), numbers.iter().sum::<u32>(), "something is lost");
}

fn numbers() -> impl Strategy<Value = Vec<u32>> {
    vec(0..50u32, 0..4)
}

fn check(config: Config) -> Report {
    explore_inputs(config, numbers(), |numbers| format!("numbers = {numbers:?}"), |numbers| add_up(&numbers))
}

#[test]
fn the_input_and_the_schedule_are_both_minimal() {
    let report = check(Config::new().strategy(StrategyKind::Portfolio));
    let failure = report.failure().unwrap_or_else(|| panic!("{report}"));
    assert_eq!(failure.kind(), FailureKind::Panic);
    // Two threads, of which one loses what the other has added: with less, nothing is lost.
    let text = report.to_string();
    assert!(text.contains("input: numbers = [0, 1]") || text.contains("input: numbers = [1, 0]"), "{text}");
    assert_eq!((failure.preemptions(), failure.is_minimal()), (1, true), "{text}");
}

#[test]
fn a_token_has_the_input_and_the_schedule() {
    let found = check(Config::new());
    let found = found.failure().expect("something is lost");
    let again = check(Config::new().replay(found.token()));
    let again = again.failure().expect("it fails again");
    assert_eq!((again.message(), again.token()), (found.message(), found.token()));
    assert!(again.to_string().contains("input: numbers = "), "{again}");

    let (schedule, _) = found.token().split_once('@').expect("an input");
    for wrong in [schedule, "dl1AAAA@", "dl1AAAA@x.1"] {
        let report = check(Config::new().replay(wrong));
        assert!(report.failed_with(FailureKind::Misuse), "{report}");
    }
    let report = check(Config::new().replay(schedule));
    let message = report.failure().expect("there is no input").message();
    assert!(message.contains("needs the schedule and the input"), "{report}");
}

#[test]
fn the_regressions_file_has_both() {
    let folder = std::env::temp_dir().join(format!("drawloom-inputs-{}", std::process::id()));
    let config = Config::new().name("adds").regressions(&folder);
    let found = check(config.clone());
    let text = fs::read_to_string(folder.join("adds.txt")).unwrap();
    assert!(text.contains(found.failure().unwrap().token()) && text.contains("with numbers = ["), "{text}");
    let again = check(config.clone());
    assert_eq!(again.executions(), 1, "{again}");
    assert!(again.to_string().contains("from line 3 of"), "{again}");

    // Mended, it passes, and the kept one is run before.
    let mended = explore_inputs(config, numbers(), |numbers| format!("{numbers:?}"), |_| ());
    assert!(mended.passed(), "{mended}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_summary_counts_inputs() {
    let report = explore_inputs(Config::new().name("t").cases(5), any::<u8>(), |n| n.to_string(), |_| ());
    assert_eq!(report.to_string(), "t: passed: 5 inputs, each verified: 5 executions in all");
}

#[test]
fn the_same_input_is_found_each_time() {
    let [one, other] = [check(Config::new()), check(Config::new().workers(2))];
    assert_eq!(one.to_string(), other.to_string());
}

#[drawloom::test(cases = 4)]
fn the_attribute_takes_parameters(#[strategy(1..3u32)] threads: u32, #[strategy(any::<u8>())] _seed: u8) {
    let count = Arc::new(AtomicU32::new(0));
    let add = |_| {
        let count = Arc::clone(&count);
        thread::spawn(move || count.fetch_add(1, SeqCst))
    };
    let threads: Vec<_> = (0..threads).map(add).collect();
    let wanted = threads.len() as u32;
    threads.into_iter().for_each(|thread| _ = thread.join().unwrap());
    assert_eq!(count.load(SeqCst), wanted);
}

#[drawloom::test(cases = 4)]
async fn an_async_test_takes_them_too(#[strategy(0..3u32)] mut number: u32) -> Result<(), String> {
    number += 1;
    if number > 0 { Ok(()) } else { Err("no number".to_owned()) }
}

#[drawloom::test(expect = "panic")]
fn a_failure_can_be_expected(#[strategy(numbers())] numbers: Vec<u32>) {
    add_up(&numbers);
}
