//! Mirror of tokio's `Barrier`, on tokio's own. Each execution has one of its own.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, OnceLock};

use crate::rt::op::verb::Verb;
use crate::rt::{Identity, current};
use crate::tokio::act::Site;
use crate::tokio::leaf::Leaf;
use crate::tokio::table::state_of;

use ::tokio::sync::Barrier as Real;
pub use ::tokio::sync::BarrierWaitResult;

const NAME: &str = "Barrier";

/// Mirror of [tokio's `sync::Barrier`](::tokio::sync::Barrier).
pub struct Barrier {
    identity: Identity,
    count: usize,
    outside: OnceLock<Arc<Real>>,
}

impl Barrier {
    /// A barrier for so many.
    #[track_caller]
    #[must_use]
    pub fn new(count: usize) -> Barrier {
        Barrier { identity: Identity::new(), count, outside: OnceLock::new() }
    }

    /// The one of the running execution.
    fn real(&self) -> Arc<Real> {
        match current() {
            Some(current) => {
                let object = current.async_object(&self.identity, NAME);
                state_of(current, object, || Real::new(self.count))
            }
            None => Arc::clone(self.outside.get_or_init(|| Arc::new(Real::new(self.count)))),
        }
    }

    /// Waits until as many wait as the barrier is for. One of them is told that it leads.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> + Send {
        let (real, location) = (self.real(), Location::caller());
        let site = Site { identity: &self.identity, name: NAME, location };
        Leaf::without_budget(&site, Verb::WaitAtBarrier, async move { real.wait().await })
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("n", &self.count).finish_non_exhaustive()
    }
}
