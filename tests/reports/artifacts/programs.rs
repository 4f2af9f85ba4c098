//! Programs that fail in different ways.

use std::time::Duration;

use drawloom::cell::{CellExt as _, UnsafeCell};
use drawloom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use drawloom::sync::{Arc, Barrier, Condvar, Mutex, Once, RwLock, Semaphore, mpsc};
use drawloom::thread;

pub(crate) fn lost_update() {
    let visits = Arc::new(AtomicU32::new(0));
    let theirs = visits.clone();
    let other = thread::spawn(move || theirs.store(theirs.load(Ordering::SeqCst) + 1, Ordering::SeqCst));
    visits.store(visits.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    other.join().unwrap();
    assert_eq!(visits.load(Ordering::SeqCst), 2, "a visit was lost");
}

pub(crate) fn opposite_orders() {
    let first = Arc::new(Mutex::new(0));
    let second = Arc::new(Mutex::new(0));
    let (first2, second2) = (first.clone(), second.clone());
    let other = thread::spawn(move || {
        let _second = second2.lock().unwrap();
        let _first = first2.lock().unwrap();
    });
    {
        let _first = first.lock().unwrap();
        let _second = second.lock().unwrap();
    }
    other.join().unwrap();
}

/// As `opposite_orders`, but the second section begins only when the first is over, which the order of locks does not show.
pub(crate) fn opposite_orders_in_turn() {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let theirs = locks.clone();
    let (sender, receiver) = mpsc::channel();
    let other = thread::spawn(move || {
        let first = theirs.0.lock().unwrap();
        drop((theirs.1.lock().unwrap(), first));
        sender.send(()).unwrap();
    });
    receiver.recv().unwrap();
    let second = locks.1.lock().unwrap();
    drop((locks.0.lock().unwrap(), second));
    other.join().unwrap();
}

struct Slot(UnsafeCell<u32>);
// SAFETY: it is not safe, which is what the test is about; drawloom runs one thread at a time.
unsafe impl Sync for Slot {}

pub(crate) fn published_too_weakly() {
    let shared = Arc::new((Slot(UnsafeCell::new(0)), AtomicBool::new(false)));
    let theirs = shared.clone();
    let other = thread::spawn(move || {
        theirs.0.0.with_mut(|slot| {
            // SAFETY: see `Slot`.
            unsafe { *slot = 1 }
        });
        theirs.1.store(true, Ordering::Relaxed);
    });
    if shared.1.load(Ordering::Acquire) {
        shared.0.0.with(|slot| {
            // SAFETY: see `Slot`.
            unsafe { *slot }
        });
    }
    other.join().unwrap();
}

pub(crate) fn forgotten_guard() {
    let lock = Mutex::new(0);
    std::mem::forget(lock.lock().unwrap());
}

pub(crate) fn waits_for_nothing() {
    let ready = Arc::new(AtomicBool::new(false));
    let theirs = ready.clone();
    let other = thread::spawn(move || {
        while !theirs.load(Ordering::Acquire) {
            thread::yield_now();
        }
    });
    other.join().unwrap();
}

/// A flag is raised too weakly for what was stored before to be seen behind it.
pub(crate) fn flag_raised_too_weakly() {
    let (message, is_published) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (their_message, their_flag) = (message.clone(), is_published.clone());
    let publisher = move || {
        their_message.store(42, Ordering::Relaxed);
        their_flag.store(true, Ordering::Relaxed);
    };
    let publisher = thread::Builder::new().name("publisher".to_owned()).spawn(publisher).unwrap();
    if is_published.load(Ordering::Acquire) {
        assert_eq!(message.load(Ordering::Relaxed), 42, "the message is published");
    }
    publisher.join().unwrap();
}

/// Two threads change what both of them look at, and neither is ever content.
pub(crate) fn restless() {
    let turn = Arc::new(AtomicU32::new(0));
    let theirs = turn.clone();
    let other = thread::spawn(move || while theirs.fetch_add(1, Ordering::Relaxed) < u32::MAX {});
    while turn.fetch_add(1, Ordering::Relaxed) < u32::MAX {}
    other.join().unwrap();
}

/// A thread that waits for messages for as long as there is a sender, and one is forgotten.
pub(crate) fn worker_without_an_end() {
    let (jobs, queue) = mpsc::channel::<u32>();
    thread::spawn(move || queue.iter().for_each(drop));
    jobs.send(1).unwrap();
    std::mem::forget(jobs);
}

/// A destructor checks what a panic has left behind.
pub(crate) fn panics_twice() {
    struct Connection;
    impl Drop for Connection {
        fn drop(&mut self) {
            panic!("the connection is still open");
        }
    }
    let _connection = Connection;
    panic!("no answer");
}

/// One operation of many kinds, in a test that passes.
pub(crate) fn many_kinds() {
    let lock = Arc::new((Mutex::new(false), Condvar::new(), RwLock::new(1), Semaphore::new(1)));
    let both = Arc::new((Barrier::new(2), Once::new()));
    let (sender, receiver) = mpsc::sync_channel(1);
    let pointer = Arc::new(AtomicPtr::new(std::ptr::null_mut::<u32>()));
    let theirs = (lock.clone(), pointer.clone(), both.clone());
    let other = thread::Builder::new()
        .name("worker".to_owned())
        .spawn(move || {
            let (lock, pointer, both) = theirs;
            let _permit = lock.3.acquire();
            *lock.0.lock().unwrap() = true;
            lock.1.notify_all();
            let _ = *lock.2.read().unwrap();
            pointer.store(&raw mut *Box::leak(Box::new(7)), Ordering::Release);
            sender.send(5).unwrap();
            both.1.call_once(thread::yield_now);
            both.0.wait();
            thread::park_timeout(Duration::from_millis(5));
        })
        .unwrap();
    let mut ready = lock.0.lock().unwrap();
    while !*ready {
        ready = lock.1.wait(ready).unwrap();
    }
    drop(ready);
    *lock.2.write().unwrap() += 1;
    assert_eq!(receiver.recv(), Ok(5));
    both.1.call_once(thread::yield_now);
    both.0.wait();
    let seen = pointer.load(Ordering::Acquire);
    let _ = pointer.compare_exchange(seen, std::ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
    // SAFETY: it comes from `Box::leak`, and nobody else uses it.
    drop(unsafe { Box::from_raw(seen) });
    other.thread().unpark();
    drop(lock.3.acquire());
    other.join().unwrap();
}

/// Fails after a good ten thousand steps.
pub(crate) fn long() {
    let total = Arc::new(AtomicU32::new(0));
    let adder = |total: Arc<AtomicU32>| {
        move || {
            for _ in 0..2_500 {
                total.fetch_add(1, Ordering::Relaxed);
                thread::yield_now();
            }
        }
    };
    let others = [thread::spawn(adder(total.clone())), thread::spawn(adder(total.clone()))];
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(total.load(Ordering::Relaxed), 5_001, "one is missing");
}
