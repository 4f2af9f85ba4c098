//! The kernel: one execution under control.
//!
//! The faces (`sync`, `thread`, …) make one call for each operation; who runs next, who is enabled, what is
//! learnt and what time it is are decided here. This module knows no strategy, detector or report by name.

pub(crate) mod clocks;
pub(crate) mod decide;
pub(crate) mod kernel;
pub(crate) mod liveness;
pub(crate) mod memory;
pub(crate) mod objects;
pub(crate) mod op;
pub(crate) mod primitives;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod run;
pub(crate) mod tasks;
pub(crate) mod threads;

use std::panic::Location;
use std::time::Duration;

pub(crate) use registry::identity::Identity;
pub(crate) use run::current::{Current, current, real_now};
pub(crate) use run::execution::Execution;

/// The time since the start of the execution, if one is running.
pub(crate) fn virtual_now(location: &'static Location<'static>) -> Option<Duration> {
    current().map(|mut current| Duration::from_nanos(current.read_clock(location)))
}

/// The same, for what waits until then anyway: no operation.
pub(crate) fn elapsed() -> Option<Duration> {
    current().map(|mut current| {
        let kernel = current.kernel();
        Duration::from_nanos(kernel.time_of(kernel.threads.current))
    })
}

/// The spawn path of the running thread, if an execution is running.
pub fn spawn_path() -> Option<u64> {
    current().map(|mut current| {
        let kernel = current.kernel();
        kernel.thread(kernel.threads.current).lineage
    })
}

/// The test body's thread is told that this is its name.
pub fn name_main(name: &str) {
    if let Some(mut current) = current() {
        let told = &mut current.execution().name_told;
        if told.as_deref() != Some(name) {
            *told = Some(name.into());
        }
    }
}

/// The program depends on the keys of its hashers.
pub(crate) fn note_hash_order() {
    if let Some(mut current) = current() {
        current.kernel().basis.add(op::basis::Basis::HASH_ORDER);
    }
}

/// Keys for a hasher of this execution, if one is running. They differ between executions, so that iteration order is explored, and
/// are equal in replays. As std's, each is the next after that of the thread's last hasher.
pub(crate) fn hash_keys() -> Option<(u64, u64)> {
    current().map(|mut current| {
        let (first, second) = current.execution().hash_keys();
        let kernel = current.kernel();
        let thread = kernel.thread_mut(kernel.threads.current);
        let before = thread.hashers;
        thread.hashers += 1;
        (first.wrapping_add(thread.lineage).wrapping_add(before), second)
    })
}
