//! Futures: running one to its end.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::rt::registry::outside;
use crate::rt::{Identity, current};

/// What a waker sets and the polling thread waits for.
struct Signal {
    identity: Identity,
    /// Outside explorations: whether the waker was called, and whom it is to unpark.
    woken: AtomicBool,
    poller: std::thread::Thread,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        match current() {
            Some(current) => current.wake(current.waker_object(&self.identity), self.identity.location()),
            None => {
                outside::check(&self.identity, "waker");
                // Released to the poller, which learns all that the caller did before.
                self.woken.store(true, Ordering::Release);
                self.poller.unpark();
            }
        }
    }
}

impl Signal {
    /// Waits until the waker is called.
    fn wait(&self, location: &'static Location<'static>) {
        match current() {
            Some(current) => current.await_wake(current.waker_object(&self.identity), location),
            None => {
                while !self.woken.swap(false, Ordering::Acquire) {
                    std::thread::park();
                }
            }
        }
    }
}

/// Polls a future until it is ready, and waits for its waker in between.
///
/// Inside an exploration a future that is never woken is a deadlock, and reported as such.
///
/// # Example
///
/// ```
/// use drawloom::{explore, future::block_on, sync::Mutex, Config};
///
/// async fn add(total: &Mutex<u32>, n: u32) -> u32 {
///     let mut total = total.lock().unwrap();
///     *total += n;
///     *total
/// }
///
/// let report = explore(Config::new().executions(10), || {
///     let total = Mutex::new(1);
///     assert_eq!(block_on(add(&total, 2)), 3);
/// });
/// assert!(report.passed());
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let location = Location::caller();
    let signal = Arc::new(Signal {
        identity: Identity::new(),
        woken: AtomicBool::new(false),
        poller: std::thread::current(),
    });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        signal.wait(location);
    }
}
