//! What a person says.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::command;
use crate::doctor;
use crate::page;

#[derive(Parser)]
#[command(
    bin_name = "cargo drawloom",
    version,
    about = "Explores the tests of a package as it is: every #[test] runs under many interleavings of its threads and tasks",
    after_help = "\
Examples:
  cargo drawloom test                          explore all tests of the package
  cargo drawloom test queue::                  those with this in their name
  cargo drawloom test --release -- --exact a   all that cargo test takes
  cargo drawloom replay dl1AAACAAACAw8SD a     run the failing execution of `a` again
  cargo drawloom report a                      open its page in a browser
  cargo drawloom doctor                        what of this package's tests is seen, and what is not

The settings of an exploration are environment variables, such as DRAWLOOM_TIME=30s; README.md has the list.
drawloom.toml beside Cargo.toml sets them for a package, a module or a test; docs/push-button.md tells how."
)]
struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Explore tests: all that `cargo test` takes (`cargo test --help`)
    ///
    /// What follows `--` is for the tests: `--exact`, `--nocapture`, `--skip`, … as without drawloom. `--tokio=real` compiles tokio
    /// as it is, in the place of drawloom's model of it.
    Test {
        /// As for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Explore tests by cargo-nextest: `cargo drawloom nextest run …` (`cargo nextest run --help`)
    Nextest {
        /// As for `cargo nextest`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Run one execution again: that of a token or seed, as a failure prints it
    Replay {
        /// The token or seed
        token: String,
        /// The test, by its whole name
        test: String,
        /// As for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Open the page of a failure in a browser: the last one, or that of a test
    Report {
        /// The test
        test: Option<String>,
    },
    /// Say what of this package's tests is seen, what is not, and why
    ///
    /// Compiles the tests, and runs none.
    Doctor {
        /// As for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
}

/// Does what is said.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    // cargo calls `cargo-drawloom drawloom …`.
    let arguments =
        arguments.iter().skip(usize::from(arguments.first().is_some_and(|first| first == "drawloom")));
    let arguments: Vec<OsString> = arguments.cloned().collect();
    let cli = Cli::parse_from([OsString::from("cargo drawloom")].iter().chain(&arguments));
    match cli.action {
        // As they are: a first `--` would be the parser's own, and is cargo's.
        Action::Test { .. } => command::run("test", &arguments[1..], None),
        Action::Nextest { .. } => command::run("nextest", &arguments[1..], None),
        Action::Replay { token, test, arguments } => command::replay(&token, &test, &arguments),
        Action::Report { test } => page::open(test.as_deref()),
        Action::Doctor { .. } => doctor::examine(&arguments[1..]),
    }
}
