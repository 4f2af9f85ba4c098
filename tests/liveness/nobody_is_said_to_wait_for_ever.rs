//! What looks like waiting for ever, and is not.

use super::*;

#[test]
fn who_tries_a_thousand_times_and_gives_up() {
    ends(|| {
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.lock().unwrap();
        let theirs = Arc::clone(&mutex);
        let thread = thread::spawn(move || {
            for _ in 0..1_000 {
                if theirs.try_lock().is_ok() {
                    return true;
                }
                hint::spin_loop();
            }
            false
        });
        assert!(!thread.join().unwrap());
        drop(held);
    });
}

#[test]
fn who_reads_a_value_many_times() {
    ends(|| {
        let value = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&value);
        let reader = thread::spawn(move || (0..10_000).for_each(|_| assert!(theirs.load(Relaxed) <= 1)));
        value.store(1, Relaxed);
        reader.join().unwrap();
    });
}

#[test]
fn who_yields_many_times() {
    ends(|| {
        let thread = thread::spawn(|| (0..15_000).for_each(|_| thread::yield_now()));
        thread.join().unwrap();
    });
}

#[test]
fn who_waits_until_a_point_in_time() {
    under_every_strategy(
        |config| config.executions(5).max_steps(50_000),
        || {
            let flag = AtomicBool::new(false);
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(20) && !flag.load(Relaxed) {
                hint::spin_loop();
            }
        },
        |strategy, report| assert!(report.passed(), "{strategy}: {report}"),
    );
}

#[test]
fn who_draws_until_it_fits() {
    ends(|| {
        let flag = AtomicBool::new(false);
        while drawloom::rand::range(0..50) != 0 {
            flag.load(Relaxed);
        }
    });
}

#[test]
fn who_may_be_left_over() {
    under_every_strategy(
        |config| config.executions(5).allow_leaked_threads(true),
        || {
            let never = AtomicBool::new(false);
            drop(thread::spawn(move || {
                while !never.load(Relaxed) {
                    thread::yield_now();
                }
            }));
        },
        |strategy, report| assert!(report.passed(), "{strategy}: {report}"),
    );
}
