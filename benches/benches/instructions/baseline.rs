//! The file with the counts that others are compared with.

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use crate::rows::Row;

/// Where it is, from the root of the repository.
pub(crate) const FILE: &str = "benches/instructions.txt";

/// What runs this program.
pub(crate) const COMMAND: &str = "cargo bench -p drawloom-benches --bench instructions";

const HEAD: &str = "\
# How many instructions drawloom takes, counted by valgrind: the difference of two runs with different amounts of the same
# work, divided by how many steps or executions the second one has more.
#
#   cargo bench -p drawloom-benches --bench instructions               fails if a row takes 5 % more than here
#   cargo bench -p drawloom-benches --bench instructions -- --write    writes this file anew
#
# The counts of one binary differ by 0.25 % from run to run at most (create 10; explorations by 0.2 %, the others by less than
# 0.1 %): on a machine with three times as much to do as it has cores, on one core, without ASLR, with a larger environment, and
# where the binary has another path. The watchdog, which wakes four times a second, is in that. The same sources compiled in
# another folder differ by 0.4 % at most. Which code glibc copies memory with depends on the processor and makes up to 2.5 %
# (counter 100 × 20), so the plain one is asked for. What else changes counts: the compiler, dependencies, the C library.
";

/// What the counts were made with: others are not to be compared with them.
#[derive(PartialEq, Eq)]
pub(crate) struct Made {
    compiler: String,
    target: String,
}

impl Made {
    pub(crate) fn here() -> Made {
        let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let version = Command::new(compiler).arg("--version").output();
        let version = version.expect("the compiler that has compiled this says what it is").stdout;
        Made {
            compiler: String::from_utf8_lossy(&version).trim().to_owned(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.compiler, self.target)
    }
}

pub(crate) struct Baseline {
    pub(crate) made: Made,
    rows: Vec<(String, f64)>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
}

impl Baseline {
    pub(crate) fn read() -> Baseline {
        let text = std::fs::read_to_string(path()).unwrap_or_else(|error| {
            panic!("no baseline in {FILE}: {error}; write one: {COMMAND} -- --write")
        });
        let setting = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let row = |line: &str| {
            let mut columns = line.split('|').map(str::trim);
            Some((columns.next()?.to_owned(), columns.nth(1)?.parse().ok()?))
        };
        Baseline {
            made: Made { compiler: setting("compiler"), target: setting("target") },
            rows: text.lines().filter_map(row).collect(),
        }
    }

    /// What a row took.
    pub(crate) fn of(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|(other, _)| other == name).map(|&(_, count)| count)
    }
}

pub(crate) fn write(rows: &[&Row], counted: &[f64]) {
    let Made { compiler, target } = Made::here();
    let mut text = format!("{HEAD}\ncompiler: {compiler}\ntarget: {target}\n\n");
    for (row, count) in rows.iter().zip(counted) {
        _ = writeln!(text, "{:<34} | {:<12} | {count:>10.1}", row.name, row.unit());
    }
    std::fs::write(path(), text).unwrap_or_else(|error| panic!("{FILE} cannot be written: {error}"));
}
