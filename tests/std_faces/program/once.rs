//! `Once`, `OnceLock` and `LazyLock`.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::rc::Rc;

use super::facade::sync::atomic::{AtomicU32, Ordering};
use super::facade::sync::{Arc, LazyLock, ONCE_INIT, Once, OnceLock, OnceState};
use super::facade::thread;
use super::panic_of;

static ONCE: Once = Once::new();
static OLD_ONCE: Once = ONCE_INIT;

pub(crate) fn once(log: &mut Vec<String>) {
    let (once, calls) = (Once::new(), AtomicU32::new(0));
    show!(log, once.is_completed());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                once.call_once(|| {
                    calls.fetch_add(1, Ordering::Relaxed);
                });
                assert!(once.is_completed());
            });
        }
        once.wait();
        once.wait_force();
    });
    show!(log, calls);
    show!(log, once.is_completed());
    show!(log, once);
    once.call_once_force(|_| unreachable!());

    ONCE.call_once(|| ());
    OLD_ONCE.call_once(|| ());
    show!(log, (ONCE.is_completed(), OLD_ONCE.is_completed()));
    traits!(log, Once, OnceState);
}

pub(crate) fn once_poisoning(log: &mut Vec<String>) {
    let once = Once::new();
    show!(log, panic_of(|| once.call_once(|| panic!("first call"))));
    show!(log, once.is_completed());
    show!(log, panic_of(|| once.call_once(|| ())));
    show!(log, panic_of(|| once.wait()));
    show!(log, panic_of(|| once.call_once_force(|_| panic!("second call"))));
    let mut states = Vec::new();
    once.call_once_force(|state: &OnceState| states.push((state.is_poisoned(), format!("{state:?}"))));
    show!(log, states);
    show!(log, once.is_completed());
    once.call_once(|| unreachable!());
    Once::new().call_once_force(|state| show!(log, state));

    let once = Arc::new(Once::new());
    show!(log, panic_of(|| once.call_once(|| panic!("first call"))));
    let waiter = {
        let once = Arc::clone(&once);
        thread::spawn(move || once.wait_force())
    };
    once.call_once_force(|_| ());
    show!(log, waiter.join().is_ok());
}

static ONCE_LOCK: OnceLock<u32> = OnceLock::new();

pub(crate) fn once_lock(log: &mut Vec<String>) {
    let mut lock = OnceLock::new();
    show!(log, lock);
    show!(log, (lock.get().is_none(), lock.get_mut().is_none()));
    show!(log, lock.set(1));
    show!(log, lock.set(2));
    show!(log, lock);
    show!(log, lock.get_or_init(|| unreachable!()));
    *lock.get_mut().unwrap() += 1;
    show!(log, (lock.get(), lock.wait()));
    show!(log, (lock.take(), lock.take()));
    show!(log, lock.clone());
    show!(log, OnceLock::from(1) == OnceLock::new());
    show!(log, OnceLock::from(1).clone());
    show!(log, OnceLock::from(1).into_inner());
    show!(log, OnceLock::<u32>::default().into_inner());

    let (lock, calls) = (OnceLock::new(), AtomicU32::new(0));
    thread::scope(|scope| {
        for number in 0..3 {
            let (lock, calls) = (&lock, &calls);
            scope.spawn(move || {
                let value = *lock.get_or_init(|| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    number
                });
                assert_eq!(lock.get(), Some(&value));
            });
        }
        lock.wait();
    });
    show!(log, (calls, lock.get().is_some()));

    let lock = OnceLock::new();
    show!(
        log,
        panic_of(|| {
            lock.get_or_init(|| panic!("in the initializer"));
        })
    );
    show!(log, lock);
    show!(log, lock.get_or_init(|| 2));
    show!(log, ONCE_LOCK.get_or_init(|| 3));

    // Content may be dropped before the lock.
    let lock = OnceLock::new();
    let value = String::from("shorter lived");
    show!(log, lock.set(&value));
    traits!(
        log,
        OnceLock<u32>,
        OnceLock<Cell<u32>>,
        OnceLock<Rc<u32>>,
        OnceLock<PhantomPinned>,
        OnceLock<&'static Cell<u32>>
    );
}

static LAZY: LazyLock<String> = LazyLock::new(|| "static".into());

pub(crate) fn lazy_lock(log: &mut Vec<String>) {
    let calls = AtomicU32::new(0);
    let lazy = LazyLock::new(|| calls.fetch_add(1, Ordering::Relaxed));
    show!(log, lazy);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(*lazy, 0));
        }
    });
    show!(log, LazyLock::force(&lazy));
    show!(log, lazy);
    show!(log, calls);
    show!(log, (LAZY.len(), &*LAZY));
    show!(log, *LazyLock::<u32>::default());
    let mut lazy: LazyLock<Vec<u32>, _> = LazyLock::new(|| vec![1]);
    lazy.push(2);
    show!(log, lazy);

    let lazy: LazyLock<u32> = LazyLock::new(|| panic!("in the initializer"));
    show!(
        log,
        panic_of(|| {
            LazyLock::force(&lazy);
        })
    );
    show!(
        log,
        panic_of(|| {
            LazyLock::force(&lazy);
        })
    );
    show!(log, lazy);
    traits!(log, LazyLock<u32>, LazyLock<Cell<u32>>, LazyLock<Rc<u32>>, LazyLock<&'static Cell<u32>>);
    traits!(log, LazyLock<u32, Cell<u32>>, LazyLock<u32, &'static Cell<u32>>, LazyLock<u32, Rc<u32>>);
}
