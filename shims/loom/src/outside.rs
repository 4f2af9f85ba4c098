//! Where loom's types must not be used: outside a model. loom has no other behaviour for them there, and a
//! suite may rely on the panic, so the shim refuses as well, although drawloom's types would behave as std's.

/// Panics unless a model runs on the calling OS thread. `what` is used, as the message names it.
#[inline]
#[track_caller]
pub(crate) fn check(what: &str) {
    if !drawloom::is_exploring() {
        refuse(what);
    }
}

#[cold]
#[track_caller]
fn refuse(what: &str) -> ! {
    // The first words are loom's.
    panic!(
        "cannot access Loom execution state from outside a Loom model: {what} is used where no model runs; use it inside \
         the closure given to `loom::model` or `Builder::check`, on the thread that runs it or one that \
         `loom::thread::spawn` made"
    )
}
