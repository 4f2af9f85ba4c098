//! What async code takes: to go from one task to another, and whole executions, beside shuttle in the same run.
//!
//! `cargo bench -p drawloom-benches --bench tasks`; with `-- --smoke` it only shows that it runs. Times are process CPU time, the
//! median of seven runs, drawloom's and shuttle's alternating. Both walk at random.

use cpu_time::ProcessTime;
use drawloom::{Config, StrategyKind};
use shuttle::scheduler::RandomScheduler;

/// A program, compiled against either library.
macro_rules! programs {
    ($name:ident, $spawn:path, $yield_now:path) => {
        mod $name {
            use $spawn as spawn;
            use $yield_now as yield_now;

            /// Tasks that yield in turn.
            pub(crate) async fn yields(tasks: usize, times: usize) {
                let tasks: Vec<_> = (0..tasks)
                    .map(|_| {
                        spawn(async move {
                            for _ in 0..times {
                                yield_now().await;
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.expect("it does not panic");
                }
            }
        }
    };
}

programs! { under_drawloom, drawloom::tokio::spawn, drawloom::tokio::task::yield_now }
programs! { under_shuttle, shuttle::future::spawn, shuttle::future::yield_now }

/// Tasks, and how often each yields.
const WORKLOADS: &[(usize, usize)] = &[(5, 0), (5, 200), (5, 2_000), (100, 100), (1_000, 10), (100_000, 1)];

fn of_drawloom((tasks, times): (usize, usize), executions: u64) -> f64 {
    let start = ProcessTime::now();
    let config = Config::new()
        .strategy(StrategyKind::RandomWalk)
        .executions(executions)
        .steps(u64::MAX)
        .max_steps(u64::MAX)
        .seed(1);
    let report = drawloom::explore(config, move || {
        let runtime = drawloom::tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime of the model").block_on(under_drawloom::yields(tasks, times));
    });
    assert!(report.passed(), "{report}");
    start.elapsed().as_secs_f64() / executions as f64
}

fn of_shuttle((tasks, times): (usize, usize), executions: u64) -> f64 {
    let start = ProcessTime::now();
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::None;
    let runner = shuttle::Runner::new(RandomScheduler::new_from_seed(1, executions as usize), config);
    runner.run(move || shuttle::future::block_on(under_shuttle::yields(tasks, times)));
    start.elapsed().as_secs_f64() / executions as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let is_smoke = std::env::args().any(|argument| argument == "--smoke");
    println!("| tasks × yields | an execution | ns a poll | shuttle's execution | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    for &workload in WORKLOADS {
        let (tasks, times) = workload;
        let polls = (tasks * (times + 1)) as u64;
        let is_large = tasks > 10_000;
        if is_smoke && is_large {
            continue;
        }
        let executions = if is_smoke { 2 } else { (1_000_000 / polls).max(1) };
        let runs = if is_smoke || is_large { 1 } else { 7 };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(of_drawloom(workload, executions));
            // shuttle makes a stack for each task.
            if !is_large {
                theirs.push(of_shuttle(workload, executions));
            }
        }
        let ours = median(ours);
        let (shuttles, ratio) = match theirs.is_empty() {
            true => ("–".to_owned(), "–".to_owned()),
            false => {
                let theirs = median(theirs);
                (format!("{:.1} µs", theirs * 1e6), format!("{:.1}", theirs / ours))
            }
        };
        println!(
            "| {tasks} × {times} | {:.1} µs | {:.1} | {shuttles} | {ratio} |",
            ours * 1e6,
            ours * 1e9 / polls as f64,
        );
    }
}
