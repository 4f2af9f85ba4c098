//! What is no failure, and is noted: tasks that are left at the end, polls that block. And where a handle is awaited.

use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::{mpsc, oneshot};
use drawloom::tokio::{self, task::JoinHandle};
use drawloom::{Config, FailureKind, Policy, Report, explore, thread};

use super::{On, run};

fn has_note(report: &Report, words: &[&str]) -> bool {
    // Where lines are broken is the report's concern.
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    words.iter().all(|words| text.contains(words)) && text.contains("note:")
}

#[test]
fn tasks_that_are_left_are_told() {
    let leaves = || async {
        let (sender, receiver) = oneshot::channel::<()>();
        drop(tokio::spawn(async move {
            let _ = receiver.await;
        }));
        tokio::task::yield_now().await;
        drop(sender);
    };
    let report = run(Config::new(), On::OneThread, leaves);
    let words = ["the task spawned at tests/tokio/bugs/noted.rs:", "nobody has awaited its handle"];
    assert!(report.passed() && has_note(&report, &words), "{report}");
    let report = run(Config::new().leaks(Policy::Deny), On::OneThread, leaves);
    assert!(report.failure().is_some_and(|failure| failure.kind() == FailureKind::Leak), "{report}");
    let report = run(Config::new().leaks(Policy::Allow), On::OneThread, leaves);
    assert!(report.passed() && !has_note(&report, &[]), "{report}");

    let waits = || async {
        let (_sender, receiver) = oneshot::channel::<()>();
        let mut task = tokio::spawn(async move {
            let _ = receiver.await;
        });
        tokio::select! {
            biased;
            _ = &mut task => {}
            () = std::future::ready(()) => {}
        }
        std::mem::forget(_sender);
    };
    let report = run(Config::new(), On::OneThread, waits);
    let words = ["the task spawned at tests/tokio/bugs/noted.rs:"];
    assert!(has_note(&report, &words) && !has_note(&report, &["nobody"]), "{report}");
}

#[test]
fn what_has_ended_or_was_aborted_is_not_left() {
    let report = run(Config::new(), On::OneThread, || async {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        assert!(task.await.is_err());
        tokio::spawn(async {}).await.unwrap();
    });
    assert!(report.passed() && !has_note(&report, &[]), "{report}");
}

#[test]
fn a_poll_that_blocks_is_told_although_other_workers_go_on() {
    let blocks = |in_place: bool| {
        explore(Config::new(), move || {
            let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
            let (sender, receiver) = drawloom::sync::mpsc::channel();
            runtime.block_on(async {
                let wait = move || receiver.recv().unwrap();
                let waits = match in_place {
                    true => tokio::spawn(async move { wait() }),
                    false => tokio::task::spawn_blocking(wait),
                };
                tokio::spawn(async move { sender.send(1).unwrap() }).await.unwrap();
                assert_eq!(waits.await.unwrap(), 1);
            });
        })
    };
    let words = ["a poll blocks its thread at tests/tokio/bugs/noted.rs:", "(receive)", "spawn_blocking"];
    let report = blocks(true);
    assert!(report.passed() && has_note(&report, &words), "{report}");
    let report = blocks(false);
    assert!(report.passed() && !has_note(&report, &[]), "{report}");
}

#[test]
fn a_poll_that_sleeps_on_the_only_thread_is_told() {
    let report = run(Config::new(), On::OneThread, || async {
        let other = tokio::spawn(async {});
        thread::sleep(std::time::Duration::from_secs(1));
        other.await.unwrap();
    });
    assert!(report.passed() && has_note(&report, &["a poll blocks its thread", "(sleep)"]), "{report}");
}

/// Awaits a task where nobody has spawned it.
async fn awaits(task: JoinHandle<()>) {
    task.await.unwrap();
}

#[test]
fn a_handle_waits_where_it_is_awaited() {
    let report = run(Config::new(), On::OneThread, || async {
        let task = tokio::spawn(std::future::pending::<()>());
        awaits(task).await;
    });
    assert!(report.failure().is_some_and(|failure| failure.kind() == FailureKind::Deadlock), "{report}");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("| task.await.unwrap(); | ^^^^^ main waits here"), "{report}");
}

/// Sends without waiting, and receives some of it in between.
async fn sends_ahead(receives: u32) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for number in 0..4 {
        sender.send(number).unwrap();
        if number < receives {
            assert_eq!(receiver.recv().await, Some(number));
        }
    }
    let mut rest = Vec::new();
    receiver.recv_many(&mut rest, 10).await;
    assert_eq!(rest.len() as u32, 4 - receives);
}

#[test]
fn a_channel_without_bound_has_a_limit_if_one_is_set() {
    let report = run(Config::new().max_queued(3), On::OneThread, || sends_ahead(0));
    let failure = report.failure().expect("it holds four messages");
    assert_eq!(failure.kind(), FailureKind::QueueLimit, "{report}");
    assert!(failure.message().contains("tests/tokio/bugs/noted.rs"), "{report}");
    let report = run(Config::new().max_queued(3), On::OneThread, || sends_ahead(1));
    assert!(report.passed(), "{report}");
}
