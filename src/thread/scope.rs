//! Scoped threads, which may borrow from the thread that makes the scope.
//!
//! std waits at the end of a scope for all threads that were not joined. So does the model, by joining them;
//! a scope that is left by a cut-off execution is never left at all.

use std::cell::{OnceCell, RefCell};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Result;
use std::{fmt, io};

use super::current::Thread;
use super::spawn::{Builder, ModelThread, Packet};
use crate::rt::op::ThreadId;
use crate::rt::{Current, current};

/// A scope to spawn threads in; see [`std::thread::Scope`].
pub struct Scope<'scope, 'env: 'scope> {
    inner: Inner<'scope, 'env>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

enum Inner<'scope, 'env: 'scope> {
    Real(&'scope std::thread::Scope<'scope, 'env>),
    Model(Arc<Threads>),
}

/// The threads of a scope, all of one execution.
struct Threads {
    spawned: RefCell<Vec<ThreadId>>,
    /// How many threads have panicked that nobody has joined.
    unhandled: AtomicUsize,
}

// SAFETY: a scope is shared by its threads, which run on one worker, one at a time; none is switched out
// while it borrows the list.
unsafe impl Send for Threads {}
// SAFETY: as above.
unsafe impl Sync for Threads {}

/// The right to wait for a scoped thread; see [`std::thread::ScopedJoinHandle`].
pub struct ScopedJoinHandle<'scope, T>(Handle<'scope, T>);

enum Handle<'scope, T> {
    Real(std::thread::ScopedJoinHandle<'scope, T>, Thread),
    Model { thread: ModelThread, handle: Thread, packet: Arc<Packet<T>>, threads: Arc<Threads> },
}

/// Runs `f` with a scope, and waits for all threads spawned in it; see [`std::thread::scope`].
///
/// # Panics
///
/// If a thread panicked that was not joined.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let Some(current) = current() else {
        return scope_outside(f);
    };
    let location = Location::caller();
    let threads = Arc::new(Threads { spawned: RefCell::new(Vec::new()), unhandled: AtomicUsize::new(0) });
    let scope = Scope { inner: Inner::Model(Arc::clone(&threads)), scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    threads.join_all(current, location);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if threads.unhandled.load(Ordering::Relaxed) > 0 => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

/// Outside an exploration std's scope does the work.
fn scope_outside<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    // Threads of the scope may use it until std's scope ends, longer than the closure below runs.
    let slot: OnceCell<Scope<'static, 'static>> = OnceCell::new();
    std::thread::scope(|real| {
        let scope = Scope { inner: Inner::Real(real), scope: PhantomData, env: PhantomData };
        // SAFETY: only lifetimes change, and they change back below.
        let scope = unsafe { std::mem::transmute::<Scope<'_, 'env>, Scope<'static, 'static>>(scope) };
        let scope = slot.get_or_init(|| scope);
        // SAFETY: the lifetimes that `real` has; `slot` outlives std's scope, and with it all its threads.
        let scope = unsafe { std::mem::transmute::<&Scope<'static, 'static>, &Scope<'_, 'env>>(scope) };
        f(scope)
    })
}

impl Threads {
    /// Waits for every thread, also those that the others spawn meanwhile.
    fn join_all(&self, mut current: Current, location: &'static Location<'static>) {
        let kernel = current.kernel();
        let is_left = |&&thread: &&ThreadId| !kernel.thread(thread).joined;
        let left: Vec<ThreadId> = self.spawned.borrow().iter().filter(is_left).copied().collect();
        let waits = left.iter().any(|&thread| !kernel.thread(thread).ended);
        if left.is_empty() {
            return self.join_each(current, location);
        }
        current.may_lose_token(waits, location, |current| self.join_each(current, location));
    }

    fn join_each(&self, mut current: Current, location: &'static Location<'static>) {
        let mut next = 0;
        loop {
            let thread = self.spawned.borrow().get(next).copied();
            let Some(thread) = thread else { return };
            if !current.kernel().thread(thread).joined {
                current.join_alone(thread, location);
                current.note_scoped(thread);
            }
            next += 1;
        }
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread in the scope.
    ///
    /// # Panics
    ///
    /// Outside an exploration, if the operating system cannot make a thread.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl Builder {
    /// Spawns a thread in a scope.
    ///
    /// # Errors
    ///
    /// Outside an exploration, if the operating system cannot make a thread.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let threads = match &scope.inner {
            Inner::Real(real) => {
                let handle = self.real().spawn_scoped(real, f)?;
                let thread = Thread::real(handle.thread().clone());
                return Ok(ScopedJoinHandle(Handle::Real(handle, thread)));
            }
            Inner::Model(threads) => threads,
        };
        let Some(current) = current() else {
            panic!(
                "drawloom: a scope of an exploration is used by an OS thread that the exploration does not know"
            )
        };
        self.check_name();
        let packet = Packet::new();
        let (filled, of_scope) = (Arc::clone(&packet), Arc::clone(threads));
        let body = move || {
            if filled.fill(f) {
                of_scope.unhandled.fetch_add(1, Ordering::Relaxed);
            }
        };
        // SAFETY: `scope` does not return before the thread has ended.
        let thread = unsafe { ModelThread::spawn(current, self, Location::caller(), body) };
        threads.spawned.borrow_mut().push(thread.id);
        let handle = Thread::model(current, thread.id);
        let threads = Arc::clone(threads);
        current.has_spawned(Location::caller());
        Ok(ScopedJoinHandle(Handle::Model { thread, handle, packet, threads }))
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits until the thread has ended and returns its result.
    ///
    /// # Errors
    ///
    /// The panic's payload, if the thread panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Handle::Real(handle, _) => handle.join(),
            Handle::Model { thread, packet, threads, .. } => {
                thread.join();
                let result = packet.take();
                if result.is_err() {
                    threads.unhandled.fetch_sub(1, Ordering::Relaxed);
                }
                result
            }
        }
    }

    /// Whether the thread has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Real(handle, _) => handle.is_finished(),
            Handle::Model { thread, .. } => thread.is_finished(),
        }
    }

    /// A handle to the thread.
    pub fn thread(&self) -> &Thread {
        match &self.0 {
            Handle::Real(_, thread) | Handle::Model { handle: thread, .. } => thread,
        }
    }
}

impl RefUnwindSafe for Scope<'_, '_> {}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
