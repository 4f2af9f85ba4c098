//! Which runtime a thread of the model is in: what `tokio::spawn` and timers ask for.

use std::cell::RefCell;
use std::sync::Arc;

use super::runtime::core::Core;
use crate::rt::current;
use crate::rt::registry::identity::Stamp;

thread_local! {
    static ENTERED: RefCell<Entered> = const { RefCell::new(Entered { of: None, threads: Vec::new() }) };
}

/// The runtimes that each thread of the running execution has entered, innermost last.
struct Entered {
    of: Option<Stamp>,
    threads: Vec<Vec<Arc<Core>>>,
}

/// Does something with the runtimes that the running thread has entered.
fn with<R>(act: impl FnOnce(&mut Vec<Arc<Core>>) -> R) -> Option<R> {
    let mut current = current()?;
    let stamp = current.execution().stamp();
    let thread = current.thread().index();
    Some(ENTERED.with_borrow_mut(|entered| {
        if entered.of != Some(stamp) {
            // What threads that were cut off had entered stays as it is, like everything else of theirs.
            std::mem::forget(std::mem::take(&mut entered.threads));
            entered.of = Some(stamp);
        }
        if entered.threads.len() <= thread {
            entered.threads.resize_with(thread + 1, Vec::new);
        }
        act(&mut entered.threads[thread])
    }))
}

/// The runtime that the running thread is in.
pub(super) fn core() -> Option<Arc<Core>> {
    with(|entered| entered.last().cloned()).flatten()
}

/// While it lives, the thread is in a runtime.
#[derive(Debug)]
pub(super) struct InRuntime {
    /// How many runtimes the thread had entered then, with this one.
    depth: usize,
}

impl InRuntime {
    pub(super) fn enter(core: &Arc<Core>) -> InRuntime {
        let depth = with(|entered| {
            entered.push(Arc::clone(core));
            entered.len()
        });
        InRuntime { depth: depth.unwrap_or(0) }
    }
}

impl Drop for InRuntime {
    fn drop(&mut self) {
        let left = with(|entered| if entered.len() == self.depth { entered.pop() } else { None });
        if let Some(None) = left
            && current().is_none_or(|current| !current.panicking())
        {
            panic!(
                "`EnterGuard` values dropped out of order. Guards returned by `tokio::runtime::Handle::enter()` must be dropped \
                 in the reverse order as they were acquired."
            );
        }
    }
}
