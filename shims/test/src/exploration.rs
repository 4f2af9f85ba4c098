//! One test, as an exploration; or run once, as it would be without drawloom. In a process of its own: see `process`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use drawloom::__private::{
    Harness, for_terminal, forget_futexes, in_harness, name_main, of_unmodified_code, rerun_with,
    under_harness,
};
use drawloom::{Config, Failure, FailureKind, Log, MemoryModel, Report};

use crate::output::Output;
use crate::process::{self, Ended, Mode};
use crate::settings;
use crate::statics;
use crate::verdicts::Passed;
use crate::{No, ShouldPanic, StaticTestFn, TestDescAndFn, Yes, YesWithMessage};
#[cfg(target_os = "linux")]
use crate::{clock, entropy, polling};

/// How long a test is explored, if nothing else is said: whoever has written it has not thought of how many executions it has.
const TIME: Duration = Duration::from_secs(5);

/// After how long a thread that has come to no operation waits for something outside.
const HANG_AFTER: Duration = Duration::from_secs(2);

/// How much of a reason is told, in characters.
const REASON: usize = 300;

/// A test.
#[derive(Clone, Copy)]
struct Test {
    name: &'static str,
    run: fn() -> Result<(), String>,
    should_panic: ShouldPanic,
}

/// Runs a test as it would be without drawloom. Panics if it fails.
pub(crate) fn run_here(test: &TestDescAndFn) {
    Test::of(test).check();
}

/// Runs the test of this process.
pub(crate) fn run(test: &TestDescAndFn, mode: Mode) -> Ended {
    let test = Test::of(test);
    match mode {
        Mode::Explore => test.explore(),
        Mode::Once => {
            // If it explores itself, one execution is all.
            let once = |config: Config| config.executions(1).max_steps(u64::MAX);
            match test.let_explore(once) {
                Ended::Passed(_) => Ended::Passed(Passed::Once(String::new())),
                Ended::NotExplored(why) => Ended::Failed(why),
                failed => failed,
            }
        }
    }
}

impl Test {
    fn of(test: &TestDescAndFn) -> Test {
        let TestDescAndFn { desc, testfn: StaticTestFn(run) } = *test;
        Test { name: desc.name(), run, should_panic: desc.should_panic }
    }

    fn explore(self) -> Ended {
        let config = Config::new().name(self.name).daemons(true).allow_leaked_threads(true);
        let config = match adjusted(self.name, config).with_environment() {
            Ok(config) => config,
            Err(error) => return Ended::Failed(format!("{error}{}", settings::origins(&error.to_string()))),
        };
        // Statics are one for the whole process.
        let config = config.workers(1);
        let (output, explores_itself) = (Output::default(), Arc::new(AtomicBool::new(false)));
        let execute = || {
            begin(self.name);
            output.keep(|| in_harness(&explores_itself, || self.check()));
        };
        let mut report = drawloom::explore(config.clone(), execute);
        if explores_itself.load(Ordering::Relaxed) {
            return self.let_explore(|config| config);
        }
        let mut is_weak = true;
        if report.failure().is_some_and(relies_on_sleep) && std::env::var_os("DRAWLOOM_MEMORY").is_none() {
            report = drawloom::explore(config.memory(MemoryModel::SequentiallyConsistent), execute);
            is_weak = false;
        }
        let Some(failure) = report.failure() else {
            output.show_last();
            return Ended::Passed(if is_weak { Passed::of(&report) } else { Passed::StrongMemory });
        };
        match reason_of(failure) {
            Some(why) => Ended::NotExplored(why),
            None => Ended::Failed(told(&report, &output.last())),
        }
    }

    /// The test explores itself, since somebody has written it for drawloom or it is one of tokio's.
    fn let_explore(self, adjust: impl Fn(Config) -> Config + 'static) -> Ended {
        let output = Arc::new(Output::default());
        let shown = Arc::clone(&output);
        let passed = Rc::new(Cell::new(Passed::Sampled));
        let told = Rc::clone(&passed);
        let not_explored = Rc::new(RefCell::new(None));
        let why = Rc::clone(&not_explored);
        let harness = Rc::new(Harness {
            adjust: Box::new(move |config| adjust(adjusted(self.name, config).log(Log::Off).workers(1))),
            around: Box::new(move |test| {
                begin(self.name);
                output.keep(test);
            }),
            explored: Box::new(move |report| {
                told.set(Passed::of(report));
                why.replace(report.failure().and_then(reason_of));
            }),
        });
        match catch_unwind(AssertUnwindSafe(|| under_harness(&harness, || self.check()))) {
            Ok(()) => {
                shown.show_last();
                Ended::Passed(passed.replace(Passed::Sampled))
            }
            // The test has printed its report, and panics with it.
            Err(_) if let Some(why) = not_explored.take() => Ended::NotExplored(why),
            Err(payload) => Ended::Failed(text(&*payload).unwrap_or("a panic").to_owned()),
        }
    }

    /// Runs the test once. Panics if it does not end as it is to.
    fn check(self) {
        match self.should_panic {
            No => (self.run)().unwrap_or_else(|error| resume_unwind(Box::new(error))),
            Yes | YesWithMessage(_) => match catch_unwind(self.run) {
                Ok(_) => panic!("test did not panic as expected"),
                Err(payload) => {
                    // What has neither type is how the runtime ends an execution.
                    let Some(said) = text(&*payload) else { resume_unwind(payload) };
                    if let YesWithMessage(expected) = self.should_panic
                        && !said.contains(expected)
                    {
                        panic!(
                            "panic did not contain expected string\n      panic message: {said:?}\n expected substring: {expected:?}"
                        );
                    }
                }
            },
        }
    }
}

/// An execution of the test begins.
fn begin(test: &'static str) {
    statics::restore();
    forget_futexes();
    #[cfg(target_os = "linux")]
    {
        clock::begin();
        polling::begin();
        entropy::begin(test);
    }
    name_main(test);
}

/// The settings for code that nobody has written for drawloom, which the environment may override.
fn adjusted(name: &str, config: Config) -> Config {
    let config = config.time(TIME).hang_after(Some(HANG_AFTER));
    of_unmodified_code(rerun_with(config, format!("cargo drawloom replay {{}} {name}{}", process::flags())))
}

/// Whether it fails since a thread reads what is older than a time that has passed. C++ allows that, as to sleep is no
/// synchronization; but every store is seen within a time that is short ([intro.progress]/18), on which tests rely that order their
/// threads by sleeping.
fn relies_on_sleep(failure: &Failure) -> bool {
    failure.needs_weak_memory() == Some(true) && !failure.waited().is_zero()
}

/// The report, and what was printed in the execution that it tells.
fn told(report: &Report, printed: &str) -> String {
    let report = for_terminal(report);
    match printed.trim_end() {
        "" => report,
        printed => format!("{report}\n\nprinted in this execution:\n{printed}"),
    }
}

/// That reason, with the beginning of what drawloom says.
fn reason(why: &str, message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    // That advice is for who writes a test for drawloom.
    let first = first.split("; use drawloom").next().unwrap_or_default();
    let end = first.char_indices().nth(REASON).map_or(first.len(), |(end, _)| end);
    let dots = if end < first.len() { "…" } else { "" };
    format!("{why}: {}{dots}", &first[..end])
}

/// Why a test that fails so is not explored, if it is not.
fn reason_of(failure: &Failure) -> Option<String> {
    // Who replays an execution wants that one, or to know why it cannot be had.
    let replays = std::env::var_os("DRAWLOOM_REPLAY").is_some();
    why_not_explored(failure.kind()).filter(|_| !replays).map(|why| reason(why, failure.message()))
}

/// Why a test that fails so says nothing: its code does what drawloom does not control.
fn why_not_explored(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Nondeterminism => Some("it does not repeat"),
        FailureKind::Misuse => Some("a thread takes part that drawloom does not know"),
        FailureKind::Hang => Some("it waits for something outside, or computes for long"),
        FailureKind::StepLimit
        | FailureKind::GoodSamaritan
        | FailureKind::QueueLimit
        | FailureKind::ThreadLimit => Some("an execution is too long"),
        _ => None,
    }
}

fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied())
}
