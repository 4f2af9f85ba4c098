//! What a person says.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::command::{self, Settings};
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

The settings of an exploration are environment variables, such as DRAWLOOM_TIME=30s; README.md has the list."
)]
struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Explore tests: all that `cargo test` takes
    #[command(disable_help_flag = true)]
    Test {
        /// As for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Explore tests by cargo-nextest: `cargo drawloom nextest run …`
    #[command(disable_help_flag = true)]
    Nextest {
        /// As for `cargo nextest`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Run one execution again: that of a token or seed, as a failure prints it
    Replay {
        /// The token or seed
        token: String,
        /// The test; without it, the one that has this name alone in the package
        test: Option<String>,
        /// As for `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// Open the page of a failure in a browser: the last one, or that of a test
    Report {
        /// The test
        test: Option<String>,
    },
}

/// Does what is said.
pub(crate) fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    // cargo calls `cargo-drawloom drawloom …`.
    let arguments =
        arguments.iter().skip(usize::from(arguments.first().is_some_and(|first| first == "drawloom")));
    let cli = Cli::parse_from([OsString::from("cargo drawloom")].iter().chain(arguments));
    match cli.action {
        Action::Test { arguments } => command::run("test", &arguments, &Settings::default()),
        Action::Nextest { arguments } => command::run("nextest", &arguments, &Settings::default()),
        Action::Replay { token, test, mut arguments } => {
            // Doctests are not explored.
            arguments.insert(0, OsString::from("--tests"));
            if let Some(test) = test {
                arguments.extend(["--", "--exact"].map(OsString::from));
                arguments.push(test.into());
            }
            command::run("test", &arguments, &Settings { replay: Some(token) })
        }
        Action::Report { test } => page::open(test.as_deref()),
    }
}
