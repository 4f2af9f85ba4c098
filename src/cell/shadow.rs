//! `Shadow`: lets the race detector see accesses to memory that it does not know, such as that of a cell or
//! an allocator of your own.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use crate::rt::op::outcome::AccessKind;
use crate::rt::primitives::{Made, Memory, OpenAccess};
use crate::rt::registry::outside;
use crate::rt::{Current, Identity, current};

/// The race detector's record of one piece of memory.
///
/// Whatever accesses the memory says so here. Two accesses race if one of them writes, one of them is not
/// atomic, and no synchronization orders one before the other; so do two of which one begins before the other
/// has ended. A race ends the execution with a failure of kind
/// [`FailureKind::DataRace`](crate::FailureKind::DataRace) that names both places. An access is no scheduling
/// point, and costs nothing outside explorations. The algorithm is FastTrack's (Flanagan and Freund, PLDI 2009).
///
/// # Example
///
/// ```
/// use drawloom::cell::{Shadow, UnsafeCell};
/// use drawloom::sync::{Arc, Mutex};
/// use drawloom::{Config, FailureKind, explore, thread};
///
/// struct Counter {
///     value: UnsafeCell<u32>,
///     accesses: Shadow,
///     lock: Mutex<()>,
/// }
/// // SAFETY: `value` is accessed under `lock` only. (Is it?)
/// unsafe impl Sync for Counter {}
///
/// impl Counter {
///     fn increment(&self) {
///         let _guard = self.lock.lock().unwrap();
///         let _access = self.accesses.write();
///         // SAFETY: the lock is held.
///         unsafe { *self.value.get() += 1 };
///     }
///     fn get(&self) -> u32 {
///         let _access = self.accesses.read();
///         // SAFETY: none; this is the bug.
///         unsafe { *self.value.get() }
///     }
/// }
///
/// let report = explore(Config::new(), || {
///     let counter = Arc::new(Counter {
///         value: UnsafeCell::new(0),
///         accesses: Shadow::new("Counter"),
///         lock: Mutex::new(()),
///     });
///     let other = Arc::clone(&counter);
///     let thread = thread::spawn(move || other.increment());
///     counter.get();
///     thread.join().unwrap();
/// });
/// assert!(report.failed_with(FailureKind::DataRace));
/// ```
#[repr(C)]
pub struct Shadow {
    identity: Identity,
    what: &'static str,
    made: Option<Made>,
}

impl Shadow {
    /// A record without accesses, of memory that reports call `what`: a type's name, usually.
    #[must_use]
    #[track_caller]
    pub const fn new(what: &'static str) -> Shadow {
        Shadow { identity: Identity::new(), what, made: None }
    }

    /// As [`Shadow::new`], of memory that the caller has just written: a thread that was not told of it races. A thread that
    /// has come to the memory by nothing that drawloom sees (types of std's) is taken to have been told. Costs less than to
    /// say so by [`Shadow::write`].
    #[must_use]
    #[track_caller]
    pub fn written(what: &'static str) -> Shadow {
        Shadow { identity: Identity::new(), what, made: current().map(Current::made) }
    }

    /// Begins a read, which ends when the returned value is dropped.
    #[track_caller]
    pub fn read(&self) -> Access {
        self.begin(AccessKind::Read, None)
    }

    /// Begins a write, which ends when the returned value is dropped.
    #[track_caller]
    pub fn write(&self) -> Access {
        self.begin(AccessKind::Write, None)
    }

    /// An atomic read: it races with writes that are not atomic.
    #[track_caller]
    #[inline]
    pub fn atomic_read(&self) {
        drop(self.begin(AccessKind::AtomicRead, None));
    }

    /// An atomic write: it races with reads and writes that are not atomic.
    #[track_caller]
    #[inline]
    pub fn atomic_write(&self) {
        drop(self.begin(AccessKind::AtomicWrite, None));
    }

    /// As [`Shadow::atomic_read`], of the operation that the thread has just executed.
    #[track_caller]
    #[inline]
    pub fn atomic_read_since(&self, before: BeforeOperation) {
        drop(self.begin(AccessKind::AtomicRead, before.epoch));
    }

    /// As [`Shadow::atomic_write`], of the operation that the thread has just executed.
    #[track_caller]
    #[inline]
    pub fn atomic_write_since(&self, before: BeforeOperation) {
        drop(self.begin(AccessKind::AtomicWrite, before.epoch));
    }

    #[track_caller]
    fn begin(&self, kind: AccessKind, epoch: Option<u32>) -> Access {
        let open = match current() {
            Some(current) => {
                let memory = Memory { identity: &self.identity, what: self.what, made: self.made };
                current.access(memory, kind, Location::caller(), epoch)
            }
            None => {
                outside::check(&self.identity, self.what);
                None
            }
        };
        Access { open, _not_send: PhantomData }
    }
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").field("what", &self.what).finish_non_exhaustive()
    }
}

/// The time before an atomic operation that may release, for types that watch an atomic of their own: whoever
/// acquires what the operation releases comes after the operation itself, too.
///
/// ```
/// use drawloom::cell::{BeforeOperation, Shadow};
/// use drawloom::sync::atomic::{AtomicU32, Ordering};
///
/// struct Watched {
///     atomic: AtomicU32,
///     accesses: Shadow,
/// }
///
/// impl Watched {
///     fn store(&self, value: u32, order: Ordering) {
///         let before = BeforeOperation::now();
///         self.atomic.store(value, order);
///         self.accesses.atomic_write_since(before);
///     }
/// }
/// # let watched = Watched { atomic: AtomicU32::new(0), accesses: Shadow::new("Watched") };
/// # watched.store(1, Ordering::Release);
/// # assert_eq!(watched.atomic.load(Ordering::Relaxed), 1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BeforeOperation {
    /// The thread's, inside an execution.
    epoch: Option<u32>,
}

impl BeforeOperation {
    /// Now, before the operation.
    #[must_use]
    #[inline]
    pub fn now() -> BeforeOperation {
        BeforeOperation { epoch: current().map(Current::epoch) }
    }
}

/// An access to memory that lasts until this is dropped; made by [`Shadow::read`] and [`Shadow::write`].
///
/// It ends in the thread in which it began.
#[must_use = "the access ends when this is dropped"]
pub struct Access {
    open: Option<OpenAccess>,
    _not_send: PhantomData<*mut ()>,
}

impl Access {
    /// Ends the access as if it had ended when it began. It excludes others until now all the same; but a lock that
    /// was released meanwhile, or a flag that was set, hands the memory over. For guards that users keep in a struct
    /// whose destructor does that: the guard, a field of it, is dropped later, without the memory being accessed.
    pub fn end_as_begun(mut self) {
        self.end(false);
    }

    fn end(&mut self, now: bool) {
        if let (Some(open), Some(current)) = (self.open.take(), current()) {
            current.end_access(open, now);
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.end(true);
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
