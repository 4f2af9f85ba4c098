//! The running execution: fibers, the step, and the handle that the faces have.

pub(crate) mod current;
mod direct;
mod evidence;
pub(crate) mod execution;
pub(crate) mod fiber;
mod hub;
pub(crate) mod panic;
mod pick;
mod step;
