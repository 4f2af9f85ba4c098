//! The strategies by their names.

use std::fmt;
use std::str::FromStr;

use super::ConfigError;
use crate::rt::decide::strategy::Strategy;
use crate::strategy::pct::Pct;
use crate::strategy::portfolio::Portfolio;
use crate::strategy::pos::Pos;
use crate::strategy::random::{RandomWalk, RoundRobin};
use crate::strategy::surw::Surw;
use crate::strategy::urw::Urw;

/// The strategies that come with drawloom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum StrategyKind {
    /// Every execution, each once, if they are not too many; otherwise [`StrategyKind::Portfolio`].
    #[default]
    Auto,
    /// Every execution, each once. An exploration that cannot be finished fails.
    Exhaustive,
    /// A mix: 40 % SURW, 25 % POS, 15 % PCT, 10 % URW, 10 % random walk.
    Portfolio,
    /// Each thread that can go on is equally likely at each step.
    RandomWalk,
    /// Probabilistic concurrency testing (ASPLOS 2010).
    Pct {
        /// How many orders have to come together for the bug: 1 to about 10.
        depth: u32,
    },
    /// Partial order sampling (CAV 2018).
    Pos,
    /// Uniform random walk (ASPLOS 2025).
    Urw,
    /// Selectively uniform random walk (ASPLOS 2025).
    Surw,
    /// Threads take turns.
    RoundRobin,
}

impl StrategyKind {
    const NAMES: &str = "auto, exhaustive, portfolio, random, pct, pct:DEPTH, pos, urw, surw or round-robin";

    pub(super) fn make(self) -> Box<dyn Strategy> {
        match self {
            // What there is to sample where not every execution is explored.
            StrategyKind::Auto | StrategyKind::Exhaustive | StrategyKind::Portfolio => {
                Box::new(Portfolio::default())
            }
            StrategyKind::RandomWalk => Box::new(RandomWalk),
            StrategyKind::Pct { depth } => Box::new(Pct::new(depth)),
            StrategyKind::Pos => Box::new(Pos::default()),
            StrategyKind::Urw => Box::new(Urw::default()),
            StrategyKind::Surw => Box::new(Surw::default()),
            StrategyKind::RoundRobin => Box::new(RoundRobin::default()),
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategyKind::Auto => f.write_str("auto"),
            StrategyKind::Portfolio => f.write_str("portfolio"),
            StrategyKind::RandomWalk => f.write_str("random"),
            StrategyKind::Exhaustive => f.write_str("exhaustive"),
            StrategyKind::Pct { depth } => write!(f, "pct:{depth}"),
            StrategyKind::Pos => f.write_str("pos"),
            StrategyKind::Urw => f.write_str("urw"),
            StrategyKind::Surw => f.write_str("surw"),
            StrategyKind::RoundRobin => f.write_str("round-robin"),
        }
    }
}

impl FromStr for StrategyKind {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<StrategyKind, ConfigError> {
        let error = || ConfigError::new(format!("`{text}` is no strategy; it takes {}", Self::NAMES));
        Ok(match text {
            "auto" => StrategyKind::Auto,
            "portfolio" => StrategyKind::Portfolio,
            "random" => StrategyKind::RandomWalk,
            "exhaustive" => StrategyKind::Exhaustive,
            "pct" => StrategyKind::Pct { depth: 3 },
            "pos" => StrategyKind::Pos,
            "urw" => StrategyKind::Urw,
            "surw" => StrategyKind::Surw,
            "round-robin" => StrategyKind::RoundRobin,
            other => {
                let depth = other.strip_prefix("pct:").ok_or_else(error)?;
                let depth = depth.parse().ok().filter(|&depth| depth > 0).ok_or_else(error)?;
                StrategyKind::Pct { depth }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_are_named() {
        for (text, kind) in [
            ("portfolio", StrategyKind::Portfolio),
            ("pct:7", StrategyKind::Pct { depth: 7 }),
            ("surw", StrategyKind::Surw),
        ] {
            assert_eq!(text.parse(), Ok(kind));
        }
        let error = "pct:0".parse::<StrategyKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`pct:0` is no strategy; it takes auto, exhaustive, portfolio, random, pct, pct:DEPTH, pos, urw, surw or round-robin"
        );
    }
}
