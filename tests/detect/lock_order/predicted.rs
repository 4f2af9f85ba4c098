//! Deadlocks that are sure to be possible, by what one execution did, and orders that look like it and are not.

use std::time::Duration;

use drawloom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use drawloom::sync::{Arc, Condvar, Mutex, RwLock};
use drawloom::{FailureKind, Policy, Report, explore, thread};

use super::{config, is_predicted, locks, one, run, says, takes};

/// Whether what one execution did led into the deadlock that was predicted from it.
pub(crate) fn has_followed(report: &Report) -> bool {
    says(report, "what one of them did, with some of it left out, leads into it")
}

#[test]
fn what_an_execution_did_leads_into_the_deadlock() {
    let mut followed = 0;
    for seed in 0..60 {
        let report = one(seed, || {
            let locks = locks(2);
            run(vec![takes(&locks, &[0, 1]), takes(&locks, &[1, 0])]);
        });
        assert_eq!(is_predicted(&report), has_followed(&report), "seed {seed}: {report}");
        followed += u32::from(has_followed(&report));
    }
    assert!(followed > 10, "{followed} of 60");
}

/// Two threads with their locks in different orders, which tell each other something by `tell` and `hear`.
fn told<T: Send + Sync + 'static>(
    shared: impl Fn() -> T + Send + Sync + Copy,
    tell: fn(&T),
    hear: fn(&T),
) -> impl Fn() + Send + Sync + Copy {
    move || {
        let (locks, shared) = (locks(2), Arc::new(shared()));
        let (first, second) = (takes(&locks, &[0, 1]), takes(&locks, &[1, 0]));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            first();
            tell(&theirs);
        });
        hear(&shared);
        second();
        thread.join().unwrap();
    }
}

/// Without preemptions nothing can be led into a deadlock: what is predicted is told as such.
fn without_preemptions(body: impl Fn() + Send + Sync) -> Report {
    explore(config().lock_order(Policy::Warn).executions(20).max_preemptions(0), body)
}

/// Whether it failed with a deadlock that is sure to happen, and that no execution has met.
pub(crate) fn is_sure(report: &Report) -> bool {
    report.failed_with(FailureKind::LockOrder)
        && report.failure().is_some_and(|failure| failure.message().starts_with("predicted deadlock"))
}

#[test]
fn a_deadlock_that_cannot_be_led_into_is_predicted() {
    let body = || {
        let locks = locks(2);
        run(vec![takes(&locks, &[0, 1]), takes(&locks, &[1, 0])]);
    };
    let report = without_preemptions(body);
    assert!(is_sure(&report), "{report}");
    let allowed = explore(config().lock_order(Policy::Allow).executions(20).max_preemptions(0), body);
    assert!(allowed.passed(), "{allowed}");
}

#[test]
fn what_a_thread_has_seen_is_not_predicted_away() {
    let only_potential = |report: Report| {
        assert!(report.passed() && report.to_string().contains("potential deadlock"), "{report}");
    };
    let wait = |flag: &AtomicBool| {
        while !flag.load(SeqCst) {
            thread::yield_now();
        }
    };
    only_potential(without_preemptions(told(
        || AtomicBool::new(false),
        |flag| flag.store(true, SeqCst),
        wait,
    )));
    let wait = |flag: &Mutex<bool>| {
        while !*flag.lock().unwrap() {
            thread::yield_now();
        }
    };
    only_potential(without_preemptions(told(
        || Mutex::new(false),
        |flag| *flag.lock().unwrap() = true,
        wait,
    )));
    let wait = |flag: &RwLock<bool>| {
        while !*flag.read().unwrap() {
            thread::yield_now();
        }
    };
    only_potential(without_preemptions(told(
        || RwLock::new(false),
        |flag| *flag.write().unwrap() = true,
        wait,
    )));
    let shared = || (Mutex::new(false), Condvar::new());
    let tell = |(flag, told): &(Mutex<bool>, Condvar)| {
        *flag.lock().unwrap() = true;
        told.notify_one();
    };
    let wait = |(flag, told): &(Mutex<bool>, Condvar)| {
        drop(told.wait_while(flag.lock().unwrap(), |flag| !*flag).unwrap());
    };
    only_potential(without_preemptions(told(shared, tell, wait)));
    // Notified, with nothing else to see.
    let tell = |(flag, told): &(Mutex<bool>, Condvar)| {
        let flag = flag.lock().unwrap();
        told.notify_one();
        drop(flag);
    };
    let wait = |(flag, told): &(Mutex<bool>, Condvar)| {
        drop(told.wait_timeout(flag.lock().unwrap(), Duration::from_secs(9)).unwrap());
    };
    let report = without_preemptions(told(shared, tell, wait));
    assert!(!is_sure(&report), "{report}");
    let channel = || {
        let (sender, receiver) = drawloom::sync::mpsc::channel::<()>();
        (sender, Mutex::new(receiver))
    };
    only_potential(without_preemptions(told(
        channel,
        |(sender, _)| sender.send(()).unwrap(),
        |(_, receiver)| receiver.lock().unwrap().recv().unwrap(),
    )));
    // What nobody looks at does not matter.
    let report =
        without_preemptions(told(|| AtomicBool::new(false), |flag| flag.store(true, SeqCst), |_| ()));
    assert!(is_sure(&report), "{report}");
}
