//! Long executions go on fairly: what ends in every fair schedule ends, whatever the strategy would like.

use super::*;

fn works_until_it_is_told_to_stop(work: fn(&AtomicUsize, &Mutex<usize>), wait: fn()) {
    let shared = Arc::new((AtomicBool::new(false), AtomicUsize::new(0), Mutex::new(0)));
    let theirs = Arc::clone(&shared);
    let worker = thread::spawn(move || {
        while !theirs.0.load(Relaxed) {
            work(&theirs.1, &theirs.2);
        }
    });
    wait();
    shared.0.store(true, Relaxed);
    worker.join().unwrap();
}

fn counts(count: &AtomicUsize, _: &Mutex<usize>) {
    count.fetch_add(1, Relaxed);
}

fn counts_under_a_lock(_: &AtomicUsize, count: &Mutex<usize>) {
    *count.lock().unwrap() += 1;
}

#[test]
fn of_a_worker_that_works_until_it_is_told_to_stop() {
    ends(|| works_until_it_is_told_to_stop(counts, silent));
    ends(|| works_until_it_is_told_to_stop(counts_under_a_lock, silent));
    let by_default =
        explore(Config::new().executions(300), || works_until_it_is_told_to_stop(counts, silent));
    assert!(by_default.passed(), "{by_default}");
}

#[test]
fn of_a_worker_that_is_told_to_stop_after_a_time() {
    let few = |config: Config| config.executions(5).max_steps(100_000);
    let passes = |strategy: &str, report: &Report| assert!(report.passed(), "{strategy}: {report}");
    fn for_a_while() {
        thread::sleep(Duration::from_millis(5));
    }
    under_every_strategy(few, || works_until_it_is_told_to_stop(counts, for_a_while), passes);
    under_every_strategy(few, || works_until_it_is_told_to_stop(counts_under_a_lock, for_a_while), passes);
}

#[test]
fn of_looks_under_a_lock() {
    ends(|| {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || while !*theirs.lock().unwrap() {});
        *done.lock().unwrap() = true;
        thread.join().unwrap();
    });
}

#[test]
fn of_many_workers_and_one_who_has_much_to_do_first() {
    ends(|| {
        let stop = Arc::new((AtomicBool::new(false), AtomicUsize::new(0)));
        let work = |_| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                while !stop.0.load(Acquire) {
                    stop.1.fetch_add(1, Relaxed);
                }
            })
        };
        let workers: Vec<_> = (0..3).map(work).collect();
        let other = AtomicUsize::new(0);
        (0..10).for_each(|_| _ = other.fetch_add(1, Relaxed));
        stop.0.store(true, Release);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// A thread that unparks itself and parks lets others run, and so does a task that wakes itself and waits.
#[test]
fn of_those_who_wake_themselves() {
    use std::future::poll_fn;
    use std::task::Poll;

    let unparks_itself = |ready: &AtomicBool| {
        while !ready.load(Acquire) {
            thread::current().unpark();
            thread::park();
        }
    };
    let wakes_itself = |ready: &AtomicBool| {
        drawloom::future::block_on(poll_fn(|context| {
            if ready.load(Acquire) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
    };
    for wait in [unparks_itself as fn(&AtomicBool), wakes_itself] {
        let body = move || {
            let ready = Arc::new(AtomicBool::new(false));
            let theirs = Arc::clone(&ready);
            let thread = thread::spawn(move || wait(&theirs));
            ready.store(true, Release);
            thread.join().unwrap();
        };
        let few = |config: Config| config.max_steps(2_000);
        for strategy in STRATEGIES {
            let report = explore(few(config(strategy)), body);
            assert!(report.passed(), "{strategy}: {report}");
        }
        let unfair = few(config("random")).custom_strategy(|| Box::new(LastForEver));
        let report = explore(unfair, body);
        assert!(report.passed(), "{report}");
        let verified = explore(Config::new(), body);
        assert_eq!(verified.coverage(), Some(drawloom::Coverage::Verified), "{verified}");
    }
}
