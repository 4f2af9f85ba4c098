//! spin: its locks keep others out, and its `Once` runs one initializer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Two threads that do the same, and this one, which does it as well.
fn by_three(work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    let others = [(); 2].map(|()| {
        let work = work.clone();
        thread::spawn(move || work())
    });
    work();
    for other in others {
        other.join().unwrap();
    }
}

#[drawloom::test(executions = 2_000)]
fn a_mutex_keeps_others_out() {
    let counter = Arc::new(spin::Mutex::new(0));
    let theirs = counter.clone();
    by_three(move || {
        let mut guard = theirs.lock();
        let before = *guard;
        thread::yield_now();
        *guard = before + 1;
    });
    assert_eq!(*counter.lock(), 3);
}

#[drawloom::test(executions = 2_000)]
fn a_reader_sees_all_of_a_write_or_nothing() {
    let pair = Arc::new(spin::RwLock::new((0, 0)));
    by_three(move || {
        {
            let mut guard = pair.write();
            guard.0 += 1;
            thread::yield_now();
            guard.1 += 1;
        }
        let guard = pair.read();
        let first = guard.0;
        thread::yield_now();
        assert_eq!(first, guard.1);
    });
}

#[drawloom::test(executions = 2_000)]
fn one_initializer_runs() {
    let runs = Arc::new(AtomicUsize::new(0));
    let once = spin::Once::new();
    let count = runs.clone();
    by_three(move || {
        let value = once.call_once(|| {
            thread::yield_now();
            count.fetch_add(1, Ordering::Relaxed)
        });
        assert_eq!(*value, 0);
    });
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
