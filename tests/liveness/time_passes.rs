//! Threads that sleep are woken although others only go round in loops.

use super::*;

fn sleeper(wait: fn(&AtomicBool)) {
    let done = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&done);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        theirs.store(true, Release);
    });
    wait(&done);
    thread.join().unwrap();
}

#[test]
fn while_others_only_wait_in_loops() {
    ends(|| sleeper(|done| while !done.load(Acquire) {}));
    ends(|| {
        sleeper(|done| {
            while !done.load(Acquire) {
                thread::yield_now();
            }
        });
    });
    ends(|| sleeper(|done| while done.compare_exchange(true, false, AcqRel, Relaxed).is_err() {}));
}

#[test]
fn while_another_looks_under_a_lock_and_yields() {
    ends(|| {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_secs(1));
            *theirs.lock().unwrap() = true;
        });
        while !*done.lock().unwrap() {
            thread::yield_now();
        }
        thread.join().unwrap();
    });
}

#[test]
fn at_any_time_if_timeouts_may() {
    let any = |config: Config| config.timeouts(Timeouts::Any);
    under_every_strategy(
        any,
        || sleeper(|done| while !done.load(Acquire) {}),
        |strategy, report| {
            assert!(report.passed(), "{strategy}: {report}");
        },
    );
}

#[test]
fn only_when_nobody_else_has_anything_to_do() {
    // The spinner must not make the timeout fire while the other thread could still send.
    ends(|| {
        let (sender, receiver) = mpsc::channel();
        let sent = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&sent);
        let spinner = thread::spawn(move || {
            while !theirs.load(Acquire) {
                thread::yield_now();
            }
        });
        let works = thread::spawn(move || {
            let count = AtomicUsize::new(0);
            (0..50).for_each(|_| _ = count.fetch_add(1, Relaxed));
            sender.send(1).unwrap();
            sent.store(true, Release);
        });
        assert_eq!(receiver.recv_timeout(Duration::from_secs(1)), Ok(1));
        spinner.join().unwrap();
        works.join().unwrap();
    });
}
