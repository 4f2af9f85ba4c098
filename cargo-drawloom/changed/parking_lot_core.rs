//! How threads wait in parking_lot, where `cargo drawloom` explores: on std's lock and condition variable, which it has instrumented, in
//! place of the system call `futex`. In place of `src/thread_parker/linux.rs`, and as `unix.rs` has it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub struct ThreadParker {
    parked: Mutex<bool>,
    unparked: Condvar,
}

impl ThreadParker {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl super::ThreadParkerT for ThreadParker {
    type UnparkHandle = UnparkHandle;

    const IS_CHEAP_TO_CONSTRUCT: bool = false;

    fn new() -> ThreadParker {
        ThreadParker { parked: Mutex::new(false), unparked: Condvar::new() }
    }

    unsafe fn prepare_park(&self) {
        *self.lock() = true;
    }

    unsafe fn timed_out(&self) -> bool {
        *self.lock()
    }

    unsafe fn park(&self) {
        let mut parked = self.lock();
        while *parked {
            parked = self.unparked.wait(parked).unwrap_or_else(PoisonError::into_inner);
        }
    }

    unsafe fn park_until(&self, timeout: Instant) -> bool {
        let mut parked = self.lock();
        while *parked {
            let now = Instant::now();
            if timeout <= now {
                return false;
            }
            parked = self.unparked.wait_timeout(parked, timeout - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    unsafe fn unpark_lock(&self) -> UnparkHandle {
        // It lives until it is unparked, for which the lock is needed.
        let parker: &'static ThreadParker = &*(self as *const ThreadParker);
        UnparkHandle { parker, parked: parker.lock() }
    }
}

pub struct UnparkHandle {
    parker: &'static ThreadParker,
    parked: MutexGuard<'static, bool>,
}

impl super::UnparkHandleT for UnparkHandle {
    unsafe fn unpark(mut self) {
        *self.parked = false;
        self.parker.unparked.notify_one();
    }
}

#[inline]
pub fn thread_yield() {
    std::thread::yield_now();
}
