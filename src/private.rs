//! What the expansions of `#[drawloom::test]` and `thread_local!` name. Not part of the public API.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{Config, Log, Rerun};
use crate::explore;
use crate::report::Report;

/// The report's text, in colours on a terminal. For the shims.
pub use crate::report::for_terminal;
use crate::rt::op::basis::Basis;

#[cfg(feature = "tokio")]
pub use drawloom_macros::{join, select, try_join};

/// The real one: where a macro is expanded, `std` may be the name of drawloom-std.
pub use ::std;

/// A test, as the attribute describes it.
#[derive(Debug)]
pub struct TestCase {
    /// Its path, with the crate's name.
    pub name: &'static str,
    /// The package's folder.
    pub manifest_dir: &'static str,
    /// Whether failing schedules are kept.
    pub keep_regressions: bool,
    /// Whether the body has unsafe code on memory that is not watched.
    pub plain_memory: bool,
    /// Whether the body asks for the counts of an `Arc`.
    pub arc_counts: bool,
    /// The attribute's arguments.
    pub config: Config,
}

/// `config`, with `{}` in `command` for the token or seed of a failure: how a person runs a test again that is no
/// `#[drawloom::test]`. For the shims.
pub fn rerun_with(mut config: Config, command: impl Into<String>) -> Config {
    config.rerun = Rerun::Command(command.into());
    config
}

/// `config`, under which every execution is explored if there are at most so many, whatever number is sampled
/// otherwise. For the shims.
pub fn verify_within(mut config: Config, executions: u64) -> Config {
    config.verify_within = Some(executions);
    config
}

/// `config`, for a test that nobody has written for drawloom: what it does to plain memory and the counts of `Arc` is not seen. For
/// the shims.
pub fn of_unmodified_code(mut config: Config) -> Config {
    config.unseen.add(Basis::PLAIN_MEMORY);
    config.unseen.add(Basis::ARC_COUNTS);
    config.is_of_unmodified_code = true;
    // As long as that of std's threads, which libtest runs tests on.
    let wanted = std::env::var("RUST_MIN_STACK").ok().and_then(|size| size.parse().ok());
    config = config.stack_size(wanted.unwrap_or(STACK_OF_STD));
    // Nothing is written to the folder of whoever has not asked for it.
    config.regressions = None;
    config
}

/// How large a stack std gives to a thread if nobody says otherwise, in bytes.
const STACK_OF_STD: usize = 2 << 20;

/// Inside an exploration, the spawn path of the running thread, as a number that is the same in other executions. For the shims.
pub use crate::rt::spawn_path;

/// Inside an exploration, `thread::current().name()` of the test body is this one. For the shims.
pub use crate::rt::name_main;

/// Futexes of the running execution. For the shims.
pub use crate::sync::futex::{FutexWait, forget_futexes, futex_wait, futex_wake};

/// Does what a test does in an execution, and something around it.
pub type Around = dyn Fn(&dyn Fn()) + Send + Sync;

/// A harness that explores tests, whatever has written them, and how it wants those explored that explore themselves. For the shims.
pub struct Harness {
    /// Makes another configuration of that of the test.
    pub adjust: Box<dyn Fn(Config) -> Config>,
    /// Does in each execution what the test does, and something around it.
    pub around: Box<Around>,
    /// Is told what came of it.
    pub explored: Box<dyn Fn(&Report)>,
}

thread_local! {
    /// Set where a harness explores a test: whether that explores itself.
    static EXPLORES_ITSELF: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    /// Set where a harness lets a test explore itself.
    static HARNESS: RefCell<Option<Rc<Harness>>> = const { RefCell::new(None) };
}

/// Runs a test in an execution of a harness. If that explores itself, it says so and panics. For the shims.
pub fn in_harness<R>(explores_itself: &Arc<AtomicBool>, run: impl FnOnce() -> R) -> R {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            EXPLORES_ITSELF.set(None);
        }
    }
    EXPLORES_ITSELF.set(Some(Arc::clone(explores_itself)));
    let _reset = Reset;
    run()
}

/// Runs a test that explores itself, as a harness wants it. For the shims.
pub fn under_harness<R>(harness: &Rc<Harness>, run: impl FnOnce() -> R) -> R {
    let before = HARNESS.replace(Some(Rc::clone(harness)));
    let result = catch_unwind(AssertUnwindSafe(run));
    HARNESS.set(before);
    result.unwrap_or_else(|payload| resume_unwind(payload))
}

/// Inside an exploration, how much virtual time has passed since the execution began. For the shims.
#[track_caller]
pub fn virtual_now() -> Option<std::time::Duration> {
    crate::rt::virtual_now(std::panic::Location::caller())
}

/// Whether a line about a test that passed is wanted. For the shims.
pub fn wants_summary(config: &Config) -> bool {
    config.log >= Log::Summary
}

/// What a test may return.
pub trait TestOutcome {
    /// Panics if the outcome is a failure.
    fn check(self);
}

impl TestOutcome for () {
    fn check(self) {}
}

impl<T, E: Debug> TestOutcome for Result<T, E> {
    fn check(self) {
        if let Err(error) = self {
            // Not `panic!`: the place that it would name is in this file.
            resume_unwind(Box::new(format!("the test returned an error: {error:?}")));
        }
    }
}

/// Runs the future of an async test: on a runtime, if there are any, with so many workers.
#[track_caller]
#[cfg(feature = "tokio")]
pub fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
    use crate::tokio::runtime::Builder;
    let mut builder = match workers {
        Some(workers) => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(workers);
            builder
        }
        None => Builder::new_current_thread(),
    };
    match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("tokio cannot build its runtime: {error}"),
    }
}

/// Runs the future of an async test.
#[track_caller]
#[cfg(not(feature = "tokio"))]
pub fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
    assert!(workers.is_none(), "drawloom: a runtime with workers needs the feature `tokio`");
    crate::future::block_on(future)
}

/// Explores the test and panics, with the report, if it fails.
pub fn run_test<R: TestOutcome>(case: TestCase, body: impl Fn() -> R + Send + Sync) {
    run(case, |config, around| explore(config, || around(&|| body().check())));
}

/// As `run_test`, for each of some inputs.
#[cfg(feature = "proptest")]
pub fn run_property_test<S: proptest::strategy::Strategy, R: TestOutcome>(
    case: TestCase,
    strategy: S,
    describe: impl Fn(&S::Value) -> String,
    body: impl Fn(S::Value) -> R + Send + Sync,
) where
    S::Value: Clone + Send + Sync,
{
    run(case, |config, around| {
        crate::explore_inputs(config, strategy, describe, |input: S::Value| {
            around(&|| body(input.clone()).check());
        })
    });
}

fn run(case: TestCase, explore: impl FnOnce(Config, &Around) -> Report) {
    if let Some(explores_itself) = EXPLORES_ITSELF.with_borrow(Clone::clone) {
        explores_itself.store(true, Ordering::Relaxed);
        resume_unwind(Box::new("the test explores itself".to_owned()));
    }
    let harness = HARNESS.with_borrow(Clone::clone);
    // cargo test knows a test by its path within the crate.
    let name = case.name.split_once("::").map_or(case.name, |(_, path)| path);
    let mut config = case.config.name(name);
    config.rerun = Rerun::CargoTest;
    config.unseen =
        Basis::of([(case.plain_memory, Basis::PLAIN_MEMORY), (case.arc_counts, Basis::ARC_COUNTS)]);
    if case.keep_regressions {
        config = config.regressions(Path::new(case.manifest_dir).join("drawloom-regressions"));
        // With the crate's name: several test crates of a package share the folder.
        config.regression_name = Some(case.name.to_owned());
    }
    if let Some(harness) = &harness {
        config = (harness.adjust)(config);
    }
    let config =
        config.with_environment().unwrap_or_else(|error| fail(&error.to_string(), &error.to_string()));
    let (log, expected, replays) = (config.log, config.expect, config.replay.is_some());
    let report = match &harness {
        Some(harness) => explore(config, &*harness.around),
        None => explore(config, &|test| test()),
    };
    if let Some(harness) = &harness {
        (harness.explored)(&report);
    }
    match (expected, report.failure()) {
        (Some(expected), Some(failure)) if failure.kind() == expected => {
            // Somebody who replays it wants to see it.
            if log >= Log::Summary {
                eprintln!(
                    "{name}: passed: found the expected {expected} in execution {}",
                    failure.execution()
                );
            }
            if replays {
                eprintln!("{}", for_terminal(&report));
            }
        }
        (Some(expected), None) if !replays => {
            let passed = format!("{name} is expected to fail with {expected}, but did not");
            fail(
                &format!("{}\n\n{passed}", for_terminal(&report)),
                &format!("{}\n\n{passed}", unbroken(&report)),
            );
        }
        (Some(expected), Some(_)) => {
            let otherwise = format!("{name} is expected to fail with {expected}, but failed otherwise");
            fail(
                &format!("{}\n\n{otherwise}", for_terminal(&report)),
                &format!("{}\n\n{otherwise}", unbroken(&report)),
            );
        }
        (None, Some(_)) => fail(&for_terminal(&report), &unbroken(&report)),
        (_, None) => {
            if log >= Log::Summary {
                eprintln!("{}", for_terminal(&report));
            }
        }
    }
}

/// The report for `#[should_panic(expected = "…")]`, which looks in vain for words between which a line is broken.
fn unbroken(report: &Report) -> String {
    format!("{report:0$}", usize::from(u16::MAX))
}

/// Shows the report and fails the test with this message, and nothing around it.
fn fail(report: &str, message: &str) -> ! {
    eprintln!("\n{report}\n");
    // Not `panic!`: the place that it would name is in this file, which is nobody's concern. The harness prints no
    // message for it, but compares it for `#[should_panic]`.
    resume_unwind(Box::new(message.to_owned()))
}

/// What `assert_failure_snapshot!` compares.
///
/// # Panics
///
/// If nothing failed.
#[track_caller]
pub fn pinned(report: &Report) -> String {
    match report.failure() {
        Some(failure) => crate::report::pinned(failure),
        None => panic!("there is no failure to compare with a snapshot: {report}"),
    }
}
