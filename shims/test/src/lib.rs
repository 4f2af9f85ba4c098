//! The crate `test`, where `cargo drawloom` explores.
//!
//! rustc's `--test` makes of each `#[test]` a description, and a `main` that hands all of them to the crate `test`. With
//! `--extern test=…` that is this one, so every test is explored, whatever macro has written it: `#[test]`, `#[tokio::test]`,
//! `#[rstest]`, `#[test_case]` or `proptest!`. The types are those that the expansion names (`rustc_builtin_macros::test` and
//! `test_harness`, rustc 1.95), in rustc's own words.

mod arguments;
#[cfg(target_os = "linux")]
mod c_library;
#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod entropy;
mod exploration;
mod output;
#[cfg(target_os = "linux")]
mod polling;
mod process;
mod settings;
#[cfg(target_os = "linux")]
mod statics;
#[cfg(not(target_os = "linux"))]
#[path = "statics/elsewhere.rs"]
mod statics;
#[cfg(target_os = "linux")]
mod system_calls;
mod verdicts;

use std::process::{ExitCode, Termination};

pub use self::ShouldPanic::*;
pub use self::TestFn::*;
pub use self::TestName::*;

/// What a test is called.
#[derive(Clone, Copy, Debug)]
pub enum TestName {
    /// By its path in the crate.
    StaticTestName(&'static str),
}

/// What a test runs.
#[derive(Clone, Copy, Debug)]
pub enum TestFn {
    /// A function.
    StaticTestFn(fn() -> Result<(), String>),
}

/// Whether a test is to panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShouldPanic {
    /// It is not.
    No,
    /// It is.
    Yes,
    /// It is, with these words.
    YesWithMessage(&'static str),
}

/// Where a test stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TestType {
    /// In a library or a program.
    UnitTest,
    /// In `tests`.
    IntegrationTest,
    /// In documentation.
    DocTest,
    /// Somewhere else.
    Unknown,
}

/// What is said of a test.
#[derive(Clone, Copy, Debug)]
pub struct TestDesc {
    /// Its name.
    pub name: TestName,
    /// Whether it is left out if it is not asked for.
    pub ignore: bool,
    /// Why.
    pub ignore_message: Option<&'static str>,
    /// The file in which it stands.
    pub source_file: &'static str,
    /// Its first line.
    pub start_line: usize,
    /// Its first column.
    pub start_col: usize,
    /// Its last line.
    pub end_line: usize,
    /// Its last column.
    pub end_col: usize,
    /// Whether it is to panic.
    pub should_panic: ShouldPanic,
    /// Of documentation only.
    pub compile_fail: bool,
    /// Of documentation only.
    pub no_run: bool,
    /// Where it stands.
    pub test_type: TestType,
}

impl TestDesc {
    /// Its path in the crate.
    pub(crate) fn name(&self) -> &'static str {
        let StaticTestName(name) = self.name;
        name
    }
}

/// A test.
#[derive(Clone, Copy, Debug)]
pub struct TestDescAndFn {
    /// What is said of it.
    pub desc: TestDesc,
    /// What it runs.
    pub testfn: TestFn,
}

/// What a test has returned.
///
/// # Errors
///
/// If that is a failure.
pub fn assert_test_result<T: Termination>(result: T) -> Result<(), String> {
    let code = result.report();
    if code == ExitCode::SUCCESS {
        return Ok(());
    }
    Err("the test returned a termination value with a non-zero status code".to_owned())
}

/// The `main` of a test binary: runs the tests that are asked for, and ends the process.
pub fn test_main_static(tests: &[&'static TestDescAndFn]) {
    if let Some(told) = process::child() {
        statics::copy();
        let test = tests.iter().find(|test| test.desc.name() == told.test);
        let test = test.unwrap_or_else(|| panic!("drawloom: this program has no test `{}`", told.test));
        told.tell(&exploration::run(test, told.mode));
        return;
    }
    // What comes of it is for the test that has started it, which is explored or not.
    let is_within_test = process::is_within_test();
    let chosen = arguments::Arguments::from_env(tests);
    let shows_output = chosen.of_mimic.nocapture;
    let trial = |test: &&'static TestDescAndFn| {
        let (name, test) = (test.desc.name(), *test);
        let run = move || {
            if is_within_test {
                exploration::run_here(test);
                return Ok(());
            }
            process::run(name, shows_output).map_err(libtest_mimic::Failed::from)
        };
        libtest_mimic::Trial::test(name, run).with_ignored_flag(test.desc.ignore)
    };
    let trials = tests.iter().map(trial).collect();
    let conclusion = libtest_mimic::run(&chosen.of_mimic, trials);
    verdicts::print();
    conclusion.exit()
}

/// As [`test_main_static`], where panics abort: nothing can be explored there.
pub fn test_main_static_abort(tests: &[&TestDescAndFn]) {
    let _ = tests;
    eprintln!(
        "drawloom: the tests were compiled with `panic = \"abort\"`; drawloom ends executions by unwinding. Set `panic = \"unwind\"` for \
         the profile of the tests"
    );
    std::process::exit(101);
}
