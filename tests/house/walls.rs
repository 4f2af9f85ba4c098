//! The walls of the library: which room of `src/` may import which, and that no file imports, directly or through others, a file
//! that imports it.
//!
//! A room may import those that stand below it and are named for it, and nothing else. What is read are the paths that begin with
//! `crate::`, `super::`, `self::` or the name of a module that the file declares, wherever they stand in code; a name that a
//! `mod.rs` hands on counts as an import of the file that it comes from. `docs/architecture.md` says what each room is for.

use std::collections::{BTreeMap, BTreeSet};
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
    // Macros stand at the root of a crate, whatever module they are handed on by.
    (
        "tokio",
        &[
            "__tokio_join",
            "__tokio_pin",
            "__tokio_select",
            "__tokio_task_local",
            "__tokio_try_join",
            "future",
            "rand",
            "rt",
            "sync",
            "thread",
            "time",
        ],
    ),
    // Many executions of one test.
    ("explore", &["config", "detect", "environment", "report", "rt", "shrink", "strategy"]),
    ("property", &["config", "explore", "report"]),
    // What macros call.
    ("private", &["config", "explore", "explore_inputs", "future", "report", "rt", "tokio"]),
];

/// The rooms of `rt`, from the lowest to the highest. Each may import all that stand below it.
const KERNEL: &[&str] = &[
    "op",
    "registry",
    "clocks",
    "threads",
    "tasks",
    "record",
    "objects",
    "memory",
    "liveness",
    "kernel",
    "decide",
    "run",
    "primitives",
    "process",
];

/// Names of the crate that are no rooms: macros, and what expansions refer to.
const NO_ROOMS: [&str; 2] = ["__private", "thread_local"];

/// The files of the library, as modules.
struct Library {
    /// By module (`rt::run::step`): the path below `src`, and the code without comments and tests.
    files: BTreeMap<String, (PathBuf, String)>,
    /// Names that a file hands on: by module and name, where they come from.
    handed_on: BTreeMap<String, String>,
}

fn find_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file: no comments, nothing that a text says, and no tests, which look at it from above.
fn code_of(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    let code = lines.map(|line| line.split("//").next().unwrap_or_default());
    // Who may see a thing is no import, nor is the crate's name in a macro.
    code.map(|line| line.replace("pub(in crate::", "pub(in ").replace("$crate::", "$") + "\n").collect()
}

/// The paths in code that begin with `crate::`, `super::`, `self::` or a module that is declared there, each as a path from the
/// crate.
fn paths(module: &str, code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let children = declared(code).into_iter().map(|child| format!("{child}::"));
    let starts = ["crate::", "super::", "self::"].map(str::to_owned).into_iter().chain(children);
    for start in starts {
        for (at, _) in code.match_indices(&start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            // What a file hands on it does not use.
            let item = code[..at].rsplit([';', '}']).next().unwrap_or_default().trim();
            if item.starts_with("pub") && item.ends_with("use") {
                continue;
            }
            let mut base: Vec<&str> =
                if start == "crate::" { Vec::new() } else { module.split("::").collect() };
            let mut rest = &code[at..];
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            let rest = rest.strip_prefix("crate::").or(rest.strip_prefix("self::")).unwrap_or(rest);
            add_paths(&base.join("::"), rest, &mut found);
        }
    }
    found
}

/// The modules that code declares.
fn declared(code: &str) -> Vec<&str> {
    let names = code.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once("mod "));
    let is_visible = |visible: &str| visible.is_empty() || visible.starts_with("pub");
    names.filter(|(visible, _)| is_visible(visible)).map(|(_, name)| name).collect()
}

/// Adds what a path names after `base`: itself, or what stands in its braces.
fn add_paths(base: &str, rest: &str, found: &mut BTreeSet<String>) {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
    let (path, after) = rest.split_at(end);
    let join =
        |more: &str| [base, more].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::");
    let is_open = path.is_empty() || path.ends_with("::");
    let Some(inner) = after.strip_prefix('{').filter(|_| is_open) else {
        found.insert(join(path.trim_end_matches(':').trim_end_matches("::self")));
        return;
    };
    let base = join(path.trim_end_matches(':'));
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let part = inner[from..at].trim();
                if !part.is_empty() {
                    add_paths(&base, if part == "self" { "" } else { part }, found);
                }
                from = at + 1;
                if c == '}' {
                    return;
                }
            }
            _ => {}
        }
    }
}

impl Library {
    fn read() -> Library {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut all = Vec::new();
        find_files(&source, &mut all);
        let mut files = BTreeMap::new();
        for file in all {
            let within = file.strip_prefix(&source).unwrap().to_owned();
            let parts: Vec<_> =
                within.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            let module = parts.join("::").trim_end_matches("::mod").to_owned();
            // The front page hands names on.
            if module != "lib" {
                files.insert(module, (within, code_of(&fs::read_to_string(&file).unwrap())));
            }
        }
        let mut handed_on = BTreeMap::new();
        for (module, (_, code)) in &files {
            let uses = code.split(';').filter_map(|item| {
                let (visible, path) = item.trim_start().split_once("use ")?;
                visible.trim_start().starts_with("pub").then_some(path)
            });
            for path in uses {
                let mut named = BTreeSet::new();
                let of_child = format!("{module}::{path}");
                let whole = path.strip_prefix("crate::").or(path.strip_prefix("super::").map(|_| path));
                match whole {
                    Some(_) => named.extend(paths(module, &format!("use {path}"))),
                    None => add_paths("", &of_child, &mut named),
                }
                for from in named {
                    let name = from.rsplit("::").next().unwrap_or_default();
                    handed_on.insert(format!("{module}::{name}"), from.clone());
                }
            }
        }
        Library { files, handed_on }
    }

    /// The file that a path leads to.
    fn file_of(&self, path: &str) -> Option<&str> {
        let mut path = path.to_owned();
        // A name may be handed on more than once.
        for _ in 0..4 {
            let parts: Vec<&str> = path.split("::").collect();
            let prefixes = (1..=parts.len()).map(|length| parts[..length].join("::"));
            let Some((prefix, from)) =
                prefixes.filter_map(|prefix| Some((prefix.clone(), self.handed_on.get(&prefix)?))).next()
            else {
                break;
            };
            if *from == prefix {
                break;
            }
            path = format!("{from}{}", &path[prefix.len()..]);
        }
        let parts: Vec<&str> = path.split("::").collect();
        let mut prefixes = (1..=parts.len()).rev().map(|length| parts[..length].join("::"));
        prefixes.find_map(|prefix| self.files.get_key_value(&prefix)).map(|(module, _)| module.as_str())
    }

    /// For each file, those that it imports.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let of = |(module, (_, code)): (&'_ String, &'_ (PathBuf, String))| {
            let all = paths(module, code);
            all.iter().filter_map(|path| self.file_of(path)).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        self.files
            .iter()
            .map(|entry| {
                let all = of(entry);
                let known = all.iter().filter_map(|file| self.files.get_key_value(file));
                (
                    entry.0.as_str(),
                    known.map(|(file, _)| file.as_str()).filter(|file| file != entry.0).collect(),
                )
            })
            .collect()
    }
}

#[test]
fn every_room_imports_what_stands_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let library = Library::read();
    let mut broken = Vec::new();
    for (module, (file, code)) in &library.files {
        let mut parts = module.split("::");
        let (room, kernel) = (parts.next().unwrap(), parts.next());
        let file = file.display();
        let Some(below) = allowed.get(room) else {
            broken.push(format!("{file}: no room of this name stands in `ROOMS` of tests/house/walls.rs"));
            continue;
        };
        for path in paths(module, code) {
            let mut parts = path.split("::");
            let (first, second) = (parts.next().unwrap_or_default(), parts.next());
            let is_room = first.starts_with(|c: char| c.is_lowercase() || c == '_');
            if is_room && first != room && !below.contains(&first) && !NO_ROOMS.contains(&first) {
                broken.push(format!(
                    "{file}: `{room}` imports `{path}`, but may import {below:?} only; what both need belongs below both"
                ));
            }
            let number = |room: Option<&str>| KERNEL.iter().position(|&other| Some(other) == room);
            let second = match (first, second) {
                ("rt", Some("Current" | "current" | "Execution")) => Some("run"),
                ("rt", Some("Identity")) => Some("registry"),
                ("rt", second) => second,
                _ => None,
            };
            if let (Some(own), Some(other)) = (number(kernel), number(second))
                && room == "rt"
                && other > own
            {
                broken.push(format!(
                    "{file}: `{path}` stands above the rooms that `rt::{}` may import: {:?}; what both need belongs below both",
                    KERNEL[own],
                    &KERNEL[..own]
                ));
            }
            if room == "rt" && kernel.is_some_and(|kernel| !KERNEL.contains(&kernel)) {
                broken
                    .push(format!("{file}: no room of this name stands in `KERNEL` of tests/house/walls.rs"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// By Tarjan's algorithm ("Depth-first search and linear graph algorithms", SIAM Journal on Computing 1972).
struct Circles<'a> {
    imports: &'a BTreeMap<&'a str, BTreeSet<&'a str>>,
    seen: BTreeMap<&'a str, usize>,
    lowest: BTreeMap<&'a str, usize>,
    open: Vec<&'a str>,
    found: Vec<Vec<&'a str>>,
}

impl<'a> Circles<'a> {
    fn visit(&mut self, file: &'a str) {
        let number = self.seen.len();
        self.seen.insert(file, number);
        self.lowest.insert(file, number);
        self.open.push(file);
        let imports = self.imports;
        for &other in &imports[file] {
            if !self.seen.contains_key(other) {
                self.visit(other);
            }
            if self.open.contains(&other) {
                let lowest = self.lowest[file].min(self.lowest[other]);
                self.lowest.insert(file, lowest);
            }
        }
        if self.lowest[file] == number {
            let from = self.open.iter().position(|&other| other == file).unwrap();
            let circle = self.open.split_off(from);
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
    }
}

fn circles<'a>(imports: &'a BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let (seen, lowest, open, found) = Default::default();
    let mut circles = Circles { imports, seen, lowest, open, found };
    for &file in imports.keys() {
        if !circles.seen.contains_key(file) {
            circles.visit(file);
        }
    }
    circles.found
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let library = Library::read();
    let imports = library.imports();
    let words: Vec<String> = circles(&imports)
        .iter()
        .map(|circle| {
            let lines = circle.iter().map(|file| {
                let within: Vec<_> = imports[file].iter().filter(|other| circle.contains(other)).collect();
                format!("  {file} imports {within:?}")
            });
            format!("a circle of {} files:\n{}", circle.len(), lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    assert!(words.is_empty(), "{}", words.join("\n"));
}

#[test]
fn no_room_stands_below_itself() {
    for (at, (room, below)) in ROOMS.iter().enumerate() {
        for other in *below {
            let is_lower = ROOMS[..at].iter().any(|(lower, _)| lower == other);
            // The one function that `property` shows on the front page; and macros.
            assert!(
                is_lower || *other == "explore_inputs" || other.starts_with("__tokio"),
                "`{room}` may import `{other}`, which does not stand below it"
            );
        }
    }
}

#[test]
fn imports_are_read_as_they_are_written() {
    let read = |code: &str| paths("rt::run::step", &code_of(code)).into_iter().collect::<Vec<_>>();
    assert_eq!(read("use crate::rt::Execution;"), ["rt::Execution"]);
    assert_eq!(read("use crate::{config, report::{Failure, text::{self, Line}}};").len(), 4);
    assert_eq!(read("    let x = crate::hint::spin_loop(); // crate::explore"), ["hint::spin_loop"]);
    assert_eq!(read("use super::current::Current;"), ["rt::run::current::Current"]);
    assert_eq!(read("use super::super::op::{ObjectId, Op};"), ["rt::op::ObjectId", "rt::op::Op"]);
    assert_eq!(read("mod pick;\nuse pick::Choice;"), ["rt::run::step::pick::Choice"]);
    assert_eq!(read("mod pick;\npub(crate) use pick::Choice;"), Vec::<String>::new());
    assert_eq!(read("$crate::__private::std::thread_local!"), Vec::<String>::new());
    assert_eq!(read("pub(in crate::rt) fn f() {}"), Vec::<String>::new());
}

#[test]
fn circles_are_found() {
    let imports: BTreeMap<&str, BTreeSet<&str>> = [
        ("a", BTreeSet::from(["b"])),
        ("b", BTreeSet::from(["c", "d"])),
        ("c", BTreeSet::from(["a"])),
        ("d", BTreeSet::new()),
    ]
    .into();
    let found = circles(&imports);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["a", "b", "c"]));
    let library = Library::read();
    assert_eq!(library.file_of("rt::Current::of"), Some("rt::run::current"));
    assert_eq!(library.file_of("rt::objects::State"), Some("rt::objects"));
}
