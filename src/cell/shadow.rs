//! `Shadow`: lets the race detector see accesses to memory that it does not know, such as that of a cell or
//! an allocator of your own.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use crate::rt::shadow::{AccessKind, OpenAccess};
use crate::rt::{Identity, current, outside};

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
}

impl Shadow {
    /// A record without accesses, of memory that reports call `what`: a type's name, usually.
    #[must_use]
    #[track_caller]
    pub const fn new(what: &'static str) -> Shadow {
        Shadow { identity: Identity::new(), what }
    }

    /// Begins a read, which ends when the returned value is dropped.
    #[track_caller]
    pub fn read(&self) -> Access {
        self.begin(AccessKind::Read)
    }

    /// Begins a write, which ends when the returned value is dropped.
    #[track_caller]
    pub fn write(&self) -> Access {
        self.begin(AccessKind::Write)
    }

    /// An atomic read: it races with writes that are not atomic.
    #[track_caller]
    #[inline]
    pub fn atomic_read(&self) {
        drop(self.begin(AccessKind::AtomicRead));
    }

    /// An atomic write: it races with reads and writes that are not atomic.
    #[track_caller]
    #[inline]
    pub fn atomic_write(&self) {
        drop(self.begin(AccessKind::AtomicWrite));
    }

    #[track_caller]
    fn begin(&self, kind: AccessKind) -> Access {
        let open = match current() {
            Some(current) => current.access(&self.identity, self.what, kind, Location::caller()),
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

/// An access to memory that lasts until this is dropped; made by [`Shadow::read`] and [`Shadow::write`].
///
/// It ends in the thread in which it began.
#[must_use = "the access ends when this is dropped"]
pub struct Access {
    open: Option<OpenAccess>,
    _not_send: PhantomData<*mut ()>,
}

impl Drop for Access {
    fn drop(&mut self) {
        if let (Some(open), Some(current)) = (self.open, current()) {
            current.end_access(open);
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
