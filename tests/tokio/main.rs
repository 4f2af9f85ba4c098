//! Async code: tasks, runtimes, tokio's primitives under the scheduler.

mod bugs;
mod combined;
mod differential;
mod lifecycle;
mod local;
mod semantics;
mod timers;
