//! Deterministic concurrency testing for Rust.

#[cfg(feature = "explore")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "explore")]
pub mod cell;
#[cfg(feature = "explore")]
pub mod collections;
#[cfg(feature = "explore")]
mod config;
#[cfg(feature = "explore")]
mod environment;
#[cfg(feature = "explore")]
mod explore;
#[cfg(feature = "explore")]
pub mod future;
#[cfg(feature = "explore")]
pub mod hint;
#[cfg(feature = "explore")]
pub mod rand;
#[cfg(feature = "explore")]
mod report;
#[cfg(feature = "explore")]
mod rt;
#[cfg(feature = "explore")]
pub mod sync;
#[cfg(feature = "explore")]
pub mod thread;
#[cfg(feature = "explore")]
pub mod time;

#[cfg(feature = "explore")]
pub use config::{Config, ConfigError, Log, StrategyKind, Timeouts};
#[cfg(feature = "explore")]
pub use drawloom_macros::test;
#[cfg(feature = "explore")]
pub use explore::explore;
#[cfg(feature = "explore")]
pub use rand::choose;
#[cfg(feature = "explore")]
pub use report::{Failure, FailureKind, Report};

/// Who makes the choices of an execution.
#[cfg(feature = "explore")]
pub mod strategy {
    pub use crate::explore::profile::{ObjectKey, Profile};
    pub use crate::explore::strategy::{
        Choice, ObjectId, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId,
    };
}

#[cfg(not(feature = "explore"))]
pub use std::{cell, collections, hint, sync, thread, thread_local, time};
