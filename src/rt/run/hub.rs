//! The hub: runs one execution, by resuming the fiber of whoever is current until somebody has said that it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::current::{CURRENT, Current};
use super::execution::Execution;
use super::fiber::FiberPool;
use crate::rt::kernel::special::Special;
use crate::rt::op::outcome::Stop;
use crate::rt::op::{ThreadId, nowhere};
use crate::rt::registry::identity::begin_epoch;
use crate::rt::registry::workers::CLEANS_UP;

impl Execution {
    /// Runs `body` as the first thread, and whatever it spawns, to the end.
    pub(crate) fn run(&mut self, body: &(dyn Fn() + Sync)) -> Stop {
        self.began = begin_epoch();
        let main = self.kernel.add_thread(None, Some(Arc::clone(&self.main_name)), nowhere());
        self.schedule.push_step(main);
        self.kernel.steps = 1;
        let this: *mut Execution = self;
        let handle = Current::of(&mut *self);
        // SAFETY: `body` outlives this call, and no fiber outlives it: each returns or is abandoned below.
        let started = unsafe { handle.start_fiber(main, None, body) };
        if let Err(stop) = started {
            return stop;
        }
        self.worker.set_running(Some(self.stamp), self.index);
        let previous = CURRENT.replace(this);
        debug_assert!(previous.is_null());
        // SAFETY: `this` is valid, and `self` is not used before the loop ends.
        let stop = unsafe {
            loop {
                FiberPool::resume(&raw mut (*this).fibers, (*this).kernel.threads.current);
                if (*this).stop.is_some() {
                    break (*this).stop.take().expect("checked above");
                }
            }
        };
        // SAFETY: as above.
        unsafe { (*this).wind_up(&stop) };
        CURRENT.set(std::ptr::null_mut());
        self.worker.set_running(None, self.index);
        self.misuse.take().or_else(|| self.worker.take_misuse()).map_or(stop, Stop::Misuse)
    }

    fn wind_up(&mut self, stop: &Stop) {
        let finished = matches!(stop, Stop::Finished);
        let hangs = matches!(stop, Stop::Hang);
        self.has_hung |= hangs;
        if let Some(director) = self.director.take() {
            self.past_director = Some(director);
        }
        let left: Vec<ThreadId> = self.kernel.threads.alive().map(|(id, _)| id).collect();
        for thread in left {
            if hangs {
                self.fibers.leak(thread);
                continue;
            }
            // SAFETY: no fiber runs any more, and threads that could refer to this one's stack (scoped
            // ones) are abandoned as well.
            unsafe { self.fibers.abandon(thread) };
        }
        self.kernel.special.set(Special::WINDING_UP, true);
        self.kernel.special.set(Special::EVENT, false);
        if !self.kept.is_empty() {
            self.worker.beat(CLEANS_UP);
        }
        // The last one kept goes first, as it may refer to earlier ones.
        while let Some(once) = self.kept.pop() {
            // Taken first: the destructor of a value may look for others, and for itself.
            let made = Current::of(self).once_take(once);
            if let (Some(made), true) = (made, finished) {
                // SAFETY: a value is destroyed by whoever takes it.
                let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { (made.destroy)(made.address) }));
                drop(dropped);
            }
        }
        self.kernel.special.set(Special::WINDING_UP, false);
        self.shared_data = None;
    }
}
