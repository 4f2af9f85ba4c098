//! Loops that wait by attempts, or by looking under a lock, have no execution for each round.

use drawloom::cell::{CellExt, UnsafeCell};
use drawloom::hint::spin_loop;
use drawloom::sync::mpsc::{self, TryRecvError::Disconnected};
use drawloom::sync::{Arc, Mutex, OnceLock, RwLock, Semaphore};
use drawloom::{Config, Coverage, FailureKind, MemoryModel, Report, explore, thread};

use crate::{config, count};

/// Explores both ways round: the test body waits for the other, and the other for it.
fn counts<T: Send + Sync + 'static>(shared: fn() -> T, acts: fn(&T), waits: fn(&T)) -> [u64; 2] {
    let explored = |here: fn(&T), there: fn(&T)| {
        count(MemoryModel::Rc11, move || {
            let ours = Arc::new(shared());
            let theirs = Arc::clone(&ours);
            let thread = thread::spawn(move || there(&theirs));
            here(&ours);
            thread.join().unwrap();
        })
    };
    [explored(waits, acts), explored(acts, waits)]
}

fn lock_by_trying(mutex: &Mutex<u32>) {
    let mut guard = loop {
        match mutex.try_lock() {
            Ok(guard) => break guard,
            Err(_) => spin_loop(),
        }
    };
    *guard += 1;
}

#[test]
fn a_lock_taken_by_trying_has_the_executions_of_one_that_waits() {
    let locked = |lock: fn(&Mutex<u32>), threads: usize| {
        count(MemoryModel::Rc11, move || {
            let shared = Arc::new(Mutex::new(0));
            let spawn = |_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || lock(&shared))
            };
            let threads: Vec<_> = (1..threads).map(spawn).collect();
            lock(&shared);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        })
    };
    let waits = |mutex: &Mutex<u32>| *mutex.lock().unwrap() += 1;
    // Two rounds are explored before the third is known to be like them.
    let silently = |mutex: &Mutex<u32>| while mutex.try_lock().map(|mut guard| *guard += 1).is_err() {};
    for threads in [2, 3] {
        let expected = locked(waits, threads);
        assert_eq!(locked(lock_by_trying, threads), expected);
        let silent = locked(silently, threads);
        assert!((expected..=50 * expected).contains(&silent), "{silent}");
    }
}

#[test]
fn attempts_to_read_and_to_write() {
    let write = |lock: &RwLock<u32>| {
        while lock.try_write().map(|mut guard| *guard += 1).is_err() {
            spin_loop();
        }
    };
    let read = |lock: &RwLock<u32>| {
        while lock.try_read().is_err() {
            spin_loop();
        }
    };
    assert_eq!(counts(|| RwLock::new(0), write, read), [2, 2]);
}

#[test]
fn attempts_to_acquire_and_to_get() {
    let release = |(permits, _): &(Semaphore, OnceLock<u32>)| permits.add_permits(1);
    let acquire = |(permits, _): &(Semaphore, OnceLock<u32>)| {
        while permits.try_acquire().is_none() {
            spin_loop();
        }
        permits.add_permits(1);
    };
    assert_eq!(counts(|| (Semaphore::new(0), OnceLock::new()), release, acquire), [1, 1]);
    let set = |(_, cell): &(Semaphore, OnceLock<u32>)| cell.set(3).unwrap();
    let get = |(_, cell): &(Semaphore, OnceLock<u32>)| {
        while cell.get().is_none() {
            spin_loop();
        }
    };
    assert_eq!(counts(|| (Semaphore::new(0), OnceLock::new()), set, get), [1, 1]);
}

#[test]
fn attempts_to_receive_and_to_send() {
    let until_closed = || {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut received = 0;
            loop {
                match receiver.try_recv() {
                    Ok(message) => received += message,
                    Err(Disconnected) => break received,
                    Err(_) => spin_loop(),
                }
            }
        });
        sender.send(2).unwrap();
        drop(sender);
        assert_eq!(thread.join().unwrap(), 2);
    };
    assert_eq!(count(MemoryModel::Rc11, until_closed), 2);
    let until_there_is_room = || {
        let (sender, receiver) = mpsc::sync_channel(1);
        let thread = thread::spawn(move || {
            for message in 0..2 {
                while sender.try_send(message).is_err() {
                    spin_loop();
                }
            }
        });
        assert_eq!([receiver.recv().unwrap(), receiver.recv().unwrap()], [0, 1]);
        thread.join().unwrap();
    };
    assert_eq!(count(MemoryModel::Rc11, until_there_is_room), 1);
}

#[test]
fn a_look_at_whether_a_thread_has_ended() {
    let body = || {
        let thread = thread::spawn(|| ());
        while !thread.is_finished() {
            spin_loop();
        }
        thread.join().unwrap();
    };
    assert_eq!(count(MemoryModel::Rc11, body), 1);
}

#[test]
fn a_look_under_a_lock() {
    let set = |done: &Mutex<bool>| *done.lock().unwrap() = true;
    let wait = |done: &Mutex<bool>| while !*done.lock().unwrap() {};
    let [here, there] = counts(|| Mutex::new(false), set, wait);
    assert!(here <= 2 && there <= 2, "{here}, {there}");
    let wait = |done: &Mutex<bool>| {
        while !done.try_lock().is_ok_and(|done| *done) {
            spin_loop();
        }
    };
    let [here, there] = counts(|| Mutex::new(false), set, wait);
    assert!(here <= 4 && there <= 4, "{here}, {there}");
    let set = |done: &RwLock<bool>| *done.write().unwrap() = true;
    let wait = |done: &RwLock<bool>| while !*done.read().unwrap() {};
    let [here, there] = counts(|| RwLock::new(false), set, wait);
    assert!(here <= 2 && there <= 2, "{here}, {there}");
}

#[test]
fn looks_by_default_are_verified_at_once() {
    let report = explore(Config::new(), || {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || *theirs.lock().unwrap() = true);
        while !*done.lock().unwrap() {}
        thread.join().unwrap();
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    assert!(report.executions() <= 2, "{report}");
}

/// Threads with numbers, each of which waits for its turn under the lock.
#[test]
fn turns_that_are_waited_for_under_a_lock() {
    let report = explore(config(MemoryModel::Rc11), || {
        let turn = Arc::new(Mutex::new(0));
        let take_turn = |number| {
            let turn = Arc::clone(&turn);
            thread::spawn(move || {
                while *turn.lock().unwrap() < number {}
                *turn.lock().unwrap() += 1;
            })
        };
        let threads: Vec<_> = (0..3).map(take_turn).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*turn.lock().unwrap(), 3);
    });
    assert_eq!(report.coverage(), Some(Coverage::Verified), "{report}");
    assert!(report.executions() < 100, "{report}");
}

fn failed(body: fn()) -> Report {
    let report = explore(config(MemoryModel::Rc11).executions(100_000), body);
    assert!(!report.passed(), "{report}");
    report
}

#[test]
fn looks_for_what_never_comes_are_a_livelock() {
    let report = failed(|| {
        let done = Arc::new(Mutex::new(false));
        let wait = |_| {
            let done = Arc::clone(&done);
            thread::spawn(move || while !*done.lock().unwrap() {})
        };
        let threads: Vec<_> = (0..2).map(wait).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    assert!(report.failed_with(FailureKind::Livelock), "{report}");
}

/// The round of the one that waits fails, but that it had the lock meanwhile counts.
#[test]
fn what_others_notice_of_a_look_is_not_lost() {
    let report = failed(|| {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        let thread = thread::spawn(move || {
            let was_free = theirs.try_lock().is_ok();
            *theirs.lock().unwrap() = true;
            was_free
        });
        while !*done.lock().unwrap() {}
        assert!(thread.join().unwrap(), "the lock was not free");
    });
    assert!(report.to_string().contains("the lock was not free"), "{report}");
}

/// Rounds that change what is under the lock count, in the data of the lock or in memory that it protects.
#[test]
fn what_a_look_changes_is_not_lost() {
    let report = failed(|| {
        let shared = Arc::new((Mutex::new((false, 0)), Mutex::new(())));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || theirs.0.lock().unwrap().0 = true);
        loop {
            let mut guard = shared.0.lock().unwrap();
            guard.1 += 1;
            if guard.0 || guard.1 > 5 {
                break;
            }
        }
        thread.join().unwrap();
        assert_ne!(shared.0.lock().unwrap().1, 3, "three rounds");
    });
    assert!(report.to_string().contains("three rounds"), "{report}");

    struct Protected(Mutex<bool>, UnsafeCell<u32>);
    // SAFETY: the cell is accessed under the lock; if not, that is a data race, and told.
    unsafe impl Sync for Protected {}
    let report = failed(|| {
        let shared = Arc::new(Protected(Mutex::new(false), UnsafeCell::new(0)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut done = theirs.0.lock().unwrap();
            *done = true;
            // SAFETY: the lock is held.
            theirs.1.with(|rounds| assert_ne!(unsafe { *rounds }, 2, "two rounds"));
        });
        loop {
            let done = shared.0.lock().unwrap();
            // SAFETY: the lock is held.
            let rounds = shared.1.with_mut(|rounds| unsafe {
                *rounds += 1;
                *rounds
            });
            if *done || rounds > 5 {
                break;
            }
        }
        thread.join().unwrap();
    });
    assert!(report.to_string().contains("two rounds"), "{report}");
}

/// Between two rounds the one that waits reads what the other writes without the lock.
#[test]
fn a_race_between_two_rounds_is_not_hidden_by_looking_for_loops() {
    struct Unprotected(Mutex<bool>, UnsafeCell<u32>);
    // SAFETY: it is not: that is what is to be told.
    unsafe impl Sync for Unprotected {}
    let report = failed(|| {
        let shared = Arc::new(Unprotected(Mutex::new(false), UnsafeCell::new(0)));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            // SAFETY: see above.
            theirs.1.with_mut(|number| unsafe { *number = 1 });
        });
        while !*shared.0.lock().unwrap() {
            // SAFETY: see above.
            shared.1.with(|number| unsafe { *number });
        }
        thread.join().unwrap();
    });
    assert!(report.failed_with(FailureKind::DataRace), "{report}");
}
