//! Instrumented values used where no exploration runs: by ordinary tests, by `main`, and by mistake.
//!
//! Outside an exploration every type behaves as std's. The mistake is an OS thread that the test body
//! started with `std::thread`, and that uses values of the running execution: neither the model nor the
//! thread would see what the other does. It is noticed whoever comes first: a use outside leaves its time in the value's identity,
//! and an execution that finds one that is not earlier than its own beginning fails. A value in a static may be used by an unrelated test at the
//! same time, so there it is no mistake.

use super::identity::{Identity, Stamp};
use super::image::{is_in_program, is_static};
use crate::rt::registry::workers;

/// Panics if `identity`'s value belongs to an execution that runs now, in another OS thread.
#[inline]
pub(crate) fn check(identity: &Identity, what: &str) {
    if let Some(owner) = identity.use_outside() {
        check_owner(owner, identity, what);
    }
}

/// As [`check`], for a value that the execution that had it has changed in place: `restore` puts back what it held before.
#[inline]
pub(crate) fn take_back(identity: &Identity, what: &str, restore: impl FnOnce()) {
    if let Some(owner) = identity.use_outside() {
        check_owner(owner, identity, what);
        give_back(identity, restore);
    }
}

/// As [`take_back`], by whoever does not use the value, or has it alone.
pub(crate) fn restore(identity: &Identity, restore: impl FnOnce()) {
    if identity.owner().is_some_and(|owner| !workers::is_running(owner)) {
        give_back(identity, restore);
    }
}

#[cold]
fn give_back(identity: &Identity, restore: impl FnOnce()) {
    if !is_in_program(identity.address()) {
        identity.leave(restore);
    }
}

#[cold]
fn check_owner(owner: Stamp, identity: &Identity, what: &str) {
    if !workers::is_running(owner) || is_static(identity.address()) || std::thread::panicking() {
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

/// What is wrong with the use of a value by an execution that has begun at `began`, if an OS thread that it does not know has used
/// the value since.
#[cold]
pub(in crate::rt) fn misuse_before(identity: &Identity, what: &str, began: u64) -> Option<String> {
    let used = identity.used_outside()?;
    (used >= began && !is_static(identity.address())).then(|| {
        format!(
            "the {what} made at {} was used by an OS thread that the exploration does not know, while the execution runs that \
             uses it as well; start threads with drawloom::thread::spawn, not std::thread::spawn",
            identity.location(),
        )
    })
}
