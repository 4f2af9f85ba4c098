//! What a test says of the order in which its threads take locks.
//!
//! Threads that take the same locks in different orders may come to wait for each other. drawloom looks for that in every
//! exploration; see `docs/writing-tests.md`, "Deadlocks that did not happen".

use std::panic::Location;

use crate::rt::current;

/// Says that the locks of this test are taken in one order: the exploration that the caller is part of fails with
/// [`FailureKind::LockOrder`](crate::FailureKind::LockOrder) if they are not, even if no execution deadlocks.
///
/// The same as `#[drawloom::test(lock_order = "deny")]` and
/// [`Policy::Deny`](crate::Policy::Deny), for code that tests share: a fixture, or the code under
/// test itself. It can be called at any time, before or after the locks are taken and in any thread: it is the order of
/// the whole exploration that is judged, at its end. Outside explorations it does nothing.
///
/// ```
/// use drawloom::sync::{Arc, Mutex};
/// use drawloom::{Config, FailureKind, explore, lock_order, thread};
///
/// // A flag keeps the threads apart, so nothing deadlocks; but who forgets the flag has a deadlock.
/// let report = explore(Config::new(), || {
///     lock_order::assert_acyclic();
///     let locks = Arc::new((Mutex::new(()), Mutex::new(()), Mutex::new(false)));
///     let theirs = Arc::clone(&locks);
///     let thread = thread::spawn(move || {
///         let (first, second) = (theirs.0.lock().unwrap(), theirs.1.lock().unwrap());
///         drop((second, first));
///         *theirs.2.lock().unwrap() = true;
///     });
///     if *locks.2.lock().unwrap() {
///         let (second, first) = (locks.1.lock().unwrap(), locks.0.lock().unwrap());
///         drop((first, second));
///     }
///     thread.join().unwrap();
/// });
/// assert!(report.failed_with(FailureKind::LockOrder), "{report}");
/// ```
#[track_caller]
pub fn assert_acyclic() {
    if let Some(mut current) = current() {
        current.kernel().locks.asserted.get_or_insert(Location::caller());
    }
}
