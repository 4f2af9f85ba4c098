//! Hints; mirrors [`std::hint`].

use std::panic::Location;

pub use std::hint::*;

use crate::rt::current;
use crate::rt::op::OpKind;

/// Tells the processor, or inside an exploration the scheduler, that the thread spins. A loop that waits for another
/// thread without saying so is noticed only if it changes nothing; otherwise it may run until the step limit.
#[track_caller]
pub fn spin_loop() {
    match current() {
        Some(current) => current.yield_now(OpKind::SpinLoop, Location::caller()),
        None => std::hint::spin_loop(),
    }
}
