//! `runtime`: handles, ends, and what is said of wrong use.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Drops;
use super::run_plain;
use super::tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use super::tokio::spawn;
use super::tokio::sync::oneshot;
use super::tokio::task::yield_now;

fn alone() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_time().build().unwrap()
}

/// What `act` panics with.
fn message(act: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(act)).expect_err("a wrong use panics");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[test]
fn a_runtime_is_asked_what_it_is() {
    run_plain(|| {
        let runtime = alone();
        assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::CurrentThread);
        assert_eq!(runtime.handle().metrics().num_workers(), 1);
        let runtime = workers(2);
        assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::MultiThread);
        assert_eq!(runtime.handle().metrics().num_workers(), 2);
        assert_eq!(runtime.handle().metrics().num_alive_tasks(), 0);
        assert!(Handle::try_current().is_err_and(|error| error.is_missing_context()));
        let entered = runtime.enter();
        assert!(Handle::try_current().is_ok());
        drop(entered);
        assert!(Handle::try_current().is_err());
    });
}

#[test]
fn tasks_are_made_from_outside() {
    run_plain(|| {
        for runtime in [alone(), workers(1)] {
            let first = runtime.spawn(async { 1 });
            let second = {
                let _entered = runtime.enter();
                spawn(async { 2 })
            };
            let third = runtime.handle().spawn(async { 3 });
            let fourth = runtime.spawn_blocking(|| 4);
            let sum = runtime.block_on(async {
                first.await.unwrap() + second.await.unwrap() + third.await.unwrap() + fourth.await.unwrap()
            });
            assert_eq!(sum, 10);
            // Once more: what was spawned meanwhile stays.
            assert_eq!(runtime.block_on(async { 5 }), 5);
        }
    });
}

#[test]
fn to_drop_a_runtime_drops_its_tasks() {
    run_plain(|| {
        for runtime in [alone(), workers(1)] {
            let drops = Drops::default();
            let (begun, value) = (drops.value(1), drops.value(2));
            let (sender, receiver) = oneshot::channel();
            let waiting = runtime.spawn(async move {
                sender.send(()).unwrap();
                pending::<()>().await;
                drop(begun);
            });
            runtime.block_on(receiver).unwrap();
            let late = runtime.spawn(async move {
                pending::<()>().await;
                drop(value);
            });
            let handle = runtime.handle().clone();
            drop(runtime);
            assert_eq!(drops.count(), 2);
            let value = drops.value(3);
            let after = handle.spawn(async move { drop(value) });
            assert_eq!(drops.count(), 3);
            alone().block_on(async {
                for task in [waiting, late, after] {
                    assert!(task.await.unwrap_err().is_cancelled());
                }
            });
        }
    });
}

#[test]
fn a_runtime_waits_for_blocking_work_that_has_begun() {
    run_plain(|| {
        let done = Arc::new(AtomicBool::new(false));
        let runtime = workers(1);
        let (sender, receiver) = oneshot::channel();
        let theirs = Arc::clone(&done);
        runtime.spawn_blocking(move || {
            sender.send(()).unwrap();
            theirs.store(true, Ordering::SeqCst);
        });
        runtime.block_on(receiver).unwrap();
        drop(runtime);
        assert!(done.load(Ordering::SeqCst));
    });
}

#[test]
fn blocking_work_waits_for_a_thread() {
    run_plain(|| {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let _entered = runtime.enter();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        drop(go);
        let first = runtime.spawn_blocking(move || {
            let _ = wait.recv();
            1
        });
        let second = runtime.spawn_blocking(|| 2);
        assert_eq!(runtime.block_on(async { first.await.unwrap() + second.await.unwrap() }), 3);
    });
}

#[test]
fn wrong_use_is_told_in_tokios_words() {
    run_plain(|| {
        let text = message(|| drop(spawn(async {})));
        assert!(text.contains("there is no reactor running, must be called from the context of a Tokio 1.x runtime"));
        let runtime = alone();
        let text = runtime.block_on(async { message(|| alone().block_on(async {})) });
        assert!(text.starts_with("Cannot start a runtime from within a runtime."), "{text}");
        let text = runtime.block_on(async { message(|| Handle::current().block_on(async {})) });
        assert!(text.starts_with("Cannot start a runtime from within a runtime."), "{text}");
        let text = message(|| {
            Builder::new_multi_thread().worker_threads(0);
        });
        assert_eq!(text, "Worker threads cannot be set to 0");
        let inner = alone();
        let text = runtime.block_on(async {
            yield_now().await;
            message(move || drop(inner))
        });
        assert!(text.starts_with("Cannot drop a runtime in a context where blocking is not allowed."), "{text}");
        let (sender, receiver) = oneshot::channel::<()>();
        let text = runtime.block_on(async { message(|| drop(receiver.blocking_recv())) });
        assert!(text.starts_with("Cannot block the current thread from within a runtime."), "{text}");
        drop(sender);
    });
}
