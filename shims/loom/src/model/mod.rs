//! Models: closures of which every execution is explored, or a sample if they are too many.
//!
//! loom goes on until it has run all executions, which can take days. Here a model with more than `VERIFY_WITHIN`
//! of them is sampled instead, and its summary says so; loom's bounds mean what they mean there: see [`Builder`].
//! What becomes of an exploration's end is in `verdict`.

mod checkpoint;
mod variables;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use drawloom::{Config, Log};

/// loom's own default, which its table of branches needs.
const DEFAULT_MAX_BRANCHES: usize = 1_000;

/// How many executions are explored before the model is sampled instead: as many as take seconds, not hours.
const VERIFY_WITHIN: u64 = 50_000;

/// drawloom's default limit of steps.
const DEFAULT_MAX_STEPS: u64 = 1_000_000;

/// How a model is checked. Without bounds, every execution is explored if there are at most 50,000, and 10,000
/// are sampled if there are more; the summary says `verified` or `sampled`.
///
/// The environment variables `LOOM_*` are the defaults, as in loom; drawloom's own, `DRAWLOOM_EXECUTIONS`,
/// `DRAWLOOM_TIME`, `DRAWLOOM_MAX_PREEMPTIONS`, `DRAWLOOM_STRATEGY`, `DRAWLOOM_SEED`, `DRAWLOOM_WORKERS`,
/// `DRAWLOOM_LOG` and `DRAWLOOM_REPLAY`, override everything. With `DRAWLOOM_STRATEGY=exhaustive` nothing is sampled:
/// what cannot be explored to the end fails.
#[derive(Debug)]
#[non_exhaustive]
pub struct Builder {
    /// How many threads loom's tables hold. Not used: there is no such limit here.
    pub max_threads: usize,

    /// How many switches of threads loom's table of one execution holds; `LOOM_MAX_BRANCHES`. drawloom has no such
    /// table, so this raises its limit of 1,000,000 steps, and never lowers it: 1,000, which is loom's
    /// default, would fail executions that are merely long.
    pub max_branches: usize,

    /// How many executions to run; `LOOM_MAX_PERMUTATIONS`. If there are no more, all are explored; otherwise as many
    /// are sampled.
    pub max_permutations: Option<usize>,

    /// How long to go on at most; `LOOM_MAX_DURATION`, in seconds. Half of it is for exploring all executions.
    pub max_duration: Option<Duration>,

    /// How many preemptions an execution may have; `LOOM_MAX_PREEMPTIONS`. If all executions with so few are explored,
    /// the summary says `bounded`.
    pub preemption_bound: Option<usize>,

    /// Where the schedule of a failure is kept; `LOOM_CHECKPOINT_FILE`. If the file holds one, it is run first.
    pub checkpoint_file: Option<PathBuf>,

    /// How often loom writes its progress to the checkpoint file; `LOOM_CHECKPOINT_INTERVAL`. Not used: what is
    /// written is the schedule of a failure, when it is found.
    pub checkpoint_interval: usize,

    /// Whether threads are to switch only where they must until [`explore`](crate::explore) is called.
    pub expect_explicit_explore: bool,

    /// Whether loom is to note the places of operations; `LOOM_LOCATION`. Not used: reports always have them.
    pub location: bool,

    /// Whether to show all operations of a failure, however many; `LOOM_LOG`.
    pub log: bool,
}

impl Builder {
    /// A builder with the defaults.
    ///
    /// # Panics
    ///
    /// If one of the variables `LOOM_*` has a value that it cannot have.
    #[track_caller]
    pub fn new() -> Builder {
        match Builder::from_variables(|name| std::env::var(name).ok()) {
            Ok(builder) => builder,
            Err(message) => panic!("{message}"),
        }
    }

    /// Sets the checkpoint file.
    pub fn checkpoint_file(&mut self, file: &str) -> &mut Builder {
        self.checkpoint_file = Some(file.into());
        self
    }

    /// Runs the model in every execution, or in a sample of them.
    ///
    /// # Panics
    ///
    /// If an execution fails; the report is on stderr.
    #[track_caller]
    pub fn check<F>(&self, f: F)
    where
        F: Fn() + Sync + Send + 'static,
    {
        if drawloom::is_exploring() {
            panic!(
                "a loom model inside a model, or inside another exploration: `loom::model` and `Builder::check` cannot be \
                 nested; call the inner closure as a plain function"
            );
        }
        let name = test_name();
        let config = match self.config(&name).with_environment() {
            Ok(config) => config,
            Err(error) => verdict::refuse(&error.to_string()),
        };
        let explicit = self.expect_explicit_explore;
        let body = || {
            crate::sync::begin_execution();
            crate::thread::begin_execution();
            if explicit {
                drawloom::switching::pause();
            }
            f();
        };
        // Somebody who replays a schedule does not want to see another.
        let file = self.checkpoint_file.as_deref().filter(|_| std::env::var_os("DRAWLOOM_REPLAY").is_none());
        if let Some(file) = file {
            match checkpoint::read(file) {
                Ok(Some(token)) => {
                    let report = drawloom::explore(config.clone().replay(token), body);
                    verdict::conclude_checkpoint(&report, file);
                }
                Ok(None) => {}
                Err(message) => verdict::refuse(&message),
            }
        }
        let report = drawloom::explore(config.clone(), body);
        if let (Some(file), Some(failure)) = (file, report.failure()) {
            checkpoint::write(file, failure);
        }
        verdict::conclude(&config, &report);
    }

    /// The settings, as drawloom has them.
    fn config(&self, name: &str) -> Config {
        let mut config = self.budget(drawloom::__private::rerun_with(Config::new(), rerun_command(name)));
        if !name.is_empty() {
            config = config.name(name);
        }
        if self.max_branches as u64 > DEFAULT_MAX_STEPS {
            config = config.max_steps(self.max_branches as u64);
        }
        if let Some(bound) = self.preemption_bound {
            config = config.max_preemptions(u32::try_from(bound).unwrap_or(u32::MAX));
        }
        if self.log {
            config = config.log(Log::Full);
        }
        config
    }

    /// How much is explored.
    fn budget(&self, config: Config) -> Config {
        let mut config = drawloom::__private::verify_within(config, VERIFY_WITHIN);
        if let Some(executions) = self.max_permutations {
            // loom runs one before it looks at the bound.
            config = config.executions((executions as u64).max(1));
        }
        if let Some(time) = self.max_duration {
            config = config.time(time);
        }
        config
    }
}

impl Default for Builder {
    #[track_caller]
    fn default() -> Builder {
        Builder::new()
    }
}

/// Runs a model in every execution, or in a sample of them, with the defaults of [`Builder`].
///
/// # Panics
///
/// If an execution fails; the report is on stderr.
#[track_caller]
pub fn model<F>(f: F)
where
    F: Fn() + Sync + Send + 'static,
{
    Builder::new().check(f);
}

/// The test's name: libtest calls the OS thread after it, unless it runs tests one by one on the main thread.
fn test_name() -> String {
    match std::thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => String::new(),
    }
}

/// How somebody runs the test again, with `{}` for the token. cargo hands the flags that switch loom on to the test.
fn rerun_command(name: &str) -> String {
    let mut command = "DRAWLOOM_REPLAY={} ".to_owned();
    if let Some(flags) = std::env::var("RUSTFLAGS").ok().filter(|flags| !flags.is_empty()) {
        command += &format!("RUSTFLAGS=\"{flags}\" ");
    }
    command += if cfg!(debug_assertions) { "cargo test" } else { "cargo test --release" };
    if name.is_empty() {
        command + " (with the name of the test)"
    } else {
        format!("{command} {name} -- --exact")
    }
}

#[cfg(test)]
mod tests;
