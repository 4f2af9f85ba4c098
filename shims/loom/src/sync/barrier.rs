//! `Barrier`: drawloom's. loom has only a stub, which panics.

use std::fmt;

use crate::outside;

pub use drawloom::sync::BarrierWaitResult;

/// Lets threads wait for each other; see [`std::sync::Barrier`].
pub struct Barrier(drawloom::sync::Barrier);

impl Barrier {
    /// Creates a barrier for `n` threads.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new(n: usize) -> Barrier {
        outside::check("loom::sync::Barrier");
        Barrier(drawloom::sync::Barrier::new(n))
    }

    /// Waits until all threads have arrived. One of them, any, is told to be the leader.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        outside::check("loom::sync::Barrier");
        self.0.wait()
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
