//! Instrumented values used where no exploration runs: by ordinary tests, by `main`, and by mistake.
//!
//! Outside an exploration every type behaves as std's. The mistake is an OS thread that the test body
//! started with `std::thread`, and that uses values of the running execution: neither the model nor the
//! thread would see what the other does. A value in a static may be used by an unrelated test at the
//! same time, so there it is no mistake.

use super::identity::Identity;
use super::image::is_static;
use super::workers;

/// Panics if `identity`'s value belongs to an execution that runs now, in another OS thread.
#[inline]
pub(crate) fn check(identity: &Identity, what: &str) {
    if identity.owner().is_some() {
        check_owner(identity, what);
    }
}

#[cold]
fn check_owner(identity: &Identity, what: &str) {
    let Some(owner) = identity.owner().filter(|&owner| workers::is_running(owner)) else { return };
    if is_static(identity.address()) || std::thread::panicking() {
        return;
    }
    let message = format!(
        "the {what} made at {} belongs to a running exploration, but an OS thread that the exploration does not know \
         uses it; start threads with drawloom::thread::spawn, not std::thread::spawn",
        identity.location(),
    );
    // The exploration fails with it, whatever becomes of the panic.
    workers::note_misuse(owner, &message);
    panic!("drawloom: {message}");
}
