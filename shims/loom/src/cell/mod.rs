//! Cells whose races are failures.
//!
//! An access is no scheduling point. It is compared with all earlier ones: two of which one writes must be
//! ordered by synchronization, and must not overlap in time.

#[expect(clippy::module_inception, reason = "the file is called after the type")]
mod cell;
mod unsafe_cell;

pub use cell::Cell;
pub use unsafe_cell::{ConstPtr, MutPtr, UnsafeCell};
