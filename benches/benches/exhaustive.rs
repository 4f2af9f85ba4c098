//! What it takes to explore small programs exhaustively, beside loom and shuttle in the same run.
//!
//! `cargo bench -p drawloom-benches --bench exhaustive`; with `-- --smoke` it only shows that it runs, with `--
//! --alone` only drawloom runs, and any other word selects programs by name. Times are process CPU time. Explorers
//! that do not end within the limit are stopped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use drawloom::{Config, Coverage, StrategyKind};
use drawloom_benches::exhaustive::{Program, under_drawloom, under_loom, under_shuttle};
use shuttle::scheduler::DfsScheduler;

struct Case {
    name: &'static str,
    /// How many executions an optimal explorer makes under RC11.
    optimal: u64,
    drawloom: Program,
    loom: Program,
    shuttle: Program,
}

macro_rules! cases {
    ($($name:literal $optimal:literal $program:ident $(::<$($argument:literal),+>)?;)+) => {
        &[$(Case {
            name: $name,
            optimal: $optimal,
            drawloom: under_drawloom::$program $(::<$($argument),+>)?,
            loom: under_loom::$program $(::<$($argument),+>)?,
            shuttle: under_shuttle::$program $(::<$($argument),+>)?,
        }),+]
    };
}

const CASES: &[Case] = cases! {
    "increments 2 × 1" 2 increments::<2, 1>;
    "increments 3 × 1" 6 increments::<3, 1>;
    "increments 4 × 1" 24 increments::<4, 1>;
    "increments 2 × 3" 20 increments::<2, 3>;
    "increments 3 × 2" 90 increments::<3, 2>;
    "increments 3 × 3" 1_680 increments::<3, 3>;
    "increments 4 × 2" 2_520 increments::<4, 2>;
    "increments 3 × 4" 34_650 increments::<3, 4>;
    "increments 4 × 3" 369_600 increments::<4, 3>;
    "own counters 2" 1 own_counters::<2>;
    "own counters 3" 1 own_counters::<3>;
    "own counters 4" 1 own_counters::<4>;
    "readers 2" 4 readers::<2>;
    "readers 3" 8 readers::<3>;
    "readers 4" 16 readers::<4>;
    "store buffering, relaxed" 4 store_buffering_relaxed;
    "store buffering, SeqCst" 3 store_buffering_seqcst;
    "message passing" 3 message_passing;
    "IRIW, acquire" 16 iriw_acquire;
    "IRIW, SeqCst" 15 iriw_seqcst;
    "WRC" 7 wrc;
    "Peterson" 14 peterson;
    "Dekker" 7 dekker;
    "ticket lock 2" 2 ticket_lock::<2>;
    "ticket lock 3" 6 ticket_lock::<3>;
    "spin lock 2" 2 spin_lock::<2>;
    "spin lock 3" 6 spin_lock::<3>;
    "stack 2" 22 stack::<2>;
    "stack 3" 4_812 stack::<3>;
    "pushes 2" 4 pushes::<2>;
    "pushes 3" 60 pushes::<3>;
    "mutex 2" 2 mutex::<2>;
    "mutex 3" 6 mutex::<3>;
    "mutex 4" 24 mutex::<4>;
    "ping-pong 1" 2 ping_pong::<1>;
    "ping-pong 2" 8 ping_pong::<2>;
    "ping-pong 3" 32 ping_pong::<3>;
    "channel 2 × 1" 2 channel::<2, 1>;
    "channel 2 × 2" 6 channel::<2, 2>;
    "channel 3 × 1" 6 channel::<3, 1>;
    "rwlock 2 readers, 1 writer" 4 reader_writer::<2, 1>;
    "rwlock 3 readers, 1 writer" 8 reader_writer::<3, 1>;
    "rwlock 1 reader, 2 writers" 6 reader_writer::<1, 2>;
};

/// What an explorer did.
enum Explored {
    /// All: this many executions in this time.
    All(u64, Duration),
    /// Not all within the limit.
    Stopped,
    /// It says that the program fails, or refuses it.
    Fails,
}

impl std::fmt::Display for Explored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Explored::All(executions, time) => format!("{executions}, {}", Shown(*time)),
            Explored::Stopped => ">".to_owned(),
            Explored::Fails => "fails".to_owned(),
        };
        f.pad(&text)
    }
}

/// A time with a unit that fits.
struct Shown(Duration);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_nanos() as f64 {
            time if time < 1e6 => write!(f, "{:.1} µs", time / 1e3),
            time if time < 1e9 => write!(f, "{:.1} ms", time / 1e6),
            time => write!(f, "{:.1} s", time / 1e9),
        }
    }
}

/// Explores a program with drawloom some times: how many executions there are, and the median time for all of them.
fn drawloom(case: &Case, rounds: usize) -> (u64, Duration) {
    let mut executions = 0;
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            // The first stage: what std may do besides makes more executions, and neither peer does it.
            let config = Config::new().strategy(StrategyKind::Exhaustive).spurious(0);
            let start = ProcessTime::now();
            let report = drawloom::explore(config, case.drawloom);
            let time = start.elapsed();
            assert!(report.passed(), "{report}");
            assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
            executions = report.executions();
            time
        })
        .collect();
    times.sort_unstable();
    (executions, times[times.len() / 2])
}

/// Runs the case in a process of its own, since loom aborts where a model needs more than five threads.
fn loom(case: &Case, limit: Duration) -> Explored {
    let this = std::env::current_exe().expect("the program knows where it is");
    let milliseconds = limit.as_millis().to_string();
    let ran = Command::new(this).args(["--loom", case.name, &milliseconds]).stderr(Stdio::null()).output();
    let output = ran.expect("the program runs once more");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(executions)), Some(Ok(time))) => Explored::All(executions, Duration::from_nanos(time)),
        (true, None, _) => Explored::Stopped,
        _ => Explored::Fails,
    }
}

/// Explores the case with loom: prints the number of executions and the nanoseconds, or nothing if it took too long.
fn loom_alone(name: &str, limit: Duration) {
    let case = CASES.iter().find(|case| case.name == name).expect("a case");
    let executions = Arc::new(AtomicU64::new(0));
    let mut builder = loom_original::model::Builder::new();
    builder.max_duration = Some(limit);
    let (start, begin) = (ProcessTime::now(), Instant::now());
    let counted = Arc::clone(&executions);
    let program = case.loom;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        program();
    });
    if begin.elapsed() < limit {
        println!("{} {}", executions.load(Ordering::Relaxed), start.elapsed().as_nanos());
    }
}

fn shuttle(case: &Case, limit: Duration) -> Explored {
    let mut config = shuttle::Config::new();
    config.max_time = Some(limit);
    config.failure_persistence = shuttle::FailurePersistence::None;
    let (start, begin) = (ProcessTime::now(), Instant::now());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(DfsScheduler::new(None, false), config).run(case.shuttle)
    }));
    let time = start.elapsed();
    match ended {
        Err(_) => Explored::Fails,
        Ok(_) if begin.elapsed() >= limit => Explored::Stopped,
        Ok(executions) => Explored::All(executions as u64, time),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, limit] = &arguments[..]
        && flag == "--loom"
    {
        return loom_alone(name, Duration::from_millis(limit.parse().expect("a number")));
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (smoke, alone) = (has("--smoke"), has("--alone"));
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let limit = if smoke { Duration::from_millis(200) } else { Duration::from_secs(10) };
    println!(
        "| {:<26} | {:>9} | {:>20} | {:>8} | {:>20} | {:>20} |",
        "program", "optimal", "drawloom", "ns/exec.", "loom", "shuttle"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let chosen =
        |case: &&Case| words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()));
    for case in CASES.iter().filter(chosen).filter(|case| !smoke || case.optimal < 10_000) {
        let rounds = if smoke || case.optimal > 100_000 { 3 } else { 51 };
        let (executions, time) = drawloom(case, rounds);
        let (loom, shuttle) = if alone {
            (Explored::Stopped, Explored::Stopped)
        } else {
            (loom(case, limit), shuttle(case, limit))
        };
        println!(
            "| {:<26} | {:>9} | {:>20} | {:>8.0} | {loom:>20} | {shuttle:>20} |",
            case.name,
            case.optimal,
            Explored::All(executions, time).to_string(),
            time.as_nanos() as f64 / executions as f64,
        );
    }
}
