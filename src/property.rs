//! Tests with inputs: proptest draws them, and the failing one shrinks together with its schedule.
//!
//! Each input is explored like a test of its own. The first that fails is made smaller by proptest's own shrinking, with an
//! exploration as the judge; then the schedule of the smallest input is minimized. So the pair is minimal in both: no input
//! that proptest would try next fails in what is explored of it, and no smaller schedule was found for this one.
//!
//! An input is named by where it comes from: the seed, its number, and the steps of shrinking (`s`implify and `c`omplicate,
//! each with how often). That name follows a schedule's token after `@`, so one line of text, and of the regressions file,
//! has both.

use std::fmt;
use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config as RunnerConfig, RngAlgorithm, TestRng, TestRunner};

use crate::config::{Config, ConfigError};
use crate::explore::replay::regressions::Regressions;
use crate::explore::{explore_only, keep_report};
use crate::report::{Coverage, FailureKind, Report};

/// How many inputs are tried to make one smaller.
const SHRINKS: u32 = 300;

/// How many executions of each input are sampled, unless that is said.
const EXECUTIONS: u64 = 1_000;

/// Which input: where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
struct InputName {
    seed: u64,
    number: u32,
    /// Whether each step of shrinking made it simpler, or took a step back.
    path: Vec<bool>,
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.seed, self.number)?;
        for run in self.path.chunk_by(|one, other| one == other) {
            write!(f, "{}{}", if run[0] { 's' } else { 'c' }, run.len())?;
        }
        Ok(())
    }
}

impl InputName {
    fn parse(text: &str) -> Option<InputName> {
        let (seed, rest) = text.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, mut rest) = rest.split_at(digits);
        let mut path = Vec::new();
        while let Some(step) = rest.chars().next() {
            let simplifies = match step {
                's' => true,
                'c' => false,
                _ => return None,
            };
            let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end + 1);
            let count: usize = rest[1..digits].parse().ok().filter(|&count| count <= 10_000)?;
            path.extend(std::iter::repeat_n(simplifies, count));
            rest = &rest[digits..];
        }
        Some(InputName { seed: u64::from_str_radix(seed, 16).ok()?, number: number.parse().ok()?, path })
    }
}

/// As [`explore`](crate::explore()), of a body that takes an input, for inputs that a strategy of proptest draws.
///
/// How many there are is [`Config::cases`]; each is explored in up to 1,000 executions, unless [`Config::executions`] says
/// otherwise. `describe` tells an input to a person.
///
/// ```
/// use drawloom::sync::Arc;
/// use drawloom::sync::atomic::{AtomicU8, Ordering::SeqCst};
/// use drawloom::{Config, explore_inputs, thread};
///
/// let report = explore_inputs(Config::new(), 0..10u8, |n| format!("n = {n}"), |n| {
///     let count = Arc::new(AtomicU8::new(0));
///     let theirs = Arc::clone(&count);
///     let thread = thread::spawn(move || theirs.store(theirs.load(SeqCst) + n, SeqCst));
///     count.store(count.load(SeqCst) + n, SeqCst);
///     thread.join().unwrap();
///     assert_eq!(count.load(SeqCst), 2 * n);
/// });
/// // Both threads add 1: with 0 nothing can be lost.
/// assert!(report.to_string().contains("input: n = 1"));
/// ```
pub fn explore_inputs<S: Strategy>(
    config: Config,
    strategy: S,
    describe: impl Fn(&S::Value) -> String,
    body: impl Fn(S::Value) + Send + Sync,
) -> Report
where
    S::Value: Clone + Send + Sync,
{
    let property = Property { config, strategy, describe, body };
    let mut report = property.run().unwrap_or_else(|error| {
        // `explore` says it in the form of a report.
        let config = property.config.clone().replay(String::new());
        let mut report = explore_only(config, || ());
        if let Some(failure) = &mut report.failure {
            failure.kind = FailureKind::Misuse;
            failure.message = error.to_string();
        }
        report
    });
    keep_report(&property.config, &mut report);
    report
}

struct Property<S, D, B> {
    config: Config,
    strategy: S,
    describe: D,
    body: B,
}

impl<S, D, B> Property<S, D, B>
where
    S: Strategy,
    S::Value: Clone + Send + Sync,
    D: Fn(&S::Value) -> String,
    B: Fn(S::Value) + Send + Sync,
{
    fn run(&self) -> Result<Report, ConfigError> {
        if let Some(replay) = &self.config.replay {
            return self.replay(replay);
        }
        let mut notes = Vec::new();
        if let Some(report) = self.run_regressions(&mut notes) {
            return Ok(report);
        }
        let start = Instant::now();
        let mut all = Vec::new();
        for number in 0..self.config.cases {
            if self.config.time.is_some_and(|time| start.elapsed() >= time) {
                break;
            }
            let name = InputName { seed: self.config.seed, number, path: Vec::new() };
            let tree = self.tree(&name)?;
            let report = self.explore(&tree.current(), false);
            if !report.passed() {
                // Each input that hangs as well would take as long again.
                let shrinks = if report.failed_with(FailureKind::Hang) { 0 } else { SHRINKS };
                return self.shrink(name, tree, shrinks, notes);
            }
            all.push(report);
        }
        Ok(self.summary(all, notes))
    }

    /// The input of this name, as proptest's tree of smaller ones.
    fn tree(&self, name: &InputName) -> Result<S::Tree, ConfigError> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&name.seed.to_le_bytes());
        seed[8..12].copy_from_slice(&name.number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let config = RunnerConfig { failure_persistence: None, ..RunnerConfig::default() };
        let mut tree = self
            .strategy
            .new_tree(&mut TestRunner::new_with_rng(config, rng))
            .map_err(|reason| ConfigError::new(format!("the strategy gives no input: {reason}")))?;
        for &simplifies in &name.path {
            let _ = if simplifies { tree.simplify() } else { tree.complicate() };
        }
        Ok(tree)
    }

    fn explore(&self, input: &S::Value, shrinks: bool) -> Report {
        let mut config = self.config.clone().shrink(shrinks && self.config.shrink);
        config.regressions = None;
        if !config.limits_executions {
            config.executions = EXECUTIONS;
        }
        let body = &self.body;
        explore_only(config, || body(input.clone()))
    }

    /// Makes a failing input smaller, and then its schedule.
    fn shrink(
        &self,
        mut name: InputName,
        mut tree: S::Tree,
        mut left: u32,
        mut notes: Vec<String>,
    ) -> Result<Report, ConfigError> {
        let found = tree.current();
        let (mut smallest, mut path) = (found.clone(), Vec::new());
        'smaller: while left > 0 && tree.simplify() {
            path.push(true);
            while left > 0 {
                left -= 1;
                let input = tree.current();
                if !self.explore(&input, false).passed() {
                    smallest = input;
                    name.path.clone_from(&path);
                    continue 'smaller;
                }
                if !tree.complicate() {
                    break 'smaller;
                }
                path.push(false);
            }
        }
        let mut report = self.explore(&smallest, true);
        let [found, smallest] = [found, smallest].map(|input| (self.describe)(&input));
        if let Some(failure) = &mut report.failure {
            failure.token = format!("{}@{name}", failure.token);
            failure.seed_text = format!("{}@{name}", failure.seed_text);
            failure.notes.insert(
                0,
                match found == smallest {
                    true => format!("input: {smallest}"),
                    false => format!("input: {smallest} (shrunk from {found})"),
                },
            );
            if let Some(regressions) = self.regressions()
                && failure.kind != FailureKind::Nondeterminism
            {
                let comment = format!("{} with {smallest}: {}", failure.kind, failure.message);
                notes.push(match regressions.add(&failure.token, &comment) {
                    Ok(()) => format!("the schedule and the input were added to {}", regressions.label()),
                    Err(error) => format!("{} could not be written: {error}", regressions.label()),
                });
            }
        }
        report.notes.append(&mut notes);
        Ok(report)
    }

    fn regressions(&self) -> Option<Regressions> {
        let folder = self.config.regressions.as_ref()?;
        Some(Regressions::new(folder, self.config.regression_name()))
    }

    /// Runs the schedules and inputs that failed before. A report if one does again.
    fn run_regressions(&self, notes: &mut Vec<String>) -> Option<Report> {
        let regressions = self.regressions()?;
        let tokens = match regressions.tokens() {
            Ok(tokens) => tokens,
            Err(error) => {
                notes.push(format!("{} could not be read: {error}", regressions.label()));
                return None;
            }
        };
        for (line, text) in tokens {
            match self.replay(&text) {
                Ok(report) if report.passed() => {}
                Ok(mut report) => {
                    report.notes.push(format!("from line {line} of {}", regressions.label()));
                    return Some(report);
                }
                Err(error) => {
                    notes.push(format!("line {line} of {} was left out: {error}", regressions.label()));
                }
            }
        }
        None
    }

    /// Runs the one execution of the one input that `text` names.
    fn replay(&self, text: &str) -> Result<Report, ConfigError> {
        let named = text.split_once('@').and_then(|(token, name)| Some((token, InputName::parse(name)?)));
        let (token, name) = named.ok_or_else(|| {
            ConfigError::new(format!(
                "`{text}` cannot be replayed: a test with inputs needs the schedule and the input, as in dl1…@5eed.3s2; \
                 copy it as the failure printed it"
            ))
        })?;
        let input = self.tree(&name)?.current();
        let config = self.config.clone().replay(token);
        let body = &self.body;
        let mut report = explore_only(config, || body(input.clone()));
        if let Some(failure) = &mut report.failure {
            failure.notes.insert(0, format!("input: {}", (self.describe)(&input)));
            text.clone_into(&mut failure.token);
            text.clone_into(&mut failure.seed_text);
        }
        Ok(report)
    }

    /// What came of inputs none of which failed.
    fn summary(&self, reports: Vec<Report>, notes: Vec<String>) -> Report {
        let verified = reports.iter().filter(|report| report.coverage == Some(Coverage::Verified)).count();
        let (inputs, executions) = (reports.len(), reports.iter().map(Report::executions).sum());
        let steps = reports.iter().map(Report::steps).sum();
        let mut all = match reports.into_iter().next() {
            Some(first) => first,
            None => explore_only(self.config.clone().executions(1), || ()),
        };
        all.executions = executions;
        all.steps = steps;
        all.inputs = Some((inputs as u64, verified as u64));
        all.notes.extend(notes);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::InputName;

    #[test]
    fn names_of_inputs_are_read_as_they_are_written() {
        for path in [vec![], vec![true], vec![true, true, false, true], vec![false; 20]] {
            let name = InputName { seed: 0x5eed, number: 17, path };
            assert_eq!(InputName::parse(&name.to_string()), Some(name));
        }
        for wrong in ["", "5eed", "5eed.", "5eed.1x", "5eed.1s", "5eed.1s99999999", "xyz.1"] {
            assert_eq!(InputName::parse(wrong), None, "{wrong}");
        }
    }
}
