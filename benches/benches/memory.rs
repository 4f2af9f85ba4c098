//! The memory that large executions take, beside shuttle on the same workloads.
//!
//! `cargo bench -p drawloom-benches --bench memory`; with `-- --smoke` it only shows that it runs, and any other word
//! selects workloads by name. A number is the most memory that a process of its own had resident while it explored
//! (`VmHWM`, which Linux keeps), so that nothing of one run is counted in another; the first row has hardly any more than
//! such a process has anyway.

use std::process::Command;

use drawloom::{Config, MemoryModel, StrategyKind};
use drawloom_benches::stepping::{Workload, with_drawloom, with_shuttle};
use shuttle::scheduler::RandomScheduler;

struct Case {
    name: &'static str,
    drawloom: Workload,
    shuttle: Workload,
}

macro_rules! cases {
    ($($name:literal $workload:ident $(::<$($argument:literal),+>)?;)+) => {
        &[$(Case {
            name: $name,
            drawloom: with_drawloom::$workload $(::<$($argument),+>)?,
            shuttle: with_shuttle::$workload $(::<$($argument),+>)?,
        }),+]
    };
}

const CASES: &[Case] = cases! {
    "tiny, 3 × 1" counter::<3, 1>;
    "counter 5 × 200,000" counter::<5, 200_000>;
    "counter 1000 × 10" counter::<1000, 10>;
    "many 100,000 objects" many::<100_000>;
};

/// Who explores, and how.
#[derive(Clone, Copy)]
enum Side {
    /// drawloom by the random walk under sequential consistency, as shuttle.
    Random,
    /// drawloom as `#[drawloom::test]` does if nothing is set.
    Auto,
    /// shuttle by its random walk.
    Shuttle,
}

impl Side {
    const ALL: [(&str, Side); 3] =
        [("random", Side::Random), ("auto", Side::Auto), ("shuttle", Side::Shuttle)];

    fn of(name: &str) -> Side {
        Side::ALL.iter().find(|(other, _)| *other == name).expect("a side").1
    }

    /// How many executions show what more of them would take as well.
    fn executions(self) -> usize {
        match self {
            Side::Random | Side::Shuttle => 3,
            // The first sixteen are traced, for the strategies to learn from.
            Side::Auto => 20,
        }
    }

    fn run(self, case: &Case, executions: usize) {
        let of = |strategy, memory| {
            let config = Config::new().executions(executions as u64).max_steps(u64::MAX);
            let report = drawloom::explore(config.strategy(strategy).memory(memory), case.drawloom);
            assert!(report.passed(), "{report}");
        };
        match self {
            Side::Random => of(StrategyKind::RandomWalk, MemoryModel::SequentiallyConsistent),
            Side::Auto => of(StrategyKind::Auto, MemoryModel::Rc11),
            Side::Shuttle => {
                let mut config = shuttle::Config::new();
                config.max_steps = shuttle::MaxSteps::None;
                shuttle::Runner::new(RandomScheduler::new(executions), config).run(case.shuttle);
            }
        }
    }
}

/// The most memory that this process has had resident, in KiB, where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs the case in a process of its own: its peak, in MB.
fn measured(case: &Case, side: &str, executions: usize) -> f64 {
    let this = std::env::current_exe().expect("the program knows where it is");
    let ran = Command::new(this).args(["--child", side, case.name, &executions.to_string()]).output();
    let output = ran.expect("the program runs once more");
    assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let kib: f64 = text.lines().last().and_then(|line| line.parse().ok()).expect("a number");
    kib * 1024.0 / 1e6
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, side, name, executions] = &arguments[..]
        && flag == "--child"
    {
        let case = CASES.iter().find(|case| case.name == name).expect("a case");
        Side::of(side).run(case, executions.parse().expect("a number"));
        return println!("{}", peak().expect("this system tells it"));
    }
    if peak().is_none() {
        return println!(
            "not measured: only Linux tells how much memory a process has had (/proc/self/status)"
        );
    }
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    println!("| {:<22} | {:>12} | {:>12} | {:>12} |", "peak, MB", "random", "auto", "shuttle's");
    println!("| --- | --- | --- | --- |");
    let chosen =
        |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()));
    for case in CASES.iter().filter(chosen) {
        let [random, auto, shuttle] =
            Side::ALL.map(|(name, side)| measured(case, name, if smoke { 1 } else { side.executions() }));
        println!("| {:<22} | {random:>12.1} | {auto:>12.1} | {shuttle:>12.1} |", case.name);
    }
}
