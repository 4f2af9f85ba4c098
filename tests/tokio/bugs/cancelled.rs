//! What cancellation, panics and ends leave behind.

use drawloom::FailureKind::Panic;
use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::tokio::task::yield_now;
use drawloom::tokio::{self, sync::oneshot};

use super::{On, finds, is_verified};

/// Gives its place back, whatever happens.
struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

async fn aborts(by_guard: bool) {
    let active = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&active);
    let task = tokio::spawn(async move {
        theirs.fetch_add(1, SeqCst);
        let place = Place(theirs);
        if by_guard {
            yield_now().await;
        } else {
            let place = std::mem::ManuallyDrop::new(place);
            yield_now().await;
            drop(std::mem::ManuallyDrop::into_inner(place));
        }
    });
    yield_now().await;
    task.abort();
    let _ = task.await;
    assert_eq!(active.load(SeqCst), 0, "a place is lost");
}

#[test]
fn an_abort_skips_what_comes_after_the_await() {
    finds(On::OneThread, Panic, &["a place is lost", "abort task 1"], || aborts(false));
    is_verified(On::OneThread, || aborts(true));
}

async fn panics(awaits: bool) {
    let (sender, receiver) = oneshot::channel::<u32>();
    let task = tokio::spawn(async move {
        assert!(awaits, "bad input");
        let _ = sender.send(1);
    });
    if awaits {
        task.await.unwrap();
    } else {
        drop(task);
    }
    let _ = receiver.await;
}

#[test]
fn the_panic_of_a_task_that_nobody_awaits_is_told() {
    let words = ["bad input", "panicked, and nobody learns of it"];
    finds(On::OneThread, Panic, &words, || panics(false));
    is_verified(On::OneThread, || panics(true));
}

#[test]
fn a_panic_that_is_handled_is_no_failure() {
    is_verified(On::OneThread, || async {
        let task = tokio::spawn(async { panic!("expected") });
        assert!(task.await.unwrap_err().is_panic());
    });
}

#[test]
fn of_a_task_that_is_unwrapped_its_own_panic_is_told_first() {
    let unwraps = || async { tokio::spawn(async { panic!("the reason") }).await.unwrap() };
    finds(On::OneThread, Panic, &["panic: the reason", "main panicked as well"], unwraps);
}

/// Whether a task was in its poll when it was dropped.
struct NotInPoll(Arc<AtomicU32>);

impl Drop for NotInPoll {
    fn drop(&mut self) {
        assert_eq!(self.0.load(SeqCst), 0, "dropped while it is polled");
    }
}

#[test]
fn a_runtime_that_is_shut_down_drops_a_task_after_its_poll() {
    let report = drawloom::explore(drawloom::Config::new(), || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).build().unwrap();
        let in_poll = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&in_poll);
        runtime.spawn(async move {
            let guard = NotInPoll(Arc::clone(&theirs));
            theirs.store(1, SeqCst);
            theirs.store(0, SeqCst);
            std::future::pending::<()>().await;
            drop(guard);
        });
        runtime.shutdown_background();
    });
    assert_eq!(report.coverage(), Some(drawloom::Coverage::Verified), "{report}");
}
