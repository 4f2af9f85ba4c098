//! What an execution leaves behind: daemons, guards that were forgotten, messages that nobody received.

use std::mem::forget;
use std::time::Duration;

use drawloom::sync::{Arc, Mutex, RwLock, mpsc};
use drawloom::thread::{Builder, BuilderExt};
use drawloom::{Config, FailureKind, Policy, Report, StrategyKind, explore, thread};

fn both() -> [Config; 2] {
    [Config::new(), Config::new().strategy(StrategyKind::Portfolio).executions(300)]
}

#[track_caller]
fn passes(config: &Config, body: impl Fn() + Send + Sync) -> Report {
    let report = explore(config.clone(), body);
    assert!(report.passed(), "{report}");
    report
}

/// A worker that answers for as long as there are questions, and a ticker that never ends.
fn serve(daemons: bool) {
    let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
        let builder = Builder::new().name(name.to_owned());
        let builder = if daemons { builder.daemon() } else { builder };
        builder.spawn(body).unwrap();
    };
    let (questions, incoming) = mpsc::channel::<mpsc::Sender<u32>>();
    let worker = move || incoming.iter().for_each(|answer| answer.send(42).unwrap());
    spawn("worker", Box::new(worker));
    let ticks = Arc::new(Mutex::new(0));
    let count = Arc::clone(&ticks);
    let ticker = move || {
        loop {
            thread::sleep(Duration::from_millis(10));
            *count.lock().unwrap() += 1;
        }
    };
    spawn("ticker", Box::new(ticker));
    let (answer, answers) = mpsc::channel();
    questions.send(answer).unwrap();
    assert_eq!(answers.recv(), Ok(42));
    forget(questions);
    assert!(*ticks.lock().unwrap() < 100);
}

#[test]
fn executions_end_when_daemons_are_all_that_is_left() {
    for config in both() {
        passes(&config, || serve(true));
        passes(&config.clone().daemons(true), || serve(false));
        let report = explore(config.max_steps(1_000), || serve(false));
        assert!(!report.passed(), "{report}");
    }
}

#[test]
fn what_a_daemon_does_before_the_end_counts() {
    let body = || {
        let number = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&number);
        let daemon = move || *theirs.lock().unwrap() = 1;
        Builder::new().daemon().spawn(daemon).unwrap();
        assert_eq!(*number.lock().unwrap(), 0, "the daemon was first");
    };
    for config in both() {
        let report = explore(config, body);
        assert!(report.failed_with(FailureKind::Panic), "{report}");
        let again = explore(Config::new().replay(report.failure().unwrap().token()), body);
        assert!(again.failed_with(FailureKind::Panic), "{again}");
    }
}

#[test]
fn a_daemon_that_panics_fails_the_test() {
    for config in both() {
        let report = explore(config, || {
            let daemon = || panic!("the daemon fails");
            Builder::new().daemon().spawn(daemon).unwrap();
            thread::yield_now();
        });
        assert!(report.failed_with(FailureKind::Panic), "{report}");
    }
}

#[test]
fn outside_of_an_exploration_a_daemon_is_a_thread() {
    assert_eq!(Builder::new().daemon().spawn(|| 1).unwrap().join().unwrap(), 1);
    assert_eq!(std::thread::Builder::new().daemon().spawn(|| 2).unwrap().join().unwrap(), 2);
}

fn forgets_a_guard() {
    let lock = Arc::new(RwLock::new(()));
    forget(lock.read().unwrap());
}

fn leaves_messages() {
    let (sender, receiver) = mpsc::channel();
    (0..3).for_each(|message| sender.send(message).unwrap());
    assert_eq!(receiver.recv(), Ok(0));
}

#[test]
fn guards_and_messages_that_are_left_are_told() {
    for config in both() {
        let text = format!("{:200}", passes(&config, forgets_a_guard));
        assert!(text.contains("note: a guard of the RwLock made at tests/leaks.rs:"), "{text}");
        assert!(text.contains("was never dropped; it was taken by main at tests/leaks.rs:"), "{text}");
        let text = format!("{:200}", passes(&config, leaves_messages));
        assert!(text.contains("note: 2 messages in the channel made at tests/leaks.rs:"), "{text}");
        assert!(text.contains("were never received"), "{text}");
    }
}

#[test]
fn what_is_left_is_a_failure_where_that_is_denied_and_nothing_where_it_is_allowed() {
    for config in both() {
        for body in [forgets_a_guard, leaves_messages] {
            let report = explore(config.clone().leaks(Policy::Deny), body);
            assert!(report.failed_with(FailureKind::Leak), "{report}");
            let allowed = passes(&config.clone().leaks(Policy::Allow), body);
            assert!(!allowed.to_string().contains("note:"), "{allowed}");
        }
    }
}

#[test]
fn nothing_is_told_of_what_is_in_order() {
    for config in both() {
        let report = passes(&config, || {
            let (sender, receiver) = mpsc::channel();
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let thread = thread::spawn(move || {
                *theirs.lock().unwrap() += 1;
                sender.send(1).unwrap();
            });
            assert_eq!(receiver.recv(), Ok(1));
            thread.join().unwrap();
        });
        assert!(!report.to_string().contains("note:"), "{report}");
    }
}

#[drawloom::test(daemons = true, leaks = "deny")]
fn the_attribute_takes_both() {
    serve(false);
}
