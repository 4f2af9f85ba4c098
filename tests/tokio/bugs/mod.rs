//! Bugs of async code that people have reported, rebuilt small: each is found soon, told as what it is, and its repair passes.

mod cancelled;
mod channels;
mod explored;
mod locks;
mod noted;
mod scheduling;

use drawloom::tokio::runtime::Builder;
use drawloom::{Config, Coverage, FailureKind, Report, StrategyKind, explore};

/// Which runtime a program runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    OneThread,
    Workers,
}

/// Within how many executions a bug is to be found.
const SOON: u64 = 100;

fn run<F: Future<Output = ()>>(config: Config, on: On, body: impl Fn() -> F + Send + Sync) -> Report {
    explore(config, || {
        let mut builder = match on {
            On::OneThread => Builder::new_current_thread(),
            On::Workers => Builder::new_multi_thread(),
        };
        builder.enable_time().build().expect("a runtime of the model").block_on(body());
    })
}

/// The program fails so, soon, by default and with seven seeds, and the report says these words.
pub(crate) fn finds<F: Future<Output = ()>>(
    on: On,
    kind: FailureKind,
    words: &[&str],
    body: impl Fn() -> F + Send + Sync,
) {
    let report = run(Config::new(), on, &body);
    let text = report.to_string();
    let failure = report.failure().unwrap_or_else(|| panic!("nothing was found:\n{text}"));
    assert_eq!(failure.kind(), kind, "{text}");
    assert!(failure.execution() < SOON, "found in execution {}", failure.execution());
    for words in words {
        // Where lines are broken is the report's concern.
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(words), "no {words:?} in\n{text}");
    }
    for seed in 0..7 {
        let config =
            Config::new().seed(seed).executions(SOON).strategy(StrategyKind::Portfolio).shrink(false);
        let report = run(config, on, &body);
        assert!(report.failure().is_some_and(|failure| failure.kind() == kind), "seed {seed}: {report}");
    }
}

/// Every execution of the program passes.
pub(crate) fn is_verified<F: Future<Output = ()>>(on: On, body: impl Fn() -> F + Send + Sync) -> u64 {
    let report = run(Config::new(), on, body);
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    report.executions()
}

/// The program passes, as far as it is run.
pub(crate) fn passes<F: Future<Output = ()>>(on: On, body: impl Fn() -> F + Send + Sync) {
    let report = run(Config::new().executions(1_000), on, body);
    assert!(report.passed(), "{report}");
}
