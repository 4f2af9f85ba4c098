//! `Barrier`: std's, with arriving and leaving as scheduling points.
//!
//! std names no particular thread as the leader; inside an exploration each of them is, sometimes.

use std::fmt;
use std::panic::Location;

use crate::rt::registry::outside;
use crate::rt::{Identity, current};

/// Lets threads wait for each other; see [`std::sync::Barrier`].
///
/// # Example
///
/// ```
/// use drawloom::{explore, sync::{Arc, Barrier}, thread, Config};
///
/// let report = explore(Config::new().executions(100), || {
///     let barrier = Arc::new(Barrier::new(2));
///     let other = Arc::clone(&barrier);
///     let thread = thread::spawn(move || other.wait().is_leader());
///     let leads = barrier.wait().is_leader();
///     assert!(leads != thread.join().unwrap());
/// });
/// assert!(report.passed());
/// ```
#[repr(C)]
pub struct Barrier {
    identity: Identity,
    size: usize,
    outside: std::sync::Barrier,
}

impl Barrier {
    /// Creates a barrier for `n` threads.
    #[must_use]
    #[track_caller]
    pub const fn new(n: usize) -> Barrier {
        Barrier { identity: Identity::new(), size: n, outside: std::sync::Barrier::new(n) }
    }

    /// Waits until all threads have arrived. One of them, any, is told to be the leader.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let Some(current) = current() else {
            outside::check(&self.identity, "Barrier");
            return BarrierWaitResult(self.outside.wait().is_leader());
        };
        let object = current.barrier_object(&self.identity, self.size);
        let is_leader = current.barrier_wait(object, Location::caller());
        current.check_intact(&self.identity, object, "Barrier");
        BarrierWaitResult(is_leader)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// What [`Barrier::wait`] returns; see [`std::sync::BarrierWaitResult`], which cannot be made outside std.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this thread is the leader.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult").field("is_leader", &self.0).finish()
    }
}
