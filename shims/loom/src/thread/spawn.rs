//! Spawning threads: as std, but what `spawn` is given need not be `Send`, as in loom: all threads of an execution
//! run on one OS thread.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use super::Thread;
use crate::outside;

/// What a thread is made of, or leaves.
struct SameOsThread<T>(T);

// SAFETY: it goes from one thread of an execution to another, which run on the same OS thread. `outside::check`
// refuses to spawn anywhere else, where drawloom would make an OS thread.
unsafe impl<T> Send for SameOsThread<T> {}

impl<T> SameOsThread<T> {
    /// A method, so that closures capture all of it, and not the field alone.
    fn into_inner(self) -> T {
        self.0
    }
}

/// The right to wait for a thread; see [`std::thread::JoinHandle`].
pub struct JoinHandle<T> {
    handle: drawloom::thread::JoinHandle<SameOsThread<T>>,
    thread: Thread,
    /// loom's handle shares the result with the thread in this way: it can be sent only if the result can.
    shares: PhantomData<Arc<Mutex<T>>>,
}

impl<T> JoinHandle<T> {
    /// Waits until the thread has ended and returns its result.
    ///
    /// # Errors
    ///
    /// The panic's payload, if the thread panicked.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        self.handle.join().map(SameOsThread::into_inner)
    }

    /// Whether the thread has ended.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// A handle to the thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Spawns a thread; see [`std::thread::spawn`].
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T,
    F: 'static,
    T: 'static,
{
    spawn_with(drawloom::thread::Builder::new(), f).expect("a model has threads without end")
}

/// Says how a thread is to be spawned; see [`std::thread::Builder`].
#[derive(Debug)]
pub struct Builder(drawloom::thread::Builder);

impl Builder {
    /// A builder without a name and with the default stack size.
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub fn new() -> Builder {
        Builder(drawloom::thread::Builder::new())
    }

    /// Names the thread.
    pub fn name(self, name: String) -> Builder {
        Builder(self.0.name(name))
    }

    /// Asks for at least this many bytes of stack.
    pub fn stack_size(self, size: usize) -> Builder {
        Builder(self.0.stack_size(size))
    }

    /// Spawns a thread.
    ///
    /// # Errors
    ///
    /// Never in a model; std's may.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte, or outside a model.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send + 'static,
    {
        spawn_with(self.0, f)
    }
}

#[track_caller]
fn spawn_with<F, T>(builder: drawloom::thread::Builder, f: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    outside::check("loom::thread::spawn");
    let f = SameOsThread(f);
    let handle = builder.spawn(move || SameOsThread(f.into_inner()()))?;
    let thread = Thread::new(handle.thread().clone());
    Ok(JoinHandle { handle, thread, shares: PhantomData })
}
