//! The running thread, and handles to others. The thread that runs the model's closure has no name, as in loom.

use std::cell::Cell;
use std::fmt;

use super::ThreadId;
use crate::outside;

thread_local! {
    /// The first thread of the running execution.
    static FIRST: Cell<Option<ThreadId>> = const { Cell::new(None) };
}

/// Notes which thread is the first, which calls this.
pub(crate) fn begin_execution() {
    FIRST.set(Some(drawloom::thread::current().id()));
}

/// A handle to a thread; see [`std::thread::Thread`].
#[derive(Clone)]
pub struct Thread(drawloom::thread::Thread);

impl Thread {
    pub(super) fn new(thread: drawloom::thread::Thread) -> Thread {
        Thread(thread)
    }

    /// The thread's identity.
    pub fn id(&self) -> ThreadId {
        self.0.id()
    }

    /// The thread's name, if it has one. The first thread has none.
    pub fn name(&self) -> Option<&str> {
        // drawloom calls it `main`.
        self.0.name().filter(|_| FIRST.get() != Some(self.id()))
    }

    /// Gives the thread its token, so that its present or next [`park`](super::park) returns.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn unpark(&self) {
        outside::check("loom::thread::Thread");
        self.0.unpark();
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id()).field("name", &self.name()).finish()
    }
}

/// A handle to the running thread.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn current() -> Thread {
    outside::check("loom::thread::current");
    Thread(drawloom::thread::current())
}
