//! `cargo drawloom test`: explores the tests of a package as it is, with all its dependencies.
//!
//! One program in three parts. Called by a person, it builds the *runtime* (drawloom and what stands in for `std`, `core`, `test` and
//! tokio; see `runtime`) and calls cargo, with itself as the compiler's wrapper. Called as that (see `wrapper`), it hands to each
//! crate of the target what stands in. Called as rustdoc, it does the same for doctests. No file of the package is changed.

mod changes;
mod cli;
mod command;
mod doctor;
mod page;
mod runtime;
mod settings;
mod substitution;
mod wrapper;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match runtime::Runtime::of_build() {
        Some(runtime) if wrapper::is_compiler(&arguments) => {
            runtime.and_then(|runtime| wrapper::compile(&runtime, arguments))
        }
        Some(runtime) if wrapper::is_for_rustdoc() => {
            runtime.and_then(|runtime| wrapper::document(&runtime, arguments))
        }
        _ => cli::run(arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(101)
    })
}
