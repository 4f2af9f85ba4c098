//! Threads, thread locals and statics.

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::fails;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::sync::{Arc, Barrier, Condvar, Mutex, RwLock, mpsc};
use loom::thread;

#[test]
fn threads_need_not_be_send() {
    loom::model(|| {
        let shared = Rc::new(Cell::new(1));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.set(other.get() + 1);
            Rc::new(3)
        });
        assert_eq!((*thread.join().unwrap(), shared.get()), (3, 2));
    });
}

#[test]
fn only_the_threads_with_a_name_have_one() {
    loom::model(|| {
        assert_eq!(thread::current().name(), None);
        let names = || thread::current().name().map(str::to_owned);
        let unnamed = thread::spawn(names);
        let named = thread::Builder::new().name("main".to_owned()).spawn(names).unwrap();
        assert_eq!((unnamed.thread().name(), named.thread().name()), (None, Some("main")));
        assert_ne!(unnamed.thread().id(), thread::current().id());
        assert_eq!((unnamed.join().unwrap(), named.join().unwrap().as_deref()), (None, Some("main")));
    });
}

#[test]
fn a_parked_thread_waits_for_its_token() {
    loom::model(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let other = flag.clone();
        let waiting = thread::spawn(move || {
            while other.load(SeqCst) == 0 {
                thread::park();
            }
        });
        flag.store(1, SeqCst);
        waiting.thread().unpark();
        waiting.join().unwrap();
    });
    assert!(fails(|| (0..2).for_each(|_| thread::park())).contains("deadlock"));
}

loom::thread_local! {
    /// With an attribute, a visibility, and a name that the macro must not catch.
    pub(crate) static COUNT: RefCell<Vec<u32>> = RefCell::new(initial());
    static CONST: Cell<u32> = const { Cell::new(5) };
}

fn initial() -> Vec<u32> {
    vec![1]
}

#[test]
fn thread_locals_belong_to_a_thread_of_one_execution() {
    loom::model(|| {
        let push = || {
            COUNT.with(|count| count.borrow_mut().push(2));
            CONST.with(|number| number.set(number.get() + 1));
            assert_eq!((COUNT.with(|count| count.borrow().len()), CONST.with(Cell::get)), (2, 6));
        };
        let thread = thread::spawn(push);
        push();
        thread.join().unwrap();
    });
}

#[test]
fn a_thread_local_that_is_gone_says_so() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            let error = LATE.try_with(|_| ()).unwrap_err();
            assert_eq!(
                (error.to_string(), format!("{error:?}")),
                ("already destroyed".into(), "AccessError".into())
            );
        }
    }
    loom::thread_local! {
        static LATE: Late = Late;
    }
    loom::model(|| thread::spawn(|| LATE.with(|_| ())).join().unwrap());
}

loom::lazy_static! {
    static ref NUMBERS: Mutex<Vec<u32>> = Mutex::new(initial());
    /// Not `Sync`, which loom does not ask for.
    pub static ref CELL: Cell<u32> = {
        thread::yield_now();
        Cell::new(1)
    };
    pub(crate) static ref SHARED: Arc<u32> = Arc::new(4);
}

#[test]
fn statics_are_made_in_each_execution_once() {
    loom::model(|| {
        let change = || {
            NUMBERS.lock().unwrap().push(2);
            CELL.set(CELL.get() + 1);
            **SHARED
        };
        let thread = thread::spawn(change);
        assert_eq!(change() + thread.join().unwrap(), 8);
        assert_eq!((NUMBERS.lock().unwrap().len(), CELL.get()), (3, 3));
    });
}

#[test]
fn a_barrier_has_one_leader() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || other.wait().is_leader());
        assert_ne!(barrier.wait().is_leader(), thread.join().unwrap());
    });
}

#[test]
fn timeouts_end_when_nothing_else_can_go_on() {
    use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
    use std::time::Duration;
    let second = Duration::from_secs(1);
    loom::model(move || {
        let (mutex, condvar) = (Mutex::new(1), Condvar::new());
        let mut guard = mutex.lock().unwrap();
        loop {
            let (again, result) = condvar.wait_timeout(guard, second).unwrap();
            if result.timed_out() {
                break;
            }
            guard = again;
        }
        let (sender, receiver) = mpsc::channel::<u32>();
        assert_eq!(receiver.recv_timeout(second), Err(Timeout));
        drop(sender);
        assert_eq!(receiver.recv_timeout(second), Err(Disconnected));
    });
}

#[test]
fn locks_exclude_and_can_be_tried() {
    loom::model(|| {
        let lock = Arc::new((RwLock::new(1), Mutex::new(1)));
        let reading = lock.0.read().unwrap();
        assert!(lock.0.try_write().is_err() && lock.0.try_read().is_ok());
        assert_eq!(format!("{reading:?} {reading}"), "1 1");
        drop(reading);
        let other = lock.clone();
        let thread = thread::spawn(move || {
            *other.0.write().unwrap() += 1;
            *other.1.lock().unwrap() += 1;
        });
        if let Ok(mut writing) = lock.0.try_write() {
            *writing += 1;
        }
        let tried = lock.1.try_lock().is_ok();
        thread.join().unwrap();
        let (number, _) = (*lock.0.read().unwrap(), tried);
        assert!(number == 2 || number == 3);
        let Ok((mut rwlock, mut mutex)) = Arc::try_unwrap(lock) else { panic!("the other thread has ended") };
        *rwlock.get_mut().unwrap() += 1;
        *mutex.get_mut().unwrap() += 1;
        assert_eq!((rwlock.into_inner().unwrap(), mutex.into_inner().unwrap()), (number + 1, 3));
    });
}
