//! What an execution leaves behind: daemons, guards that were forgotten, messages that nobody received, memory that `alloc` sees.

use std::mem::forget;
use std::time::Duration;

use drawloom::alloc::{Layout, Track, alloc, alloc_zeroed, dealloc};
use drawloom::cell::Shadow;
use drawloom::sync::{Arc, Mutex, RwLock, mpsc};
use drawloom::thread::{Builder, BuilderExt};
use drawloom::{Config, FailureKind, Policy, Report, StrategyKind, explore, thread};

use crate::{fails, passes};

fn both() -> [Config; 2] {
    [Config::new(), Config::new().strategy(StrategyKind::Portfolio).executions(300)]
}

#[track_caller]
fn passes_under(config: &Config, body: impl Fn() + Send + Sync) -> Report {
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
        passes_under(&config, || serve(true));
        passes_under(&config.clone().daemons(true), || serve(false));
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
        let text = format!("{:200}", passes_under(&config, forgets_a_guard));
        assert!(text.contains("note: a guard of the RwLock made at tests/detect/leaks.rs:"), "{text}");
        assert!(text.contains("was never dropped; it was taken by main at tests/detect/leaks.rs:"), "{text}");
        let text = format!("{:200}", passes_under(&config, leaves_messages));
        assert!(text.contains("note: 2 messages in the channel made at tests/detect/leaks.rs:"), "{text}");
        assert!(text.contains("were never received"), "{text}");
    }
}

#[test]
fn what_is_left_is_a_failure_where_that_is_denied_and_nothing_where_it_is_allowed() {
    for config in both() {
        for body in [forgets_a_guard, leaves_messages] {
            let report = explore(config.clone().leaks(Policy::Deny), body);
            assert!(report.failed_with(FailureKind::Leak), "{report}");
            let allowed = passes_under(&config.clone().leaks(Policy::Allow), body);
            assert!(!allowed.to_string().contains("note:"), "{allowed}");
        }
    }
}

#[test]
fn nothing_is_told_of_what_is_in_order() {
    for config in both() {
        let report = passes_under(&config, || {
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

#[test]
fn what_is_left_at_the_end_leaks() {
    let report = fails(FailureKind::Leak, || {
        let first = Track::named("Message", 1);
        let second = Track::new(2);
        assert_eq!((*first.get_ref(), *second.get_ref()), (1, 2));
        std::mem::forget(first);
    });
    insta::assert_snapshot!("leak", report.to_string());

    let report = fails(FailureKind::Leak, || {
        // SAFETY: the layout has a size.
        unsafe { alloc(Layout::new::<u64>()) };
        std::mem::forget([Track::new(1), Track::new(2)]);
    });
    let message = report.failure().unwrap().message();
    assert!(message.starts_with("the memory made at tests/detect/leaks.rs:"), "{message}");
    assert!(message.ends_with("was never dropped, nor were 2 others that have to be"), "{message}");
}

#[test]
fn what_is_gone_in_time_does_not_leak() {
    thread_local! {
        static LAST: std::cell::RefCell<Option<Track<u32>>> = const { std::cell::RefCell::new(None) };
    }
    drawloom::thread_local! {
        static LOCAL: Track<u32> = Track::new(1);
    }
    static LAZY: drawloom::sync::LazyLock<Track<u32>> = drawloom::sync::LazyLock::new(|| Track::new(1));
    passes(|| {
        // SAFETY: the layout has a size, and is the one that is freed.
        unsafe {
            let memory = alloc_zeroed(Layout::new::<u64>());
            assert_eq!(*memory, 0);
            dealloc(memory, Layout::new::<u64>());
        }
        let mut kept = Track::new(3);
        *kept.get_mut() += 1;
        thread::spawn(move || assert_eq!(kept.into_inner(), 4)).join().unwrap();
        // Destroyed with the thread, and with the execution.
        LOCAL.with(|local| assert_eq!(*local.get_ref(), 1));
        assert_eq!(*LAZY.get_ref(), 1);
        // Dropped in the next execution: it is none of that one's, but was left by this one.
    });
    fails(FailureKind::Leak, || LAST.with(|last| drop(last.replace(Some(Track::new(1))))));
}

#[test]
fn memory_is_freed_once() {
    let report = fails(FailureKind::Panic, || {
        // SAFETY: the second `dealloc` panics before it frees anything.
        unsafe {
            let memory = alloc(Layout::new::<u64>());
            dealloc(memory, Layout::new::<u64>());
            dealloc(memory, Layout::new::<u64>());
        }
    });
    assert!(report.failure().unwrap().message().contains("or that was freed before"), "{report}");
}

#[test]
fn outside_explorations_nothing_is_watched() {
    let shadow = Shadow::new("word");
    let _writing = shadow.write();
    let _reading = shadow.read();
    std::mem::forget(Track::new(1));
    // SAFETY: the layout has a size, and is the one that is freed.
    unsafe { dealloc(alloc(Layout::new::<u8>()), Layout::new::<u8>()) };
    passes(|| ());
}
