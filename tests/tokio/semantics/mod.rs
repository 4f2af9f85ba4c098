//! What tokio documents of its primitives, asserted twice: of tokio itself, and of the mirror inside explorations. Only what holds
//! whatever the schedule is asserted.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

macro_rules! primitives {
    () => {
        mod barrier;
        mod broadcast;
        mod cells;
        mod coop;
        mod join_set;
        mod local_sets;
        mod mpsc;
        mod mutex;
        mod notify;
        mod oneshot;
        mod runtimes;
        mod rwlock;
        mod semaphore;
        mod tasks;
        mod timers;
        mod watch;
    };
}

#[expect(clippy::duplicate_mod, reason = "the same assertions of both")]
#[path = "."]
mod real {
    pub(super) use ::std::thread;
    pub(super) use ::tokio;

    pub(super) fn run<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use ::tokio::runtime::Builder;
        Builder::new_current_thread().enable_time().build().unwrap().block_on(body());
        let mut workers = Builder::new_multi_thread();
        workers.worker_threads(2).enable_time().build().unwrap().block_on(body());
    }

    /// On one thread, whose clock stands still while anything can go on.
    pub(super) fn run_alone<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use ::tokio::runtime::Builder;
        Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(body());
    }

    /// Outside of any runtime.
    pub(super) fn run_plain(body: impl Fn() + Send + Sync) {
        body();
    }

    primitives! {}
}

#[expect(clippy::duplicate_mod, reason = "the same assertions of both")]
#[path = "."]
mod mirror {
    pub(super) use drawloom::{thread, tokio};

    pub(super) fn run<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use drawloom::tokio::runtime::Builder;
        for is_multi in [false, true] {
            let report = drawloom::explore(drawloom::Config::new().executions(100), || {
                let mut builder =
                    if is_multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
                builder.worker_threads(2).enable_time().build().unwrap().block_on(body());
            });
            assert!(report.passed(), "{report}");
        }
    }

    pub(super) fn run_alone<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync) {
        use drawloom::tokio::runtime::Builder;
        let report = drawloom::explore(drawloom::Config::new().executions(100), || {
            Builder::new_current_thread().enable_time().build().unwrap().block_on(body());
        });
        assert!(report.passed(), "{report}");
    }

    pub(super) fn run_plain(body: impl Fn() + Send + Sync) {
        let report = drawloom::explore(drawloom::Config::new().executions(100), body);
        assert!(report.passed(), "{report}");
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

/// To begin to wait is a step of its own: between it and the look at the flag there may be the notification.
#[test]
fn a_notification_between_the_look_and_the_wait_is_lost() {
    use drawloom::sync::atomic::AtomicBool;
    use drawloom::tokio::{runtime::Builder, spawn, sync::Notify};
    let report = drawloom::explore(drawloom::Config::new().executions(1000), || {
        Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(async {
            let shared = Arc::new((AtomicBool::new(false), Notify::new()));
            let other = Arc::clone(&shared);
            let task = spawn(async move {
                if !other.0.load(Ordering::SeqCst) {
                    other.1.notified().await;
                }
            });
            shared.0.store(true, Ordering::SeqCst);
            shared.1.notify_waiters();
            task.await.unwrap();
        });
    });
    assert!(!report.passed(), "{report}");
}

/// Threads that are not of the runtime block until it is their turn.
#[test]
fn threads_block_for_messages_and_locks() {
    use drawloom::thread;
    use drawloom::tokio::sync::{RwLock, mpsc, oneshot};
    let report = drawloom::explore(drawloom::Config::new().executions(200), || {
        let (sender, mut receiver) = mpsc::channel(1);
        let lock = Arc::new(RwLock::new(0));
        let (other, (done, over)) = (Arc::clone(&lock), oneshot::channel());
        let thread = thread::spawn(move || {
            for number in 0..3 {
                sender.blocking_send(number).unwrap();
            }
            *other.blocking_write() += 1;
            done.send(()).unwrap();
        });
        let mut buffer = Vec::new();
        while receiver.blocking_recv_many(&mut buffer, 2) > 0 {}
        assert_eq!(buffer, [0, 1, 2]);
        over.blocking_recv().unwrap();
        assert_eq!(*lock.blocking_read(), 1);
        thread.join().unwrap();
    });
    assert!(report.passed(), "{report}");
}
