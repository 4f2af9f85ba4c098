//! Settings that are one of a few levels: how much is forbidden, and how much is written.

use std::str::FromStr;

use super::ConfigError;

/// What becomes of what is no failure in itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Policy {
    /// A note tells of it.
    #[default]
    Warn,
    /// The test fails.
    Deny,
    /// Nothing.
    Allow,
}

/// How much is written about an exploration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[non_exhaustive]
pub enum Log {
    /// Failures only.
    Off,
    /// A line a test, and failures.
    #[default]
    Summary,
    /// As `Summary`, and failures with all their operations, however many.
    Full,
}

impl FromStr for Log {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Log, ConfigError> {
        match text {
            "off" => Ok(Log::Off),
            "summary" => Ok(Log::Summary),
            "full" => Ok(Log::Full),
            _ => Err(ConfigError::new(format!("`{text}` is no level; it takes off, summary or full"))),
        }
    }
}
