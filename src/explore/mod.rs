//! Exploration: many executions of one test, who makes their choices, and what is kept of a failure.

mod artifacts;
mod confirm;
mod describe;
mod exhaustive;
mod finding;
mod follow;
mod guide;
mod judge;
mod long;
mod minimize;
pub(crate) mod pct;
pub(crate) mod portfolio;
pub(crate) mod pos;
pub(crate) mod profile;
mod progress;
pub(crate) mod random;
mod record;
pub(crate) mod regressions;
mod remaining;
mod replay;
mod replays;
mod rerun;
mod runner;
mod sampling;
pub(crate) mod schedule;
mod seed;
mod signature;
pub(crate) mod steer;
pub(crate) mod strategy;
pub(crate) mod surw;
mod token;
pub(crate) mod urw;
mod verification;
mod workers;

#[cfg(feature = "proptest")]
pub(crate) use artifacts::keep_report;
pub use runner::explore;
#[cfg(feature = "proptest")]
pub(crate) use runner::explore_only;
