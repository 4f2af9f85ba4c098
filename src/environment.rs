//! The environment variables that override a test's settings.

use std::time::Duration;

use crate::config::{Config, ConfigError, MemoryModel, Rerun, Timeouts};

/// Every variable, with what it takes.
pub(crate) const VARIABLES: [(&str, &str); 15] = [
    ("DRAWLOOM_SEED", "a whole number, decimal or 0x…"),
    ("DRAWLOOM_EXECUTIONS", "a whole number of at least 1"),
    ("DRAWLOOM_STEPS", "a whole number of at least 1"),
    ("DRAWLOOM_TIME", "a length of time of more than 0, such as 500ms, 10s or 2m"),
    ("DRAWLOOM_HANG_AFTER", "a length of time of more than 0, such as 500ms, 10s or 2m, or off"),
    (
        "DRAWLOOM_STRATEGY",
        "auto, exhaustive, portfolio, random, pct, pct:DEPTH, pos, urw, surw or round-robin",
    ),
    ("DRAWLOOM_MEMORY", "rc11 or sc"),
    ("DRAWLOOM_TIMEOUTS", "last or any"),
    ("DRAWLOOM_CANCEL", "explore, never, or how often: a whole number"),
    ("DRAWLOOM_MAX_PREEMPTIONS", "a whole number, or none"),
    ("DRAWLOOM_WORKERS", "a whole number of at least 1"),
    ("DRAWLOOM_LOG", "off, summary or full"),
    ("DRAWLOOM_CHECKPOINT", "the path of a file or of a folder"),
    ("DRAWLOOM_ARTIFACTS", "the path of a folder"),
    ("DRAWLOOM_REPLAY", "a token or a seed, as a failure prints it"),
];

/// What the scripts that try drawloom with published crates take.
const FOR_SCRIPTS: &str = "DRAWLOOM_TRY_DIR";

impl Config {
    /// Lets the environment variables `DRAWLOOM_SEED`, `DRAWLOOM_EXECUTIONS`, `DRAWLOOM_STEPS`, `DRAWLOOM_TIME`, `DRAWLOOM_HANG_AFTER`,
    /// `DRAWLOOM_STRATEGY`,
    /// `DRAWLOOM_MEMORY`, `DRAWLOOM_TIMEOUTS`, `DRAWLOOM_CANCEL`, `DRAWLOOM_MAX_PREEMPTIONS`, `DRAWLOOM_WORKERS`, `DRAWLOOM_LOG`, `DRAWLOOM_CHECKPOINT`,
    /// `DRAWLOOM_ARTIFACTS` and `DRAWLOOM_REPLAY` override settings. `#[drawloom::test]` does this; [`explore`](crate::explore) alone does not.
    ///
    /// # Errors
    ///
    /// If a variable has a value that cannot be used; the error names it and says what it takes. If there is a variable whose
    /// name begins like theirs, and is none of them.
    pub fn with_environment(self) -> Result<Config, ConfigError> {
        check_names(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let mut config = self.with_variables(|name| match std::env::var(name) {
            Ok(value) if value.is_empty() => None,
            Ok(value) => Some(value),
            Err(std::env::VarError::NotPresent) => None,
            // Refused like any other bad value.
            Err(std::env::VarError::NotUnicode(value)) => Some(value.to_string_lossy().into_owned()),
        })?;
        if config.rerun == Rerun::Config {
            config.rerun = Rerun::Program;
        }
        Ok(config)
    }

    fn with_variables(mut self, get: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        for (name, takes) in VARIABLES {
            let Some(value) = get(name) else { continue };
            if self.set(name, value.trim()).is_none() {
                return Err(ConfigError::new(format!("{name} is `{value}`, but takes {takes}")));
            }
        }
        Ok(self)
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "DRAWLOOM_SEED" => self.seed = parse_seed(value)?,
            "DRAWLOOM_EXECUTIONS" => {
                self.executions = parse_count(value)?;
                self.limits_executions = true;
                self.verify_within = None;
            }
            "DRAWLOOM_STEPS" => self.steps = parse_count(value)?,
            "DRAWLOOM_TIME" => self.time = Some(parse_time(value)?),
            "DRAWLOOM_HANG_AFTER" => {
                self.hang_after = match value {
                    "off" => None,
                    time => Some(parse_time(time)?),
                }
            }
            "DRAWLOOM_STRATEGY" => {
                self.strategy = value.parse().ok()?;
                self.custom_strategy = None;
            }
            "DRAWLOOM_MEMORY" => {
                self.memory = match value {
                    "rc11" => MemoryModel::Rc11,
                    "sc" => MemoryModel::SequentiallyConsistent,
                    _ => return None,
                }
            }
            "DRAWLOOM_TIMEOUTS" => {
                self.timeouts = match value {
                    "last" => Timeouts::Last,
                    "any" => Timeouts::Any,
                    _ => return None,
                }
            }
            "DRAWLOOM_CANCEL" => {
                self.cancellations = match value {
                    "explore" => 1,
                    "never" => 0,
                    times => times.parse().ok()?,
                }
            }
            "DRAWLOOM_MAX_PREEMPTIONS" => {
                self.max_preemptions = if value == "none" { None } else { Some(value.parse().ok()?) };
            }
            "DRAWLOOM_WORKERS" => self.workers = parse_count(value)?.try_into().ok()?,
            "DRAWLOOM_LOG" => self.log = value.parse().ok()?,
            "DRAWLOOM_ARTIFACTS" => self.artifacts = Some(value.into()),
            "DRAWLOOM_CHECKPOINT" => self.checkpoint = Some(value.into()),
            _ => self.replay = Some(value.to_owned()),
        }
        Some(())
    }
}

/// A setting with a misspelt name would not be heeded, and nobody would notice.
fn check_names(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    let is_known = |name: &str| VARIABLES.iter().any(|(known, _)| *known == name) || name == FOR_SCRIPTS;
    let unknown = names.filter(|name| name.starts_with("DRAWLOOM_") && !is_known(name)).min();
    let Some(unknown) = unknown else { return Ok(()) };
    let known = VARIABLES.map(|(name, _)| name).join(", ");
    Err(ConfigError::new(format!(
        "no environment variable of drawloom is called {unknown}, so it would have no effect: unset it; there are {known}"
    )))
}

/// A whole number of at least 1, with or without `_` between its digits.
fn parse_count(text: &str) -> Option<u64> {
    text.replace('_', "").parse().ok().filter(|&count| count > 0)
}

/// A whole number, decimal or hexadecimal with `0x`.
pub(crate) fn parse_seed(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_time(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let milliseconds = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds).filter(|&time| time > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Log, StrategyKind};

    fn with(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::new().executions(5).with_variables(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn the_environment_overrides_settings() {
        assert_eq!(with("DRAWLOOM_EXECUTIONS", "7").unwrap().executions, 7);
        assert_eq!(with("DRAWLOOM_EXECUTIONS", "10_000").unwrap().executions, 10_000);
        assert_eq!(with("DRAWLOOM_SEED", "0xff").unwrap().seed, 255);
        assert_eq!(with("DRAWLOOM_SEED", "12").unwrap().executions, 5);
        assert_eq!(with("DRAWLOOM_TIME", "500ms").unwrap().time, Some(Duration::from_millis(500)));
        assert_eq!(with("DRAWLOOM_TIME", "2m").unwrap().time, Some(Duration::from_secs(120)));
        assert_eq!(with("DRAWLOOM_HANG_AFTER", "1m").unwrap().hang_after, Some(Duration::from_secs(60)));
        assert_eq!(with("DRAWLOOM_HANG_AFTER", "off").unwrap().hang_after, None);
        let pct = with("DRAWLOOM_STRATEGY", "pct:4").unwrap().strategy;
        assert_eq!(pct, StrategyKind::Pct { depth: 4 });
        assert_eq!(with("DRAWLOOM_CANCEL", "explore").unwrap().cancellations, 1);
        assert_eq!(with("DRAWLOOM_CANCEL", "3").unwrap().cancellations, 3);
        assert_eq!(with("DRAWLOOM_LOG", "full").unwrap().log, Log::Full);
        assert_eq!(with("DRAWLOOM_MAX_PREEMPTIONS", "2").unwrap().max_preemptions, Some(2));
        assert_eq!(with("DRAWLOOM_REPLAY", "x").unwrap().replay.as_deref(), Some("x"));
    }

    #[test]
    fn a_variable_with_another_name_is_an_error() {
        let check = |name: &str| check_names([name.to_owned()].into_iter());
        let error = check("DRAWLOOM_EXECUTION").unwrap_err().to_string();
        assert!(
            error.starts_with("no environment variable of drawloom is called DRAWLOOM_EXECUTION,"),
            "{error}"
        );
        for name in ["DRAWLOOM_EXECUTIONS", "DRAWLOOM_TRY_DIR", "CARGO", "DRAWLOOMS"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_bound_of_preemptions_can_be_taken_away() {
        let asked = |name: &str| (name == "DRAWLOOM_MAX_PREEMPTIONS").then(|| "none".to_owned());
        let config = Config::new().max_preemptions(2).with_variables(asked).unwrap();
        assert_eq!(config.max_preemptions, None);
    }

    #[test]
    fn a_bad_value_is_an_error_that_names_the_variable_and_what_it_takes() {
        // A token is refused when it is read, and any path is one.
        let take_anything = ["DRAWLOOM_REPLAY", "DRAWLOOM_CHECKPOINT", "DRAWLOOM_ARTIFACTS"];
        for (name, takes) in VARIABLES.into_iter().filter(|(name, _)| !take_anything.contains(name)) {
            let error = with(name, "x1").unwrap_err().to_string();
            assert_eq!(error, format!("{name} is `x1`, but takes {takes}"));
        }
        assert!(with("DRAWLOOM_EXECUTIONS", "0").is_err());
        assert!(with("DRAWLOOM_TIME", "10").is_err());
        assert!(with("DRAWLOOM_TIME", "0s").is_err());
        assert!(with("DRAWLOOM_HANG_AFTER", "0s").is_err());
        assert!(with("DRAWLOOM_TIME", "99999999999999999999s").is_err());
    }
}
