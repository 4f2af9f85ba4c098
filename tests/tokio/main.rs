//! Async code: tasks, runtimes, tokio's primitives under the scheduler.

mod budget;
mod bugs;
mod combined;
mod differential;
mod ends;
mod lifecycle;
mod local;
mod semantics;
mod timers;
