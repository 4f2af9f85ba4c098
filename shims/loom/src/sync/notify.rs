//! `Notify`: loom's own primitive, which std has not: one thread waits until another notifies it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Condvar, Mutex};
use crate::outside;

/// Lets one thread wait for others. A notification is kept until somebody waits; more than one count as one. A
/// wait may end for no reason, once in an execution and when no other thread can go on. What was done before a notification is seen after it.
pub struct Notify {
    notified: Mutex<bool>,
    changed: Condvar,
    /// std's: bookkeeping of the model, and no operation of the program.
    waiting: AtomicBool,
    woke_spuriously: AtomicBool,
}

impl Notify {
    /// Creates one that nobody has notified.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn new() -> Notify {
        outside::check("loom::sync::Notify");
        Notify {
            notified: Mutex::new(false),
            changed: Condvar::new(),
            waiting: AtomicBool::new(false),
            woke_spuriously: AtomicBool::new(false),
        }
    }

    /// Lets the waiting thread go on, or the next one that waits.
    ///
    /// # Panics
    ///
    /// Outside a model.
    #[track_caller]
    pub fn notify(&self) {
        outside::check("loom::sync::Notify");
        *self.lock() = true;
        self.changed.notify_one();
    }

    /// Waits for a notification and takes it.
    ///
    /// # Panics
    ///
    /// If another thread waits already, or outside a model.
    #[track_caller]
    pub fn wait(&self) {
        outside::check("loom::sync::Notify");
        assert!(!self.waiting.swap(true, Ordering::Relaxed), "only a single thread may wait on `Notify`");
        if self.wakes_spuriously() {
            // As in loom, where a thread that was woken for no reason yields: not before the others can go no
            // further. That is when time passes.
            drawloom::thread::sleep(Duration::from_nanos(1));
        } else {
            let mut notified = self.lock();
            while !*notified {
                // As `lock`: the flag is whole, whoever panicked.
                notified = self.changed.wait(notified).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            *notified = false;
        }
        self.waiting.store(false, Ordering::Relaxed);
    }

    fn wakes_spuriously(&self) -> bool {
        let may = !self.woke_spuriously.load(Ordering::Relaxed);
        let does = may && drawloom::choose(2) == 1;
        if does {
            self.woke_spuriously.store(true, Ordering::Relaxed);
        }
        does
    }

    #[track_caller]
    fn lock(&self) -> super::MutexGuard<'_, bool> {
        match self.notified.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Notify {
        Notify::new()
    }
}
