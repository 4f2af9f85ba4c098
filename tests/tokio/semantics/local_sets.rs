//! `LocalSet`: who polls its tasks, and when.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::run_plain;
use super::tokio::runtime::{Builder, LocalOptions, Runtime};
use super::tokio::sync::oneshot;
use super::tokio::task::{LocalSet, spawn_local, yield_now};
use super::tokio::{self, join, select};

fn alone() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_time().build().unwrap()
}

#[test]
fn its_tasks_wait_while_nobody_polls_the_set() {
    run_plain(|| {
        let (runtime, set) = (alone(), LocalSet::new());
        runtime.block_on(async {
            let mut runs = pin!(set.run_until(pending::<()>()));
            poll_fn(|context| {
                assert!(runs.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            // It is polled again, and does not poll the set.
            yield_now().await;
            let has_run = Rc::new(Cell::new(false));
            let theirs = Rc::clone(&has_run);
            let (sender, receiver) = oneshot::channel();
            set.spawn_local(async move {
                theirs.set(true);
                sender.send(()).unwrap();
            });
            for _ in 0..3 {
                yield_now().await;
            }
            assert!(!has_run.get(), "nobody has polled the set");
            select! {
                () = &mut runs => unreachable!("it never ends"),
                told = receiver => told.unwrap(),
            }
            assert!(has_run.get());
        });
    });
}

#[test]
fn it_goes_on_while_one_of_two_polls_it() {
    run_plain(|| {
        let (runtime, set) = (alone(), LocalSet::new());
        runtime.block_on(async {
            let (sender, receiver) = oneshot::channel();
            let task = set.spawn_local(async move { receiver.await.unwrap() });
            let ends_first = set.run_until(async { 1 });
            let ends_last = set.run_until(async {
                yield_now().await;
                sender.send(2).unwrap();
                task.await.unwrap()
            });
            assert_eq!(join!(ends_first, ends_last), (1, 2));
        });
    });
}

#[test]
fn its_tasks_go_on_in_the_next_block_on() {
    run_plain(|| {
        for runtime in [alone(), workers(1)] {
            let set = LocalSet::new();
            let (sender, receiver) = oneshot::channel();
            let mut task = None;
            set.block_on(&runtime, async {
                task = Some(spawn_local(async move { receiver.await.unwrap() }));
                yield_now().await;
            });
            sender.send(3).unwrap();
            assert_eq!(set.block_on(&runtime, task.unwrap()).unwrap(), 3);
        }
    });
}

#[test]
fn a_task_that_is_spawned_early_is_polled_by_who_drives_the_set() {
    run_plain(|| {
        let (runtime, set) = (workers(1), LocalSet::new());
        let task = {
            let _entered = runtime.enter();
            let kept = Rc::new(4);
            set.spawn_local(async move {
                tokio::task::yield_now().await;
                *kept
            })
        };
        assert_eq!(set.block_on(&runtime, task).unwrap(), 4);
    });
}

/// Spawns a task where it is dropped, and tells whether that could be done.
struct Spawns(std::sync::mpsc::Sender<bool>);

impl Drop for Spawns {
    fn drop(&mut self) {
        let _ = self.0.send(tokio::runtime::Handle::try_current().is_ok());
    }
}

#[test]
fn what_is_dropped_with_a_local_runtime_finds_it() {
    run_plain(|| {
        let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
        let (sender, told) = std::sync::mpsc::channel();
        let held = Spawns(sender);
        runtime.spawn_local(async move {
            let _held = held;
            pending::<()>().await;
        });
        runtime.block_on(yield_now());
        drop(runtime);
        assert!(told.recv().unwrap());
    });
}
