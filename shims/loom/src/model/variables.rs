//! The environment variables of loom.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::{Builder, DEFAULT_MAX_BRANCHES};

impl Builder {
    /// The defaults, with the variables that `get` finds.
    pub(super) fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Builder, String> {
        let whole = |name| parse::<usize>(name, get(name), "a whole number");
        let seconds =
            parse::<u64>("LOOM_MAX_DURATION", get("LOOM_MAX_DURATION"), "a whole number of seconds")?;
        Ok(Builder {
            max_threads: crate::MAX_THREADS,
            max_branches: whole("LOOM_MAX_BRANCHES")?.unwrap_or(DEFAULT_MAX_BRANCHES),
            max_permutations: whole("LOOM_MAX_PERMUTATIONS")?,
            max_duration: seconds.map(Duration::from_secs),
            preemption_bound: whole("LOOM_MAX_PREEMPTIONS")?,
            checkpoint_file: get("LOOM_CHECKPOINT_FILE").map(Into::into),
            checkpoint_interval: whole("LOOM_CHECKPOINT_INTERVAL")?.unwrap_or(20_000),
            expect_explicit_explore: false,
            location: get("LOOM_LOCATION").is_some(),
            log: get("LOOM_LOG").is_some(),
        })
    }
}

fn parse<T: FromStr>(name: &str, value: Option<String>, takes: impl Display) -> Result<Option<T>, String> {
    let Some(value) = value else { return Ok(None) };
    // The first words are loom's.
    let refuse = |_| format!("invalid value for `{name}`: it is `{value}`, but takes {takes}; or unset it");
    value.parse().map(Some).map_err(refuse)
}
