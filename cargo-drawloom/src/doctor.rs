//! `cargo drawloom doctor`: what of a build is seen, what is not, and why.
//!
//! The tests are compiled, as `cargo drawloom test` does it, and cargo says which crates that took and which native libraries build scripts
//! have linked. The sources that the compiler has read are looked through for words by which code leaves what drawloom controls. That is
//! a search for words, and is called so: it finds what is named, not what is done.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, Message};

use crate::changes;
use crate::command::{prepared, told_to_cargo};
use crate::runtime::Runtime;
use crate::wrapper::{LEFT_OUT, WITH_CFG_MIRI};

/// Words that say that code leaves what drawloom controls, what that is called, and what comes of it.
const SIGNS: &[Sign] = &[
    Sign {
        words: &["SYS_futex"],
        what: "futexes",
        so: "those whose word is an atomic wait in drawloom; other calls of futex(2) than to wait and to wake are real",
    },
    Sign {
        words: &["pthread_create", "pthread_mutex", "pthread_cond"],
        what: "threads or locks of C",
        so: "a test in which one takes part is run once",
    },
    Sign { words: &["asm!("], what: "assembly", so: "what it does to memory is not seen" },
    Sign {
        words: &["epoll_", "libc::poll(", "io_uring", "kqueue"],
        what: "I/O events",
        so: "a test that waits for one is run once",
    },
    Sign {
        words: &["std::net::", "std::process::Command", "tokio::net", "tokio::process", "tokio::signal"],
        what: "network, processes or signals",
        so: "they are the real ones, and what they bring decides nothing that repeats; tokio's fail under #[tokio::test]",
    },
    Sign {
        words: &["#[global_allocator]"],
        what: "a global allocator",
        so: "if it uses atomics or locks, tests with it abort",
    },
];

/// How wide lines are at most.
const WIDTH: usize = 100;

struct Sign {
    words: &'static [&'static str],
    what: &'static str,
    so: &'static str,
}

/// A crate that was compiled for the target.
struct Compiled {
    name: String,
    version: String,
    sources: Vec<PathBuf>,
}

/// What was compiled.
#[derive(Default)]
struct Build {
    crates: Vec<Compiled>,
    programs: Vec<(String, PathBuf, PathBuf)>,
    /// Of the machine that compiles.
    host_only: usize,
    natives: BTreeMap<String, Vec<String>>,
}

/// Compiles the tests, and says what is seen of them.
pub(crate) fn examine(arguments: &[OsString]) -> Result<ExitCode> {
    let (mut command, runtime) = prepared("test", &of_build(arguments))?;
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let in_target = format!("/{}/", runtime.host);
    let mut build = Build::default();
    for message in Message::parse_stream(BufReader::new(stdout)) {
        match message? {
            Message::CompilerArtifact(artifact) => build.add(artifact, &in_target),
            Message::BuildScriptExecuted(script) if !script.linked_libs.is_empty() => {
                let libraries = script.linked_libs.iter().map(ToString::to_string).collect();
                build.natives.insert(name_of(&script.package_id.repr), libraries);
            }
            _ => {}
        }
    }
    if !child.wait()?.success() {
        bail!("the tests cannot be compiled; cargo has said why");
    }
    println!("{}", build.told(&runtime)?);
    Ok(ExitCode::SUCCESS)
}

/// What cargo is told: to compile, and to say what.
fn of_build(arguments: &[OsString]) -> Vec<OsString> {
    let flags = ["--no-run", "--message-format=json-render-diagnostics"].map(OsString::from);
    told_to_cargo(arguments).cloned().chain(flags).collect()
}

/// A package's name, of what cargo calls it: `registry+…#name@1.2.3`, `path+file:///…/folder#name@0.1.0` or `…/name#0.1.0`.
fn name_of(id: &str) -> String {
    let (before, after) = id.rsplit_once('#').unwrap_or(("", id));
    match after.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => before.rsplit('/').next().unwrap_or(before).to_owned(),
    }
}

fn version_of(id: &str) -> String {
    id.rsplit(['@', '#']).next().unwrap_or_default().to_owned()
}

impl Build {
    fn add(&mut self, artifact: Artifact, in_target: &str) {
        let file = artifact.executable.as_ref().or_else(|| artifact.filenames.first());
        let Some(file) = file.map(|file| file.as_std_path()) else { return };
        if !file.to_string_lossy().contains(in_target) {
            self.host_only += 1;
            return;
        }
        if let (Some(program), true) = (&artifact.executable, artifact.profile.test) {
            let kind = artifact.target.kind.first().map(ToString::to_string).unwrap_or_default();
            let of = format!("{kind} {} of {}", artifact.target.name, name_of(&artifact.package_id.repr));
            self.programs.push((of, program.clone().into(), artifact.manifest_path.clone().into()));
        }
        let sources = sources_of(file);
        let (name, version) = (artifact.target.name.replace('-', "_"), version_of(&artifact.package_id.repr));
        match self.crates.iter_mut().find(|known| known.name == name && known.version == version) {
            Some(known) => known.sources.extend(sources),
            None => self.crates.push(Compiled { name, version, sources }),
        }
    }

    fn told(&mut self, runtime: &Runtime) -> Result<String> {
        let has_real_tokio = runtime.has_real_tokio;
        let mut lines = vec![format!("Of this build for {}:", runtime.host), String::new()];
        self.crates.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        for known in &mut self.crates {
            known.sources.sort();
            known.sources.dedup();
        }
        let is_left_out = |known: &&Compiled| LEFT_OUT.contains(&known.name.as_str());
        let is_model =
            |known: &&Compiled| known.name == "tokio" && !has_real_tokio || known.name == "drawloom";
        let seen = self.crates.iter().filter(|known| !is_left_out(known) && !is_model(known));
        let seen: Vec<String> = seen.map(|known| format!("{} {}", known.name, known.version)).collect();
        lines.push(format!(
            "crates whose locks, atomics, threads, channels, thread locals and times are seen ({}):",
            seen.len()
        ));
        lines.extend(wrapped(&seen));
        for known in self.crates.iter().filter(is_model) {
            lines.push(format!("{} {} is compiled as drawloom's model of it", known.name, known.version));
        }
        for known in self.crates.iter().filter(|known| WITH_CFG_MIRI.contains(&known.name.as_str())) {
            lines.push(format!(
                "{} {} is compiled with `--cfg miri`: its fence for x86 is one that C++ does not promise",
                known.name, known.version
            ));
        }
        for known in self.crates.iter().filter(|known| changes::are_for(&known.name)) {
            lines.push(format!(
                "{} {} is compiled with a few lines changed, as docs/push-button.md says",
                known.name, known.version
            ));
        }
        if self.host_only > 0 {
            lines.push(format!(
                "{} build scripts, proc macros and what they need are not part of the tests, and left alone",
                self.host_only
            ));
        }
        lines.extend([String::new(), "Not seen:".to_owned(), String::new()]);
        lines.push(
            "plain memory (UnsafeCell, raw pointers, static mut) and the counts of Arc, in all crates"
                .to_owned(),
        );
        for known in self.crates.iter().filter(is_left_out) {
            lines.push(format!(
                "{} {}: it relies on the layout of std's atomics, and keeps them",
                known.name, known.version
            ));
        }
        for (package, libraries) in &self.natives {
            lines.push(format!("{package}: native code ({})", libraries.join(", ")));
        }
        let found = self.signs(has_real_tokio);
        if !found.is_empty() {
            lines.extend([String::new(), "Words found in the sources that were compiled:".to_owned()]);
            lines.extend(found);
        }
        lines.extend([String::new(), "Test programs:".to_owned(), String::new()]);
        for (of, program, manifest) in &self.programs {
            lines.push(format!("{of}: {}", tests_of(program, manifest, of)?));
        }
        if self.programs.is_empty() {
            lines.push("none".to_owned());
        }
        lines.push("doctests are compiled against drawloom's std, and run once".to_owned());
        Ok(lines.join("\n"))
    }

    /// What the words in the sources say, a line for each sign with the crates in which it is.
    fn signs(&self, has_real_tokio: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for sign in SIGNS {
            let mut places = Vec::new();
            for known in self.crates.iter().filter(|known| has_real_tokio || known.name != "tokio") {
                let mut of_crate = known.sources.iter().flat_map(|source| places_in(source, sign.words));
                if let Some((source, line)) = of_crate.next() {
                    let more = match of_crate.count() {
                        0 => String::new(),
                        more => format!(", and {more} more"),
                    };
                    places.push(format!(
                        "  {} {}: {}:{line}{more}",
                        known.name,
                        known.version,
                        short(source)
                    ));
                }
            }
            if !places.is_empty() {
                lines.extend([String::new(), format!("{}: {}", sign.what, sign.so)]);
                lines.extend(places);
            }
        }
        lines
    }
}

/// These words with commas, in indented lines.
fn wrapped(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let word = if index + 1 < words.len() { format!("{word},") } else { word.clone() };
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => line.extend([" ", &word]),
            _ => lines.push(format!("  {word}")),
        }
    }
    lines
}

/// The files that the compiler has read for a library or program: those that it has listed beside it.
fn sources_of(file: &Path) -> Vec<PathBuf> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stem = if file.extension().is_some() { stem.trim_start_matches("lib") } else { &stem };
    let text = std::fs::read_to_string(file.with_file_name(format!("{stem}.d"))).unwrap_or_default();
    let listed = text.lines().filter_map(|line| line.strip_suffix(".rs:"));
    // A path with blanks has them escaped.
    listed.map(|path| PathBuf::from(format!("{path}.rs").replace("\\ ", " "))).collect()
}

/// The lines with one of these words, but for comments.
fn places_in<'a>(source: &'a Path, words: &[&str]) -> Vec<(&'a Path, usize)> {
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let is_said =
        |line: &str| !line.trim_start().starts_with("//") && words.iter().any(|word| line.contains(word));
    let lines = text.lines().enumerate().filter(|(_, line)| is_said(line));
    lines.map(|(index, _)| (source, index + 1)).collect()
}

/// The end of a path, from the package on.
fn short(source: &Path) -> String {
    let parts: Vec<_> = source.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let from = parts.iter().rposition(|part| part == "src" || part == "tests");
    parts[from.unwrap_or(parts.len().saturating_sub(1))..].join("/")
}

/// How many tests a program has, as its harness lists them.
fn tests_of(program: &Path, manifest: &Path, of: &str) -> Result<String> {
    let name = of.split(' ').nth(1).unwrap_or_default();
    if !has_harness(manifest, name)? {
        return Ok("it has a harness of its own, and is run as it is: not explored".to_owned());
    }
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let output = Command::new(program).args(["--list", "--format", "terse"]).current_dir(folder).output();
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    let tests =
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.ends_with(": test")).count();
    Ok(match (output.status.success(), tests) {
        (false, _) => "it cannot list its tests".to_owned(),
        (true, 1) => "1 test".to_owned(),
        (true, tests) => format!("{tests} tests"),
    })
}

/// Whether rustc's harness is the one of a target, as its manifest has it.
fn has_harness(manifest: &Path, name: &str) -> Result<bool> {
    let text =
        std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let manifest: serde_json::Value =
        toml::from_str(&text).with_context(|| manifest.display().to_string())?;
    let targets =
        ["test", "bench", "bin", "example"].iter().filter_map(|kind| manifest.get(kind)?.as_array());
    let mut targets = targets.flatten().chain(manifest.get("lib"));
    Ok(!targets.any(|target| target["name"] == name && target["harness"] == false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_known_by_what_cargo_calls_them() {
        for (id, name, version) in [
            ("registry+https://github.com/rust-lang/crates.io-index#slab@0.4.9", "slab", "0.4.9"),
            ("path+file:///a/b#0.1.0", "b", "0.1.0"),
            ("path+file:///a/b#other@0.1.0", "other", "0.1.0"),
        ] {
            assert_eq!((name_of(id).as_str(), version_of(id).as_str()), (name, version));
        }
    }

    #[test]
    fn a_place_is_told_from_the_package_on() {
        assert_eq!(short(Path::new("/home/x/slab-0.4.9/src/a/b.rs")), "src/a/b.rs");
        assert_eq!(short(Path::new("/home/x/build.rs")), "build.rs");
    }
}
