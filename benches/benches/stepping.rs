//! The cost of a step and of an execution, beside shuttle on the same workloads in the same run.
//!
//! `cargo bench -p drawloom-benches --bench stepping`; with `-- --smoke` it only shows that it runs, with `--
//! --alone` only drawloom runs, and any other word selects workloads by name. Times are process CPU time, medians of
//! alternating runs, so that both see the same machine.

use std::time::Duration;

use cpu_time::ProcessTime;
use drawloom::{Config, Coverage, MemoryModel, StrategyKind};
use drawloom_benches::stepping::{Workload, with_drawloom, with_shuttle};
use shuttle::scheduler::{PctScheduler, RandomScheduler};

struct Case {
    name: &'static str,
    executions: usize,
    drawloom: Workload,
    shuttle: Workload,
}

macro_rules! cases {
    ($($name:literal $executions:literal $workload:ident $(::<$($argument:literal),+>)?;)+) => {
        &[$(Case {
            name: $name,
            executions: $executions,
            drawloom: with_drawloom::$workload $(::<$($argument),+>)?,
            shuttle: with_shuttle::$workload $(::<$($argument),+>)?,
        }),+]
    };
}

/// Each with its number of executions.
const CASES: &[Case] = cases! {
    // From a thousand steps to a million: what a step costs must not depend on how many there are.
    "counter 5 × 200" 1_000 counter::<5, 200>;
    "counter 5 × 2000" 100 counter::<5, 2000>;
    "counter 5 × 20,000" 30 counter::<5, 20_000>;
    "counter 5 × 200,000" 30 counter::<5, 200_000>;
    "counter 100 × 100" 100 counter::<100, 100>;
    "counter 1000 × 10" 30 counter::<1000, 10>;
    "many 1000 objects" 300 many::<1000>;
    "many 10000 objects" 60 many::<10_000>;
    "many 100,000 objects" 30 many::<100_000>;
    "relaxed 5 × 2000" 100 relaxed::<5, 2000>;
    "alone, 10,000 steps" 100 alone::<10_000>;
    "buffer 3 + 3, 5 items" 3_000 buffer::<5>;
    "lock 5 × 2000" 50 lock::<5, 2000>;
    "lock 100 × 100" 10 lock::<100, 100>;
    "create 10" 20_000 create::<10>;
    "create 200" 500 create::<200>;
    "tiny, 3 × 1" 100_000 counter::<3, 1>;
};

fn timed(run: impl FnOnce()) -> Duration {
    let start = ProcessTime::now();
    run();
    start.elapsed()
}

/// How a case is run.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    strategy: StrategyKind,
    memory: MemoryModel,
    /// With what std allows but rarely does, as by default; shuttle does none of it.
    as_users: bool,
}

const RANDOM: Setting = Setting {
    name: "random",
    strategy: StrategyKind::RandomWalk,
    memory: MemoryModel::SequentiallyConsistent,
    as_users: false,
};

const SETTINGS: [Setting; 4] = [
    RANDOM,
    Setting { name: "pct", strategy: StrategyKind::Pct { depth: 3 }, ..RANDOM },
    // What is sampled of large tests by default, beside what shuttle samples.
    Setting { name: "portfolio", strategy: StrategyKind::Portfolio, memory: MemoryModel::Rc11, ..RANDOM },
    // What `#[drawloom::test]` does if nothing is set: the attempt to verify the test, and then the portfolio.
    Setting { name: "auto", strategy: StrategyKind::Auto, memory: MemoryModel::Rc11, as_users: true },
];

/// What became of a case under drawloom.
struct Ran {
    time: Duration,
    executions: u64,
    /// Of an execution.
    steps: f64,
    is_verified: bool,
}

fn drawloom(case: &Case, setting: Setting, executions: usize) -> Ran {
    let mut config = Config::new()
        .executions(executions as u64)
        .strategy(setting.strategy)
        .memory(setting.memory)
        .max_steps(u64::MAX);
    if !setting.as_users {
        config = config.spurious(0);
    }
    let mut report = None;
    let time = timed(|| report = Some(drawloom::explore(config, case.drawloom)));
    let report = report.expect("it has run");
    assert!(report.passed(), "{report}");
    Ran {
        time,
        executions: report.executions(),
        steps: report.steps() as f64 / report.executions() as f64,
        is_verified: report.coverage() == Some(Coverage::Verified),
    }
}

fn shuttle(case: &Case, strategy: StrategyKind, executions: usize) -> Duration {
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::None;
    timed(|| match strategy {
        StrategyKind::Pct { depth } => {
            shuttle::Runner::new(PctScheduler::new(depth as usize, executions), config).run(case.shuttle);
        }
        _ => {
            shuttle::Runner::new(RandomScheduler::new(executions), config).run(case.shuttle);
        }
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many executions, and how often they are run for a median.
fn amount(case: &Case, smoke: bool) -> (usize, usize) {
    match case.name {
        _ if smoke => ((case.executions / 50).max(1), 1),
        "counter 5 × 200,000" | "many 100,000 objects" => (case.executions, 3),
        _ => (case.executions, 7),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let only_drawloom = arguments.iter().any(|argument| argument == "--alone");
    let chosen: Vec<&Case> = {
        let words: Vec<_> = arguments[1..].iter().filter(|word| !word.starts_with("--")).collect();
        let is_chosen = |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(*word));
        CASES.iter().filter(is_chosen).collect()
    };
    println!(
        "| {:<22} | {:<12} | {:>12} | {:>9} | {:>14} | {:>12} | {:>6} |",
        "workload", "", "steps/exec.", "ns/step", "executions/s", "shuttle's", "ratio"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for &case in &chosen {
        for setting in SETTINGS {
            // shuttle refuses PCT for a program of one thread.
            if !(case.name.starts_with("alone") && setting.name == "pct") {
                compare(case, setting, smoke, only_drawloom);
            }
        }
    }
    weak_memory(&chosen, smoke);
}

/// Prints the row of a case: drawloom beside shuttle.
fn compare(case: &Case, setting: Setting, smoke: bool, only_drawloom: bool) {
    let (executions, rounds) = amount(case, smoke);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(drawloom(case, setting, executions));
        if !only_drawloom {
            theirs.push(shuttle(case, setting.strategy, executions));
        }
    }
    let &Ran { executions: run, steps, is_verified, .. } = &ours[0];
    let one = median(ours.into_iter().map(|ran| ran.time).collect()).as_secs_f64() / run as f64;
    let shuttles = (!only_drawloom).then(|| median(theirs).as_secs_f64() / executions as f64);
    let rate = shuttles.map_or("–".to_owned(), |one| format!("{:.0}", 1.0 / one));
    // A test that is verified ends after the few executions that there are: no ratio says what that is worth.
    let (name, ratio) = match shuttles {
        _ if is_verified => (format!("{}, all {run}", setting.name), "–".to_owned()),
        None => (setting.name.to_owned(), "–".to_owned()),
        Some(theirs) => (setting.name.to_owned(), format!("{:.2}", theirs / one)),
    };
    println!(
        "| {:<22} | {name:<12} | {steps:>12.0} | {:>9.1} | {:>14.0} | {rate:>12} | {ratio:>6} |",
        case.name,
        one * 1e9 / steps,
        1.0 / one,
    );
}

/// What RC11 costs beside sequential consistency, where there are atomics.
fn weak_memory(chosen: &[&Case], smoke: bool) {
    println!("\n| {:<22} | {:>12} | {:>12} | {:>6} |", "weak memory", "ns/step, sc", "rc11", "ratio");
    println!("| --- | --- | --- | --- |");
    let with_atomics =
        |case: &&Case| !["lock", "buffer", "create", "many"].iter().any(|name| case.name.starts_with(name));
    for case in chosen.iter().copied().filter(with_atomics) {
        let (executions, rounds) = amount(case, smoke);
        let (mut sc, mut rc11, mut steps) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..rounds {
            for (memory, times) in
                [(MemoryModel::SequentiallyConsistent, &mut sc), (MemoryModel::Rc11, &mut rc11)]
            {
                let ran = drawloom(case, Setting { memory, ..RANDOM }, executions);
                times.push(ran.time);
                steps = ran.steps;
            }
        }
        let step = |times| median(times).as_secs_f64() * 1e9 / executions as f64 / steps;
        let (sc, rc11) = (step(sc), step(rc11));
        println!("| {:<22} | {sc:>12.1} | {rc11:>12.1} | {:>6.2} |", case.name, rc11 / sc);
    }
}
