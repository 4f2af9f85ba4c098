//! `LocalRuntime`: the same of tokio's, of the mirror outside of explorations, and inside.

use std::cell::RefCell;
use std::rc::Rc;

/// Each has the assertions as a function that takes what stands for tokio.
macro_rules! assertions {
    ($name:ident, $tokio:path) => {
        mod $name {
            use super::*;
            use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
            use tokio::task::{spawn_local, yield_now};
            use $tokio as tokio;

            fn tasks_need_not_be_send() {
                let runtime = LocalRuntime::new().unwrap();
                let seen = Rc::new(RefCell::new(Vec::new()));
                let theirs = Rc::clone(&seen);
                let early = runtime.spawn_local(async move { theirs.borrow_mut().push(1) });
                let theirs = Rc::clone(&seen);
                runtime.block_on(async move {
                    early.await.unwrap();
                    spawn_local(async move { theirs.borrow_mut().push(2) }).await.unwrap();
                    assert_eq!(tokio::spawn(async { 3 }).await.unwrap(), 3);
                });
                assert_eq!(*seen.borrow(), [1, 2]);
            }

            fn a_task_that_was_spawned_may_spawn_locally() {
                let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
                let task = runtime.handle().spawn(async {
                    spawn_local(async { Rc::new(RefCell::new(())) });
                });
                runtime.block_on(task).unwrap();
                let entered = runtime.enter();
                let task = spawn_local(async { 4 });
                drop(entered);
                assert_eq!(runtime.block_on(task).unwrap(), 4);
                assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 5)).unwrap(), 5);
            }

            fn its_end_drops_tasks_at_their_awaits() {
                let runtime = LocalRuntime::new().unwrap();
                let held = Rc::new(());
                let theirs = Rc::clone(&held);
                runtime.spawn_local(async move {
                    let _theirs = theirs;
                    std::future::pending::<()>().await;
                });
                runtime.block_on(yield_now());
                assert_eq!(Rc::strong_count(&held), 2);
                drop(runtime);
                assert_eq!(Rc::strong_count(&held), 1);
            }

            pub(super) fn all() {
                tasks_need_not_be_send();
                a_task_that_was_spawned_may_spawn_locally();
                its_end_drops_tasks_at_their_awaits();
            }
        }
    };
}

assertions!(real, ::tokio);
assertions!(mirror, drawloom::tokio);

#[test]
fn a_local_runtime_does_what_tokios_does() {
    real::all();
    mirror::all();
    let report = drawloom::explore(drawloom::Config::new().executions(200), mirror::all);
    assert!(report.passed(), "{report}");
}
