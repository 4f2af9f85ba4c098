//! Parts of a test in which threads switch only where they must: long preparations, whose interleavings nobody
//! wants to explore.
//!
//! ```
//! use drawloom::{explore, switching, Config};
//!
//! let report = explore(Config::new().executions(100), || {
//!     switching::pause();
//!     // … set a hundred threads up …
//!     switching::resume();
//!     // … and explore what they do.
//! });
//! assert!(report.passed());
//! ```
//!
//! An execution begins with switching on. Outside explorations these functions do nothing.

use crate::rt::current;
use crate::rt::threads::preemption::Switching;

/// From here on the running thread goes on until it blocks, ends or yields; then the next one that can go on,
/// in the order of spawning, does the same. Nothing is chosen meanwhile: compare-exchanges do not fail
/// weakly, nobody wakes spuriously. [`choose`](crate::choose) and [`rand`](crate::rand) still choose.
pub fn pause() {
    set(Switching::Paused);
}

/// Undoes [`pause`]. Does nothing after [`stop`].
pub fn resume() {
    set(Switching::On);
}

/// As [`pause`], for the rest of the execution.
pub fn stop() {
    set(Switching::Stopped);
}

fn set(switching: Switching) {
    if let Some(mut current) = current() {
        current.kernel().set_switching(switching);
    }
}

/// Whether the caller is a thread of an execution.
///
/// ```
/// assert!(!drawloom::is_exploring());
/// drawloom::explore(drawloom::Config::new().executions(1), || assert!(drawloom::is_exploring()));
/// ```
pub fn is_exploring() -> bool {
    current().is_some()
}
