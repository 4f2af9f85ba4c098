//! What of a task others may drop without dropping the task, and what is polled with others in the same poll: what a timeout limits,
//! the branches of `select!`, and the futures of `join!`. The execution knows when a task is polled in one of them.

use crate::rt::current;

/// While it lives, the running task polls what is in one of these.
#[derive(Debug)]
pub struct Within {
    /// Whether it polls several, which see of each other what they do.
    composed: i32,
    branches: i32,
    timeouts: i32,
}

impl Within {
    /// The branches of a `select!`.
    pub fn branches() -> Within {
        Within { composed: 1, branches: 1, timeouts: 0 }.enter()
    }

    /// One of the futures of a `join!`.
    pub(super) fn join() -> Within {
        Within { composed: 1, branches: 0, timeouts: 0 }.enter()
    }

    /// What a timeout limits. `is_over`: that is polled for the last time, and then the timeout, which sees whether it has given way.
    pub(super) fn timeout(is_over: bool) -> Within {
        Within { composed: i32::from(is_over), branches: 0, timeouts: 1 }.enter()
    }

    fn enter(self) -> Within {
        self.change(1);
        self
    }

    fn change(&self, sign: i32) {
        if let Some(current) = current() {
            current.change_scopes(sign * self.composed, sign * self.branches, sign * self.timeouts);
        }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.change(-1);
    }
}
