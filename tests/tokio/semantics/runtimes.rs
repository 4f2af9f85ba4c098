//! `runtime`: handles, ends, and what is said of wrong use.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::super::Drops;
use super::{run_plain, thread};
use super::tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use super::tokio::spawn;
use super::tokio::sync::oneshot;
use super::tokio::task::{id, spawn_blocking, try_id, yield_now};
use super::tokio::time::{Duration, sleep};

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

#[test]
fn one_of_two_that_block_on_a_runtime_of_one_thread_polls_its_tasks() {
    run_plain(|| {
        let runtime = Arc::new(alone());
        let theirs = Arc::clone(&runtime);
        let (sender, receiver) = oneshot::channel::<u32>();
        let other = thread::spawn(move || {
            theirs.block_on(async {
                sleep(Duration::from_millis(1)).await;
                receiver.await.unwrap() + spawn(async { 1 }).await.unwrap()
            })
        });
        runtime.block_on(async {
            let sum = spawn(async { 2 }).await.unwrap();
            sleep(Duration::from_millis(2)).await;
            sender.send(sum).unwrap();
        });
        // The tasks that are left are polled by whoever comes next.
        assert_eq!(other.join().unwrap(), 3);
        assert_eq!(runtime.block_on(spawn_in(&runtime)), 4);
    });
}

fn spawn_in(runtime: &Runtime) -> impl Future<Output = u32> + use<> {
    let task = runtime.spawn(async {
        sleep(Duration::from_millis(1)).await;
        4
    });
    async { task.await.unwrap() }
}

#[test]
fn guards_of_runtimes_are_dropped_in_reverse_order() {
    run_plain(|| {
        let (first, second) = (alone(), alone());
        let text = message(|| {
            let (outer, inner) = (first.enter(), second.enter());
            drop(outer);
            drop(inner);
        });
        assert!(text.starts_with("`EnterGuard` values dropped out of order."), "{text}");
    });
}

/// Tells in its drop which task is running.
struct Tells(std::sync::mpsc::Sender<Option<String>>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.send(try_id().map(|id| id.to_string()));
    }
}

#[test]
fn work_that_may_block_and_destructors_know_their_task() {
    run_plain(|| {
        let runtime = alone();
        let (sender, told) = std::sync::mpsc::channel();
        let first = Tells(sender.clone());
        let of_first = runtime.block_on(async {
            let work = spawn_blocking(id);
            let of_work = work.id();
            assert_eq!(work.await.unwrap().to_string(), of_work.to_string());
            let waits = spawn(async move {
                let _first = first;
                std::future::pending::<()>().await;
            });
            yield_now().await;
            let of_waits = waits.id().to_string();
            waits.abort();
            assert!(waits.await.unwrap_err().is_cancelled());
            of_waits
        });
        assert_eq!(told.recv().unwrap(), Some(of_first));
        let second = Tells(sender);
        let left = runtime.spawn(async move {
            let _second = second;
            std::future::pending::<()>().await;
        });
        runtime.block_on(yield_now());
        let of_left = left.id().to_string();
        drop(runtime);
        assert_eq!(told.recv().unwrap(), Some(of_left));
        assert!(try_id().is_none());
    });
}

#[test]
fn threads_of_a_runtime_tell_that_they_begin_and_end() {
    run_plain(|| {
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (begins, ends) = (Arc::clone(&begun), Arc::clone(&ended));
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).name("named").thread_name_fn(|| "worker".to_owned());
        builder.on_thread_start(move || {
            begins.fetch_add(1, Ordering::SeqCst);
        });
        builder.on_thread_stop(move || {
            ends.fetch_add(1, Ordering::SeqCst);
        });
        builder.on_thread_park(|| ()).on_thread_unpark(|| ());
        let runtime = builder.build().unwrap();
        runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
        drop(runtime);
        assert_eq!((begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)), (3, 3));
    });
}
