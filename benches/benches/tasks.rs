//! What async code takes: to go from one task to another, and whole executions, beside shuttle in the same run.
//!
//! `cargo bench -p drawloom-benches --bench tasks`; with `-- --smoke` it only shows that it runs. Times are process CPU time, the
//! median of seven runs, drawloom's and shuttle's alternating. Both walk at random.

use std::fmt;

use cpu_time::ProcessTime;
use drawloom::{Config, MemoryModel, StrategyKind};
use shuttle::scheduler::RandomScheduler;

/// Programs, compiled against either library. All but `yields` are shuttle's own (its `benches/counter.rs`, `create.rs` and
/// `async_backend.rs`).
macro_rules! programs {
    ($name:ident, $spawn:path, $yield_now:path, $atomic:path, $semaphore:path) => {
        mod $name {
            use std::sync::Arc;
            use std::sync::atomic::Ordering::SeqCst;

            use $atomic as AtomicUsize;
            use $semaphore as semaphore;
            use $spawn as spawn;
            use $yield_now as yield_now;

            use super::Workload;

            /// Runs so many tasks to their end.
            async fn run<F: Future<Output = ()> + Send + 'static>(tasks: usize, task: impl Fn() -> F) {
                let tasks: Vec<_> = (0..tasks).map(|_| spawn(task())).collect();
                for task in tasks {
                    task.await.expect("it does not panic");
                }
            }

            pub(crate) async fn program(workload: Workload) {
                match workload {
                    Workload::Yields(tasks, times) => {
                        let task = || async move {
                            for _ in 0..times {
                                yield_now().await;
                            }
                        };
                        run(tasks, task).await;
                    }
                    Workload::Counter(tasks, times) => {
                        let counter = Arc::new(AtomicUsize::new(0));
                        let task = || {
                            let counter = Arc::clone(&counter);
                            async move {
                                for _ in 0..times {
                                    counter.fetch_add(1, SeqCst);
                                }
                            }
                        };
                        run(tasks, task).await;
                    }
                    Workload::Semaphore(tasks, times) => {
                        let permits = Arc::new(semaphore::one());
                        let task = || {
                            let permits = Arc::clone(&permits);
                            async move {
                                for _ in 0..times {
                                    semaphore::use_one(&permits).await;
                                }
                            }
                        };
                        run(tasks, task).await;
                    }
                }
            }
        }
    };
}

mod semaphore_of_drawloom {
    use drawloom::tokio::sync::Semaphore;

    pub(crate) fn one() -> Semaphore {
        Semaphore::new(1)
    }

    pub(crate) async fn use_one(permits: &Semaphore) {
        drop(permits.acquire().await.expect("it is not closed"));
    }
}

mod semaphore_of_shuttle {
    use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};

    pub(crate) fn one() -> BatchSemaphore {
        BatchSemaphore::new(1, Fairness::StrictlyFair)
    }

    pub(crate) async fn use_one(permits: &BatchSemaphore) {
        permits.acquire(1).await.expect("it is not closed");
        permits.release(1);
    }
}

programs! {
    under_drawloom, drawloom::tokio::spawn, drawloom::tokio::task::yield_now, drawloom::sync::atomic::AtomicUsize,
    super::semaphore_of_drawloom
}
programs! {
    under_shuttle, shuttle::future::spawn, shuttle::future::yield_now, shuttle::sync::atomic::AtomicUsize,
    super::semaphore_of_shuttle
}

/// So many tasks, each of which does so often what the name says.
#[derive(Clone, Copy)]
enum Workload {
    Yields(usize, usize),
    Counter(usize, usize),
    Semaphore(usize, usize),
}

use Workload::{Counter, Semaphore, Yields};

const WORKLOADS: &[Workload] = &[
    Yields(5, 0),
    Yields(5, 200),
    Yields(5, 2_000),
    Yields(100, 100),
    Yields(1_000, 10),
    Yields(100_000, 1),
    Counter(5, 1),
    Counter(100, 1),
    Counter(5, 2_000),
    Counter(100, 100),
    Semaphore(4, 500),
    Semaphore(32, 125),
    Semaphore(256, 16),
];

impl Workload {
    fn amounts(self) -> (usize, usize) {
        let (Yields(tasks, times) | Counter(tasks, times) | Semaphore(tasks, times)) = self;
        (tasks, times)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tasks, times) = self.amounts();
        let what = match self {
            Yields(..) => "yields",
            Counter(..) => "increments of one counter",
            Semaphore(..) => "uses of one permit",
        };
        write!(f, "{tasks} × {times} {what}")
    }
}

fn of_drawloom(workload: Workload, executions: u64) -> f64 {
    let start = ProcessTime::now();
    let config = Config::new()
        .strategy(StrategyKind::RandomWalk)
        .memory(MemoryModel::SequentiallyConsistent)
        .executions(executions)
        .steps(u64::MAX)
        .max_steps(u64::MAX)
        .seed(1);
    let report = drawloom::explore(config, move || {
        let runtime = drawloom::tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime of the model").block_on(under_drawloom::program(workload));
    });
    assert!(report.passed(), "{report}");
    start.elapsed().as_secs_f64() / executions as f64
}

fn of_shuttle(workload: Workload, executions: u64) -> f64 {
    let start = ProcessTime::now();
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::None;
    let runner = shuttle::Runner::new(RandomScheduler::new_from_seed(1, executions as usize), config);
    runner.run(move || shuttle::future::block_on(under_shuttle::program(workload)));
    start.elapsed().as_secs_f64() / executions as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let is_smoke = std::env::args().any(|argument| argument == "--smoke");
    println!("| tasks | an execution | ns each | shuttle's execution | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    for &workload in WORKLOADS {
        let (tasks, times) = workload.amounts();
        let each = match workload {
            // The last poll as well.
            Yields(..) => tasks * (times + 1),
            Counter(..) | Semaphore(..) => tasks * times,
        } as u64;
        let is_large = tasks > 10_000;
        if is_smoke && is_large {
            continue;
        }
        let executions = if is_smoke { 2 } else { (1_000_000 / each).max(1) };
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
            "| {workload} | {:.1} µs | {:.1} | {shuttles} | {ratio} |",
            ours * 1e6,
            ours * 1e9 / each as f64,
        );
    }
}
