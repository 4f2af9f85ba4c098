//! What is in a static starts afresh in each execution, and several workers can use it at once.

use std::sync::atomic::AtomicUsize;

use drawloom::sync::atomic::{AtomicU32, Ordering};
use drawloom::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, Semaphore};
use drawloom::thread;

use crate::{Counted, passes, random};

#[test]
fn statics_start_afresh_in_each_execution() {
    static ATOMIC: AtomicU32 = AtomicU32::new(0);
    static ONCE: Once = Once::new();
    static CELL: OnceLock<String> = OnceLock::new();
    static LAZY: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| Mutex::new(vec![]));
    static SEMAPHORE: Semaphore = Semaphore::new(1);

    fn body() {
        assert_eq!(ATOMIC.load(Ordering::Relaxed), 0);
        assert!(!ONCE.is_completed());
        assert_eq!(CELL.get(), None);
        assert!(LazyLock::get(&LAZY).is_none());
        assert_eq!(SEMAPHORE.available_permits(), 1);
        let thread = thread::spawn(|| {
            ATOMIC.fetch_add(1, Ordering::Relaxed);
            ONCE.call_once(|| ());
            CELL.get_or_init(|| String::from("theirs"));
            LAZY.lock().unwrap().push(1);
            SEMAPHORE.acquire().forget();
        });
        CELL.get_or_init(|| String::from("ours"));
        LAZY.lock().unwrap().push(2);
        thread.join().unwrap();
        assert_eq!(LAZY.lock().unwrap().len(), 2);
        assert_eq!(SEMAPHORE.available_permits(), 0);
    }

    passes(random().workers(1), body);
    passes(random().workers(4), body);
}

#[test]
fn locks_in_statics_start_free_and_unpoisoned() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    static RWLOCK: RwLock<u32> = RwLock::new(0);
    static CONDVAR: Condvar = Condvar::new();
    static BARRIER: Barrier = Barrier::new(2);

    fn body() {
        assert!(!MUTEX.is_poisoned() && !RWLOCK.is_poisoned());
        assert!(RWLOCK.try_write().is_ok());
        let thread = thread::spawn(|| {
            *MUTEX.lock().unwrap() += 1;
            CONDVAR.notify_all();
            BARRIER.wait();
            let mut both = (MUTEX.lock().unwrap(), RWLOCK.write().unwrap());
            *both.1 += 1;
            *both.0 += 1;
            panic!("with both");
        });
        BARRIER.wait();
        assert!(thread.join().is_err());
        assert!(MUTEX.is_poisoned() && RWLOCK.is_poisoned());
    }

    passes(random().workers(1), body);
    passes(random().workers(4), body);
}

#[test]
fn what_was_held_when_an_execution_was_cut_off_is_free_in_the_next() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    static RWLOCK: RwLock<u32> = RwLock::new(0);

    let body = || {
        let _guards = (MUTEX.lock().unwrap(), RWLOCK.read().unwrap());
        thread::park();
    };
    for _ in 0..3 {
        crate::fails(drawloom::FailureKind::Deadlock, random().spurious(0), body);
    }
    assert!(MUTEX.try_lock().is_ok() && RWLOCK.try_write().is_ok());
}

#[test]
fn values_of_statics_are_dropped_when_the_execution_ends() {
    static COUNT: std::sync::LazyLock<std::sync::Arc<AtomicUsize>> =
        std::sync::LazyLock::new(Default::default);
    static CELL: OnceLock<Counted> = OnceLock::new();
    static LAZY: LazyLock<Counted> = LazyLock::new(|| Counted::new(&COUNT));

    for workers in [1, 4] {
        passes(random().workers(workers), || {
            assert!(CELL.set(Counted::new(&COUNT)).is_ok());
            LazyLock::force(&LAZY);
        });
        assert_eq!(COUNT.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_value_that_is_dropped_may_look_for_others() {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    static LOOKED: AtomicUsize = AtomicUsize::new(0);
    static FIRST: OnceLock<Looks> = OnceLock::new();
    static SECOND: OnceLock<Looks> = OnceLock::new();

    struct Looks;

    impl Drop for Looks {
        fn drop(&mut self) {
            // The one that is being dropped is gone; the other may be there still.
            let others = [FIRST.get(), SECOND.get()].into_iter().flatten().count();
            LOOKED.fetch_add(others, Ordering::Relaxed);
        }
    }

    passes(random().executions(10), || {
        EXECUTIONS.fetch_add(1, Ordering::Relaxed);
        assert!(FIRST.set(Looks).is_ok() && SECOND.set(Looks).is_ok());
    });
    assert_eq!(LOOKED.load(Ordering::Relaxed), EXECUTIONS.load(Ordering::Relaxed));
}

#[test]
fn workers_use_the_data_of_statics_one_execution_after_the_other() {
    static FIRST: Mutex<u32> = Mutex::new(0);
    static SECOND: RwLock<u32> = RwLock::new(0);

    passes(random().executions(2000).workers(4), || {
        // In both orders: executions that waited for each other's locks would wait for ever.
        let sum = {
            let mut first = FIRST.lock().unwrap();
            thread::yield_now();
            let mut second = SECOND.write().unwrap();
            *first += 1;
            *second += 1;
            *first + *second
        };
        let second = SECOND.read().unwrap();
        thread::yield_now();
        assert_eq!(*FIRST.lock().unwrap() + *second, sum);
    });
}
