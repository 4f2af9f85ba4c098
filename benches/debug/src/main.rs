//! The cost of a step and of an execution in debug builds, beside shuttle on the same workloads in the same run.
//!
//! ```console
//! $ cargo run --manifest-path benches/debug/Cargo.toml
//! $ cargo run --manifest-path benches/debug/Cargo.toml --profile dev-optimized
//! ```
//!
//! The first is what `cargo test` compiles, the second what it compiles where dependencies are optimized. With `-- --smoke`
//! it only shows that it runs. Times are process CPU time, medians of alternating runs. The workloads are a part of this
//! package, since the code of a test is never optimized here.

use std::time::Duration;

use cpu_time::ProcessTime;
use drawloom::{Config, MemoryModel, StrategyKind};
use shuttle::scheduler::RandomScheduler;
use workloads::{Workload, with_drawloom, with_shuttle};

#[path = "../../stepping.rs"]
#[expect(dead_code, reason = "not all of them are measured here")]
mod workloads;

struct Case {
    name: &'static str,
    executions: usize,
    drawloom: Workload,
    shuttle: Workload,
}

const CASES: [Case; 2] = [
    Case {
        name: "counter 5 × 2000",
        executions: 20,
        drawloom: with_drawloom::counter::<5, 2000>,
        shuttle: with_shuttle::counter::<5, 2000>,
    },
    Case {
        name: "tiny, 3 × 1",
        executions: 5_000,
        drawloom: with_drawloom::counter::<3, 1>,
        shuttle: with_shuttle::counter::<3, 1>,
    },
];

/// Runs a case under drawloom: how long, and how many steps an execution.
fn drawloom(case: &Case, executions: usize) -> (Duration, f64) {
    let config = Config::new()
        .executions(executions as u64)
        .strategy(StrategyKind::RandomWalk)
        .memory(MemoryModel::SequentiallyConsistent)
        .spurious(0);
    let start = ProcessTime::now();
    let report = drawloom::explore(config, case.drawloom);
    let time = start.elapsed();
    assert!(report.passed(), "{report}");
    (time, report.steps() as f64 / executions as f64)
}

fn shuttle(case: &Case, executions: usize) -> Duration {
    let start = ProcessTime::now();
    shuttle::Runner::new(RandomScheduler::new(executions), shuttle::Config::new()).run(case.shuttle);
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// What the program was compiled with: cargo calls the folder after it.
fn profile() -> String {
    let this = std::env::current_exe().expect("the program knows where it is");
    let folder = this.parent().and_then(|folder| folder.file_name()).expect("it is in a folder");
    match folder.to_string_lossy() {
        name if name == "debug" => "dev".to_owned(),
        name => name.into_owned(),
    }
}

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let rounds = if smoke { 1 } else { 7 };
    let profile = profile();
    println!("| workload | profile | ns/step | executions/s | shuttle's | ratio |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for case in &CASES {
        let executions = if smoke { (case.executions / 20).max(1) } else { case.executions };
        let (mut ours, mut theirs, mut steps) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..rounds {
            let (time, counted) = drawloom(case, executions);
            ours.push(time);
            steps = counted;
            theirs.push(shuttle(case, executions));
        }
        let (ours, theirs) = (median(ours) / executions as f64, median(theirs) / executions as f64);
        println!(
            "| {} | {} | {:.1} | {:.0} | {:.0} | {:.2} |",
            case.name,
            profile,
            ours * 1e9 / steps,
            1.0 / ours,
            1.0 / theirs,
            theirs / ours,
        );
    }
}
