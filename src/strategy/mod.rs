//! Who makes the choices of an execution.
//!
//! A strategy of your own implements [`Strategy`]; drawloom's own are chosen by [`StrategyKind`](crate::StrategyKind).

pub(crate) mod pct;
pub(crate) mod portfolio;
pub(crate) mod pos;
pub(crate) mod random;
mod remaining;
pub(crate) mod surw;
mod tasks;
pub(crate) mod urw;

pub use crate::rt::decide::profile::{ObjectKey, Profile};
pub use crate::rt::decide::strategy::{
    Choice, ObjectId, Op, OpKind, Rng, SchedulingPoint, Start, Strategy, ThreadId,
};
