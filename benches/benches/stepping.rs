//! The cost of a step and of an execution, beside shuttle on the same workloads in the same run.
//!
//! `cargo bench -p drawloom-benches --bench stepping`; with `-- --smoke` it only shows that it runs, with `--
//! --alone` only drawloom runs, and any other word selects workloads by name. Times are process CPU time, medians of
//! alternating runs, so that both see the same machine.

use std::time::Duration;

use cpu_time::ProcessTime;
use drawloom::{Config, MemoryModel, StrategyKind};
use drawloom_benches::{Workload, with_drawloom, with_shuttle};
use shuttle::scheduler::{PctScheduler, RandomScheduler};

struct Case {
    name: &'static str,
    executions: usize,
    drawloom: Workload,
    shuttle: Workload,
}

const CASES: &[Case] = &[
    Case {
        name: "counter 5 × 2000",
        executions: 100,
        drawloom: with_drawloom::counter::<5, 2000>,
        shuttle: with_shuttle::counter::<5, 2000>,
    },
    Case {
        name: "counter 100 × 100",
        executions: 100,
        drawloom: with_drawloom::counter::<100, 100>,
        shuttle: with_shuttle::counter::<100, 100>,
    },
    Case {
        name: "counter 1000 × 10",
        executions: 30,
        drawloom: with_drawloom::counter::<1000, 10>,
        shuttle: with_shuttle::counter::<1000, 10>,
    },
    Case {
        name: "many 1000 objects",
        executions: 300,
        drawloom: with_drawloom::many::<1000>,
        shuttle: with_shuttle::many::<1000>,
    },
    Case {
        name: "many 10000 objects",
        executions: 60,
        drawloom: with_drawloom::many::<10_000>,
        shuttle: with_shuttle::many::<10_000>,
    },
    Case {
        name: "relaxed 5 × 2000",
        executions: 100,
        drawloom: with_drawloom::relaxed::<5, 2000>,
        shuttle: with_shuttle::relaxed::<5, 2000>,
    },
    Case {
        name: "alone, 10,000 steps",
        executions: 100,
        drawloom: with_drawloom::alone::<10_000>,
        shuttle: with_shuttle::alone::<10_000>,
    },
    Case {
        name: "buffer 3 + 3, 5 items",
        executions: 3_000,
        drawloom: with_drawloom::buffer::<5>,
        shuttle: with_shuttle::buffer::<5>,
    },
    Case {
        name: "lock 5 × 2000",
        executions: 50,
        drawloom: with_drawloom::lock::<5, 2000>,
        shuttle: with_shuttle::lock::<5, 2000>,
    },
    Case {
        name: "lock 100 × 100",
        executions: 10,
        drawloom: with_drawloom::lock::<100, 100>,
        shuttle: with_shuttle::lock::<100, 100>,
    },
    Case {
        name: "create 10",
        executions: 20_000,
        drawloom: with_drawloom::create::<10>,
        shuttle: with_shuttle::create::<10>,
    },
    Case {
        name: "create 200",
        executions: 500,
        drawloom: with_drawloom::create::<200>,
        shuttle: with_shuttle::create::<200>,
    },
    Case {
        name: "tiny, 3 × 1",
        executions: 100_000,
        drawloom: with_drawloom::counter::<3, 1>,
        shuttle: with_shuttle::counter::<3, 1>,
    },
];

fn timed(run: impl FnOnce()) -> Duration {
    let start = ProcessTime::now();
    run();
    start.elapsed()
}

/// Runs a case under drawloom: how long, and how many steps an execution.
fn drawloom(case: &Case, strategy: StrategyKind, memory: MemoryModel, executions: usize) -> (Duration, f64) {
    let config = Config::new()
        .executions(executions as u64)
        .strategy(strategy)
        .memory(memory)
        .spurious(0)
        .max_steps(u64::MAX);
    let mut steps = 0;
    let time = timed(|| {
        let report = drawloom::explore(config, case.drawloom);
        assert!(report.passed(), "{report}");
        steps = report.steps();
    });
    (time, steps as f64 / executions as f64)
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

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let smoke = arguments.iter().any(|argument| argument == "--smoke");
    let only_drawloom = arguments.iter().any(|argument| argument == "--alone");
    let chosen: Vec<&Case> = {
        let words: Vec<_> = arguments[1..].iter().filter(|word| !word.starts_with("--")).collect();
        let is_chosen = |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(*word));
        CASES.iter().filter(is_chosen).collect()
    };
    let rounds = if smoke { 1 } else { 7 };
    println!(
        "| {:<22} | {:<7} | {:>12} | {:>9} | {:>14} | {:>12} | {:>6} |",
        "workload", "", "steps/exec.", "ns/step", "executions/s", "shuttle's", "ratio"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for &case in &chosen {
        for (name, strategy, memory) in [
            ("random", StrategyKind::RandomWalk, MemoryModel::SequentiallyConsistent),
            ("pct", StrategyKind::Pct { depth: 3 }, MemoryModel::SequentiallyConsistent),
            // What large tests run by default, beside what shuttle's do.
            ("default", StrategyKind::Portfolio, MemoryModel::Rc11),
        ] {
            if case.name.starts_with("alone") && name == "pct" {
                // shuttle refuses PCT for a program of one thread.
                continue;
            }
            let executions = if smoke { (case.executions / 50).max(1) } else { case.executions };
            let (mut ours, mut theirs, mut steps) = (Vec::new(), Vec::new(), 0.0);
            for _ in 0..rounds {
                let (time, counted) = drawloom(case, strategy, memory, executions);
                ours.push(time);
                steps = counted;
                if !only_drawloom {
                    theirs.push(shuttle(case, strategy, executions));
                }
            }
            let ours = median(ours).as_secs_f64() / executions as f64;
            let theirs = if only_drawloom { ours } else { median(theirs).as_secs_f64() / executions as f64 };
            println!(
                "| {:<22} | {:<7} | {:>12.0} | {:>9.1} | {:>14.0} | {:>12.0} | {:>6.2} |",
                case.name,
                name,
                steps,
                ours * 1e9 / steps,
                1.0 / ours,
                1.0 / theirs,
                theirs / ours,
            );
        }
    }
    weak_memory(&chosen, smoke, rounds);
}

/// What RC11 costs beside sequential consistency, where there are atomics.
fn weak_memory(chosen: &[&Case], smoke: bool, rounds: usize) {
    println!("\n| {:<22} | {:>12} | {:>12} | {:>6} |", "weak memory", "ns/step, sc", "rc11", "ratio");
    println!("| --- | --- | --- | --- |");
    let with_atomics =
        |case: &&Case| !["lock", "buffer", "create", "many"].iter().any(|name| case.name.starts_with(name));
    for case in chosen.iter().copied().filter(with_atomics) {
        let executions = if smoke { (case.executions / 50).max(1) } else { case.executions };
        let (mut sc, mut rc11, mut steps) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..rounds {
            for (memory, times) in
                [(MemoryModel::SequentiallyConsistent, &mut sc), (MemoryModel::Rc11, &mut rc11)]
            {
                let (time, counted) = drawloom(case, StrategyKind::RandomWalk, memory, executions);
                times.push(time);
                steps = counted;
            }
        }
        let step = |times| median(times).as_secs_f64() * 1e9 / executions as f64 / steps;
        let (sc, rc11) = (step(sc), step(rc11));
        println!("| {:<22} | {sc:>12.1} | {rc11:>12.1} | {:>6.2} |", case.name, rc11 / sc);
    }
}
