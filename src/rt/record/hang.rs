//! Code that did not come back.

use std::backtrace::Backtrace;

/// Where a thread stood that the watchdog has stopped.
#[derive(Debug)]
pub(crate) struct Hang {
    /// What reports call the thread.
    pub(crate) thread: String,
    /// The stack, not yet resolved.
    pub(crate) stack: Backtrace,
    /// Where it was shortly before, if it ran: one look says little of a loop.
    pub(crate) before: Vec<Backtrace>,
    /// The system call that it waited in; `None` if it ran.
    pub(crate) call: Option<i64>,
}
