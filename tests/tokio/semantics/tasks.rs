//! `task`: handles, errors, aborts, sets of tasks.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::super::{Drops, poll, waiting};
use super::tokio::sync::oneshot;
use super::tokio::task::{
    JoinSet, LocalSet, consume_budget, id, spawn_blocking, spawn_local, try_id, unconstrained, yield_now,
};
use super::tokio::{spawn, task_local};
use super::{run, run_alone};

#[test]
fn a_handle_tells_how_its_task_ended() {
    run(|| async {
        assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
        let error = spawn(async { panic!("boom") }).await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert!(error.to_string().ends_with("panicked with message \"boom\""), "{error}");
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "boom");
        let task = spawn(pending::<()>());
        let number = task.id();
        task.abort();
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled() && !error.is_panic() && error.id() == number);
        assert_eq!(error.to_string(), format!("task {number} was cancelled"));
        assert!(error.try_into_panic().is_err());
    });
}

#[test]
fn a_panic_is_no_end_for_others() {
    run(|| async {
        let first = spawn(async { panic!("one") });
        let second = spawn(async { 2 });
        assert_eq!(second.await.unwrap(), 2);
        assert!(first.await.is_err());
    });
}

#[test]
fn a_task_has_an_id() {
    run(|| async {
        assert!(try_id().is_none());
        let task = spawn(async { (id(), try_id()) });
        let of_handle = task.id();
        assert_eq!(task.abort_handle().id(), of_handle);
        let (inside, tried) = task.await.unwrap();
        assert_eq!((inside, tried), (of_handle, Some(of_handle)));
    });
}

#[test]
fn a_task_without_a_handle_goes_on() {
    run(|| async {
        let (sender, receiver) = oneshot::channel();
        drop(spawn(async move {
            yield_now().await;
            sender.send(7).unwrap();
        }));
        assert_eq!(receiver.await, Ok(7));
    });
}

#[test]
fn an_abort_drops_what_the_task_holds_before_it_is_told() {
    run(|| async {
        let drops = Drops::default();
        let value = drops.value(1);
        let task = spawn(async move {
            pending::<()>().await;
            drop(value);
        });
        yield_now().await;
        let abort = task.abort_handle();
        abort.abort();
        abort.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
        assert!(abort.is_finished());
    });
}

#[test]
fn what_has_ended_is_not_aborted() {
    run(|| async {
        let task = spawn(async { 3 });
        while !task.is_finished() {
            yield_now().await;
        }
        task.abort();
        assert_eq!(task.await.unwrap(), 3);
    });
}

#[test]
fn a_task_that_never_waits_is_not_aborted() {
    run(|| async {
        let (sender, receiver) = oneshot::channel();
        let task = spawn(async move {
            let own: super::tokio::task::AbortHandle = receiver.await.unwrap();
            own.abort();
            4
        });
        sender.send(task.abort_handle()).unwrap();
        assert_eq!(task.await.unwrap(), 4);
    });
}

#[test]
fn a_panic_while_a_task_is_dropped_is_its_result() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    run(|| async {
        let (sender, receiver) = oneshot::channel();
        let task = spawn(async move {
            let _loud = Loud;
            sender.send(()).unwrap();
            pending::<()>().await;
        });
        receiver.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_panic());
    });
}

#[test]
fn blocking_work_has_a_result() {
    run(|| async {
        assert_eq!(spawn_blocking(|| 5).await.unwrap(), 5);
        assert!(spawn_blocking(|| panic!("in work")).await.unwrap_err().is_panic());
        let detached = spawn_blocking(|| ());
        drop(detached);
        let task = spawn_blocking(|| 6);
        task.abort();
        // It may have begun.
        assert!(task.await.map_or_else(|error| error.is_cancelled(), |value| value == 6));
    });
}

#[test]
fn a_handle_is_polled_by_reference() {
    run(|| async {
        let (sender, receiver) = oneshot::channel();
        let mut task = Box::pin(spawn(receiver));
        assert!(poll(&mut task).await.is_pending());
        sender.send(8).unwrap();
        assert_eq!((&mut task).await.unwrap(), Ok(8));
        assert!(task.is_finished());
        // Polled once more it panics, but for that its budget may be used up.
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            task.as_mut().poll(&mut context).is_pending()
        }));
        assert!(result.unwrap_or(true));
    });
}

#[test]
fn a_set_gives_each_result_once() {
    run(|| async {
        let mut set = JoinSet::new();
        assert!(set.is_empty() && set.join_next().await.is_none() && set.try_join_next().is_none());
        for number in 0..3 {
            set.spawn(async move { number });
        }
        let fourth = set.spawn_blocking(|| 3).id();
        assert_eq!(set.len(), 4);
        let mut results = Vec::new();
        while let Some(next) = set.join_next_with_id().await {
            let (id, number) = next.unwrap();
            assert_eq!(number == 3, id == fourth);
            results.push(number);
        }
        results.sort_unstable();
        assert_eq!(results, [0, 1, 2, 3]);
        let mut all = (4..7).map(|number| async move { number }).collect::<JoinSet<_>>().join_all().await;
        all.sort_unstable();
        assert_eq!(all, [4, 5, 6]);
    });
}

#[test]
fn a_set_aborts_what_is_in_it() {
    run(|| async {
        let drops = Drops::default();
        let mut set = JoinSet::new();
        let stuck = |value| async move {
            pending::<()>().await;
            drop(value);
        };
        let abort = set.spawn(stuck(drops.value(0)));
        set.spawn(stuck(drops.value(1)));
        abort.abort();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert_eq!((drops.count(), set.len()), (1, 1));
        set.shutdown().await;
        assert_eq!((drops.count(), set.len()), (2, 0));
        let (sender, receiver) = oneshot::channel::<()>();
        set.spawn(async move {
            let _held = sender;
            pending().await
        });
        drop(set);
        assert!(receiver.await.is_err());
    });
}

#[test]
fn what_a_set_lets_go_goes_on() {
    run(|| async {
        let (sender, receiver) = oneshot::channel();
        let mut set = JoinSet::new();
        set.spawn(async move { sender.send(9) });
        set.detach_all();
        assert_eq!(set.len(), 0);
        drop(set);
        assert_eq!(receiver.await, Ok(9));
    });
}

#[test]
fn a_set_of_local_tasks_runs_what_is_not_send() {
    run_alone(|| async {
        let set = LocalSet::new();
        let shared = Rc::new(std::cell::Cell::new(0));
        let first = set.spawn_local({
            let shared = Rc::clone(&shared);
            async move { shared.set(shared.get() + 1) }
        });
        set.run_until(async {
            let theirs = Rc::clone(&shared);
            let second = spawn_local(async move {
                yield_now().await;
                theirs.set(theirs.get() + 10);
            });
            first.await.unwrap();
            second.await.unwrap();
        })
        .await;
        assert_eq!(shared.get(), 11);
        let theirs = Rc::clone(&shared);
        set.spawn_local(async move { theirs.set(0) });
        set.await;
        assert_eq!((shared.get(), Rc::strong_count(&shared)), (0, 1));
        let set = LocalSet::new();
        let task = set.spawn_local(pending::<()>());
        drop(set);
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

task_local! {
    static NUMBER: u32;
}

#[test]
fn what_is_local_to_a_task_stays_there() {
    run(|| async {
        assert!(NUMBER.try_with(|_| ()).is_err());
        let inside = NUMBER.scope(1, async {
            yield_now().await;
            let inner = NUMBER.scope(2, async { NUMBER.get() }).await;
            let other = spawn(async { NUMBER.try_with(|_| ()).is_err() });
            (inner, NUMBER.get(), other.await.unwrap(), NUMBER.sync_scope(3, || NUMBER.get()))
        });
        assert_eq!(inside.await, (2, 1, true, 3));
        assert!(NUMBER.try_with(|_| ()).is_err());
        let mut kept = Box::pin(NUMBER.scope(4, pending::<()>()));
        assert!(poll(&mut kept).await.is_pending());
        assert_eq!(kept.as_mut().take_value(), Some(4));
    });
}

#[test]
fn to_yield_is_to_be_pending_once() {
    run(|| async {
        let mut yielding = waiting(yield_now()).await;
        assert!(poll(&mut yielding).await.is_ready());
        consume_budget().await;
        assert_eq!(unconstrained(async { 1 }).await, 1);
    });
}
