//! Code that does not come back: the test fails, the report says where it stands and what it waits for, and others go on.
//!
//! Nothing here depends on how long anything takes: what hangs does so for ever. In a process of its own,
//! since the OS threads that have hung stay.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod loops;
mod waits;

use std::time::Duration;

use drawloom::{Config, FailureKind, Report, explore};

/// Short, so that the tests are.
fn config() -> Config {
    Config::new().name("a_test").hang_after(Some(Duration::from_millis(200)))
}

/// Explores `body`, which is to hang, and checks what every report of that has.
fn hangs(config: Config, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config, body);
    let text = report.to_string();
    assert!(report.failed_with(FailureKind::Hang), "{text}");
    let failure = report.failure().unwrap();
    assert!(!failure.token().is_empty(), "{text}");
    for part in ["hang in a_test: ", " stands\n", "      in ", " hangs::", "(tests/hangs/", "replay: "] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    report
}

/// Explores `body` in every way; the report of each is to say this.
#[track_caller]
fn hangs_and_says(words: &str, body: impl Fn() + Send + Sync + Copy) {
    use drawloom::StrategyKind::{Exhaustive, Portfolio, RandomWalk};
    for strategy in [Exhaustive, Portfolio, RandomWalk] {
        let text = format!("{:10000}", hangs(config().strategy(strategy), body));
        assert!(text.contains(words), "{words:?} is missing in\n{text}");
    }
}
