//! What of a task others may drop without dropping the task: what a timeout limits, and the branches of `select!`. Where the test
//! wants cancellation explored, the execution knows when a task is polled in one of them.

use crate::rt::current;

/// While it lives, the running task polls branches of a `select!`.
#[derive(Debug)]
pub struct Branches(());

impl Branches {
    /// From now on.
    pub fn enter() -> Branches {
        change(1, 0);
        Branches(())
    }
}

impl Drop for Branches {
    fn drop(&mut self) {
        change(-1, 0);
    }
}

/// While it lives, the running task polls what a timeout limits.
pub(super) struct Limited(());

impl Limited {
    pub(super) fn enter() -> Limited {
        change(0, 1);
        Limited(())
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        change(0, -1);
    }
}

fn change(branches: i32, timeouts: i32) {
    if let Some(current) = current().filter(|current| current.explores_cancellation()) {
        current.change_scopes(branches, timeouts);
    }
}
