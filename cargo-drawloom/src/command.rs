//! Calls cargo for a person, with this program as the compiler's wrapper.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::runtime::{Runtime, cargo};
use crate::wrapper;

/// What is asked for besides what cargo is told.
#[derive(Default)]
pub(crate) struct Settings {
    /// The token or seed of an execution.
    pub(crate) replay: Option<String>,
}

/// Runs `cargo <action> <arguments>` over instrumented crates.
pub(crate) fn run(action: &str, arguments: &[OsString], settings: &Settings) -> Result<ExitCode> {
    let mut command = prepared(action, arguments)?;
    if let Some(replay) = &settings.replay {
        command.env("DRAWLOOM_REPLAY", replay);
    }
    let status = command.status().context("cannot run cargo")?;
    Ok(status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8)))
}

/// That command, with the environment that it needs.
pub(crate) fn prepared(action: &str, arguments: &[OsString]) -> Result<Command> {
    let runtime = Runtime::build()?;
    let mut command = Command::new(cargo());
    command.arg(action).args(arguments);
    let this = std::env::current_exe().context("cannot find the file of cargo-drawloom")?;
    let users = wrapper::of_user()?;
    command.env("RUSTC_WRAPPER", &this).env("RUSTDOC", &this);
    command.env(wrapper::USERS, users.compiler.unwrap_or_default()).env(wrapper::RUSTDOC, users.rustdoc);
    runtime.hand_on(&mut command)?;
    if !has_flag(arguments, "--target") {
        command.env("CARGO_BUILD_TARGET", &runtime.host);
    }
    if !has_flag(arguments, "--target-dir") {
        command.env("CARGO_TARGET_DIR", target_folder(arguments)?);
    }
    // So that cargo asks the wrapper for the compiler's version, of which the runtime is a part.
    command.env("CARGO_CACHE_RUSTC_INFO", "0");
    if std::env::var_os("DRAWLOOM_ARTIFACTS").is_none() {
        command.env("DRAWLOOM_ARTIFACTS", artifacts_folder(arguments)?);
    }
    Ok(command)
}

/// Whether cargo is told this, before what the tests are told.
fn has_flag(arguments: &[OsString], flag: &str) -> bool {
    let of_cargo = arguments.iter().take_while(|argument| *argument != "--");
    of_cargo.filter_map(|argument| argument.to_str()).any(|argument| {
        argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// The value of a flag.
fn value<'a>(arguments: &'a [OsString], flag: &str) -> Option<&'a OsStr> {
    let mut of_cargo = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = of_cargo.next() {
        if argument == flag {
            return of_cargo.next().map(OsString::as_os_str);
        }
        let joined = argument.to_str().and_then(|argument| argument.strip_prefix(flag)?.strip_prefix('='));
        if let Some(joined) = joined {
            return Some(OsStr::new(joined));
        }
    }
    None
}

/// The workspace's own folder for what is built, and in it ours: what is compiled here is of no use to others.
pub(crate) fn target_folder(arguments: &[OsString]) -> Result<PathBuf> {
    let mut metadata = MetadataCommand::new();
    if let Some(manifest) = value(arguments, "--manifest-path") {
        metadata.manifest_path(PathBuf::from(manifest));
    }
    let metadata = metadata.no_deps().exec().context("cargo drawloom has to be called in a package")?;
    Ok(metadata.target_directory.into_std_path_buf().join("drawloom"))
}

/// Where failures are written as pages.
pub(crate) fn artifacts_folder(arguments: &[OsString]) -> Result<PathBuf> {
    Ok(target_folder(arguments)?.join("failures"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_two_dashes_is_for_the_tests() {
        let arguments = ["--manifest-path=a/Cargo.toml", "--release", "--", "--target"].map(OsString::from);
        assert!(!has_flag(&arguments, "--target") && has_flag(&arguments, "--manifest-path"));
        assert_eq!(value(&arguments, "--manifest-path"), Some(OsStr::new("a/Cargo.toml")));
        let arguments = ["--target-dir", "there"].map(OsString::from);
        assert!(has_flag(&arguments, "--target-dir") && !has_flag(&arguments, "--target"));
        assert_eq!(value(&arguments, "--target-dir"), Some(OsStr::new("there")));
    }
}
