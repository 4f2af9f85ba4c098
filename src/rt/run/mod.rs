//! The running execution: fibers, the step, and the handle that the faces have.

mod alone;
mod crash;
pub(crate) mod current;
mod direct;
mod evidence;
pub(crate) mod execution;
pub(crate) mod fiber;
mod hub;
mod life;
pub(crate) mod panic;
mod pick;
mod step;
