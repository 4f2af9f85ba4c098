//! Seeds of single executions, as failures print them: `portfolio/0x5eed/41` is execution 41 of seed 0x5eed
//! under the portfolio.

use std::fmt;

use crate::environment::parse_seed;

/// One execution of an exploration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExecutionSeed {
    /// The strategy's name.
    pub(crate) strategy: String,
    pub(crate) seed: u64,
    pub(crate) execution: u64,
}

impl ExecutionSeed {
    /// Reads what `Display` writes; `None` if it is something else.
    pub(crate) fn parse(text: &str) -> Option<ExecutionSeed> {
        let mut parts = text.split('/');
        let strategy = parts.next().filter(|strategy| !strategy.is_empty())?.to_owned();
        let seed = parse_seed(parts.next()?)?;
        let execution = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(ExecutionSeed { strategy, seed, execution })
    }
}

impl fmt::Display for ExecutionSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:#x}/{}", self.strategy, self.seed, self.execution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_as_it_was_written() {
        let seed = ExecutionSeed { strategy: "pct:3".to_owned(), seed: 0x5eed, execution: 41 };
        assert_eq!(seed.to_string(), "pct:3/0x5eed/41");
        assert_eq!(ExecutionSeed::parse("pct:3/0x5eed/41"), Some(seed));
        for wrong in ["", "0x5eed", "a/b/c", "a/1", "a/1/2/3", "/1/2", "dl1abc"] {
            assert_eq!(ExecutionSeed::parse(wrong), None, "{wrong}");
        }
    }
}
