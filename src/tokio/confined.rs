//! What belongs to one execution, and is shared by its fibers: no lock is needed, as they all run on one OS thread, one at a time.

use std::cell::RefCell;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::rt::current;
use crate::rt::registry::identity::Stamp;

/// A value that only the execution uses in which it was made.
pub(super) struct Confined<T> {
    of: Option<Stamp>,
    value: RefCell<T>,
}

// SAFETY: the value is touched in `with` only, by the OS thread that runs the execution in which it was made: no other execution has
// the same stamp, and an execution is run by one OS thread. Whoever drops it has it alone, and may be another OS thread: so the value
// is `Send`.
unsafe impl<T: Send> Sync for Confined<T> {}

// As tokio's runtimes and handles are: nothing in `with` panics half way.
impl<T> UnwindSafe for Confined<T> {}
impl<T> RefUnwindSafe for Confined<T> {}

impl<T> Confined<T> {
    /// For the running execution.
    pub(super) fn new(value: T) -> Confined<T> {
        let of = current().map(|mut current| current.execution().stamp());
        Confined { of, value: RefCell::new(value) }
    }

    /// Does something to the value: nothing that comes to an operation, or calls code of the user.
    ///
    /// # Panics
    ///
    /// In another execution, or outside of any.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        let running = current().map(|mut current| current.execution().stamp());
        if running.is_none() || running != self.of {
            of_another_execution();
        }
        act(&mut self.value.borrow_mut())
    }
}

#[cold]
fn of_another_execution() -> ! {
    panic!(
        "drawloom: a tokio runtime is used outside of the execution in which it was made; make it in the body of the test, and keep \
         no handle of it in a static"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;
    use crate::Config;

    #[test]
    fn what_another_execution_has_made_is_not_touched() {
        let kept: Arc<OnceLock<Confined<u32>>> = Arc::default();
        let made = Arc::clone(&kept);
        let report = crate::explore(Config::new().executions(1), move || drop(made.set(Confined::new(1))));
        assert!(report.passed(), "{report}");
        let used = Arc::clone(&kept);
        let report = crate::explore(Config::new().executions(1), move || {
            used.get().expect("made before").with(|value| *value += 1);
        });
        assert!(report.to_string().contains("outside of the execution in which it was made"), "{report}");
        assert!(std::panic::catch_unwind(|| kept.get().map(|kept| kept.with(|value| *value))).is_err());
    }
}
