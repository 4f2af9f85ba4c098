//! Spawning threads and waiting for their results.

use std::cell::UnsafeCell;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::thread::Result;
use std::{fmt, io};

use super::current::{Thread, in_execution};
use super::ext::BuilderExt;
use crate::rt::op::ThreadId;
use crate::rt::registry::identity::Stamp;
use crate::rt::{Current, current};

/// Where a thread leaves its result.
pub(super) struct Packet<T>(UnsafeCell<Option<Result<T>>>);

// SAFETY: the thread writes the result before its last op, and the joiner takes it after an op that comes
// later; both run on the same worker. A detached thread's result is dropped by whoever is last, which needs
// `T: Send`.
unsafe impl<T: Send> Send for Packet<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Packet<T> {}

impl<T> Packet<T> {
    pub(super) fn new() -> Arc<Packet<T>> {
        Arc::new(Packet(UnsafeCell::new(None)))
    }

    /// Runs `f` as a thread's body and keeps what it returns. Whether it panicked.
    pub(super) fn fill(&self, f: impl FnOnce() -> T) -> bool {
        let result = catch_unwind(AssertUnwindSafe(f));
        if let (Err(payload), Some(mut current)) = (&result, current()) {
            let thread = current.kernel().threads.current;
            current.note_panic(thread, &**payload);
        }
        let panicked = result.is_err();
        // SAFETY: see `impl Send`.
        unsafe { *self.0.get() = Some(result) };
        panicked
    }

    /// The result, once the thread has ended.
    pub(super) fn take(&self) -> Result<T> {
        // SAFETY: see `impl Send`.
        unsafe { (*self.0.get()).take() }.expect("a thread that has ended has left its result")
    }
}

/// A model thread, as its handles know it.
pub(super) struct ModelThread {
    pub(super) execution: Stamp,
    pub(super) id: ThreadId,
}

impl ModelThread {
    /// Spawns a model thread.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the thread has ended, if the execution goes on so long.
    pub(super) unsafe fn spawn(
        mut current: Current,
        builder: Builder,
        location: &'static Location<'static>,
        body: impl FnOnce(),
    ) -> ModelThread {
        let execution = current.execution().stamp();
        let name = builder.name.map(Arc::from);
        // SAFETY: the caller vouches for `body`.
        let id = unsafe { current.spawn(name, (builder.stack_size, builder.daemon), location, body) };
        ModelThread { execution, id }
    }

    #[track_caller]
    pub(super) fn join(&self) {
        if let Some(current) = in_execution(self.execution, "JoinHandle") {
            current.join(self.id, Location::caller());
        }
    }

    #[track_caller]
    pub(super) fn is_finished(&self) -> bool {
        let current = in_execution(self.execution, "JoinHandle");
        current.is_some_and(|current| current.is_finished(self.id, Location::caller()))
    }
}

/// The right to wait for a thread; see [`std::thread::JoinHandle`].
pub struct JoinHandle<T>(Inner<T>);

enum Inner<T> {
    Real(std::thread::JoinHandle<T>, Thread),
    Model { thread: ModelThread, handle: Thread, packet: Arc<Packet<T>> },
}

impl<T> JoinHandle<T> {
    /// Waits until the thread has ended and returns its result.
    ///
    /// # Errors
    ///
    /// The panic's payload, if the thread panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Inner::Real(handle, _) => handle.join(),
            Inner::Model { thread, packet, .. } => {
                thread.join();
                packet.take()
            }
        }
    }

    /// Whether the thread has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Inner::Real(handle, _) => handle.is_finished(),
            Inner::Model { thread, .. } => thread.is_finished(),
        }
    }

    /// The handle of std, if the thread is one of std's.
    #[cfg(unix)]
    pub(super) fn real(&self) -> Option<&std::thread::JoinHandle<T>> {
        match &self.0 {
            Inner::Real(handle, _) => Some(handle),
            Inner::Model { .. } => None,
        }
    }

    /// As [`real`](JoinHandle::real), and gives up this handle.
    #[cfg(unix)]
    pub(super) fn into_real(self) -> Option<std::thread::JoinHandle<T>> {
        match self.0 {
            Inner::Real(handle, _) => Some(handle),
            Inner::Model { .. } => None,
        }
    }

    /// A handle to the thread.
    pub fn thread(&self) -> &Thread {
        match &self.0 {
            Inner::Real(_, thread) | Inner::Model { handle: thread, .. } => thread,
        }
    }
}

// SAFETY: as std's: the handle is a way to the result, which the thread sends.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: as std's: a shared handle gives no access to the result.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Spawns a thread; see [`std::thread::spawn`].
///
/// # Panics
///
/// Outside an exploration, if the operating system cannot make a thread.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// Says how a thread is to be spawned; see [`std::thread::Builder`].
#[derive(Debug)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
    pub(super) daemon: bool,
}

impl Builder {
    /// A builder without a name and with the default stack size.
    #[expect(clippy::new_without_default, reason = "std's has none")]
    pub fn new() -> Builder {
        Builder { name: None, stack_size: None, daemon: false }
    }

    /// Names the thread.
    pub fn name(mut self, name: String) -> Builder {
        self.name = Some(name);
        self
    }

    /// Asks for at least this many bytes of stack.
    pub fn stack_size(mut self, size: usize) -> Builder {
        self.stack_size = Some(size);
        self
    }

    /// Spawns a thread.
    ///
    /// # Errors
    ///
    /// Outside an exploration, if the operating system cannot make a thread.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: everything is `'static`.
        unsafe { self.spawn_unchecked(f) }
    }

    /// Spawns a thread without `'static` bounds.
    ///
    /// # Safety
    ///
    /// The thread must be joined before what it borrows is gone.
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    ///
    /// # Panics
    ///
    /// As [`Builder::spawn`].
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let Some(current) = current() else {
            // SAFETY: the caller vouches for what is borrowed.
            let handle = unsafe { self.real().spawn_unchecked(f) }?;
            let thread = Thread::real(handle.thread().clone());
            return Ok(JoinHandle(Inner::Real(handle, thread)));
        };
        self.check_name();
        let packet = Packet::new();
        let filled = Arc::clone(&packet);
        let body = move || {
            filled.fill(f);
        };
        // SAFETY: the caller vouches for what is borrowed.
        let thread = unsafe { ModelThread::spawn(current, self, Location::caller(), body) };
        let handle = Thread::model(current, thread.id);
        current.has_spawned(Location::caller());
        Ok(JoinHandle(Inner::Model { thread, handle, packet }))
    }

    pub(super) fn real(self) -> std::thread::Builder {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = self.name {
            builder = builder.name(name);
        }
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        builder
    }

    #[track_caller]
    pub(super) fn check_name(&self) {
        if let Some(name) = &self.name {
            let _ = CString::new(name.as_str()).expect("thread name may not contain interior null bytes");
        }
    }
}

impl BuilderExt for Builder {
    fn daemon(mut self) -> Builder {
        self.daemon = true;
        self
    }
}
