//! What README.md shows is what happens: its package is made out of its blocks, and what cargo prints about
//! it is compared with the text beside them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const README: &str = include_str!("../../README.md");

/// The content of every fenced block of this language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    let fenced = README.split(&start).skip(1);
    fenced.map(|rest| rest.split("```").next().expect("split gives at least one part")).collect()
}

/// A command without what somebody may have set for the tests that are running.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("DRAWLOOM_") {
            command.env_remove(name);
        }
    }
    // A switch of the test harness, under which it prints reports elsewhere.
    command.env_remove("RUST_TEST_NOCAPTURE").env_remove("COLUMNS").env("CARGO_TERM_COLOR", "never");
    command
}

/// The package that the start makes.
fn bank() -> PathBuf {
    package("bank", "readme", blocks("toml")[0], blocks("rust")[0])
}

/// A package with these lines in its manifest and this library, without regressions of earlier runs.
fn package(name: &str, folder: &str, dependencies: &str, library: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(folder.join("drawloom-regressions"));
    fs::create_dir_all(folder.join("src")).unwrap();
    // It stands inside this workspace's folder, to which it does not belong.
    let head = format!("[workspace]\n[package]\nname = {name:?}\nedition = \"2024\"\n\n");
    let dependencies = dependencies.replace("\"../drawloom\"", &format!("{here:?}"));
    fs::write(folder.join("Cargo.toml"), format!("{head}{dependencies}")).unwrap();
    fs::copy(here.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("src/lib.rs"), library).unwrap();
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn assert_shown(shown: &str, output: &Output) {
    let printed = stdout(output) + &String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains(shown.trim_end()), "README.md shows\n\n{shown}\nbut cargo printed\n\n{printed}");
}

#[test]
fn the_start_goes_as_it_is_shown() {
    let folder = bank();
    let test = |arguments: &[&str]| {
        let mut command = cargo(&folder);
        command.args(["test", "--offline", "--quiet", "--lib", "--target-dir", "target"]).args(arguments);
        command
    };
    let (report, passed) = (blocks("text")[0], blocks("text")[1]);

    let found = test(&[]).output().unwrap();
    assert!(!found.status.success());
    assert_shown(report, &found);

    // The README's package does without the feature.
    let kept = test(&[]).env("DRAWLOOM_ARTIFACTS", "artifacts").output().unwrap();
    let words = stdout(&kept).split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "was not written, as drawloom was compiled without its feature `artifacts`";
    assert!(words.contains(why), "{words}");

    let replays = |block: &&str| block.starts_with("$ DRAWLOOM_REPLAY=");
    let line = blocks("console").into_iter().find(replays).unwrap().trim().strip_prefix("$ ").unwrap();
    assert!(report.contains(&format!("replay: {line}")), "{line} is not the line of the report");
    let words: Vec<&str> = line.split(' ').collect();
    let ["cargo", "test", name, "--", "--exact"] = words[1..] else { panic!("{line} runs something else") };
    let replay = words[0].strip_prefix("DRAWLOOM_REPLAY=").unwrap();
    let replayed = test(&[name, "--", "--exact"]).env("DRAWLOOM_REPLAY", replay).output().unwrap();
    assert!(!replayed.status.success());
    let trace = report.split("\n\n").find(|part| part.starts_with("  step")).unwrap();
    assert_shown(trace, &replayed);

    let repair = blocks("rust")[1];
    let tests = blocks("rust")[0].find("#[cfg(test)]").unwrap();
    let repaired = format!("{repair}\n{}", &blocks("rust")[0][tests..]);
    fs::write(folder.join("src/lib.rs"), repaired).unwrap();
    let repaired = test(&["--", "--nocapture"]).output().unwrap();
    assert!(repaired.status.success());
    assert_shown(passed, &repaired);
}

#[test]
fn the_async_test_prints_what_is_shown() {
    let folder = package("seats", "readme-async", blocks("toml")[1], blocks("rust")[2]);
    let test = ["test", "--offline", "--quiet", "--lib", "--target-dir", "target"];
    let found = cargo(&folder).args(test).output().unwrap();
    assert!(!found.status.success());
    assert_shown(blocks("text")[2], &found);
}

#[test]
fn the_examples_run_as_the_readme_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run =
        cargo(here).args(["run", "--offline", "--quiet", "--example", "bank_transfer"]).output().unwrap();
    assert!(run.status.success());
    assert!(stdout(&run).starts_with("deadlock in transfer"), "{}", stdout(&run));
    for entry in fs::read_dir(here.join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().and_then(OsStr::to_str).unwrap();
        let named = README.contains(&format!("`{name}`")) || README.contains(&format!("--example {name}\n"));
        assert!(named, "README.md does not say that there is an example {name}");
    }
}
