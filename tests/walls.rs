//! The walls between the rooms of the library: which folder of `src/` may import which.
//!
//! A room may import those that stand below it and are named for it, and nothing else; so there is no circle among rooms. What is
//! read are the paths that begin with `crate::`, wherever they stand in code. `docs/architecture.md` says what each room is
//! for. Within a room nothing is checked yet.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, from the lowest to the highest, with those that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    // What is pure: a schedule made smaller; words and pages.
    ("shrink", &[]),
    ("report", &[]),
    // The running execution. It knows who decides by traits of its own.
    ("rt", &[]),
    // What might go wrong in executions that nobody has run.
    ("detect", &["rt"]),
    ("strategy", &["rt"]),
    // Settings.
    ("config", &["report", "rt", "strategy"]),
    ("environment", &["config"]),
    // Mirrors of std, and what is there besides.
    ("alloc", &["rt"]),
    ("cell", &["rt"]),
    ("collections", &["rt"]),
    ("future", &["rt"]),
    ("hint", &["rt"]),
    ("lock_order", &["rt"]),
    ("rand", &["rt"]),
    ("switching", &["rt"]),
    ("sync", &["hint", "rt"]),
    ("thread", &["cell", "rt"]),
    ("time", &["rt"]),
    // Many executions of one test.
    ("explore", &["config", "detect", "environment", "report", "rt", "shrink", "strategy"]),
    ("property", &["config", "explore", "report"]),
    // What macros call.
    ("private", &["config", "explore", "explore_inputs", "report", "rt"]),
];

/// Names of the crate that are no rooms: macros, and what expansions refer to.
const NO_ROOMS: [&str; 2] = ["__private", "thread_local"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The room of a file: its folder below `src`, or its own name if it stands alone.
fn room(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

/// What follows `crate::` in code, as far as it names rooms: one name, or several in braces.
fn imports(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    // The crate's name in a macro is no import.
    let paths = code.match_indices("crate::").filter(|&(at, _)| !code[..at].ends_with('$'));
    let names = paths.flat_map(|(at, found)| {
        let rest = &code[at + found.len()..];
        let group = rest.strip_prefix('{').and_then(|group| group.split('}').next());
        let parts: Vec<&str> = group.map_or_else(|| vec![rest], |group| group.split(',').collect());
        parts.into_iter().map(|part| {
            let part = part.trim_start();
            part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()
        })
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_room_imports_what_stands_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut broken = Vec::new();
    for file in all {
        let within = file.strip_prefix(&source).unwrap();
        let room = room(within);
        // The front page hands names on.
        if room == "lib" {
            continue;
        }
        let Some(below) = allowed.get(room.as_str()) else {
            broken.push(format!(
                "{}: no room of this name stands in `ROOMS` of tests/walls.rs",
                within.display()
            ));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        // Tests in a file look at it from above.
        let code = text.lines().take_while(|line| *line != "mod tests {");
        for (number, line) in code.enumerate() {
            // A type that the front page exports, in a doc comment's link, or a macro.
            let is_room = |name: &String| name.starts_with(|c: char| c.is_lowercase() || c == '_');
            for import in imports(line).into_iter().filter(is_room) {
                let is_below = below.contains(&import.as_str());
                if import != room && !is_below && !NO_ROOMS.contains(&import.as_str()) {
                    broken.push(format!(
                        "{}:{}: `{room}` imports `{import}`, but may import {below:?} only; what both need belongs below both",
                        within.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_room_stands_below_itself() {
    for (at, (room, below)) in ROOMS.iter().enumerate() {
        for other in *below {
            let is_lower = ROOMS[..at].iter().any(|(lower, _)| lower == other);
            // The one function that `property` shows on the front page.
            assert!(
                is_lower || *other == "explore_inputs",
                "`{room}` may import `{other}`, which does not stand below it"
            );
        }
    }
}

#[test]
fn imports_are_read_as_they_are_written() {
    assert_eq!(imports("use crate::rt::Execution;"), ["rt"]);
    assert_eq!(imports("use crate::{config, report::Failure};"), ["config", "report"]);
    assert_eq!(imports("    let x = crate::hint::spin_loop(); // crate::explore"), ["hint"]);
    assert_eq!(imports("$crate::__private::std::thread_local!"), Vec::<String>::new());
}
