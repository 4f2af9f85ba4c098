//! The kernel: one execution under control.
//!
//! The faces (`sync`, `thread`, …) make one call for each operation; who runs next, who is enabled, what is
//! learnt and what time it is are decided here. This module knows no strategy, detector or report by name.

pub(crate) mod access;
pub(crate) mod basis;
pub(crate) mod behaviour;
pub(crate) mod census;
pub(crate) mod clock;
pub(crate) mod current;
pub(crate) mod decide;
mod directing;
pub(crate) mod enabling;
pub(crate) mod encoding;
pub(crate) mod evidence;
pub(crate) mod execution;
mod fairness;
pub(crate) mod faults;
pub(crate) mod fiber;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod kernel;
pub(crate) mod knot;
pub(crate) mod lanes;
pub(crate) mod last_words;
pub(crate) mod limits;
pub(crate) mod local;
pub(crate) mod locks;
pub(crate) mod memory;
pub(crate) mod object;
pub(crate) mod op;
pub(crate) mod outcome;
pub(crate) mod outside;
pub(crate) mod panic;
mod picking;
pub(crate) mod rng;
pub(crate) mod rounds;
pub(crate) mod schedule;
pub(crate) mod shadow;
pub(crate) mod state;
pub(crate) mod switching;
pub(crate) mod thread;
pub(crate) mod timer;
pub(crate) mod tracked;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod unwind;
pub(crate) mod waiting;
pub(crate) mod watchdog;
pub(crate) mod workers;

use std::panic::Location;
use std::time::Duration;

pub(crate) use current::{Current, current};
pub(crate) use execution::Execution;
pub(crate) use identity::Identity;

/// The time since the start of the execution, if one is running.
pub(crate) fn virtual_now(location: &'static Location<'static>) -> Option<Duration> {
    current().map(|mut current| Duration::from_nanos(current.read_clock(location)))
}

/// The same, for what waits until then anyway: no operation.
pub(crate) fn elapsed() -> Option<Duration> {
    current().map(|mut current| {
        let kernel = current.kernel();
        Duration::from_nanos(kernel.time_of(kernel.current))
    })
}

/// The program depends on the keys of its hashers.
pub(crate) fn note_hash_order() {
    if let Some(mut current) = current() {
        current.kernel().basis.add(basis::Basis::HASH_ORDER);
    }
}

/// Keys for the hashers of this execution, if one is running. They differ between executions, so that
/// iteration order is explored, and are equal in replays.
pub(crate) fn hash_keys() -> Option<(u64, u64)> {
    current().map(|mut current| current.execution().hash_keys())
}
