//! loom's API on drawloom: existing loom suites run unchanged, with drawloom's scheduler, reports and replay.
//!
//! ```toml
//! [patch.crates-io]
//! loom = { path = "…/drawloom/shims/loom" }
//! ```
//!
//! Every name of loom 0.7.2 is here, with its signature; `RUSTFLAGS="--cfg loom"` and the features `futures` and
//! `checkpoint` work as before. A failing model prints drawloom's report and a line that replays it. What
//! differs, and who is right: `docs/from-loom.md` in drawloom's repository.
//!
//! # Example
//!
//! ```should_panic
//! use loom::sync::Arc;
//! use loom::sync::atomic::{AtomicUsize, Ordering::{Acquire, Relaxed, Release}};
//! use loom::thread;
//!
//! loom::model(|| {
//!     let count = Arc::new(AtomicUsize::new(0));
//!     let threads = [(); 2].map(|()| {
//!         let count = count.clone();
//!         thread::spawn(move || {
//!             let now = count.load(Acquire);
//!             count.store(now + 1, Release);
//!         })
//!     });
//!     threads.into_iter().for_each(|thread| thread.join().unwrap());
//!     assert_eq!(count.load(Relaxed), 2);
//! });
//! ```
//!
//! # How it is made
//!
//! Thin wrappers: an op of drawloom's type, and beside it what loom checks in addition. That is where a type
//! may be used (`outside`), the races of non-atomic accesses (`cell`, `sync::atomic`), and what must not be
//! left at the end (`sync::Arc`, `alloc`, messages of `sync::mpsc`). Where loom has no addition, drawloom's
//! type is re-exported.

pub mod alloc;
pub mod cell;
#[cfg(feature = "futures")]
pub mod future;
pub mod hint;
pub mod lazy_static;
mod macros;
pub mod model;
mod outside;
pub mod sync;
pub mod thread;

#[doc(inline)]
pub use crate::model::model;

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use drawloom::thread_local;
}

/// How many threads loom allows in an execution, the first included. drawloom has no such limit; the constant
/// is here for code that names it.
pub const MAX_THREADS: usize = 5;

/// Lets threads switch from here on: after [`stop_exploring`], or from the start if
/// [`expect_explicit_explore`](model::Builder::expect_explicit_explore) is set.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn explore() {
    outside::check("loom::explore");
    drawloom::switching::resume();
}

/// Keeps the running thread running, from here until [`explore`], for as long as it can go on.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn stop_exploring() {
    outside::check("loom::stop_exploring");
    drawloom::switching::pause();
}

/// As [`stop_exploring`], for the rest of the execution: [`explore`] does not undo it.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn skip_branch() {
    outside::check("loom::skip_branch");
    drawloom::switching::stop();
}
