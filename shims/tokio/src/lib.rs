//! tokio, where drawloom explores: for `[patch.crates-io]`, so that crates that depend on tokio compile against it as they are.
//!
//! Runtimes, tasks, `sync`, `time` and the macros are [`drawloom::tokio`]'s. `io`, `net`, `fs`, `process` and `signal` are those of
//! tokio itself. In an exploration `io` works where it is memory only (`duplex`, `BufReader`, the traits); what waits for the
//! operating system is not modelled: such a wait has no runtime there, and panics.

pub use drawloom::tokio::*;

#[cfg(feature = "fs")]
pub use real::fs;
pub use real::io;
#[cfg(feature = "net")]
pub use real::net;
#[cfg(feature = "process")]
pub use real::process;
#[cfg(feature = "signal")]
pub use real::signal;
