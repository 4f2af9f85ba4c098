//! Exploration: many executions of one test, who makes their choices, and what is kept of a failure.

mod artifacts;
mod confirm;
mod describe;
mod exhaustive;
mod exploration;
mod finding;
mod follow;
mod guide;
mod judge;
mod long;
mod minimize;
mod progress;
mod record;
pub(crate) mod regressions;
mod replay;
mod replays;
mod rerun;
mod runner;
mod sampling;
mod seed;
mod signature;
pub(crate) mod steer;
mod terminal;
mod token;
mod verification;
mod workers;

#[cfg(feature = "proptest")]
pub(crate) use artifacts::keep_report;
pub use runner::explore;
#[cfg(feature = "proptest")]
pub(crate) use runner::explore_only;
