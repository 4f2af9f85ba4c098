//! Exploration: many executions of one test, who makes their choices, and what is kept of a failure.

mod actors;
mod artifacts;
mod describe;
mod exhaustive;
mod exploration;
mod finding;
mod judge;
mod minimize;
pub(crate) mod predict;
mod progress;
pub(crate) mod replay;
mod rerun;
mod runner;
mod sampling;
mod verification;
mod workers;

#[cfg(feature = "proptest")]
pub(crate) use artifacts::keep_report;
pub use runner::explore;
#[cfg(feature = "proptest")]
pub(crate) use runner::explore_only;
