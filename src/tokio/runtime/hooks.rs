//! What threads of a runtime do when they begin and end.

use std::fmt;
use std::sync::Arc;

/// A function that any thread may call.
type Act = Arc<dyn Fn() + Send + Sync>;

/// The functions, if there are any.
#[derive(Clone, Default)]
pub(super) struct Hooks {
    start: Option<Act>,
    stop: Option<Act>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Hooks {
    pub(super) fn set_start(&mut self, act: impl Fn() + Send + Sync + 'static) -> Act {
        Arc::clone(self.start.insert(Arc::new(act)))
    }

    pub(super) fn set_stop(&mut self, act: impl Fn() + Send + Sync + 'static) -> Act {
        Arc::clone(self.stop.insert(Arc::new(act)))
    }

    /// The thread begins, and ends when what is returned is dropped.
    pub(super) fn begin(&self) -> Begun<'_> {
        if let Some(act) = &self.start {
            act();
        }
        Begun(self)
    }
}

/// A thread that has begun.
pub(super) struct Begun<'a>(&'a Hooks);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(act) = &self.0.stop {
            act();
        }
    }
}
