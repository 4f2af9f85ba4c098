//! Who decides: the traits that the running execution asks, and what those that implement them are told.
//!
//! Both are implemented above: `Strategy` by the strategies that sample, and by those that replay, minimize and confirm;
//! `Director` by the exploration of every execution.

pub(crate) mod director;
pub(crate) mod encode;
pub(crate) mod profile;
pub(crate) mod strategy;
