//! CS/bluetooth: a driver that is stopped while a request comes in.
//!
//! A request looks whether the driver is stopping before it counts itself as pending. A stop that runs from
//! beginning to end in between finds nothing pending and tears the driver down under the request.

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use drawloom::thread;

struct Driver {
    /// One for the driver itself, and one for each request.
    pending: AtomicI32,
    stopping: AtomicBool,
    nothing_pending: AtomicBool,
    stopped: AtomicBool,
}

impl Driver {
    fn new() -> Arc<Driver> {
        Arc::new(Driver {
            pending: AtomicI32::new(1),
            stopping: AtomicBool::new(false),
            nothing_pending: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        })
    }

    fn begin(&self) -> bool {
        if self.stopping.load(Ordering::Relaxed) {
            return false;
        }
        self.pending.fetch_add(1, Ordering::AcqRel);
        true
    }

    /// Counts first and looks afterwards, so that a stop either sees the request or is seen by it.
    fn begin_repaired(&self) -> bool {
        self.pending.fetch_add(1, Ordering::AcqRel);
        if self.stopping.load(Ordering::Relaxed) {
            self.end();
            return false;
        }
        true
    }

    fn end(&self) {
        if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.nothing_pending.store(true, Ordering::Relaxed);
        }
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.end();
        if self.nothing_pending.load(Ordering::Relaxed) {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}

pub(crate) fn bluetooth() {
    request_during_stop(Driver::begin);
}

pub(crate) fn bluetooth_repaired() {
    request_during_stop(Driver::begin_repaired);
}

fn request_during_stop(begin: fn(&Driver) -> bool) {
    let driver = Driver::new();
    let stopper = {
        let driver = driver.clone();
        thread::spawn(move || driver.stop())
    };
    if begin(&driver) {
        assert!(!driver.stopped.load(Ordering::Relaxed));
        driver.end();
    }
    stopper.join().unwrap();
}
