//! How runtimes, tasks and timers begin and end, as tokio has it: programs that a model of it got wrong once.

use std::collections::BTreeSet;
use std::future::{pending, poll_fn, ready};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use drawloom::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use drawloom::sync::{Arc, mpsc};
use drawloom::tokio::runtime::{Builder, Handle, Runtime};
use drawloom::tokio::sync::oneshot;
use drawloom::tokio::task::{JoinSet, LocalSet, block_in_place, spawn_blocking, spawn_local, yield_now};
use drawloom::tokio::time::{Duration, Instant, interval, sleep, sleep_until, timeout};
use drawloom::tokio::{self, spawn};
use drawloom::{Config, Coverage, Policy, StrategyKind, explore, thread};

fn current() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_all().build().unwrap()
}

/// What `body` returns in all executions; what is sampled is among it.
#[track_caller]
fn outcomes<T: Ord + Send + std::fmt::Debug>(body: impl Fn() -> T + Sync) -> Vec<T> {
    let found = Mutex::new(BTreeSet::new());
    let note = || {
        let outcome = body();
        found.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    };
    let report = explore(Config::new(), note);
    assert!(report.passed(), "{report}");
    let is_verified = report.coverage() == Some(Coverage::Verified);
    let explored = found.lock().unwrap_or_else(PoisonError::into_inner).len();
    let sampled = explore(Config::new().strategy(StrategyKind::RandomWalk).executions(300), note);
    assert!(sampled.passed(), "{sampled}");
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(!is_verified || found.len() == explored, "{found:?}, of which {explored} verified");
    found.into_iter().collect()
}

#[track_caller]
fn passes(body: impl Fn() + Sync) {
    outcomes(body);
}

#[test]
fn a_runtime_that_is_shut_down_in_the_background_may_poll_its_tasks() {
    let stored = outcomes(|| {
        let stored = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&stored);
        let runtime = workers(1);
        let task = runtime.spawn(async move { theirs.store(true, SeqCst) });
        runtime.shutdown_background();
        let is_told = current().block_on(task).is_ok();
        (is_told, stored.load(SeqCst))
    });
    assert_eq!(stored, [(false, false), (true, true)]);
    passes(|| {
        let runtime = workers(1);
        let _task = runtime.spawn(pending::<()>());
        runtime.shutdown_background();
        current().block_on(async {
            let (sender, receiver) = oneshot::channel::<()>();
            let thread = thread::spawn(move || {
                thread::yield_now();
                sender.send(()).unwrap();
            });
            receiver.await.unwrap();
            thread.join().unwrap();
        });
    });
    // Where a runtime must not be dropped, as that would block.
    passes(|| current().block_on(async { workers(1).shutdown_background() }));
}

#[test]
fn tasks_are_dropped_before_blocking_work_is_waited_for() {
    for is_multi in [false, true] {
        passes(move || {
            let runtime = if is_multi { workers(1) } else { current() };
            let (sender, receiver) = mpsc::channel::<()>();
            runtime.block_on(async {
                spawn(async move {
                    let _sender = sender;
                    pending::<()>().await;
                });
                let (begun, begins) = oneshot::channel();
                spawn_blocking(move || {
                    begun.send(()).unwrap();
                    let _ = receiver.recv();
                });
                begins.await.unwrap();
            });
            drop(runtime);
        });
    }
}

#[test]
fn blocking_work_that_waits_for_a_thread_is_done_when_the_runtime_ends() {
    let done = outcomes(|| {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let done = Arc::new(AtomicU32::new(0));
        let (begun, begins) = oneshot::channel();
        let (first, second) = (Arc::clone(&done), Arc::clone(&done));
        runtime.spawn_blocking(move || {
            begun.send(()).unwrap();
            first.fetch_add(1, SeqCst);
        });
        runtime.spawn_blocking(move || second.fetch_add(10, SeqCst));
        runtime.block_on(begins).unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let late = handle.spawn_blocking(|| ());
        assert!(current().block_on(late).unwrap_err().is_cancelled());
        done.load(SeqCst)
    });
    assert_eq!(done, [11]);
}

#[test]
fn blocking_work_is_aborted_before_it_begins() {
    passes(|| {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (go, wait) = mpsc::channel::<()>();
            let first = spawn_blocking(move || wait.recv().unwrap());
            let second = spawn_blocking(|| ());
            second.abort();
            go.send(()).unwrap();
            first.await.unwrap();
            assert!(second.await.unwrap_err().is_cancelled());
        });
    });
    let runs = outcomes(|| {
        current().block_on(async {
            let task = spawn_blocking(|| ());
            task.abort();
            task.await.is_ok()
        })
    });
    assert_eq!(runs, [false, true]);
}

#[test]
fn a_timeout_that_is_over_may_let_others_go_first() {
    let answers = outcomes(|| {
        current().block_on(async {
            let (sender, receiver) = oneshot::channel();
            let other = spawn(async move { sender.send(1) });
            let is_answered = timeout(Duration::ZERO, receiver).await.is_ok();
            let _ = other.await.unwrap();
            is_answered
        })
    });
    assert_eq!(answers, [false, true]);
}

#[test]
fn timers_ring_at_whole_milliseconds() {
    let micros = Duration::from_micros;
    let is_over = outcomes(|| {
        current().block_on(async { timeout(micros(1_500), sleep(micros(1_700))).await.is_err() })
    });
    // The future is polled first.
    assert_eq!(is_over, [false]);
    let elapsed = outcomes(|| {
        current().block_on(async {
            let start = Instant::now();
            sleep(micros(100)).await;
            start.elapsed()
        })
    });
    assert_eq!(elapsed, [Duration::from_millis(1)]);
    let first = outcomes(|| {
        current().block_on(async {
            let start = Instant::now();
            let late = spawn(sleep_until(start + micros(20_900)));
            let early = spawn(sleep_until(start + micros(20_850)));
            tokio::select! { biased; _ = late => 1, _ = early => 2 }
        })
    });
    assert_eq!(first, [1, 2]);
}

#[test]
fn a_timer_that_is_reset_wakes_who_waits_for_it() {
    for (first, second) in [(5, 9), (20, 5)] {
        let elapsed = outcomes(move || {
            current().block_on(async {
                let start = Instant::now();
                let mut timer = Box::pin(sleep(Duration::from_millis(first)));
                let mut is_new = true;
                poll_fn(|context| {
                    let result = timer.as_mut().poll(context);
                    if std::mem::take(&mut is_new) {
                        timer.as_mut().reset(start + Duration::from_millis(second));
                    }
                    result
                })
                .await;
                start.elapsed()
            })
        });
        assert!(elapsed.contains(&Duration::from_millis(second)) && elapsed.len() == 1, "{elapsed:?}");
    }
    passes(|| {
        current().block_on(async {
            interval(Duration::MAX).tick().await;
        });
    });
}

#[test]
fn a_set_of_local_tasks_cancels_its_own_only() {
    passes(|| {
        current().block_on(async {
            let local = LocalSet::new();
            local.run_until(async { spawn_local(async {}).await.unwrap() }).await;
            let other = spawn(ready(7));
            drop(local);
            assert_eq!(other.await.unwrap(), 7);
        });
    });
    // Never driven.
    passes(|| {
        let local = LocalSet::new();
        let kept = Arc::new(());
        let theirs = Arc::clone(&kept);
        let task = local.spawn_local(async move { drop(theirs) });
        drop(local);
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(current().block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn what_blocks_in_place_is_outside_of_its_task() {
    passes(|| {
        let nested = workers(1).block_on(async {
            let task = spawn(async {
                let (sender, receiver) = oneshot::channel();
                block_in_place(|| {
                    Handle::current().block_on(async { yield_now().await });
                    sender.send(1).unwrap();
                    drop(current());
                    receiver.blocking_recv().unwrap()
                })
            });
            task.await.unwrap()
        });
        assert_eq!(nested, 1);
    });
    // There are no more workers afterwards.
    let sums = outcomes(|| {
        let runtime = workers(1);
        let sum = Arc::new(AtomicU32::new(0));
        runtime.block_on(async {
            spawn(async { block_in_place(|| ()) }).await.unwrap();
            let tasks: Vec<_> = (0..2)
                .map(|_| {
                    let sum = Arc::clone(&sum);
                    spawn(async move { sum.store(sum.load(SeqCst) + 1, SeqCst) })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        sum.load(SeqCst)
    });
    assert_eq!(sums, [2]);
}

#[test]
fn a_result_that_nobody_wants_may_panic_when_it_is_dropped() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("in drop");
            }
        }
    }
    let report = explore(Config::new(), || {
        let runtime = current();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                drop(spawn(async { Bad }));
                yield_now().await;
            });
        }));
        assert!(result.is_ok());
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn a_set_that_is_asked_goes_on_waiting() {
    passes(|| {
        current().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async {
                yield_now().await;
                3
            });
            let result = poll_fn(|context| {
                if let Poll::Ready(result) = set.poll_join_next(context) {
                    return Poll::Ready(result);
                }
                match set.try_join_next() {
                    Some(result) => Poll::Ready(Some(result)),
                    None => Poll::Pending,
                }
            });
            assert_eq!(result.await.unwrap().unwrap(), 3);
        });
    });
}

#[test]
fn an_aborted_task_is_not_left() {
    let report = explore(Config::new().leaks(Policy::Deny), || {
        current().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>());
            yield_now().await;
            drop(set);
        });
    });
    assert!(report.passed(), "{report}");
}

/// Calls a function when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_task_that_is_polled_while_another_thread_unwinds_stays() {
    passes(|| {
        workers(2).block_on(async {
            let lock = Arc::new(tokio::sync::Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let panics = spawn(async move {
                let _held = theirs.lock().await;
                panic!("it is handled");
            });
            let goes_on = spawn(async move {
                yield_now().await;
                *lock.lock().await += 1;
            });
            assert!(panics.await.is_err());
            goes_on.await.unwrap();
        });
    });
}

#[test]
fn a_sleep_goes_on_in_the_next_block_on() {
    passes(|| {
        let runtime = current();
        let handle = runtime.handle().clone();
        let begins = thread::spawn(move || {
            let mut kept = None;
            handle.block_on(async {
                let sleep = kept.insert(Box::pin(sleep(Duration::from_millis(5))));
                poll_fn(|context| {
                    let _ = sleep.as_mut().poll(context);
                    Poll::Ready(())
                })
                .await;
            });
            kept.unwrap()
        });
        runtime.block_on(begins.join().unwrap());
    });
}

#[test]
fn a_sleep_of_a_runtime_that_has_ended_panics() {
    let report = explore(Config::new(), || {
        let ends = current();
        let late = {
            let _entered = ends.enter();
            Box::pin(sleep(Duration::from_millis(5)))
        };
        drop(ends);
        current().block_on(late);
    });
    let failure = report.failure().unwrap();
    assert!(failure.message().contains("it is being shutdown"), "{report}");
}

/// A worker that blocks is freed by what another worker drops.
#[test]
fn each_worker_drops_tasks_at_the_end() {
    passes(|| {
        let runtime = workers(2);
        let (sender, receiver) = mpsc::channel::<()>();
        runtime.spawn(async move {
            let _sender = sender;
            pending::<()>().await;
        });
        let (begins, has_begun) = oneshot::channel();
        runtime.spawn(async move {
            begins.send(()).unwrap();
            let _ = receiver.recv();
        });
        has_begun.blocking_recv().unwrap();
        drop(runtime);
    });
}

/// Destructors of two tasks run on two workers at once, or in an order that is named.
#[test]
fn destructors_at_the_end_run_at_once() {
    let counts = |is_read_apart: bool| {
        move || {
            let runtime = workers(2);
            let count = Arc::new(AtomicU32::new(0));
            for _ in 0..2 {
                let theirs = Arc::clone(&count);
                let counts = OnDrop(move || match is_read_apart {
                    true => theirs.store(theirs.load(SeqCst) + 1, SeqCst),
                    false => drop(theirs.fetch_add(1, SeqCst)),
                });
                runtime.spawn(async move {
                    let _counts = counts;
                    pending::<()>().await;
                });
            }
            drop(runtime);
            count.load(SeqCst)
        }
    };
    assert_eq!(outcomes(counts(true)), [1, 2]);
    assert_eq!(outcomes(counts(false)), [2]);

    let report = explore(Config::new(), || {
        let runtime = current();
        let first = Arc::new(AtomicU32::new(0));
        for number in 1..3 {
            let theirs = Arc::clone(&first);
            let tells = OnDrop(move || {
                let _ = theirs.compare_exchange(0, number, SeqCst, SeqCst);
            });
            runtime.spawn(async move {
                let _tells = tells;
                pending::<()>().await;
            });
        }
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    let says = "tasks that are left are dropped in the order of spawning";
    assert!(report.to_string().contains(says), "{report}");
}

#[test]
fn a_panic_of_work_that_was_aborted_is_its_own() {
    passes(|| {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let (go, wait) = mpsc::channel::<()>();
            let first = spawn_blocking(move || {
                let _ = wait.recv();
            });
            let panics = OnDrop(|| panic!("in a destructor"));
            let second = spawn_blocking(move || {
                let _panics = &panics;
            });
            second.abort();
            go.send(()).unwrap();
            first.await.unwrap();
            assert!(second.await.unwrap_err().is_panic());
        });
    });
}

#[test]
fn a_sleep_that_is_reset_is_over_though_nobody_polls_it() {
    passes(|| {
        current().block_on(async {
            let mut long = Box::pin(sleep(Duration::from_millis(50)));
            long.as_mut().reset(Instant::now() + Duration::from_millis(1));
            sleep(Duration::from_millis(5)).await;
            assert!(long.is_elapsed());
        });
    });
}

/// What a thread asks for while the runtime ends is done, or cancelled.
#[test]
fn work_that_comes_while_the_runtime_ends_is_done_or_not() {
    let found = outcomes(|| {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let asks = thread::spawn(move || handle.spawn_blocking(|| 1));
        drop(runtime);
        current().block_on(asks.join().unwrap()).is_ok()
    });
    assert_eq!(found, [false, true]);
}

#[test]
fn a_shutdown_with_a_timeout_waits_for_work() {
    let found = |work: u64, timeout: u64| {
        outcomes(move || {
            let runtime = workers(1);
            let is_done = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&is_done);
            let (begins, has_begun) = oneshot::channel();
            runtime.spawn_blocking(move || {
                begins.send(()).unwrap();
                thread::sleep(Duration::from_millis(work));
                theirs.store(true, SeqCst);
            });
            runtime.block_on(has_begun).unwrap();
            runtime.shutdown_timeout(Duration::from_millis(timeout));
            let was_done = is_done.load(SeqCst);
            while !is_done.load(SeqCst) {
                thread::yield_now();
            }
            was_done
        })
    };
    assert_eq!(found(2, 2_000), [true]);
    assert_eq!(found(2_000, 2), [false]);
}

#[test]
fn work_that_tokio_may_drop_at_the_end_is_named() {
    let says = |report: &drawloom::Report| {
        report.to_string().contains("blocking work that has not begun when its runtime ends is done")
    };
    let report = explore(Config::new(), || {
        let runtime = current();
        runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
        runtime.spawn_blocking(|| ());
    });
    assert!(report.passed() && says(&report), "{report}");
    let report = explore(Config::new(), || {
        current().spawn_blocking(|| ());
    });
    assert!(report.passed() && !says(&report), "{report}");
}

/// The threads that may block take work as long as destructors of tasks can ask for it.
#[test]
fn a_destructor_starts_work_at_the_end() {
    let found = outcomes(|| {
        let runtime = current();
        let is_done = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&is_done);
        let asks = OnDrop(move || {
            let theirs = Arc::clone(&theirs);
            spawn_blocking(move || theirs.store(true, SeqCst));
        });
        runtime.spawn(async move {
            let _asks = asks;
            pending::<()>().await;
        });
        drop(runtime);
        is_done.load(SeqCst)
    });
    assert_eq!(found, [true]);
}

#[test]
fn counts_of_channel_ends_are_named() {
    let says = |report: &drawloom::Report| {
        report.to_string().contains("the counts of channel ends and tasks are not explored")
    };
    let report = explore(Config::new(), || {
        let (sender, receiver) = tokio::sync::mpsc::channel::<()>(1);
        let clones = thread::spawn(move || drop(sender.clone()));
        let _ = receiver.sender_strong_count();
        clones.join().unwrap();
    });
    assert!(says(&report), "{report}");
    let report = explore(Config::new(), || {
        let (sender, mut receiver) = tokio::sync::watch::channel(0);
        let sends = thread::spawn(move || {
            let _ = sender.send(1);
        });
        let _ = current().block_on(receiver.changed());
        sends.join().unwrap();
    });
    assert!(!says(&report), "{report}");
}
