//! What the process does around executions: faults, hangs, threads of the operating system that no schedule has.

pub(crate) mod census;
pub(crate) mod faults;
pub(crate) mod last_words;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod unwind;
pub(crate) mod watchdog;
