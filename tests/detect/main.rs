//! What might go wrong, and is found even where the executions that were run go well: data races, leaks, deadlocks that the order
//! of locks lets expect.

mod leaks;
mod lock_order;
mod plain_memory;
mod races;

use drawloom::{Config, FailureKind, Report, StrategyKind, explore};

fn config() -> Config {
    Config::new().strategy(StrategyKind::Portfolio).executions(300)
}

#[track_caller]
fn fails(kind: FailureKind, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config(), &body);
    assert!(report.failed_with(kind), "expected {kind}, but: {report}");
    let failure = report.failure().unwrap();
    let again = explore(config().replay(failure.token()), &body);
    assert_eq!(again.failure().expect("it fails again").message(), failure.message());
    report
}

#[track_caller]
fn passes(body: impl Fn() + Send + Sync) {
    let report = explore(config(), body);
    assert!(report.passed(), "{report}");
}
