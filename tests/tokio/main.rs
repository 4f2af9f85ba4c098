//! Async code: tasks, runtimes, tokio's primitives under the scheduler.

mod differential;
mod first;
mod semantics;
