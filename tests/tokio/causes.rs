//! Why async tests fail: the cause names the orders of operations that matter, and no task that does not.

use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::{Mutex, mpsc};
use drawloom::tokio::{self, task};
use drawloom::{Config, StrategyKind, explore};
use std::sync::Arc;

/// The cause, on one line, and the report that has it.
#[track_caller]
fn cause<F: Future<Output = ()>>(workers: usize, body: impl Fn() -> F + Send + Sync) -> (String, String) {
    let mut told = None;
    for strategy in [StrategyKind::Auto, StrategyKind::Portfolio] {
        let report = explore(Config::new().strategy(strategy), || {
            let mut builder = match workers {
                0 => Builder::new_current_thread(),
                _ => Builder::new_multi_thread(),
            };
            builder.worker_threads(workers.max(1)).build().unwrap().block_on(body());
        });
        let text = report.to_string();
        let after = text.split("\ncause: ").nth(1).unwrap_or_else(|| panic!("no cause in\n{text}"));
        let words = after.split("\n\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        told = Some((words, text));
    }
    told.unwrap()
}

/// A task that has nothing to do with it, the first of each test.
fn bystander() {
    tokio::spawn(async { task::yield_now().await });
}

#[test]
fn two_locks_in_two_orders() {
    let (cause, report) = cause(0, || async {
        let (first, second) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let locks = [Arc::clone(&second), Arc::clone(&first)];
        bystander();
        let other = tokio::spawn(async move {
            let _one = locks[0].lock().await;
            let _two = locks[1].lock().await;
        });
        let one = first.lock().await;
        let two = second.lock().await;
        drop((one, two));
        other.await.unwrap();
    });
    assert!(report.starts_with("deadlock"), "{report}");
    let order = "it failed whenever this held";
    assert!(cause.starts_with(order), "{cause}");
    assert!(
        cause.contains("task 2's lock of `second`") && cause.contains("comes before main's lock of `second`"),
        "{cause}"
    );
    assert!(!cause.contains("task 1"), "{cause}");
}

async fn loses_an_update() {
    let count = Arc::new(Mutex::new(0));
    let adds = |count: Arc<Mutex<u32>>| async move {
        let before = *count.lock().await;
        *count.lock().await = before + 1;
    };
    bystander();
    let tasks = [1, 2].map(|_| tokio::spawn(adds(Arc::clone(&count))));
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*count.lock().await, 2, "an update is lost");
}

#[test]
fn a_check_before_an_act_of_another() {
    for workers in [0, 2] {
        let (cause, report) = cause(workers, loses_an_update);
        assert!(report.contains("an update is lost"), "{report}");
        assert!(cause.contains("comes before") && !cause.contains("task 1"), "{workers}: {cause}");
        assert!(cause.contains("the other way round"), "{workers}: {cause}");
    }
}

#[test]
fn a_test_that_always_fails() {
    let (cause, _) = cause(0, || async {
        let (sender, mut receiver) = mpsc::channel(1);
        bystander();
        tokio::spawn(async move { sender.send(1).await });
        assert_eq!(receiver.recv().await, Some(2));
    });
    assert!(cause.starts_with("it failed whatever the order of operations was"), "{cause}");
}
