//! What is said of executions that reach the step limit.

use super::*;

#[test]
fn names_a_thread_that_keeps_others_from_running() {
    let report = explore(config("pct:3"), || {
        let other = thread::spawn(|| {
            let count = AtomicUsize::new(0);
            while count.fetch_add(1, Relaxed) < usize::MAX {}
        });
        let polled = Arc::new(Mutex::new(false));
        let thread = thread::spawn(move || while !*polled.lock().unwrap() {});
        thread.join().unwrap();
        other.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::GoodSamaritan), "{report}");
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn says_that_nothing_is_known_where_threads_change_things_all_the_time() {
    let report = explore(config("random").max_steps(2_000), || {
        let turn = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&turn);
        let thread = thread::spawn(move || while theirs.fetch_add(1, Relaxed) < usize::MAX {});
        while turn.fetch_add(1, Relaxed) < usize::MAX {}
        thread.join().unwrap();
    });
    let message = report.failure().unwrap().message();
    assert!(report.failed_with(FailureKind::StepLimit), "{report}");
    assert!(message.contains("2,000 steps") && message.contains("not known"), "{message}");
}
