//! Async code: tasks, runtimes, tokio's primitives under the scheduler.

mod budget;
mod bugs;
mod causes;
mod combined;
mod differential;
mod ends;
mod lifecycle;
mod local;
mod semantics;
mod strategies;
mod timers;
