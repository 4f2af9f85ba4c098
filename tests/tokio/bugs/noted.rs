//! What is no failure, and is noted: tasks that are left at the end, polls that block. And where a handle is awaited.

use drawloom::tokio::runtime::Builder;
use drawloom::tokio::sync::{mpsc, oneshot};
use drawloom::tokio::time::{Duration, interval, sleep, timeout};
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
            let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
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

/// The report of the failure, in one line.
fn told(report: &Report) -> String {
    assert!(report.failure().is_some(), "{report}");
    report.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_was_dropped_is_not_waited_for() {
    let stops = || async {
        let (_sender, receiver) = oneshot::channel::<u32>();
        let _ = timeout(Duration::from_secs(1), sleep(Duration::from_secs(5))).await;
        let waits = receiver;
        let _ = waits.await;
    };
    let told = told(&run(Config::new(), On::OneThread, stops));
    assert!(!told.contains("waits for time to pass"), "{told}");
    assert!(told.contains("main waits for a message in oneshot channel"), "{told}");
    // At the await, and not where the channel was made.
    let line =
        |text: &str| include_str!("noted.rs").lines().position(|line| line.trim() == text).unwrap() + 1;
    assert!(told.contains(&format!("noted.rs:{}:", line("let _ = waits.await;"))), "{told}");
    assert!(told.contains("timeout is over (virtual time: 1s)"), "{told}");
}

#[test]
fn timers_that_end_have_rows() {
    let report = run(Config::new(), On::OneThread, || async {
        let mut ticks = interval(Duration::from_millis(10));
        ticks.tick().await;
        ticks.tick().await;
        sleep(Duration::from_millis(5)).await;
        panic!("at the end");
    });
    let told = told(&report);
    for row in ["tick (virtual time: 0ns)", "tick (virtual time: 10ms)", "sleep is over (virtual time: 15ms)"]
    {
        assert!(told.contains(row), "no {row} in {told}");
    }
}

#[test]
fn a_cancelled_sleep_or_join_names_its_await() {
    let sleeps = || async {
        let _ = tokio::spawn(async { sleep(Duration::from_secs(1)).await }).await;
        panic!("whatever happens");
    };
    // Sampled, so that one of the executions drops the future while it sleeps.
    let told = (0..20).map(|seed| {
        let config = Config::new().cancel(1).seed(seed).strategy(drawloom::StrategyKind::RandomWalk);
        told(&run(config.shrink(false), On::OneThread, sleeps))
    });
    let told: Vec<String> = told.collect();
    assert!(told.iter().any(|told| told.contains("(sleep); in production")), "{told:#?}");
    assert!(told.iter().any(|told| told.contains("is dropped before its first poll")), "{told:#?}");
    assert!(told.iter().all(|told| !told.contains("while it was pending")), "{told:#?}");
}

#[test]
fn messages_that_nobody_receives_are_told() {
    let loses = || async {
        let (sender, receiver) = mpsc::channel::<u32>(2);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        drop(receiver);
        let (answer, asked) = oneshot::channel();
        answer.send(3).unwrap();
        drop(asked);
    };
    let report = run(Config::new(), On::OneThread, loses);
    let words = ["2 messages in the mpsc channel made at", "a message in the oneshot channel made at"];
    assert!(report.passed() && has_note(&report, &words), "{report}");
    let report = run(Config::new().leaks(Policy::Deny), On::OneThread, loses);
    assert_eq!(report.failure().map(|failure| failure.kind()), Some(FailureKind::Leak), "{report}");
    let told = told(&report);
    assert!(told.contains(", with 2 messages in it"), "{told}");
}

#[test]
fn a_loop_that_ticks_is_told_as_that() {
    let config = Config::new().max_steps(20_000);
    let report = run(config, On::OneThread, || async {
        let mut ticks = interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
        }
    });
    let told = told(&report);
    assert!(told.contains("waits for time again and again"), "{told}");
}

#[test]
fn the_time_that_an_exploration_has_is_kept() {
    let config = Config::new().strategy(drawloom::StrategyKind::Exhaustive).time(Duration::from_millis(50));
    let report = run(config, On::OneThread, || async {
        let (sender, mut receiver) = mpsc::channel(1);
        let sends = (0..4).map(|number| {
            let sender = sender.clone();
            tokio::spawn(async move {
                for _ in 0..4 {
                    sender.send(number).await.unwrap();
                }
            })
        });
        let sends: Vec<_> = sends.collect();
        drop(sender);
        while receiver.recv().await.is_some() {}
        for task in sends {
            task.await.unwrap();
        }
    });
    assert_eq!(report.failure().map(|failure| failure.kind()), Some(FailureKind::Unverified), "{report}");
}

#[test]
fn a_schedule_of_another_test_is_told() {
    let long = run(Config::new(), On::OneThread, || async {
        for _ in 0..9 {
            tokio::task::yield_now().await;
        }
        panic!("at the end");
    });
    let token = long.failure().unwrap().token().to_owned();
    let report = run(Config::new().replay(&token), On::OneThread, || async {});
    assert!(report.passed() && has_note(&report, &["the schedule no longer fits the test"]), "{report}");
}

#[test]
fn tokio_itself_is_recognized() {
    let report = run(Config::new(), On::OneThread, || async {
        ::tokio::task::spawn(async {}).await.unwrap();
    });
    assert!(told(&report).contains("what says this is tokio itself"), "{report}");
    // Outside of a runtime drawloom's says the same.
    let report = explore(Config::new(), || drop(tokio::spawn(async {})));
    assert!(!told(&report).contains("tokio itself"), "{report}");
}
