//! What of a task others may drop without dropping the task, and what is polled with others in the same poll: what a timeout limits,
//! the branches of `select!`, and the futures of `join!`. The execution knows when a task is polled in one of them.

use crate::rt::current;

/// While it lives, the running task polls branches of a `select!`.
#[derive(Debug)]
pub struct Branches(());

impl Branches {
    /// From now on.
    pub fn enter() -> Branches {
        change(1, 1, 0);
        Branches(())
    }
}

impl Drop for Branches {
    fn drop(&mut self) {
        change(-1, -1, 0);
    }
}

/// While it lives, the running task polls one of the futures of a `join!`.
pub(super) struct Joined(());

impl Joined {
    pub(super) fn enter() -> Joined {
        change(1, 0, 0);
        Joined(())
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        change(-1, 0, 0);
    }
}

/// While it lives, the running task polls what a timeout limits.
pub(super) struct Limited {
    composed: i32,
}

impl Limited {
    /// `is_over`: what the timeout limits is polled for the last time, and then the timeout, which sees whether it has given way.
    pub(super) fn enter(is_over: bool) -> Limited {
        let composed = i32::from(is_over);
        change(composed, 0, 1);
        Limited { composed }
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        change(-self.composed, 0, -1);
    }
}

fn change(composed: i32, branches: i32, timeouts: i32) {
    if let Some(current) = current() {
        current.change_scopes(composed, branches, timeouts);
    }
}
