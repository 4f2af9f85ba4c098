//! Where a task gives way although it could go on, as tokio's cooperative budget has it: at operations that use the budget, and in a
//! `select!` never at the first that goes on. What is right was seen with tokio 1.54, budgets of 0 to 300 operations.

use std::future::ready;

use drawloom::sync::Arc;
use drawloom::sync::atomic::{AtomicU32, Ordering::SeqCst};
use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::{Barrier, Mutex, Notify, broadcast, mpsc, oneshot, watch};
use drawloom::tokio::task::consume_budget;
use drawloom::tokio::task::coop::has_budget_remaining;
use drawloom::tokio::{self, spawn};
use drawloom::{Config, Coverage, StrategyKind, explore};

fn runs(body: impl AsyncFn() + Sync) -> drawloom::Report {
    explore(Config::new(), || Builder::new_current_thread().enable_all().build().unwrap().block_on(body()))
}

/// Whether another task may run while this one awaits something that is ready.
fn gives_way<F: Future>(operation: impl Fn() -> F + Sync) -> bool {
    let report = runs(async || {
        let flag = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&flag);
        let other = spawn(async move { theirs.store(1, SeqCst) });
        operation().await;
        assert_eq!(flag.load(SeqCst), 0, "the other task has run");
        other.await.unwrap();
    });
    assert!(report.passed() || report.to_string().contains("the other task has run"), "{report}");
    !report.passed()
}

#[test]
fn what_uses_no_budget_does_not_give_way() {
    let notified = || async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notified().await;
    };
    assert!(!gives_way(notified));
    assert!(!gives_way(|| async { assert!(Barrier::new(1).wait().await.is_leader()) }));
    let bounded = || async {
        let (sender, receiver) = mpsc::channel::<u8>(1);
        drop(receiver);
        sender.closed().await;
    };
    assert!(!gives_way(bounded));
    let unbounded = || async {
        let (sender, receiver) = mpsc::unbounded_channel::<u8>();
        drop(receiver);
        sender.closed().await;
    };
    assert!(!gives_way(unbounded));
    let broadcast = || async {
        let (sender, receiver) = broadcast::channel::<u8>(1);
        drop(receiver);
        sender.closed().await;
    };
    assert!(!gives_way(broadcast));
}

#[test]
fn what_uses_the_budget_may_give_way() {
    let wait_for = || async {
        let (_sender, mut receiver) = watch::channel(1);
        drop(receiver.wait_for(|value| *value == 1).await.unwrap());
    };
    assert!(gives_way(wait_for));
    let closed = || async {
        let (mut sender, receiver) = oneshot::channel::<u8>();
        drop(receiver);
        sender.closed().await;
    };
    assert!(gives_way(closed));
    assert!(gives_way(|| async { drop(Mutex::new(0).lock().await) }));
    assert!(gives_way(consume_budget));
}

/// Once asked, a task that has something left of its budget goes on.
#[test]
fn the_first_operation_of_a_select_goes_on() {
    let report = runs(async || {
        let (sender, mut inbox) = mpsc::channel::<u8>(1);
        sender.try_send(1).unwrap();
        let other = spawn(async {});
        tokio::select! { biased;
            message = inbox.recv() => assert_eq!(message, Some(1)),
            () = ready(()) => panic!("there is a message"),
        }
        other.await.unwrap();
    });
    assert!(report.passed(), "{report}");
    let locks = runs(async || {
        let mutex = Mutex::new(0);
        let other = spawn(async {});
        tokio::select! { biased;
            _guard = mutex.lock() => {}
            () = ready(()) => panic!("nobody has the lock"),
        }
        other.await.unwrap();
    });
    assert!(locks.passed(), "{locks}");
    // A second one may find the budget used up.
    let two = runs(async || {
        let (first, second) = (Mutex::new(0), Mutex::new(0));
        let other = spawn(async {});
        let both = async {
            let _first = first.lock().await;
            let _second = second.lock().await;
        };
        tokio::select! { biased;
            () = both => {}
            () = ready(()) => panic!("the budget is used up"),
        }
        other.await.unwrap();
    });
    assert!(two.to_string().contains("the budget is used up"), "{two}");
}

#[test]
fn what_is_left_of_the_budget_may_be_nothing() {
    let report = runs(async || {
        let other = spawn(async {});
        consume_budget().await;
        assert!(has_budget_remaining(), "the budget is used up");
        other.await.unwrap();
    });
    assert!(report.to_string().contains("the budget is used up"), "{report}");
    let at_first = runs(async || assert!(has_budget_remaining()));
    assert!(at_first.passed(), "{at_first}");
}

/// What tokio shows, and what the exploration of every execution has, of two tasks that yield so often.
#[test]
fn tasks_that_yield_often_are_found_in_every_order() {
    for (one, two) in [(1, 3), (2, 3), (3, 3), (2, 4)] {
        let outcomes = |config: Config| {
            let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
            let report = explore(config.shrink(false), || {
                Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                    let last = Arc::new(AtomicU32::new(0));
                    let yields = |times: u32, number: u32| {
                        let last = Arc::clone(&last);
                        async move {
                            for _ in 0..times {
                                tokio::task::yield_now().await;
                            }
                            last.swap(number, SeqCst)
                        }
                    };
                    let (one, two) = (spawn(yields(one, 1)), spawn(yields(two, 2)));
                    let outcome = (one.await.unwrap(), two.await.unwrap());
                    seen.lock().unwrap().insert(outcome);
                });
            });
            (seen.into_inner().unwrap(), report)
        };
        let (explored, report) = outcomes(Config::new().strategy(StrategyKind::Exhaustive));
        assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
        let (sampled, report) = outcomes(Config::new().strategy(StrategyKind::RandomWalk).executions(2_000));
        assert!(
            sampled.is_subset(&explored),
            "{one} and {two} yields: {explored:?} only, but {sampled:?}: {report}"
        );
    }
}

/// A task that is woken in the poll in which it yields is ready at once, and those that yield come after it: tokio shows that.
#[test]
fn in_order_a_task_that_is_awake_does_not_wait() {
    let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let report = explore(Config::new().fifo(true), || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let last = Arc::new(AtomicU32::new(0));
            let (first, second) = (Arc::clone(&last), Arc::clone(&last));
            let one = spawn(async move {
                let notify = Notify::new();
                tokio::select! {
                    biased;
                    () = notify.notified() => {}
                    () = async { notify.notify_waiters() } => {}
                }
                tokio::task::yield_now().await;
                first.swap(1, SeqCst)
            });
            let two = spawn(async move {
                tokio::task::yield_now().await;
                second.swap(2, SeqCst)
            });
            let outcome = (one.await.unwrap(), two.await.unwrap());
            seen.lock().unwrap().insert(outcome);
        });
    });
    assert!(report.passed(), "{report}");
    assert!(seen.into_inner().unwrap().contains(&(0, 1)));
}

/// In the order of tokio's queue a task that gives way twice lets others run twice, also where it has done nothing between but go on with
/// what it had taken.
#[test]
fn in_order_a_task_may_give_way_twice_in_a_row() {
    let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let report = explore(Config::new().fifo(true), || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let lock = Mutex::new(());
            let (sender, receiver) = mpsc::channel(1);
            let other = spawn(async move {
                tokio::task::yield_now().await;
                drop(receiver);
            });
            let guard = lock.lock().await;
            let has_sent = tokio::select! {
                _ = lock.lock() => unreachable!("it is taken"),
                sent = sender.send(()) => sent.is_ok(),
            };
            drop(guard);
            seen.lock().unwrap().insert(has_sent);
            other.await.unwrap();
        });
    });
    assert!(report.passed(), "{report}");
    // Polled once it has yielded, and a second time it drops the receiver: tokio shows both.
    assert_eq!(seen.into_inner().unwrap(), [false, true].into());
}
