//! The compiler's wrapper: what each crate is given that is compiled for the target.
//!
//! cargo is told for which target to compile, so build scripts, proc macros and what they need are compiled without one, and are left
//! alone. All other crates find drawloom's `std` and `core` where they look for std's. Test harnesses find drawloom's `test`.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

use crate::changes::{self, Changed};
use crate::runtime::Runtime;
use crate::substitution;

/// Has the user's own wrapper of the compiler, such as sccache.
pub(crate) const USERS: &str = "CARGO_DRAWLOOM_RUSTC_WRAPPER";

/// Has the rustdoc that the user has.
pub(crate) const RUSTDOC: &str = "CARGO_DRAWLOOM_RUSTDOC";

/// Functions of the C library in whose place drawloom has its own, in tests.
const WRAPPED: &[&str] = &["clock_gettime", "epoll_ctl", "epoll_wait", "getrandom", "syscall", "write"];

/// Crates that rely on the layout of std's atomics, and keep std's: what they do is not seen.
pub(crate) const LEFT_OUT: &[&str] =
    &["portable_atomic", "portable_atomic_util", "ring", "salsa", "zerocopy"];

/// Crates that have a fence of their own where they are compiled for x86: a compare-exchange, of which C++ does not promise that, or
/// assembly, which is not seen. For all other machines, and for Miri, they have an ordinary one.
pub(crate) const WITH_CFG_MIRI: &[&str] = &["concurrent_queue", "crossbeam_epoch", "event_listener", "seize"];

/// What the user has where this program stands now.
pub(crate) struct Users {
    pub(crate) compiler: Option<OsString>,
    pub(crate) rustdoc: OsString,
}

/// What the user has, by environment or cargo's configuration.
pub(crate) fn of_user() -> Result<Users> {
    let config = cargo_config2::Config::load().context("cannot read cargo's configuration")?;
    let compiler = config.build.rustc_wrapper.map(|wrapper| wrapper.into_os_string());
    let rustdoc = std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    Ok(Users { compiler: compiler.filter(|wrapper| !wrapper.is_empty()), rustdoc })
}

/// Whether these are the arguments of a wrapper of rustc.
pub(crate) fn is_compiler(arguments: &[OsString]) -> bool {
    let named = |name: &OsString| {
        Path::new(name).file_stem().is_some_and(|stem| stem == "rustc" || stem == "clippy-driver")
    };
    arguments.first().is_some_and(named)
        || std::env::var_os("RUSTC").is_some_and(|rustc| Some(&rustc) == arguments.first())
}

/// Whether this process is rustdoc.
pub(crate) fn is_for_rustdoc() -> bool {
    std::env::var_os(RUSTDOC).is_some() && std::env::args_os().nth(1).is_none_or(|first| first != "drawloom")
}

/// What rustc is told of a crate.
#[derive(Default, Debug)]
struct Crate<'a> {
    name: &'a str,
    kinds: Vec<&'a str>,
    input: Option<&'a Path>,
    has_target: bool,
    is_harness: bool,
}

impl<'a> Crate<'a> {
    fn of(arguments: &'a [OsString]) -> Crate<'a> {
        let mut told = Crate::default();
        let mut before = "";
        for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
            match before {
                "--crate-name" => told.name = argument,
                "--crate-type" => told.kinds.push(argument),
                "--target" => told.has_target = true,
                _ => {}
            }
            match argument {
                "--test" => told.is_harness = true,
                _ if argument.starts_with("--target=") => told.has_target = true,
                _ if argument.ends_with(".rs") && !before.starts_with('-') => {
                    told.input = Some(Path::new(argument))
                }
                _ if argument.ends_with(".rs") && before.starts_with("--edition=") => {
                    told.input = Some(Path::new(argument))
                }
                _ => told.kinds.extend(argument.strip_prefix("--crate-type=")),
            }
            before = argument;
        }
        told
    }

    /// Whether it is instrumented.
    fn is_explored(&self) -> bool {
        self.has_target && !self.name.is_empty() && self.name != "___" && !self.kinds.contains(&"proc-macro")
    }
}

/// Compiles a crate.
pub(crate) fn compile(runtime: &Runtime, arguments: Vec<OsString>) -> Result<ExitCode> {
    let (rustc, arguments) =
        arguments.split_first().context("a wrapper of rustc is told which one to call")?;
    let mut command = match std::env::var_os(USERS).filter(|wrapper| !wrapper.is_empty()) {
        Some(wrapper) => {
            let mut command = Command::new(wrapper);
            command.arg(rustc);
            command
        }
        None => Command::new(rustc),
    };
    if arguments.iter().any(|argument| argument == "-vV") {
        return tell_version(runtime, command.args(arguments));
    }
    let told = Crate::of(arguments);
    if !told.is_explored() {
        return run(command.args(arguments));
    }
    let changed = match told.input {
        Some(input) => changes::make(told.name, input, arguments)?,
        None => None,
    };
    let code = run(command.args(instrumented(runtime, &told, arguments, changed.as_ref())))?;
    if let Some(changed) = changed {
        changed.name_files()?;
    }
    Ok(code)
}

/// The compiler's version, of which cargo compiles everything anew if it is another: the runtime is a part of it.
fn tell_version(runtime: &Runtime, command: &mut Command) -> Result<ExitCode> {
    let output = command.output().context("cannot run rustc")?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&output.stdout)?;
    writeln!(stdout, "drawloom: {}", runtime.key)?;
    std::io::stderr().write_all(&output.stderr)?;
    Ok(if output.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The arguments for a crate that is instrumented.
fn instrumented(
    runtime: &Runtime,
    told: &Crate<'_>,
    arguments: &[OsString],
    changed: Option<&Changed>,
) -> Vec<OsString> {
    let substitution = told.input.and_then(|input| substitution::of(runtime, told.name, input));
    let mut all: Vec<OsString> = Vec::with_capacity(arguments.len() + 16);
    for argument in arguments {
        let text = argument.to_str().unwrap_or_default();
        if let Some(metadata) = text.strip_prefix("metadata=") {
            // The runtime may have the same package with the same features: the two are to be told apart.
            all.push(format!("metadata={metadata}-drawloom").into());
        } else if let Some(substitution) = &substitution {
            match text {
                _ if Some(Path::new(text)) == told.input => all.push(substitution.source.clone().into()),
                _ if text.starts_with("--edition=") => {
                    all.push(format!("--edition={}", substitution.edition).into())
                }
                _ => all.push(argument.clone()),
            }
        } else if let Some(changed) = changed
            && Some(Path::new(text)) == told.input
        {
            all.push(changed.input.clone().into());
        } else {
            all.push(argument.clone());
        }
    }
    all.extend(changed.into_iter().flat_map(Changed::arguments));
    match &substitution {
        None if LEFT_OUT.contains(&told.name) => {}
        // What stands in names the real std.
        Some(substitution) => {
            for (name, file) in substitution.externs {
                give(&mut all, name, runtime.file(file));
            }
            all.push("--cap-lints=allow".into());
        }
        None => {
            give(&mut all, "std", runtime.file("drawloom_std"));
            give(&mut all, "core", runtime.file("drawloom_core"));
            // Macros that stand in for others, such as `#[tokio::test]`, expand to its names.
            if !arguments
                .iter()
                .any(|argument| argument.to_str().is_some_and(|text| text.starts_with("drawloom=")))
            {
                give(&mut all, "drawloom", runtime.file("drawloom"));
            }
            // A crate may deny what it would not do otherwise: to be given crates that it does not name.
            if !arguments
                .iter()
                .any(|argument| argument.to_str().is_some_and(|text| text.contains("cap-lints")))
            {
                all.push("--cap-lints=warn".into());
            }
        }
    }
    if substitution.is_none() {
        // By their names the harness finds the statics of these crates.
        all.push("-Csymbol-mangling-version=v0".into());
    }
    if WITH_CFG_MIRI.contains(&told.name) {
        all.extend(["--cfg=miri", "-Aexplicit_builtin_cfgs_in_flags"].map(OsString::from));
    }
    if told.is_harness {
        give(&mut all, "test", runtime.file("drawloom_test"));
        all.extend(WRAPPED.iter().map(|function| format!("-Clink-arg=-Wl,--wrap={function}").into()));
        // Who looks it up at run time finds it among what the program exports.
        all.push("-Clink-arg=-Wl,--export-dynamic-symbol=getrandom".into());
    }
    look_in(&mut all, &runtime.folders);
    all
}

fn give(arguments: &mut Vec<OsString>, name: &str, file: &Path) {
    let mut given = OsString::from(format!("{name}="));
    given.push(file);
    arguments.extend([OsString::from("--extern"), given]);
}

fn look_in(arguments: &mut Vec<OsString>, folders: &[PathBuf]) {
    for folder in folders {
        let mut dependency = OsString::from("dependency=");
        dependency.push(folder);
        arguments.extend([OsString::from("-L"), dependency]);
    }
}

/// As rustdoc: doctests are compiled against what other tests are compiled against.
pub(crate) fn document(runtime: &Runtime, arguments: Vec<OsString>) -> Result<ExitCode> {
    let rustdoc = std::env::var_os(RUSTDOC).unwrap_or_else(|| "rustdoc".into());
    let mut given = Vec::new();
    if Crate::of(&arguments).is_harness {
        give(&mut given, "std", runtime.file("drawloom_std"));
        give(&mut given, "core", runtime.file("drawloom_core"));
        look_in(&mut given, &runtime.folders);
    }
    run(Command::new(rustdoc).args(arguments).args(given))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<ExitCode> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    Ok(code_of(status))
}

/// As what a program ends that has run another one.
pub(crate) fn code_of(status: ExitStatus) -> ExitCode {
    status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_is_compiled_for_the_target_is_explored() {
        let library = told(
            "--crate-name a --edition=2021 src/lib.rs --crate-type lib --target x86_64-unknown-linux-gnu",
        );
        let library = Crate::of(&library);
        assert!(library.is_explored() && !library.is_harness, "{library:?}");
        assert_eq!(library.input, Some(Path::new("src/lib.rs")));
        let tests = told("--crate-name a src/lib.rs --test --target=x86_64-unknown-linux-gnu");
        assert!(Crate::of(&tests).is_explored() && Crate::of(&tests).is_harness);
        let script = told("--crate-name build_script_build build.rs --crate-type bin");
        assert!(!Crate::of(&script).is_explored());
        let version = told("- --crate-name ___ --print=file-names --target x86_64-unknown-linux-gnu");
        assert!(!Crate::of(&version).is_explored());
    }
}
