//! Litmus programs that several tests look at: those with published numbers of graphs, and those of the table in
//! docs/memory-model.md.

use crate::program::{Program, parse};

/// A program, and how many of something it has under RC11 and under SC.
pub(crate) struct Litmus {
    pub(crate) name: String,
    pub(crate) program: Program,
    pub(crate) rc11: usize,
    pub(crate) sc: usize,
}

/// Each program over atomics in `litmus.tsv`, with its numbers of graphs.
pub(crate) fn published() -> impl Iterator<Item = Litmus> {
    let row = |line: &str| {
        let mut columns = line.split('\t');
        let mut column = || columns.next().expect("four columns");
        let (name, rc11, sc, program) = (column(), column(), column(), column());
        let name = name.to_owned();
        Some(Litmus { name, rc11: rc11.parse().unwrap(), sc: sc.parse().unwrap(), program: parse(program)? })
    };
    let lines = include_str!("litmus.tsv").lines();
    lines.filter(|line| !line.starts_with(['#', 'n'])).filter_map(row)
}

/// Each row of the table in docs/memory-model.md, with its numbers of outcomes.
pub(crate) fn documented() -> impl Iterator<Item = Litmus> {
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let mut cell = || cells.next();
        let (name, program, rc11, sc) = (cell()?, cell()?, cell()?, cell()?);
        let program = program.strip_prefix('`')?.strip_suffix('`')?.replace('‖', "|");
        let program = parse(&program).unwrap_or_else(|| panic!("`{program}` is no program"));
        let name = name.to_owned();
        Some(Litmus { name, program, rc11: rc11.parse().unwrap(), sc: sc.parse().unwrap() })
    };
    let lines = include_str!("../../docs/memory-model.md").lines();
    lines.filter(|line| line.starts_with('|')).filter_map(row)
}
