//! Calls cargo for a person, with this program as the compiler's wrapper.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::runtime::{Runtime, cargo};
use crate::settings;
use crate::wrapper;

/// Flags about what is compiled, without a value and with one: they belong to how a test is run again.
const WITHOUT_VALUE: &[&str] = &["--workspace", "--all-features", "--no-default-features", "--release", "-r"];
const WITH_VALUE: &[&str] = &["--package", "-p", "--features", "-F", "--profile", "--manifest-path", TOKIO];

/// Has those flags, for the tests.
const FLAGS: &str = "CARGO_DRAWLOOM_FLAGS";

/// Says which tokio is compiled, and is cargo's no more than that.
const TOKIO: &str = "--tokio";

/// The folder of the pages of failures.
const ARTIFACTS: &str = "failures";

/// Runs one execution of a test again: that of a token or seed.
pub(crate) fn replay(token: &str, test: &str, arguments: &[OsString]) -> Result<ExitCode> {
    // Doctests are not explored.
    let told = |of_tests: &[&str]| {
        let of_cargo = [OsString::from("--tests")].into_iter().chain(arguments.iter().cloned());
        of_cargo.chain(["--"].iter().chain(of_tests).map(OsString::from)).collect::<Vec<_>>()
    };
    let listed = prepared("test", &told(&["--list", "--format", "terse"]))?
        .0
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !listed.status.success() {
        return Ok(wrapper::code_of(listed.status));
    }
    let listed = String::from_utf8_lossy(&listed.stdout);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    if !names.contains(&test) {
        let near = names.iter().filter(|name| name.contains(test)).take(5).copied();
        let near = near.collect::<Vec<_>>().join("`, `");
        let hint = if near.is_empty() { String::new() } else { format!("; there is `{near}`") };
        bail!(
            "no test is called `{test}`{hint}. `--features`, `-p` and the like have to be as they were, after the name"
        );
    }
    run("test", &told(&["--exact", test]), Some(token))
}

/// Runs `cargo <action> <arguments>` over instrumented crates; `replay`: only the execution of a token or seed.
pub(crate) fn run(action: &str, arguments: &[OsString], replay: Option<&str>) -> Result<ExitCode> {
    let (mut command, _) = prepared(action, arguments)?;
    command.env(FLAGS, flags(arguments));
    if let Some(replay) = replay {
        command.env("DRAWLOOM_REPLAY", replay);
    }
    wrapper::run(&mut command)
}

/// Those of the arguments that say what is compiled, each with a blank before it.
fn flags(arguments: &[OsString]) -> String {
    let mut flags = String::new();
    let mut of_cargo = told_to_cargo(arguments).filter_map(|argument| argument.to_str());
    while let Some(argument) = of_cargo.next() {
        let name = argument.split_once('=').map_or(argument, |(name, _)| name);
        if WITHOUT_VALUE.contains(&argument) || WITH_VALUE.contains(&name) {
            flags.extend([" ", argument]);
        }
        if WITH_VALUE.contains(&argument) {
            flags.extend(of_cargo.next().into_iter().flat_map(|value| [" ", value]));
        }
    }
    flags
}

/// What cargo is told, before what the tests are.
pub(crate) fn told_to_cargo(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    arguments.iter().take_while(|argument| *argument != "--")
}

/// That command, with the environment that it needs, and the runtime.
pub(crate) fn prepared(action: &str, arguments: &[OsString]) -> Result<(Command, Runtime)> {
    let (arguments, has_real_tokio) = without_tokio(arguments)?;
    let arguments = arguments.as_slice();
    let metadata = metadata(arguments)?;
    let said = settings::of(&metadata)?;
    let runtime = Runtime::build(has_real_tokio)?;
    if let Some(target) = value(arguments, "--target").filter(|target| *target != runtime.host.as_str()) {
        bail!(
            "tests are explored on this machine only, which is {}; leave `--target {}` out",
            runtime.host,
            target.display()
        );
    }
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
        command.env("CARGO_TARGET_DIR", target_folder(&metadata));
    }
    // So that cargo asks the wrapper for the compiler's version, of which the runtime is a part.
    command.env("CARGO_CACHE_RUSTC_INFO", "0");
    if std::env::var_os("DRAWLOOM_ARTIFACTS").is_none() {
        command.env("DRAWLOOM_ARTIFACTS", target_folder(&metadata).join(ARTIFACTS));
    }
    command.env(settings::VARIABLE, said);
    Ok((command, runtime))
}

/// The arguments without what they say of tokio, and whether the real one is wanted.
fn without_tokio(arguments: &[OsString]) -> Result<(Vec<OsString>, bool)> {
    let which = value(arguments, TOKIO);
    let is_real = match which.map(|which| which.to_string_lossy()).as_deref() {
        None | Some("model") => false,
        Some("real") => true,
        Some(other) => bail!("{TOKIO} is `{other}`, but takes `model`, drawloom's model of it, or `real`"),
    };
    let count = told_to_cargo(arguments).count();
    let (of_cargo, of_tests) = arguments.split_at(count);
    let mut kept = Vec::new();
    let mut of_cargo = of_cargo.iter();
    while let Some(argument) = of_cargo.next() {
        if argument == TOKIO {
            of_cargo.next();
        } else if !argument.to_string_lossy().starts_with("--tokio=") {
            kept.push(argument.clone());
        }
    }
    kept.extend(of_tests.iter().cloned());
    Ok((kept, is_real))
}

/// Whether cargo is told this, before what the tests are told.
fn has_flag(arguments: &[OsString], flag: &str) -> bool {
    told_to_cargo(arguments).any(|argument| argument == flag) || value(arguments, flag).is_some()
}

/// The value of a flag.
fn value<'a>(arguments: &'a [OsString], flag: &str) -> Option<&'a OsStr> {
    let mut of_cargo = told_to_cargo(arguments);
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

/// What cargo says of the workspace.
fn metadata(arguments: &[OsString]) -> Result<Metadata> {
    let mut metadata = MetadataCommand::new();
    if let Some(manifest) = value(arguments, "--manifest-path") {
        metadata.manifest_path(PathBuf::from(manifest));
    }
    metadata.no_deps().exec().context("cargo drawloom has to be called in a package")
}

/// The workspace's own folder for what is built, and in it ours: what is compiled here is of no use to others.
fn target_folder(metadata: &Metadata) -> PathBuf {
    metadata.target_directory.as_std_path().join("drawloom")
}

/// Where failures are written as pages.
pub(crate) fn artifacts_folder() -> Result<PathBuf> {
    Ok(target_folder(&metadata(&[])?).join(ARTIFACTS))
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

    #[test]
    fn which_tokio_is_compiled_is_no_concern_of_cargo() {
        let told = |line: &str| without_tokio(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(
            told("--lib --tokio=real -- a").unwrap(),
            (["--lib", "--", "a"].map(OsString::from).into(), true)
        );
        assert_eq!(told("--tokio model").unwrap(), (Vec::new(), false));
        assert_eq!(told("-- --tokio=x").unwrap(), (["--", "--tokio=x"].map(OsString::from).into(), false));
        let error = told("--tokio=x").unwrap_err().to_string();
        assert_eq!(error, "--tokio is `x`, but takes `model`, drawloom's model of it, or `real`");
    }

    #[test]
    fn what_is_compiled_is_said_again_in_a_replay() {
        let arguments = "-p a --lib some --features=b,c -- --release".split(' ').map(OsString::from);
        assert_eq!(flags(&arguments.collect::<Vec<_>>()), " -p a --features=b,c");
        assert_eq!(flags(&["--".into(), "--exact".into()]), "");
    }
}
