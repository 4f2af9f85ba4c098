//! How many instructions a step and an execution take, beside a baseline that is committed.
//!
//! `cargo bench -p drawloom-benches --bench instructions` fails if a row takes more than [`TOLERANCE`] above the baseline;
//! with `-- --write` it writes the baseline instead, and any other word selects rows by name. Unlike times, these numbers are
//! the same on a machine that is busy.
//!
//! The program runs itself under valgrind, twice for each row with different amounts of the same work: the difference is
//! what the work takes.

mod baseline;
mod rows;

use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use baseline::{Baseline, COMMAND, Made};
use rows::{ROWS, Row};

/// How much more a row may take than its baseline.
const TOLERANCE: f64 = 0.05;

/// How many processes count at once.
const AT_ONCE: usize = 2;

/// glibc's `memcpy` and the like are other code on other processors, which makes up to 2.5 % where clocks are long. So that
/// counts are the same everywhere, the ones that every processor has are used.
const PLAIN_COPIES: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX_Fast_Unaligned_Load,-BMI2,-ERMS,-FSRM,-SSE4_1,-SSE4_2,-SSSE3",
);

/// Counts a row: instructions a unit.
fn count(row: &Row) -> f64 {
    let [(less, of_less), (more, of_more)] = row.amounts.map(|amount| under_valgrind(row, amount));
    (more - less) / (of_more - of_less)
}

/// Does so much of a row in a process of its own: how many instructions it took, and how many units it did.
fn under_valgrind(row: &Row, amount: u64) -> (f64, f64) {
    let this = std::env::current_exe().expect("the program knows where it is");
    let ran = Command::new("valgrind")
        // The cheapest tool that counts. To it a fiber's stack is any memory, so a large frame is no switch to ask about.
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(this)
        .args(["--child", row.name, &amount.to_string()])
        .env(PLAIN_COPIES.0, PLAIN_COPIES.1)
        .output();
    let output = ran.expect("valgrind runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} fails under valgrind:\n{told}", row.name);
    let counted = told.lines().find_map(|line| line.split_once("I   refs:"));
    let instructions = counted.and_then(|(_, number)| number.trim().replace(',', "").parse().ok());
    let units = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    instructions.zip(units).unwrap_or_else(|| panic!("{}: no count in:\n{told}", row.name))
}

/// Counts all of the rows, a few at once.
fn count_all(rows: &[&Row]) -> Vec<f64> {
    let next = AtomicUsize::new(0);
    let counted = Mutex::new(vec![0.0; rows.len()]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = rows.get(index) else { break };
            let instructions = count(row);
            counted.lock().expect("nobody panicked")[index] = instructions;
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| _ = scope.spawn(work)));
    counted.into_inner().expect("nobody panicked")
}

/// Prints the table, and says what is to be done about it: whether nothing is.
fn compare(rows: &[&Row], counted: &[f64], baseline: &Baseline) -> bool {
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    println!("| {:<34} | {:<12} | {:>12} | {:>12} | {:>7} |", "instructions", "", "baseline", "now", "");
    println!("| --- | --- | --- | --- | --- |");
    for (row, &now) in rows.iter().zip(counted) {
        let (name, unit) = (row.name, row.unit());
        let Some(before) = baseline.of(name) else {
            println!("| {name:<34} | {unit:<12} | {:>12} | {now:>12.1} | {:>7} |", "–", "–");
            worse.push(format!("`{name}` is not in {}", baseline::FILE));
            continue;
        };
        let change = now / before - 1.0;
        let percent = format!("{:+.1} %", change * 100.0);
        println!("| {name:<34} | {unit:<12} | {before:>12.1} | {now:>12.1} | {percent:>7} |");
        let told =
            format!("`{name}` takes {now:.1} instructions {unit}, {before:.1} in the baseline ({percent})");
        if change > TOLERANCE {
            worse.push(told);
        } else if change < -TOLERANCE {
            better.push(told);
        }
    }
    println!();
    let here = Made::here();
    if baseline.made != here {
        println!("not compared: the baseline was made with {}, and this is {here}", baseline.made);
        return true;
    }
    for told in &better {
        println!("better: {told}");
    }
    for told in &worse {
        eprintln!("error: {told}");
    }
    if !worse.is_empty() {
        eprintln!("If that is wanted, write the baseline anew: {COMMAND} -- --write");
    } else if !better.is_empty() {
        println!("To keep it so, write the baseline anew: {COMMAND} -- --write");
    }
    worse.is_empty()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, amount] = &arguments[..]
        && flag == "--child"
    {
        let row = ROWS.iter().find(|row| row.name == name).expect("a row");
        println!("{}", row.run(amount.parse().expect("a number")));
        return ExitCode::SUCCESS;
    }
    let writes = arguments.iter().any(|argument| argument == "--write");
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    if Command::new("valgrind").arg("--version").output().is_err() {
        // Whoever runs all benches is not to be stopped by it.
        println!(
            "not counted: there is no valgrind here; install it, with `apt-get install valgrind` or the like"
        );
        return if writes { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    if writes {
        let rows: Vec<&Row> = ROWS.iter().collect();
        baseline::write(&rows, &count_all(&rows));
        println!("written: {}", baseline::FILE);
        return ExitCode::SUCCESS;
    }
    let chosen = |row: &&Row| words.is_empty() || words.iter().any(|word| row.name.contains(word.as_str()));
    let rows: Vec<&Row> = ROWS.iter().filter(chosen).collect();
    if compare(&rows, &count_all(&rows), &Baseline::read()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
