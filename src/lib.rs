//! Deterministic concurrency testing: a test runs many times, each time under another interleaving of its
//! threads, and a failure can be run again exactly.
//!
//! The modules [`sync`], [`thread`], [`time`], [`cell`], [`collections`] and [`hint`] mirror those of std. Without the
//! cargo feature `explore` they *are* std's, and there is nothing else in this crate. With it, usually switched
//! on in `[dev-dependencies]` only, every operation on one of their types is a *scheduling point* inside an
//! exploration, where another thread may go on; outside an exploration they behave as std's do.
//!
//! An exploration is a function marked with `#[drawloom::test]`, run by `cargo test`, or a call of
//! [`explore`](fn@explore). A small test is *verified*: every execution that it has is run, each once. A larger one is
//! sampled: a seeded [strategy](StrategyKind) makes all choices of an execution, so execution 41 of a seed is the same on
//! every machine.
//!
//! # Example
//!
//! Two threads count their visits by loading a counter and storing it plus one. Most schedules are harmless:
//!
//! ```
//! use drawloom::sync::Arc;
//! use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
//! use drawloom::{Config, FailureKind, explore, thread};
//!
//! // In a test suite: `#[drawloom::test] fn both_visits_are_counted() { … }`, without the rest.
//! fn both_visits_are_counted() {
//!     let visits = Arc::new(AtomicU32::new(0));
//!     let theirs = visits.clone();
//!     let other = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
//!     visits.store(visits.load(SeqCst) + 1, SeqCst);
//!     other.join().unwrap();
//!     assert_eq!(visits.load(SeqCst), 2, "a visit was lost");
//! }
//!
//! let report = explore(Config::new(), both_visits_are_counted);
//! let failure = report.failure().expect("both threads can load before either stores");
//! assert_eq!(failure.kind(), FailureKind::Panic);
//! assert!(failure.message().contains("a visit was lost"));
//!
//! // The report shows the schedule, step by step with the values that were read and written.
//! let text = report.to_string();
//! assert!(text.contains("load `visits` = 0") && text.contains("store `visits`: 1 → 1"), "{text}");
//!
//! // Its token runs the same execution again.
//! let again = explore(Config::new().replay(failure.token()), both_visits_are_counted);
//! assert_eq!(again.failure().unwrap().message(), failure.message());
//! ```
//!
//! # Where to go on
//!
//! - `#[drawloom::test]`: its arguments. [`Config`]: the same as methods. [`Config::with_environment`]: the variables
//!   that override them.
//! - [`FailureKind`]: what is found.
//! - [`strategy`]: strategies of your own.
//! - [`choose`] and [`rand`]: choices that the program under test makes.
//! - [`lock_order`]: what a test says of the order in which its locks are taken.
//! - `docs/writing-tests.md` in the repository: how to write tests that find something; `docs/verifying.md`: how to write
//!   them so that they can be verified.
//!
//! # Limits
//!
//! A test that is too large to be verified is sampled, and so is not proved; [`Report::coverage`] tells. Atomics do what
//! RC11 lets their orderings do, load buffering excepted. Data races are detected on [`cell`]'s
//! `UnsafeCell` and `Cell`, and where a [`cell::Shadow`] watches.

// What the kernel knows of tasks, only the mirror of tokio uses: with it, what nobody uses is told.
#![cfg_attr(not(feature = "tokio"), allow(dead_code, unused_imports))]

#[cfg(feature = "explore")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "explore")]
pub mod alloc;
#[cfg(feature = "explore")]
pub mod cell;
#[cfg(not(feature = "explore"))]
#[path = "cell/without.rs"]
pub mod cell;
#[cfg(feature = "explore")]
pub mod collections;
#[cfg(feature = "explore")]
mod config;
#[cfg(feature = "explore")]
mod detect;
#[cfg(feature = "explore")]
mod environment;
#[cfg(feature = "explore")]
mod explore;
#[cfg(feature = "explore")]
pub mod future;
#[cfg(feature = "explore")]
pub mod hint;
#[cfg(feature = "explore")]
pub mod lock_order;
#[cfg(feature = "proptest")]
mod property;
#[cfg(feature = "explore")]
pub mod rand;
#[cfg(feature = "explore")]
mod report;
#[cfg(feature = "explore")]
mod rt;
#[cfg(feature = "explore")]
mod shrink;
#[cfg(feature = "explore")]
pub mod strategy;
#[cfg(feature = "explore")]
pub mod switching;
#[cfg(feature = "explore")]
pub mod sync;
#[cfg(feature = "explore")]
pub mod thread;
#[cfg(not(feature = "explore"))]
#[path = "thread/without.rs"]
pub mod thread;
#[cfg(feature = "explore")]
pub mod time;
#[cfg(all(feature = "explore", feature = "tokio"))]
pub mod tokio;

#[cfg(feature = "explore")]
pub use config::{Config, ConfigError, Log, MemoryModel, Policy, StrategyKind, Timeouts};
#[cfg(feature = "explore")]
pub use drawloom_macros::test;
#[cfg(feature = "explore")]
pub use explore::explore;
#[cfg(feature = "proptest")]
pub use property::explore_inputs;
#[cfg(feature = "explore")]
pub use rand::choose;
#[cfg(feature = "explore")]
pub use report::{Assumption, Coverage, Failure, FailureKind, Liberties, Limit, Report};
#[cfg(feature = "explore")]
pub use switching::is_exploring;

/// Compares the minimized failure of a [`Report`] with a snapshot of insta's, which has to be a dev-dependency of yours: what the
/// threads did, in order, with values, and why it fails. What changes with every edit, lines and seeds, is left out.
///
/// ```no_run
/// # // insta keeps snapshots beside the file of a test.
/// # mod insta { macro_rules! assert_snapshot { ($($t:tt)*) => {{ let _ = ($($t)*); }} } pub(crate) use assert_snapshot; }
/// use drawloom::{Config, explore, thread};
///
/// let report = explore(Config::new(), || {
///     thread::spawn(|| panic!("always")).join().unwrap();
/// });
/// drawloom::assert_failure_snapshot!(report);
/// ```
///
/// As with `insta::assert_snapshot!`, a name may come first: `assert_failure_snapshot!("name", report)`.
///
/// # Panics
///
/// If the report has no failure, or another one than the snapshot's.
#[cfg(feature = "explore")]
#[macro_export]
macro_rules! assert_failure_snapshot {
    ($report:expr $(,)?) => {
        insta::assert_snapshot!($crate::__private::pinned(&$report))
    };
    ($name:expr, $report:expr $(,)?) => {
        insta::assert_snapshot!($name, $crate::__private::pinned(&$report))
    };
}

#[cfg(all(not(feature = "explore"), feature = "tokio"))]
pub use ::tokio;
#[cfg(not(feature = "explore"))]
pub use std::{collections, hint, sync, thread_local, time};

#[cfg(all(doctest, feature = "explore"))]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(all(doctest, feature = "explore"))]
#[doc = include_str!("../docs/writing-tests.md")]
mod writing_tests {}

#[cfg(all(doctest, feature = "explore"))]
#[doc = include_str!("../docs/verifying.md")]
mod verifying {}

#[cfg(all(doctest, feature = "explore", feature = "tokio"))]
#[doc = include_str!("../docs/tokio.md")]
mod tokio_guide {}

#[cfg(all(doctest, feature = "explore", feature = "tokio"))]
#[doc = include_str!("../docs/from-asyncio.md")]
mod from_asyncio {}
