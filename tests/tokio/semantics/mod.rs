//! What tokio documents of its primitives, asserted twice: of tokio itself, and of the mirror inside explorations. Only what holds
//! whatever the schedule is asserted.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

macro_rules! primitives {
    () => {
        #[path = "../barrier.rs"]
        mod barrier;
        #[path = "../broadcast.rs"]
        mod broadcast;
        #[path = "../cells.rs"]
        mod cells;
        #[path = "../mpsc.rs"]
        mod mpsc;
        #[path = "../mutex.rs"]
        mod mutex;
        #[path = "../notify.rs"]
        mod notify;
        #[path = "../oneshot.rs"]
        mod oneshot;
        #[path = "../rwlock.rs"]
        mod rwlock;
        #[path = "../semaphore.rs"]
        mod semaphore;
        #[path = "../watch.rs"]
        mod watch;
    };
}

#[expect(clippy::duplicate_mod, reason = "the same assertions of both")]
mod real {
    pub use ::tokio;

    pub fn run<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use ::tokio::runtime::Builder;
        Builder::new_current_thread().build().unwrap().block_on(body());
        Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(body());
    }

    primitives! {}
}

#[expect(clippy::duplicate_mod, reason = "the same assertions of both")]
mod mirror {
    pub use drawloom::tokio;

    pub fn run<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use drawloom::tokio::runtime::Builder;
        for is_multi in [false, true] {
            let report = drawloom::explore(drawloom::Config::new().executions(100), || {
                let mut builder =
                    if is_multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
                builder.worker_threads(2).build().unwrap().block_on(body());
            });
            assert!(report.passed(), "{report}");
        }
    }

    primitives! {}
}

/// Polls a future once.
async fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// A future that has been polled once, and waits.
async fn waiting<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future).await.is_pending());
    future
}

/// Counts how many values have been dropped.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

/// One of these values.
#[derive(Clone)]
struct Counted(u32, Drops);

impl Drops {
    fn value(&self, number: u32) -> Counted {
        Counted(number, self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
