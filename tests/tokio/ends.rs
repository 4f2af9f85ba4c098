//! Timers whose runtime nobody drives, has none, or ends; and tasks that others would keep from being polled.

use std::panic::catch_unwind;
use std::task::{Poll, Waker};

use drawloom::sync::mpsc;
use drawloom::tokio::runtime::{Builder, Handle};
use drawloom::tokio::spawn;
use drawloom::tokio::time::{Duration, interval, sleep, timeout};
use drawloom::{Config, FailureKind, Policy, explore, thread};

#[track_caller]
fn passes(body: impl Fn() + Send + Sync) {
    let report = explore(Config::new().leaks(Policy::Allow), body);
    assert!(report.passed(), "{report}");
}

#[track_caller]
fn fails(kind: FailureKind, body: impl Fn() + Send + Sync) {
    let report = explore(Config::new().leaks(Policy::Allow), body);
    assert!(report.failed_with(kind), "{report}");
}

async fn sleeps() {
    sleep(Duration::from_millis(7)).await;
}

#[test]
fn a_timer_that_nobody_drives_does_not_end() {
    fails(FailureKind::Deadlock, || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.handle().block_on(sleeps());
    });
    fails(FailureKind::Deadlock, || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let other = thread::spawn(move || handle.block_on(sleeps()));
        runtime.block_on(async { sleep(Duration::from_millis(5)).await });
        other.join().unwrap();
    });
}

#[test]
fn who_sleeps_while_the_runtime_ends_is_told() {
    for is_multi in [false, true] {
        passes(|| {
            let mut builder =
                if is_multi { Builder::new_multi_thread() } else { Builder::new_current_thread() };
            let runtime = builder.worker_threads(1).enable_all().build().unwrap();
            let handle = runtime.handle().clone();
            let other = thread::spawn(move || handle.block_on(sleeps()));
            drop(runtime);
            let payload = other.join().unwrap_err();
            let message = payload.downcast_ref::<&str>().copied().unwrap_or_default();
            assert!(message.contains("it is being shutdown"), "{message}");
        });
    }
    // Work that may block catches it.
    passes(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let work = || drop(catch_unwind(|| Handle::current().block_on(sleeps())));
        drop(runtime.spawn_blocking(work));
        runtime.shutdown_background();
    });
}

/// tokio's timers end with the last worker, which a task that is polled has.
#[test]
fn a_task_that_is_polled_while_its_runtime_ends_has_timers() {
    passes(|| {
        let (sender, receiver) = mpsc::channel();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            sender.send(()).unwrap();
            sleeps().await;
        });
        drop(runtime);
        drop(receiver);
    });
}

#[test]
fn a_runtime_has_timers_if_its_builder_was_told_so() {
    let without = || Builder::new_current_thread().build().unwrap();
    let panics = |body: &(dyn Fn() + Send + Sync)| {
        let report = explore(Config::new(), body);
        assert!(report.to_string().contains("timers are disabled"), "{report}");
    };
    panics(&|| without().block_on(sleeps()));
    panics(&|| without().block_on(async { drop(timeout(Duration::from_millis(1), async {}).await) }));
    panics(&|| without().block_on(async { _ = interval(Duration::from_millis(1)).tick().await }));
}

#[test]
fn a_task_that_others_wake_again_and_again_keeps_nobody_from_being_polled() {
    passes(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (sender, wakers) = mpsc::channel::<Waker>();
        let thread = thread::spawn(move || {
            while let Ok(waker) = wakers.recv() {
                waker.wake();
            }
        });
        runtime.block_on(async {
            spawn(std::future::poll_fn(move |context| {
                sender.send(context.waker().clone()).unwrap();
                Poll::<()>::Pending
            }));
            spawn(async {}).await.unwrap();
        });
        drop(runtime);
        thread.join().unwrap();
    });
}

#[test]
fn runtimes_have_ids() {
    passes(|| {
        let runtimes = [0, 1].map(|_| Builder::new_current_thread().build().unwrap());
        let [first, second] = runtimes.each_ref().map(|runtime| runtime.handle().id());
        assert_ne!(first, second);
        assert_eq!(first, runtimes[0].handle().clone().id());
    });
}
